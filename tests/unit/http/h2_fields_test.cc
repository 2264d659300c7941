#include "http/h2_fields.h"

#include <string>

#include <gtest/gtest.h>

namespace cardea::http {
namespace {

std::string text_of(const H2Fields& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    text.append(fields[i].name).append("=").append(fields[i].value).append(";");
  }
  return text;
}

TEST(H2Fields, MakesPseudoFieldsOfTheRequestLineAndHost) {
  H2Fields fields;
  append_request_line(fields, "GET", "/prefix", "/path?query");
  append_field(fields, "Host", "www.example.com:8080");
  append_field(fields, "Accept", "text/HTML");
  end_head(fields);
  EXPECT_EQ(
      text_of(fields),
      ":method=GET;:scheme=http;:path=/prefix/path?query;:authority=www.example.com:8080;accept=text/HTML;");
}

TEST(H2Fields, LeavesOutWhatIsAboutOneConnection) {
  H2Fields fields;
  for (const std::string_view name : {"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding",
                                      "Upgrade", "HTTP2-Settings", "TE"}) {
    append_field(fields, name, "something");
  }
  append_framing(fields, {Framing::chunked, 0});
  EXPECT_EQ(text_of(fields), "");
  append_field(fields, "TE", "trailers");
  append_framing(fields, {Framing::length, 12});
  EXPECT_EQ(text_of(fields), "te=trailers;content-length=12;");
}

TEST(H2Fields, KeepsRepeatedFieldsAndTheirOrder) {
  H2Fields fields;
  append_field(fields, "Cookie", "a=1");
  append_field(fields, "X-Empty", "");
  append_field(fields, "Cookie", "b=2");
  EXPECT_EQ(text_of(fields), "cookie=a=1;x-empty=;cookie=b=2;");
}

TEST(H2Fields, TakesAValueInParts) {
  H2Fields fields;
  begin_field(fields, "X-Forwarded-For");
  fields.append("192.0.2.1");
  fields.append(", ");
  fields.append("192.0.2.2");
  end_field(fields);
  EXPECT_EQ(text_of(fields), "x-forwarded-for=192.0.2.1, 192.0.2.2;");
  fields.clear();
  EXPECT_EQ(fields.size() + fields.bytes(), 0U);
}

}  // namespace
}  // namespace cardea::http
