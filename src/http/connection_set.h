// The client connections of one worker: who is idle can be closed at once, when the server drains or when a
// new connection needs the place.
#pragma once

#include <boost/intrusive/list.hpp>

#include "net/stream.h"

namespace cardea::http {

// Loop thread only.
class ConnectionSet {
 public:
  // A connection, registered from its construction to its end.
  class Member
      : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    Member(ConnectionSet& set, net::Stream& stream) : set_(set), stream_(stream) {
      set.busy_.push_back(*this);
    }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    enum class State : std::uint8_t { busy, idle };
    // Idle: between two requests, nothing of the next one has come.
    void set_state(State state) {
      unlink();
      (state == State::idle ? set_.idle_ : set_.busy_).push_back(*this);
      if (set_.draining_ && state == State::idle) stream_.close();
    }
    // Responses must say that the connection ends with them.
    [[nodiscard]] bool draining() const { return set_.draining_; }

   private:
    friend class ConnectionSet;
    ConnectionSet& set_;
    net::Stream& stream_;
  };

  // From now on no connection serves another request; idle ones close now.
  void drain() {
    draining_ = true;
    for (Member& member : idle_) member.stream_.close();
  }
  // Closes the connection that has been idle longest. False: none is idle.
  bool close_longest_idle() {
    for (Member& member : idle_) {
      if (!member.stream_.is_open()) continue;  // it was closed a moment ago and has not ended yet
      member.stream_.close();
      return true;
    }
    return false;
  }

 private:
  using Members = boost::intrusive::list<Member, boost::intrusive::constant_time_size<false>>;
  Members idle_;  // the longest first
  Members busy_;
  bool draining_ = false;
};

}  // namespace cardea::http
