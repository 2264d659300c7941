// The client connections of one worker: who is idle can be closed at once when the server drains.
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
      set.members_.push_back(*this);
    }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    enum class State : std::uint8_t { busy, idle };
    // Idle: between two requests, nothing of the next one has come.
    void set_state(State state) {
      state_ = state;
      if (set_.draining_ && state == State::idle) stream_.close();
    }
    // Responses must say that the connection ends with them.
    [[nodiscard]] bool draining() const { return set_.draining_; }

   private:
    friend class ConnectionSet;
    ConnectionSet& set_;
    net::Stream& stream_;
    State state_ = State::busy;
  };

  // From now on no connection serves another request; idle ones close now.
  void drain() {
    draining_ = true;
    for (Member& member : members_) {
      if (member.state_ == Member::State::idle) member.stream_.close();
    }
  }

 private:
  boost::intrusive::list<Member, boost::intrusive::constant_time_size<false>> members_;
  bool draining_ = false;
};

}  // namespace cardea::http
