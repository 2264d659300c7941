#include "api/target_update.h"

#include <boost/json/parse.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace cardea::api {
namespace {

namespace json = boost::json;

store::TargetRecord stored() {
  store::TargetRecord record;
  record.hostname = "www.example.com";
  record.target_url = "http://127.0.0.1:3000";
  record.cert_name = "proxy-www-example-com";
  record.acme_directory_url = "https://acme.example/directory";
  record.owner_token_hash = "hash";
  record.created_by = "me";
  record.enable_https = false;
  record.custom_headers = {{"X-Key", "secret"}, {"X-Other", "1"}};
  record.generation = 7;
  record.other_members = R"({"from_later":1})";
  return record;
}

boost::json::object applied(std::string_view patch) {
  const auto merged = apply_patch(stored(), patch);
  EXPECT_TRUE(merged) << merged.error().context;
  return merged ? boost::json::parse(*merged).as_object() : boost::json::object{};
}

std::string refused(std::string_view patch) {
  const auto merged = apply_patch(stored(), patch);
  EXPECT_FALSE(merged) << patch;
  return merged ? "" : merged.error().context;
}

TEST(TargetUpdate, ChangesWhatIsGivenAndLeavesTheRest) {
  const auto object = applied(R"j({"target_url":"http://127.0.0.1:3001","enable_https":true})j");
  EXPECT_EQ(object.at("target_url"), "http://127.0.0.1:3001");
  EXPECT_EQ(object.at("enable_https"), true);
  EXPECT_EQ(object.at("hostname"), "www.example.com");
  EXPECT_EQ(object.at("custom_headers"), (boost::json::object{{"X-Key", "secret"}, {"X-Other", "1"}}));
  for (const char* name : {"cert_name", "created_by", "generation", "owner_token_hash", "from_later"}) {
    EXPECT_FALSE(object.contains(name)) << name << " is nothing that a client may set";
  }
  EXPECT_EQ(applied("{}").size(), applied(R"j({"enabled":true})j").size());
}

TEST(TargetUpdate, TakesNullAsGone) {
  const auto object = applied(R"j({"acme_directory_url":null,"custom_headers":{"X-Key":null,"X-New":"2"}})j");
  EXPECT_FALSE(object.contains("acme_directory_url"));
  EXPECT_EQ(object.at("custom_headers"), (boost::json::object{{"X-Other", "1"}, {"X-New", "2"}}));
  EXPECT_FALSE(applied(R"j({"custom_headers":null})j").contains("custom_headers"));
}

TEST(TargetUpdate, TakesBackWhatWasShown) {
  const auto object = applied(R"j({"hostname":"www.example.com","cert_name":"proxy-www-example-com",
      "created_by":"me","created_at":null,"generation":7,
      "custom_headers":{"X-Key":"(hidden)","X-Other":"(hidden)"}})j");
  EXPECT_EQ(object.at("custom_headers"), (boost::json::object{{"X-Key", "secret"}, {"X-Other", "1"}}));
}

TEST(TargetUpdate, TakesNamesOfHeadersAsTheSameInAnyCase) {
  const json::object stored{{"X-Key", "secret"}, {"X-Other", "1"}};
  const auto headers = [](std::string_view patch) {
    return applied(fmt::format(R"j({{"custom_headers":{}}})j", patch)).at("custom_headers").as_object();
  };
  EXPECT_EQ(headers(R"j({"x-key":"new"})j"), (json::object{{"x-key", "new"}, {"X-Other", "1"}}));
  EXPECT_EQ(headers(R"j({"X-KEY":null})j"), (json::object{{"X-Other", "1"}}));
  EXPECT_EQ(headers(R"j({"x-key":"(hidden)"})j"), (json::object{{"x-key", "secret"}, {"X-Other", "1"}}));
  EXPECT_EQ(headers(R"j({"x-none":null})j"), stored);
  EXPECT_EQ(headers(R"j({"X-Key":null,"x-key":"new"})j"), (json::object{{"x-key", "new"}, {"X-Other", "1"}}));
  EXPECT_EQ(headers(R"j({"x-key":"new","X-Key":null})j"), (json::object{{"x-key", "new"}, {"X-Other", "1"}}));
  EXPECT_EQ(headers(R"j({"X-New":"1","x-new":"2"})j").size(), 4) << "the check of the whole refuses this";
}

TEST(TargetUpdate, IsAConflictWithALaterChange) {
  for (const char* generation : {"6", "8", "0", "-1", "7.5"}) {
    const auto merged = apply_patch(
        stored(), fmt::format(R"j({{"created_at":"2026-11-22T03:06:02Z","generation":{}}})j", generation));
    ASSERT_FALSE(merged) << generation;
    EXPECT_EQ(merged.error().code, base::ErrorCode::conflict) << generation;
    EXPECT_NE(merged.error().context.find("read it and try again"), std::string::npos);
  }
}

TEST(TargetUpdate, RefusesWhatOnlyCardeaSets) {
  EXPECT_EQ(refused(R"j({"cert_name":"other"})j"), "\"cert_name\" cannot be changed.");
  EXPECT_EQ(refused(R"j({"generation":"8"})j"), "\"generation\" cannot be changed.");
  EXPECT_NE(refused(R"j({"hostname":"other.example.com"})j").find("\"hostname\" cannot be changed"),
            std::string::npos);
  EXPECT_NE(refused(R"j({"custom_headers":{"X-Unknown":"(hidden)"}})j").find("\"X-Unknown\""),
            std::string::npos);
  for (const char* patch : {"", "[]", "null", "7", "{"}) {
    EXPECT_NE(refused(patch).find("body"), std::string::npos) << patch;
  }
}

}  // namespace
}  // namespace cardea::api
