// The limits of the work on certificates; part of limits.h, which is what others include.
#pragma once

#include <chrono>
#include <cstddef>

namespace cardea::base {

using namespace std::chrono_literals;

// One HTTP exchange with the CA, connection included.
inline constexpr auto kAcmeRequestTimeout = 30s;
// A directory, order or chain has a few KiB; a page from a wrong server may have any size.
inline constexpr std::size_t kAcmeBodyBytesMax = 1024 * 1024;
// Retry-After of a CA is kept between these: a zero would be a busy loop, ten years would be for ever. The
// longest limits of CAs are a week.
inline constexpr auto kRetryAfterMin = 1s;
inline constexpr auto kRetryAfterMax = 7 * 24h;
// The same for a look at an order or authorization: none of them lives much longer.
inline constexpr auto kPollDelayMax = 24h;
// The longest wait before a failed attempt is repeated. The longest limits of CAs are a week; a header or a
// clock that says more than a month is wrong.
inline constexpr auto kRetryDelayMax = 30 * 24h;
// A certificate is not renewed before we have had it for so long, or for a tenth of its lifetime if that is
// less, whatever the CA suggests: with a wrong clock, each new one would be due at once.
inline constexpr auto kRenewalAgeMin = 6h;
// Between two looks at a CA's renewal information (RFC 9773 §4.3.2 gives these bounds as its example), and
// when the CA names no time or cannot be asked for long (§4.3.3).
inline constexpr auto kRenewalInfoPollMin = 1min;
inline constexpr auto kRenewalInfoPollMax = 24h;
inline constexpr auto kRenewalInfoPoll = 6h;
// HMAC keys for external account bindings: what is shorter than 128 bits is a typing error, or worse.
inline constexpr std::size_t kExternalAccountSecretBytesMin = 16;
// A directory is read again after this: CAs change theirs rarely, but profiles and terms come and go.
inline constexpr auto kDirectoryLifetime = 1h;
// badNonce answers to one request (RFC 8555 §6.5). Where 9 of 10 nonces are refused, a request still fails
// only once in 40,000; a CA that refuses all is given up after as many quick tries.
inline constexpr int kBadNonceRetriesMax = 100;
// Questions for a nonce until one comes that was not used before.
inline constexpr int kNonceRequestsMax = 10;
// One limit of a CA in ACME_RATE_LIMITS: how many events are kept for it, and for how long. Let's Encrypt's
// largest are 300 and a week.
inline constexpr std::size_t kLedgerEventsMax = 10'000;
inline constexpr auto kLedgerWindowMax = 30 * 24h;
// Random ids of what is counted: two must not be the same.
inline constexpr std::size_t kLedgerEventIdBytes = 16;
// Let's Encrypt: at most 100 names in one certificate.
inline constexpr std::size_t kDomainsPerCertificateMax = 100;
// A node that works on a certificate holds its lease this long and extends it three times as often: after a
// crash another node takes over within this time; a node that was paused for longer finds that it may not
// commit.
inline constexpr auto kIssuanceLease = 20s;
// A wait that the CA asks for and that is longer is not sat out: the lease goes back and the certificate
// comes up again then, on any node.
inline constexpr auto kWaitUnderLeaseMax = 60s;
// Certificates that one node works on at once; the rest stays in the queue, for this node or another.
inline constexpr std::size_t kWorkAtOnceMax = 100;
// Of these at one CA: one that hangs must leave room for the others, and for the one to fall back on.
inline constexpr std::size_t kWorkPerDirectoryMax = 60;
// That wait for one of these places. All others of that CA are looked at again after kLeaseBusyDelay, by any
// node: enough for these seconds at 40 certificates a second, which is what a CA on the same machine gives.
inline constexpr std::size_t kWaitingPerDirectoryMax = 200;
// How often a node looks for due certificates, and how soon again after it took as many as it could.
inline constexpr auto kDueInterval = 1s;
inline constexpr auto kDueIntervalBusy = 100ms;
// A name that a node took off the due queue comes back this much later, should the node die.
inline constexpr auto kDueClaim = 25s;
// A due certificate whose lease another node holds is looked at again after this: so soon is the work of a
// node that died taken over once its lease has run out.
inline constexpr auto kLeaseBusyDelay = 5s;
// How long one node waits for another one to register the account that both need.
inline constexpr auto kAccountWait = 60s;
inline constexpr auto kAccountPoll = 200ms;
// A certificate is revoked this long after its replacement was stored: every node must serve the new one.
inline constexpr auto kRevocationDelay = 10s;
// How long the command line follows a revocation, and how often it looks: a new certificate may come first.
inline constexpr auto kRevocationWatch = 300s;
inline constexpr auto kRevocationWatchPoll = 500ms;
// A commit whose answer was lost, or that met another write, is looked at this often.
inline constexpr int kCommitAttemptsMax = 5;
// The first question for renewal information comes within this time after issuance.
inline constexpr auto kFirstRenewalPollMax = std::chrono::seconds(10min);
// An order that failed at one CA goes to the next one of its list this soon.
inline constexpr auto kOtherIssuerDelay = 60s;
// What a client may wait for a renewal in one request, and how often the store is asked meanwhile.
inline constexpr auto kRenewalWaitMax = std::chrono::seconds(300s);
inline constexpr auto kRenewalWaitPoll = 200ms;
// Requests that wait so at once; each reads its certificate five times a second.
inline constexpr std::size_t kRenewalWaitersMax = 50;
// Revocations of one certificate that wait: the current one, and some whose replacements came in between.
inline constexpr std::size_t kRevocationsMax = 10;
// How often a waiting order says that it still waits; well within kProgressLifetime.
inline constexpr auto kOrderReportInterval = 60s;
// An order under way, with its key, is kept this long: Let's Encrypt's orders live for seven days.
inline constexpr auto kOrderLifetime = std::chrono::seconds(8 * 24h);
// What a certificate remembers of its exchanges with the CA: two attempts with a dozen each.
inline constexpr std::size_t kHistoryEntriesMax = 30;
// A chain has two to four certificates; what a CA sends beyond this is no chain.
inline constexpr std::size_t kChainBlocksMax = 20;
inline constexpr std::size_t kChainBytesMax = 256 * 1024;
// What is kept of a CA's problem document, and of one text in it, for the operator to read.
inline constexpr std::size_t kProblemRawBytesMax = 8 * 1024;
inline constexpr std::size_t kProblemTextBytesMax = 1024;
// A URL that a CA gives us, and a nonce; real ones have about 100 bytes.
inline constexpr std::size_t kAcmeUrlBytesMax = 2048;
inline constexpr std::size_t kNonceBytesMax = 512;
// Nonces kept for later. Every answer brings one, and old ones expire at the CA.
inline constexpr std::size_t kNoncesMax = 16;
// Let's Encrypt offers three or four challenges per authorization.
inline constexpr std::size_t kChallengesMax = 20;
// Between two looks at an order or authorization when the CA names no Retry-After.
inline constexpr auto kAcmePollInterval = 2s;
// Looks without any progress before an attempt is given up; the order can be taken up again later.
inline constexpr int kAcmePollsMax = 90;
// A certificate may begin this far in the future: clocks differ by seconds, never by more than minutes.
inline constexpr auto kNotBeforeSkewMax = 5min;
// Finalize requests of one attempt, each only after the CA has shown the order as "ready" again.
inline constexpr int kFinalizeAttemptsMax = 3;

}  // namespace cardea::base
