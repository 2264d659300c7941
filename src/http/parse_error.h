// What a parser of HTTP/1 found wrong, as the status that the answer needs.
#pragma once

#include <string_view>

namespace cardea::http {

struct ParseError {
  int status = 400;      // 400, 417, 431, 501 or 505 about a request; 502 about a response
  std::string_view why;  // static text, for the log and the error page

  friend bool operator==(const ParseError&, const ParseError&) = default;
};

}  // namespace cardea::http
