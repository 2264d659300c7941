// One request and its response, the same for every HTTP version. A connection makes it, a Handler serves it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/error.h"
#include "http/exchange_record.h"
#include "http/message.h"
#include "net/address_ranges.h"
#include "net/client_connections.h"
#include "net/stream.h"
#include "net/task.h"

namespace cardea::http {

// What is known about the connection that a request came on. Lives as long as the connection.
struct ConnectionInfo {
  Scheme scheme = Scheme::http;
  boost::asio::ip::address peer;
  std::string peer_text;    // peer, as X-Forwarded-For has it
  std::string server_name;  // canonical SNI; empty without TLS or without SNI
  std::uint16_t local_port = 0;
  const net::AddressRanges* trusted_proxies = nullptr;  // outlives the connection
  bool peer_is_trusted = false;                         // it is one of them: its X-Forwarded-* count
  std::string_view tls_version = {};                    // "TLSv1.3", a literal; empty without TLS
  // What the certificate that the client has seen covers; null: it has seen the self-signed one, or none.
  std::shared_ptr<const std::vector<std::string>> certificate_names;
  // Its place among the connections of its client, given back with it; a trusted proxy has none.
  std::optional<net::ClientConnections::Slot> slot;
};

// Loop thread only. Response calls in this order: send_interim()…, start_response() or start_tunnel(),
// write_body()…, end_body(), finish(). Each may fail because the client went away; the handler then just
// returns.
class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  // Valid for the life of the exchange.
  [[nodiscard]] virtual const RequestHead& request() const = 0;
  [[nodiscard]] virtual const ConnectionInfo& connection() const = 0;

  // The next piece of the request body; empty at its end. The view is good until the caller waits for
  // anything. Error: client closed, timeout (nothing for kBodyProgressTimeout, or slower than kBodyRateMin),
  // invalid (malformed chunks).
  virtual net::Task<base::Result<std::string_view>> read_body() = 0;
  // What of the body is here already, without waiting: empty if nothing is. body_done() tells the end.
  virtual base::Result<std::string_view> take_body() = 0;
  [[nodiscard]] virtual bool body_done() const = 0;
  // The fields after a chunked body, once body_done(). Views: good for as long as the exchange.
  [[nodiscard]] virtual FieldList request_trailers() const = 0;

  // Sends a 1xx head other than 101, without waiting; nothing to a client that does not know them (HTTP/1.0).
  virtual base::Status send_interim(const ResponseHead& head) = 0;
  // Queues the head. `head.fields` are sent as they are and in order, except Connection, Transfer-Encoding
  // and Content-Length, which the connection sets itself from `head.body` (until_close: as this version can).
  virtual void start_response(const ResponseHead& head) = 0;
  [[nodiscard]] virtual bool response_started() const = 0;
  // Queues a 101, with its Connection and Upgrade as they are in `head`. From here on the exchange is a
  // tunnel: read_body() gives whatever the client sends, waiting no longer than `idle_limit`, write_body()
  // sends bytes as they are, flush() gives up (timeout) when the client took nothing for `idle_limit` and may
  // be called again, and finish() ends our direction alone.
  virtual void start_tunnel(const ResponseHead& head, net::Stream::Duration idle_limit) = 0;
  // Queues body bytes. Nothing is sent before flush() or finish(): flush before waiting for the next piece.
  virtual base::Status write_body(std::string_view piece) = 0;
  // Bytes queued; who writes much flushes above kStreamBufferBytesMax.
  [[nodiscard]] virtual std::size_t queued() const = 0;
  virtual net::Task<base::Status> flush() = 0;
  // Queues the end of a chunked body with trailer fields; a body of another framing has none. May be left
  // out.
  virtual void end_body(const FieldList& trailers) = 0;
  // Ends the body and sends what is queued.
  virtual net::Task<base::Status> finish() = 0;
  // Whether finish() was called: everything that there is to say was said.
  [[nodiscard]] virtual bool finished() const = 0;
  // The response cannot be completed: the client must not take what it got for all of it.
  virtual void abort() = 0;

  // The response will be silent for long again and again: nothing is kept for its next piece.
  virtual void spare_memory() = 0;

  // Calls `on_gone` once if the client leaves while the handler waits for something else.
  virtual void watch_client(std::function<void()> on_gone) = 0;

  [[nodiscard]] ExchangeRecord& record() { return record_; }
  [[nodiscard]] const ExchangeRecord& record() const { return record_; }

 private:
  ExchangeRecord record_;
};

// What serves exchanges: the dispatcher of a worker.
class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  // The first byte of a request is here: gives its record an id of our own, and the time if it counts.
  virtual void begin(ExchangeRecord& record) = 0;
  // Serves one exchange completely. Many may be under way at once on the same loop.
  virtual net::Task<void> serve(Exchange& exchange) = 0;
  // All is over for an exchange, whether it was served, refused for its malformed head, or cut off in the
  // middle. The last that is said about it.
  virtual void end(const Exchange& exchange) = 0;
};

}  // namespace cardea::http
