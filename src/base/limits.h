// Every limit of the program: its name, its value, its reason. A peer must not be able to make us hold or do
// more than what stands here. What an operator may want to change is in .env instead.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/acme_limits.h"        // those of the work on certificates
#include "base/descriptor_limits.h"  // what open files are kept for
#include "base/name_limits.h"        // those of resolving upstreams' names
#include "base/store_limits.h"       // those of Redis
#include "base/target_limits.h"      // those of one proxy target

namespace cardea::base {

using namespace std::chrono_literals;

// --- HTTP ---

// nginx allows 4 × 8 KiB, Apache 100 fields of 8 KiB; large cookies and bearer tokens fit into 32 KiB.
inline constexpr std::size_t kHeadBytesMax = 32 * 1024;
inline constexpr std::size_t kFieldsMax = 128;
// Options in all Connection fields of one head: every field is compared with each. Usual: 1 to 3.
inline constexpr std::size_t kConnectionOptionsMax = 32;
// An X-Request-Id that is taken from a trusted proxy. UUIDs have 36, AWS's trace ids about 70.
inline constexpr std::size_t kRequestIdBytesMax = 128;
// One chunk-size line with extensions (RFC 9112 §7.1.1 lets a recipient limit them).
inline constexpr std::size_t kChunkLineBytesMax = 4096;
// What one stream holds for one direction before the other side has to wait.
inline constexpr std::size_t kStreamBufferBytesMax = 64 * 1024;
// What an upstream that speaks HTTP/2 may send of a response before it is taken. Not held: like all input it
// waits in the socket beyond kStreamBufferBytesMax. The usual 64 KiB would make it wait for our word on every
// link that is not local.
inline constexpr int kH2StreamWindowBytes = 256 * 1024;
// The same for the connection, which has one response at a time: never the narrower of both.
inline constexpr int kH2ConnectionWindowBytes = 1024 * 1024;
// What is kept of a body to send it again if a connection from the pool is dead. Forms and JSON fit.
inline constexpr std::size_t kReplayBytesMax = 64 * 1024;
// A body that is sent to the API. Certificates' requests are hundreds of bytes.
inline constexpr std::size_t kApiBodyBytesMax = 64 * 1024;
// An answer of the API that the command line takes: one certificate with its history has some tens of KiB.
inline constexpr std::size_t kApiAnswerBytesMax = 1024 * 1024;

// --- Waits ---

// The header by which a balancer names the client: up to 232 bytes of addresses, the rest are its extensions
// (TLS details, a unique id, perhaps a client certificate's name).
inline constexpr std::size_t kProxyHeaderBytesMax = 4096;
// ClientHello to Finished. Slow phones on bad links need 2–3 s; more is an attack or a dead peer.
inline constexpr auto kHandshakeTimeout = 10s;
// From the first byte of a request to the end of its head (nginx: 60 s; slowloris lives on long ones).
inline constexpr auto kRequestHeadTimeout = 30s;
// A keep-alive connection without a request (nginx: 75 s).
inline constexpr auto kClientIdleTimeout = 75s;
// How long an idle connection keeps its buffers, some 10 KiB, for a next request that is about to come.
inline constexpr auto kBuffersKept = 1s;
// A body in either direction may take for ever but must move within this time.
inline constexpr auto kBodyProgressTimeout = 60s;
// And a client must keep up this rate, in bytes per second, with its body or with what it takes of a
// response, over the time in which it is waited for (net/patience.h): else a byte a minute would hold a
// connection, its buffers and the upstream's connection for ever. The slowest links bring ten times as much
// (Kestrel and IIS: 240, Apache: 500).
inline constexpr std::uint32_t kBodyRateMin = 240;
// How often it is looked how much a peer has taken for which something waits.
inline constexpr auto kFlushCheckInterval = 5s;
// Server-sent events may be silent for long between two events; the peer's death is noticed by TCP.
inline constexpr auto kEventStreamIdleTimeout = 1h;
// Silent event streams and tunnels are not timed out for an hour. TCP asks a silent peer after the first
// time, then in the second interval; one that is gone is noticed within two minutes.
inline constexpr auto kKeepAliveIdle = 60s;
inline constexpr auto kKeepAliveInterval = 15s;
inline constexpr int kKeepAliveProbesMax = 4;
// A tunnel (WebSocket) through which nothing passes either way; the peer's death is noticed by TCP. Once one
// side has ended, the other has said all that it can but for a rest.
inline constexpr auto kTunnelIdleTimeout = 1h;
inline constexpr auto kTunnelHalfClosedTimeout = 5min;
// How often it is looked whether the other direction moved while this one was silent.
inline constexpr auto kTunnelCheckInterval = std::chrono::milliseconds(60s);
// How long a client that expects "100 Continue" waits for its upstream's word before its body is sent
// nevertheless: servers before HTTP/1.1, and many after it, never say it (nginx and Go wait as long).
inline constexpr auto kContinueTimeout = 1s;
// Times that a request may have passed through a Cardea, by its Via fields. Two in a row, at the edge and at
// home, are usual; more than a few is an upstream that leads back here.
inline constexpr std::size_t kViaHopsMax = 5;
// Interim responses (1xx) to one request: each is progress, and an endless sequence would never time out.
inline constexpr int kInterimResponsesMax = 32;
// From the request's end to the response's head.
inline constexpr auto kUpstreamHeadTimeout = 60s;
inline constexpr auto kDialTimeout = 5s;
// How long we read on after our last bytes; most peers close within a round trip.
inline constexpr auto kLingerTimeout = 2s;
// Below the 5 s after which common servers (Node.js) close, so that we never send into a closing connection.
inline constexpr auto kUpstreamIdleTimeout = 4s;
// The same towards an upstream that announces its time (Keep-Alive: timeout=…): so much less than that. It
// counts from its last byte, we count from when we gave that to the client.
inline constexpr auto kUpstreamIdleMargin = 1s;
// SIGTERM: how long running exchanges may still take.
inline constexpr auto kDrainTimeout = 30s;
// The same for telling Redis that the work on certificates is somebody else's now.
inline constexpr auto kWorkEndTimeout = 2s;

// --- Connections ---

// Idle upstream connections kept per worker and upstream.
inline constexpr std::size_t kUpstreamIdleMax = 64;
// Accepted per wake-up of a listener: handshakes of new clients must not starve those who are served.
inline constexpr std::size_t kAcceptsPerTurnMax = 16;
// What is read and dropped after our last bytes: the rest of an upload, not an endless one.
inline constexpr std::size_t kLingerBytesMax = 256 * 1024;
// Bytes of a ClientHello message. OpenSSL itself stops at 16 KiB; post-quantum hellos have about 1.8 KiB.
inline constexpr std::size_t kClientHelloBytesMax = 16 * 1024;
// Protocols in one ALPN extension. Browsers send 2 or 3; 16 KiB of one-byte names would be 8000 strings.
inline constexpr std::size_t kAlpnProtocolsMax = 32;

// How long TLS sessions towards an upstream are resumed, from the look at its certificate on, which may have
// expired since. nginx lets its own live as long, and a full handshake every five minutes costs nothing.
inline constexpr auto kTlsSessionLifetime = 5min;
// For each upstream: so many connections at once begin with a session, each of which brings the next one.
inline constexpr std::size_t kTlsSessionsPerServerMax = 8;
// Upstreams whose sessions a worker keeps, at some 10 KiB each, most of it the certificates.
inline constexpr std::size_t kTlsSessionServersMax = 256;

// --- Log ---

// Lines that wait while nobody reads standard error, some 4000; then they are dropped and counted.
inline constexpr std::size_t kLogBytesMax = 1024 * 1024;
// At the end: what is left for a reader that takes nothing is given up.
inline constexpr auto kLogEndTimeout = 2s;

// --- Access log ---

// What of one value goes into a line, with its escapes. Hosts, addresses and MCP names are shorter; paths are
// as long as some servers take them.
inline constexpr std::size_t kAccessNameBytesMax = 256;
inline constexpr std::size_t kAccessPathBytesMax = 2048;
inline constexpr std::size_t kAccessErrorBytesMax = 512;
// More than all of a line together. A usual one has 300 to 400 bytes.
inline constexpr std::size_t kAccessLineBytesMax = 8 * 1024;
// Lines that a worker collects before the writer gets them: one wake-up for some 150.
inline constexpr std::size_t kAccessChunkBytes = 64 * 1024;
// Chunks for each worker: 4 MiB wait while the disk stalls, a second at 10,000 requests; then lines are
// dropped.
inline constexpr std::size_t kAccessChunksPerWorkerMax = 64;
// A line is on its way after this at the latest, also when no other comes.
inline constexpr auto kAccessFlushInterval = 200ms;
// At the end: what is left for a destination that takes nothing is given up.
inline constexpr auto kAccessLogEndTimeout = 2s;
// Then the writer has this long to notice, which it does several times a second unless it hangs in a write
// (a disk that does not answer, a terminal that nobody reads). One that hangs is left behind.
inline constexpr auto kAccessLogHangTimeout = 1s;

// --- The start ---

// How long the start waits for the first load before it serves without it: Redis may come later, but clients
// of hosts that are stored should not meet a server that does not know them.
inline constexpr auto kFirstLoadTimeout = 3s;

}  // namespace cardea::base
