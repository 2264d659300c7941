#include "http/date_text.h"

#include <string>

#include "base/clock.h"

namespace cardea::http {

std::string_view date_text() {
  struct Made {
    base::Time at;
    std::string text;
  };
  thread_local Made made;
  const base::Time now = base::now();
  if (made.text.empty() || made.at != now) made = {now, base::to_http_date(now)};
  return made.text;
}

}  // namespace cardea::http
