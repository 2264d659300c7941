#include "net/frame_pool.h"

#include <array>
#include <cstdlib>
#include <new>

namespace cardea::net {
namespace {

constexpr std::size_t kClassBytes = 64;
constexpr std::size_t kClasses = 256;  // frames up to 16 KiB; larger ones are rare and go to malloc
// Kept per class and thread. A frame is held for one request or connection, so this bounds what a burst of
// connections leaves behind: 128 frames of each size that is used, and about twenty are.
constexpr std::size_t kFramesKeptMax = 128;

#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

struct FreeFrame {
  FreeFrame* next;
};

struct FreeLists {
  struct List {
    FreeFrame* head = nullptr;
    std::size_t count = 0;
  };
  std::array<List, kClasses> lists;

  FreeLists() = default;
  FreeLists(const FreeLists&) = delete;
  FreeLists& operator=(const FreeLists&) = delete;
  ~FreeLists() {
    for (List& list : lists) {
      while (list.head != nullptr) {
        FreeFrame* frame = list.head;
        list.head = frame->next;
        std::free(frame);  // NOLINT(cppcoreguidelines-no-malloc): pairs with malloc below
      }
    }
  }
};

FreeLists& free_lists() {
  thread_local FreeLists lists;
  return lists;
}

constexpr std::size_t class_of(std::size_t bytes) {
  return (bytes + kClassBytes - 1) / kClassBytes;
}

void* allocate_or_throw(std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* FramePool::allocate(std::size_t bytes) {
  const std::size_t size_class = class_of(bytes);
  if (!kPooled || size_class >= kClasses) return allocate_or_throw(bytes);
  FreeLists::List& list = free_lists().lists[size_class];
  if (list.head == nullptr) return allocate_or_throw(size_class * kClassBytes);
  FreeFrame* frame = list.head;
  list.head = frame->next;
  --list.count;
  return frame;
}

void FramePool::release(void* frame, std::size_t bytes) noexcept {
  const std::size_t size_class = class_of(bytes);
  if (kPooled && size_class < kClasses) {
    FreeLists::List& list = free_lists().lists[size_class];
    if (list.count < kFramesKeptMax) {
      list.head = new (frame) FreeFrame{list.head};
      ++list.count;
      return;
    }
  }
  std::free(frame);
}

}  // namespace cardea::net
