#include "http/h2_fields.h"

#include <array>
#include <charconv>

#include "base/strings.h"
#include "http/field_rules.h"

namespace cardea::http {

void H2Fields::clear() {
  text_.clear();
  places_.clear();
}

void H2Fields::begin(std::string_view name) {
  const std::size_t at = text_.size();
  for (const char byte : name) text_.push_back(base::to_lower(byte));
  places_.push_back({at, text_.size(), text_.size()});
}

Field H2Fields::operator[](std::size_t index) const {
  const Place& place = places_[index];
  const std::string_view text(text_);
  return {text.substr(place.name, place.value - place.name),
          text.substr(place.value, place.end - place.value)};
}

void begin_field(H2Fields& out, std::string_view name) {
  out.begin(name);
}

void end_field(H2Fields& out) {
  out.end();
}

void append_field(H2Fields& out, std::string_view name, std::string_view value) {
  const bool wants_trailers = base::equals_ignoring_case(name, "te") && value == "trailers";
  if (is_hop_by_hop(name) && !wants_trailers) return;
  out.begin(base::equals_ignoring_case(name, "host") ? ":authority" : name);
  out.append(value);
  out.end();
}

void append_request_line(H2Fields& out, std::string_view method, std::string_view prefix,
                         std::string_view target) {
  append_field(out, ":method", method);
  append_field(out, ":scheme", "http");
  out.begin(":path");
  out.append(prefix);
  out.append(target);
  out.end();
}

void append_framing(H2Fields& out, BodyFraming body) {
  if (body.kind != Framing::length) return;
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), body.length).ptr;
  append_field(out, "content-length", {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void end_head(H2Fields& /*out*/) {}

}  // namespace cardea::http
