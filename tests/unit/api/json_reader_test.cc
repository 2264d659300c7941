#include "api/json_reader.h"

#include <gtest/gtest.h>

namespace cardea::api {
namespace {

JsonReader reader(std::string_view body) {
  return JsonReader::parse(body).value();
}

std::string faults(JsonReader& json) {
  const base::Status finished = json.finish();
  if (finished) return "";
  EXPECT_EQ(finished.error().code, base::ErrorCode::invalid);
  return finished.error().context;
}

TEST(JsonReader, TakesMembersByTheirTypes) {
  JsonReader json = reader(R"({"text":"t","flag":true,"texts":["a","b"],"map":{"y":"1","x":"2"}})");
  EXPECT_EQ(json.text("text"), "t");
  EXPECT_EQ(json.flag("flag"), true);
  EXPECT_EQ(json.texts("texts"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(json.text_map("map"), (std::vector<std::pair<std::string, std::string>>{{"y", "1"}, {"x", "2"}}));
  EXPECT_EQ(faults(json), "");
}

TEST(JsonReader, TellsAnEmptyValueFromNone) {
  JsonReader json = reader(R"({"text":"","texts":[],"map":{},"flag":false,"null":null})");
  EXPECT_EQ(json.text("text"), "");
  EXPECT_EQ(json.texts("texts"), std::vector<std::string>{});
  EXPECT_TRUE(json.text_map("map").has_value());
  EXPECT_EQ(json.flag("flag"), false);
  EXPECT_EQ(json.text("null"), std::nullopt);
  EXPECT_EQ(json.text("absent"), std::nullopt);
  EXPECT_EQ(faults(json), "");
}

TEST(JsonReader, SaysAllFaultsAtOnce) {
  JsonReader json = reader(
      R"({"text":1,"flag":"true","texts":["a",2],"one":"a","map":{"x":1},"list":[],"typo":"x","null":null})");
  EXPECT_EQ(json.text("text"), std::nullopt);
  EXPECT_EQ(json.flag("flag"), std::nullopt);
  EXPECT_EQ(json.texts("texts"), std::nullopt);
  EXPECT_EQ(json.texts("one"), std::nullopt);
  EXPECT_EQ(json.text_map("map"), std::nullopt);
  EXPECT_EQ(json.text_map("list"), std::nullopt);
  json.complain("And one more.");
  const std::string all = faults(json);
  for (const std::string_view fault :
       {"\"text\" must", "\"flag\" must", "\"texts\" must", "\"one\" must", "\"map\" must", "\"list\" must",
        "\"typo\" is not known", "\"null\" is not known", "And one more."}) {
    EXPECT_NE(all.find(fault), std::string::npos) << fault << " is not in: " << all;
  }
}

TEST(JsonReader, MissesARequiredTextThatIsNull) {
  for (const std::string_view body : {"{}", R"({"name":null})"}) {
    JsonReader json = reader(body);
    EXPECT_EQ(json.required_text("name"), std::nullopt) << body;
    EXPECT_EQ(faults(json), "\"name\" is missing.") << body;
  }
  JsonReader json = reader(R"({"name":""})");
  EXPECT_EQ(json.required_text("name"), "");
  EXPECT_EQ(faults(json), "");
}

TEST(JsonReader, PrintsUnknownNamesSafely) {
  JsonReader json = reader(R"({"a\r\nb\u0000":1})");
  const std::string all = faults(json);
  EXPECT_EQ(all.find('\n'), std::string::npos);
  EXPECT_EQ(all.find('\0'), std::string::npos);
}

TEST(JsonReader, RefusesWhatIsNoJsonObject) {
  const std::string deep(10'000, '[');
  for (const std::string_view body :
       std::initializer_list<std::string_view>{"", " ", "x", "{", "{}}", "{\"a\":}", "{\"a\":1,}", "{'a':1}",
                                               "[]", "\"text\"", "1", "null", deep, "{\"a\":\"\xff\"}"}) {
    const auto parsed = JsonReader::parse(body);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().code, base::ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace cardea::api
