#include "acme/renewal_info.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "crypto/self_signed.h"

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using base::Time;
using std::chrono::seconds;

constexpr Time kNow{1'710'460'800s};  // Fri, 15 Mar 2024 00:00:00 GMT

// RFC 9773 Appendix A. Its serial number has the first bit set, so it has a leading 00 in DER.
constexpr const char* kExample = R"(-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
)";

TEST(RenewalId, IsThatOfTheExample) {
  const auto example = crypto::parse_certificate_pem(kExample);
  ASSERT_TRUE(example) << example.error().context;
  EXPECT_EQ(renewal_id(*example), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
  EXPECT_EQ(example->serial_octets(), std::string("\0\x87\x65\x43\x21", 5));
}

TEST(RenewalId, NeedsAnAuthorityKeyIdentifier) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::ec_p256);
  const auto certificate = crypto::make_self_signed(*key, "a.example", kNow, 24h);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->authority_key_id(), std::nullopt);
  EXPECT_EQ(renewal_id(*certificate), std::nullopt);
  EXPECT_FALSE(certificate->serial_octets().empty());
}

std::string window(const std::string& start, const std::string& end, const std::string& more = "") {
  return R"({"suggestedWindow":{"start":")" + start + R"(","end":")" + end + R"("})" + more + "}";
}

TEST(RenewalInfo, ReadsTheAnswerOfTheRfc) {
  const auto info = parse_renewal_info(window("2025-01-02T04:00:00Z", "2025-01-03T04:00:00Z",
                                              R"(,"explanationURL":"https://acme.example.com/docs/ari")"));
  ASSERT_TRUE(info) << info.error().context;
  EXPECT_EQ(base::to_rfc3339(info->start), "2025-01-02T04:00:00Z");
  EXPECT_EQ(info->end - info->start, 24h);
  EXPECT_EQ(info->explanation_url, "https://acme.example.com/docs/ari");
}

TEST(RenewalInfo, TakesEveryWindowThatEndsAfterItBegins) {
  for (const auto& [start, end] : std::initializer_list<std::pair<const char*, const char*>>{
           {"2024-03-15T00:00:00Z", "2024-03-15T00:00:01Z"},
           {"1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"},
           {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"},
           {"2024-03-15T00:00:00.123456789Z", "2024-03-16T02:00:00+02:00"},
           {"9998-01-01T00:00:00Z", "9999-01-01T00:00:00Z"},
       }) {
    EXPECT_TRUE(parse_renewal_info(window(start, end))) << start << " to " << end;
  }
}

TEST(RenewalInfo, RefusesNastyBodies) {
  const std::string t = "2024-03-15T00:00:00Z";
  const std::string later = "2024-03-16T00:00:00Z";
  const std::string bodies[] = {
      "",
      "{not json",
      "null",
      "[]",
      "{}",
      "\"text\"",
      "<html>502 Bad Gateway</html>",
      std::string("\0", 1),
      "\xff\xfe{}",
      R"({"suggestedWindow":null})",
      R"({"suggestedWindow":[]})",
      R"({"suggestedWindow":"2024-03-15T00:00:00Z"})",
      R"({"suggestedWindow":{}})",
      R"({"suggestedWindow":{"start":"2024-03-15T00:00:00Z"}})",
      R"({"suggestedWindow":{"start":null,"end":null}})",
      R"({"suggestedWindow":{"start":1710460800,"end":1710547200}})",
      R"({"suggestedWindow":{"Start":"2024-03-15T00:00:00Z","End":"2024-03-16T00:00:00Z"}})",
      window(t, t),
      window(later, t),
      window(t, "2024-03-16"),
      window(t, "2024-03-16T00:00:00"),
      window(t, "2024-02-30T00:00:00Z"),
      window(t, "2024-03-16T25:00:00Z"),
      window(t, "10000-03-16T00:00:00Z"),
      window(t, "soon"),
      window("", later),
      window(t + std::string(1000, '0'), later),
      window(t, later) + "x",
      window(t, later, ","),
      std::string(100, '['),
      R"({"suggestedWindow":)" + std::string(5000, '{'),
      window(t, later, R"(,"x":")" + std::string(base::kAcmeBodyBytesMax, 'x') + "\""),
  };
  for (const std::string& body : bodies) {
    const auto info = parse_renewal_info(body);
    EXPECT_FALSE(info) << body.substr(0, 100);
    if (info) continue;
    EXPECT_EQ(info.error().code, base::ErrorCode::protocol);
    EXPECT_EQ(info.error().source, base::ErrorSource::ca);
    EXPECT_LT(info.error().context.size(), 300U) << "what came is not repeated at length";
  }
}

TEST(RenewalInfo, DropsExplanationsThatAreNoHttpsUrl) {
  const std::string bad[] = {
      R"("http://ca.example/why")",
      R"_("javascript:alert(1)")_",
      R"_("https://ca.example/\"><script>alert(1)</script>")_",
      R"("https://ca.example/'onclick='x")",
      R"("https://ca.example/a b")",
      R"("https://ca.example/\u0000")",
      R"("https://ca.example/\u00e4")",
      R"("https://user:password@ca.example/")",
      R"("<html>")",
      R"("")",
      "null",
      "7",
      R"(["https://ca.example/"])",
      "\"https://ca.example/" + std::string(base::kAcmeUrlBytesMax, 'x') + "\"",
  };
  for (const std::string& url : bad) {
    const auto info = parse_renewal_info(
        window("2024-03-15T00:00:00Z", "2024-03-16T00:00:00Z", ",\"explanationURL\":" + url));
    ASSERT_TRUE(info) << url.substr(0, 100);
    EXPECT_EQ(info->explanation_url, "") << url.substr(0, 100);
  }
}

TEST(ChooseRenewalTime, StaysWithinTheWindow) {
  const RenewalInfo day{kNow, kNow + 24h, ""};
  EXPECT_EQ(choose_renewal_time(day, 0), kNow);
  EXPECT_EQ(choose_renewal_time(day, 86'399), kNow + 24h - 1s);
  EXPECT_EQ(choose_renewal_time(day, 86'400), kNow);
  EXPECT_EQ(choose_renewal_time({kNow, kNow + 1s, ""}, 12'345), kNow);
  EXPECT_EQ(choose_renewal_time({kNow, kNow, ""}, 12'345), kNow);
  EXPECT_EQ(choose_renewal_time({kNow, kNow - 5s, ""}, 12'345), kNow);
  const RenewalInfo all{Time::min(), Time::max(), ""};
  for (const std::uint64_t random :
       {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX}) {
    const Time chosen = choose_renewal_time(all, random);
    EXPECT_GE(chosen, all.start);
    EXPECT_LT(chosen, all.end);
  }
}

TEST(ChooseRenewalTime, UsesTheWholeWindow) {
  const RenewalInfo info{kNow, kNow + 1000s, ""};
  std::array<int, 10> tenths{};
  std::uint64_t random = 7;
  for (int i = 0; i < 10'000; ++i) {
    random = random * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    ++tenths.at(static_cast<std::size_t>((choose_renewal_time(info, random >> 16U) - kNow).count() / 100));
  }
  for (const int count : tenths) EXPECT_NEAR(count, 1000, 150);
}

TEST(NextPollDelay, IsKeptBetweenAMinuteAndADay) {
  const std::pair<std::string, seconds> table[] = {
      {"21600", 6h},
      {"0", 1min},
      {"59", 1min},
      {"61", 61s},
      {"31536000", 24h},
      {std::string(400, '9'), 24h},
      {"", 6h},
      {"soon", 6h},
      {"-1", 6h},
      {"1.5", 6h},
      {"<html>", 6h},
      {"Fri, 15 Mar 2024 02:00:00 GMT", 2h},
      {"Thu, 14 Mar 2024 02:00:00 GMT", 1min},
      {"Fri, 15 Mar 2044 02:00:00 GMT", 24h},
  };
  for (const auto& [retry_after, expected] : table) {
    EXPECT_EQ(next_poll_delay(retry_after, kNow), expected) << retry_after;
  }
}

TEST(FailedPollDelay, GrowsForErrorsThatPass) {
  for (const int status : {0, 408, 429, 500, 502, 503, 504})
    EXPECT_EQ(poll_failure(status), PollFailure::temporary);
  for (const int status : {200, 301, 400, 401, 403, 404, 405, 410}) {
    EXPECT_EQ(poll_failure(status), PollFailure::long_term) << status;
  }
  const seconds expected[] = {1min, 2min, 4min, 8min, 16min, 32min, 64min, 128min, 256min, 6h, 6h};
  unsigned failures = 0;
  for (const seconds delay : expected)
    EXPECT_EQ(failed_poll_delay(++failures, PollFailure::temporary), delay);
  EXPECT_EQ(failed_poll_delay(UINT_MAX, PollFailure::temporary), 6h);
  EXPECT_EQ(failed_poll_delay(0, PollFailure::temporary), 1min);
  for (const unsigned count : {1U, 2U, 100U}) EXPECT_EQ(failed_poll_delay(count, PollFailure::long_term), 6h);
}

}  // namespace
}  // namespace cardea::acme
