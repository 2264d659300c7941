#include "api/message.h"

#include <map>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace cardea::api {
namespace {

using base::ErrorCode;
using Fields = std::vector<std::pair<std::string, std::string>>;

TEST(ApiMessage, HasAStatusForEveryError) {
  const std::map<ErrorCode, int> statuses = {
      {ErrorCode::invalid, 400},   {ErrorCode::unauthorized, 401}, {ErrorCode::forbidden, 403},
      {ErrorCode::not_found, 404}, {ErrorCode::conflict, 409},     {ErrorCode::too_large, 413},
      {ErrorCode::timeout, 503},   {ErrorCode::refused, 503},      {ErrorCode::closed, 503},
      {ErrorCode::protocol, 503},  {ErrorCode::unavailable, 503},  {ErrorCode::cancelled, 503},
      {ErrorCode::rejected, 503},  {ErrorCode::internal, 503}};
  for (const auto& [code, status] : statuses) {
    const Response response = error_response({code, base::ErrorSource::client, false, "a \"sentence\""});
    EXPECT_EQ(response.status, status) << base::to_string(code);
    EXPECT_EQ(response.content_type, "application/problem+json");
    const auto document = boost::json::parse(response.body).as_object();
    EXPECT_EQ(document.at("status").as_int64(), status);
    EXPECT_EQ(document.at("detail").as_string(), "a \"sentence\"");
    EXPECT_FALSE(document.at("title").as_string().empty());
  }
}

TEST(ApiMessage, DoesNotBlameTheClientForWhatIsStored) {
  const base::Error unreadable{ErrorCode::invalid, base::ErrorSource::store, false, "a sentence"};
  EXPECT_EQ(error_response(unreadable).status, 500);
  EXPECT_EQ(error_response(unreadable).fields, Fields{}) << "trying again does not help";
}

TEST(ApiMessage, SaysWhatAClientNeedsToTryAgain) {
  EXPECT_EQ(error_response(base::fail(ErrorCode::unauthorized, "why").error()).fields,
            (Fields{{"WWW-Authenticate", "Bearer"}}));
  EXPECT_EQ(error_response(base::fail(ErrorCode::unavailable, "why").error()).fields,
            (Fields{{"Retry-After", "5"}}));
  EXPECT_EQ(error_response(base::fail(ErrorCode::invalid, "why").error()).fields, Fields{});
}

TEST(ApiMessage, CarriesJson) {
  const Response response = json_response(201, {{"name", "n"}});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, "{\"name\":\"n\"}\n");
}

TEST(ApiMessage, FindsFlagsInTheQuery) {
  for (const std::string_view query : {"key", "key=true", "key=1", "a=b&key=true", "key&a=b"}) {
    EXPECT_TRUE(query_flag(query, "key")) << query;
  }
  for (const std::string_view query :
       {"", "key=", "key=false", "key=0", "key=TRUE", "keys=true", "a=key", "&&"}) {
    EXPECT_FALSE(query_flag(query, "key")) << query;
  }
}

}  // namespace
}  // namespace cardea::api
