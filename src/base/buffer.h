// A byte queue: write at the end, read from the front. The base of every stream.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/check.h"

namespace cardea::base {

// Owned by one stream and used on its thread. Memory is taken at the first prepare() and given back by
// release(); consume() never moves bytes, so views stay valid until the next prepare() or release().
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::string_view view() const { return {data_.get() + begin_, size()}; }

  // Space for at least `bytes_min` more bytes: all that is free. Moves what is held to the front, or grows.
  [[nodiscard]] std::span<char> prepare(std::size_t bytes_min) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (capacity_ - end_ < bytes_min) make_room(bytes_min);
    return {data_.get() + end_, capacity_ - end_};
  }
  // Says that the first `bytes` of the prepared space are filled.
  void commit(std::size_t bytes) {
    CARDEA_CHECK(bytes <= capacity_ - end_, "commit() beyond prepare()");
    end_ += bytes;
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  void consume(std::size_t bytes) {
    CARDEA_CHECK(bytes <= size(), "consume() of more than is held");
    begin_ += bytes;
  }
  // Gives the memory back if nothing is held.
  void release() {
    if (!empty()) return;
    data_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  void make_room(std::size_t bytes_min) {
    const std::size_t held = size();
    if (capacity_ >= held + bytes_min && begin_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, held);
    } else {
      std::size_t grown = capacity_ == 0 ? kBytesFirst : capacity_ * 2;
      while (grown < held + bytes_min) grown *= 2;
      auto larger = std::make_unique_for_overwrite<char[]>(grown);
      if (held > 0) std::memcpy(larger.get(), data_.get() + begin_, held);
      data_ = std::move(larger);
      capacity_ = grown;
    }
    begin_ = 0;
    end_ = held;
  }

  static constexpr std::size_t kBytesFirst = 4096;  // one page holds nearly every request and its head

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace cardea::base
