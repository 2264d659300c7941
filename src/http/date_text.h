// The value of a Date field of now.
#pragma once

#include <string_view>

namespace cardea::http {

// "Fri, 15 Mar 2024 00:00:00 GMT", made once a second. Good until the same thread's next call.
[[nodiscard]] std::string_view date_text();

}  // namespace cardea::http
