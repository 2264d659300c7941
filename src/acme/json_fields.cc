#include "acme/json_fields.h"

#include "base/limits.h"
#include "base/strings.h"
#include "base/url.h"

namespace cardea::acme {
namespace {

namespace json = boost::json;
using base::ErrorCode;
using base::ErrorSource;
using base::fail;
using base::Result;

const json::value* find(const json::object& from, std::string_view name) {
  return from.if_contains(json::string_view(name.data(), name.size()));
}

}  // namespace

Result<json::object> parse_json_object(std::string_view body, std::string_view what) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::protocol, std::string(what) + " from the CA " + std::string(why), ErrorSource::ca);
  };
  if (body.size() > base::kAcmeBodyBytesMax) return bad("is too large");
  json::error_code error;
  json::value document = json::parse(json::string_view(body.data(), body.size()), error);
  if (error) return bad("is not JSON: \"" + base::printable(body, 60) + "\"");
  json::object* object = document.if_object();
  if (object == nullptr) return bad("is not a JSON object");
  return std::move(*object);
}

const json::object* find_object(const json::object& from, std::string_view name) {
  const json::value* value = find(from, name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* find_array(const json::object& from, std::string_view name) {
  const json::value* value = find(from, name);
  return value == nullptr ? nullptr : value->if_array();
}

std::string find_text(const json::object& from, std::string_view name) {
  const json::value* value = find(from, name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

bool find_flag(const json::object& from, std::string_view name) {
  const json::value* value = find(from, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Result<std::string> require_https_url(const json::object& from, std::string_view name,
                                      std::string_view what) {
  std::string url = find_text(from, name);
  if (is_https_url(url)) return url;
  const std::string why =
      url.empty() ? "\" is missing" : "\" is not an https URL: " + base::printable(url, 120);
  return fail(ErrorCode::protocol, std::string(what) + " from the CA: \"" + std::string(name) + why,
              ErrorSource::ca);
}

Result<std::string> optional_https_url(const json::object& from, std::string_view name,
                                       std::string_view what) {
  const json::value* value = find(from, name);
  if (value == nullptr || value->is_null()) return std::string();
  return require_https_url(from, name, what);
}

bool is_https_url(std::string_view text) {
  if (text.size() > base::kAcmeUrlBytesMax) return false;
  const auto url = base::parse_url(text);
  return url && url->scheme == "https" && url->userinfo.empty();
}

std::string bounded_text(std::string_view text, std::size_t bytes_max) {
  std::size_t size = std::min(text.size(), bytes_max);
  // A byte 10xxxxxx continues a character: it must not be the first one cut off.
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  // Whatever a CA or somebody in its place sends ends in our JSON.
  std::string out = base::to_valid_utf8(text.substr(0, size));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

}  // namespace cardea::acme
