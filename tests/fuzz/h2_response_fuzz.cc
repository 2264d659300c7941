// H2ClientSession: whatever a server sends, heads and trailers are clean and within the limits, segments do
// not matter, and an error stays. The first byte chooses the method of the request being answered.
#include <string>

#include "base/limits.h"
#include "fuzz_checks.h"
#include "http/field_rules.h"
#include "http/h2_client_session.h"

using namespace cardea;

namespace {

using Session = http::H2ClientSession;

std::string check_fields(const http::FieldList& fields) {
  std::string text;
  std::size_t bytes = 0;
  for (const http::Field& field : fields) {
    CARDEA_CHECK(http::is_token(field.name) && http::is_field_value(field.value), "fields must be clean");
    const bool connection_field = http::is_hop_by_hop(field.name) && field.name != "http2-settings" &&
                                  !field.name.starts_with("proxy-auth");
    CARDEA_CHECK(!connection_field || field.name == "te", "no fields about a connection of HTTP/1");
    bytes += field.name.size() + field.value.size();
    text.append(field.name).append("=").append(field.value).append("\n");
  }
  CARDEA_CHECK(bytes <= base::kHeadBytesMax, "a head is within its limit");
  return text;
}

std::string check_head(const Session& session, http::Method method) {
  http::ResponseHead head;
  if (!session.head(head)) return "unsound\n";
  CARDEA_CHECK(head.status >= 100 && head.status <= 999 && head.status != 101, "the status must be in range");
  const bool bodiless =
      method == http::Method::head || head.status < 200 || head.status == 204 || head.status == 304;
  CARDEA_CHECK(bodiless == (head.body.kind == http::Framing::none), "a body by method and status");
  return std::to_string(head.status) + "\n" + check_fields(head.fields);
}

// All that a client learns of the response, in one text.
std::string receive(std::string_view bytes, http::Method method, std::size_t segment_bytes) {
  Session session;
  http::H2Fields request;
  http::append_request_line(request, method == http::Method::head ? "HEAD" : "GET", "", "/");
  http::append_field(request, "Host", "a");
  CARDEA_CHECK(session.start(request, method, Session::Body::none).has_value(),
               "the first request may start");
  base::Buffer input, output;
  std::string learnt, body;
  while (!session.ended()) {
    const auto event = session.receive(input, output);
    CARDEA_CHECK(output.size() < 2 * base::kStreamBufferBytesMax, "what waits to be sent is bounded");
    if (!event) {
      CARDEA_CHECK(!session.receive(input, output), "an error stays");
      return learnt + "\nbroken";  // how much of the body came before it is the segments' matter
    }
    if (*event == Session::Event::head) {
      learnt += check_head(session, method);
    } else if (*event == Session::Event::body) {
      CARDEA_CHECK(method != http::Method::head, "HEAD has no body");
      body += session.body();
    } else if (!bytes.empty()) {
      input.append(bytes.substr(0, segment_bytes));
      bytes.remove_prefix(std::min(segment_bytes, bytes.size()));
    } else {
      break;
    }
  }
  learnt += body + "\n" + check_fields(session.trailers());
  if (session.ended()) {
    static_cast<void>(session.receive_idle(input, output));
    learnt += "ended";
  }
  return learnt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const http::Method method = data[0] == 'H' ? http::Method::head : http::Method::get;
  const std::string_view bytes = fuzz::as_view(data + 1, size - 1);
  const std::string whole = receive(bytes, method, SIZE_MAX);
  if (size <= 2048) CARDEA_CHECK(receive(bytes, method, 1) == whole, "the segments must not matter");
  return 0;
}
