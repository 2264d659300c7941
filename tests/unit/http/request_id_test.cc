#include "http/request_id.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "http/exchange.h"

namespace cardea::http {
namespace {

std::string text(const RequestId& id) {
  return {id.data(), id.size()};
}

TEST(RequestIds, AreTheGeneratorsNumbersInHexadecimalDigits) {
  // The first numbers of the reference implementation for this state.
  RequestIds ids({1, 2, 3, 4});
  EXPECT_EQ(text(ids.next()), "0000000000002d000000000000000000");
  EXPECT_EQ(text(ids.next()), "000000005a00708010e0000000009d80");
}

TEST(RequestIds, DoNotRepeat) {
  RequestIds one, other;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(text(one.next()));
    seen.insert(text(other.next()));
  }
  EXPECT_EQ(seen.size(), 2000U);
  for (const std::string& id : seen) {
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
  }
}

class ChosenRequestId : public testing::Test {
 protected:
  void add(std::string_view value) { EXPECT_TRUE(request_.fields.add({"X-Request-ID", value})); }
  std::string chosen() const { return std::string(choose_request_id(request_, connection_, own_)); }

  RequestHead request_;
  ConnectionInfo connection_;
  RequestId own_ = RequestIds({1, 2, 3, 4}).next();
};

TEST_F(ChosenRequestId, IsOursForAnybody) {
  add("told");
  EXPECT_EQ(chosen(), text(own_));
}

TEST_F(ChosenRequestId, IsTheTrustedProxys) {
  connection_.peer_is_trusted = true;
  add("Root=1-67891233-abcdef012345678912345678");
  EXPECT_EQ(chosen(), "Root=1-67891233-abcdef012345678912345678");
}

TEST_F(ChosenRequestId, IsOursIfTheTrustedProxyHasNone) {
  connection_.peer_is_trusted = true;
  EXPECT_EQ(chosen(), text(own_));
}

TEST_F(ChosenRequestId, IsOursIfTheTrustedProxyHasTwo) {
  connection_.peer_is_trusted = true;
  add("one");
  add("two");
  EXPECT_EQ(chosen(), text(own_));
}

TEST_F(ChosenRequestId, IsOursIfTheTrustedProxysIsNone) {
  connection_.peer_is_trusted = true;
  const std::string longest(base::kRequestIdBytesMax, 'a');
  const std::string longer = longest + "a";
  for (const std::string& value : {std::string(), std::string("two words"), std::string("\"quoted\""),
                                   std::string("a,b"), std::string("caf\xc3\xa9"), longer}) {
    request_.fields.clear();
    add(value);
    EXPECT_EQ(chosen(), text(own_)) << value;
  }
  request_.fields.clear();
  add(longest);
  EXPECT_EQ(chosen(), longest);
}

}  // namespace
}  // namespace cardea::http
