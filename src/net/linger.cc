#include "net/linger.h"

#include "base/limits.h"
#include "net/deadline.h"

namespace cardea::net {

Task<void> linger(Stream& stream) {
  if (!stream.is_open() || stream.ended()) co_return;
  stream.end_output();
  // One deadline for all of it: a byte now and then does not prolong it.
  const Deadline deadline(base::kLingerTimeout);
  std::size_t discarded = 0;
  while (discarded < base::kLingerBytesMax) {
    discarded += stream.input().size();
    stream.input().consume(stream.input().size());
    auto more = co_await stream.read(deadline.left());
    if (!more || !*more || deadline.passed()) co_return;
  }
}

}  // namespace cardea::net
