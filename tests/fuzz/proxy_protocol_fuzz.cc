// parse_proxy_header(): the header stays inside, segments do not matter, and it never waits for more than its
// limit.
#include "base/limits.h"
#include "fuzz_checks.h"
#include "net/proxy_protocol.h"

using namespace cardea;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_view(data, size);
  const auto whole = net::parse_proxy_header(bytes);
  if (whole && !*whole) CARDEA_CHECK(size < base::kProxyHeaderBytesMax, "more is asked for without end");
  if (whole && *whole) {
    const std::size_t taken = (*whole)->bytes;
    CARDEA_CHECK(taken > 0 && taken <= size && taken <= base::kProxyHeaderBytesMax,
                 "the header must be inside");
    CARDEA_CHECK(net::parse_proxy_header(bytes.substr(0, taken)).value()->source == (*whole)->source,
                 "what follows must not matter");
  }
  for (std::size_t part = 0; part < size && part < 256; ++part) {
    const auto some = net::parse_proxy_header(bytes.substr(0, part));
    if (some && !*some) continue;
    CARDEA_CHECK(some.has_value() == whole.has_value(), "the segments must not matter");
    break;
  }
  return 0;
}
