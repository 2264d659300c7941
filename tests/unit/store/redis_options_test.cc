#include "store/redis_options.h"

#include <gtest/gtest.h>

namespace cardea::store {
namespace {

TEST(RedisOptions, TcpWithEverything) {
  const auto options = parse_redis_url("redis://app:p%40ss%3Aw@redis.example:6380/3");
  ASSERT_TRUE(options) << options.error().context;
  EXPECT_EQ(options->endpoint.host, "redis.example");
  EXPECT_EQ(options->endpoint.port, 6380);
  EXPECT_EQ(options->username, "app");
  EXPECT_EQ(options->password, "p@ss:w");
  EXPECT_EQ(options->database, 3U);
  EXPECT_EQ(options->transport, RedisTransport::plain);
  EXPECT_EQ(options->to_string(), "redis://redis.example:6380");
}

TEST(RedisOptions, DefaultsArePortAndDatabase) {
  const auto options = parse_redis_url("redis://localhost");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->endpoint.port, 6379);
  EXPECT_EQ(options->database, 0U);
  EXPECT_TRUE(options->username.empty());
  EXPECT_TRUE(options->password.empty());
}

TEST(RedisOptions, PasswordWithoutUser) {
  const auto options = parse_redis_url("rediss://:secret@[::1]:7000/");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->transport, RedisTransport::tls);
  EXPECT_EQ(options->endpoint.host, "::1");
  EXPECT_EQ(options->username, "");
  EXPECT_EQ(options->password, "secret");
}

TEST(RedisOptions, UnixSocket) {
  const auto options = parse_redis_url("unix:///run/redis/redis.sock?db=2");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->endpoint.path, "/run/redis/redis.sock");
  EXPECT_EQ(options->database, 2U);
  const auto guarded = parse_redis_url("unix://user:pw@/run/a@b.sock");
  ASSERT_TRUE(guarded);
  EXPECT_EQ(guarded->endpoint.path, "/run/a@b.sock");
  EXPECT_EQ(guarded->username, "user");
  EXPECT_EQ(guarded->password, "pw");
}

TEST(RedisOptions, RefusesWhatIsNoRedisUrlWithoutRepeatingThePassword) {
  for (const char* url :
       {"", "localhost:6379", "http://localhost", "redis://", "redis://user@host",
        "redis://u:topsecret@host/x", "redis://u:topsecret%zz@host", "redis://u:topsecret@host:99999",
        "redis://u:topsecret@ho st", "unix://", "unix://relative", "unix:///a?x=1", "unix:///a?db=-1",
        "unix://u:topsecret/a", "redis://user:@host"}) {
    const auto options = parse_redis_url(url);
    ASSERT_FALSE(options) << url;
    EXPECT_EQ(options.error().code, base::ErrorCode::invalid) << url;
    EXPECT_EQ(options.error().context.find("topsecret"), std::string::npos) << url;
  }
}

}  // namespace
}  // namespace cardea::store
