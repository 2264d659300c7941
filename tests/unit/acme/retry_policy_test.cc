#include "acme/retry_policy.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using base::ErrorSource;
using enum FailureClass;
using std::chrono::seconds;

Problem make(std::string type, int status, std::string detail = "no") {
  Problem problem;
  problem.type = std::move(type);
  problem.status = status;
  problem.detail = std::move(detail);
  return problem;
}

FailureClass class_of(const Problem& problem, std::optional<seconds> retry_after = std::nullopt) {
  return classify(to_error(problem, "ordering"), problem, retry_after);
}

TEST(Classify, GoesByTheTypeOfTheProblem) {
  const std::pair<const char*, FailureClass> table[] = {
      {"badNonce", transient},
      {"serverInternal", transient},
      {"orderNotReady", transient},
      {"accountDoesNotExist", transient},
      {"alreadyReplaced", transient},
      {"connection", validation},
      {"dns", validation},
      {"tls", validation},
      {"incorrectResponse", validation},
      {"unauthorized", validation},
      {"caa", policy},
      {"rejectedIdentifier", policy},
      {"unsupportedIdentifier", policy},
      {"badCSR", policy},
      {"badPublicKey", policy},
      {"badSignatureAlgorithm", policy},
      {"invalidProfile", policy},
      {"malformed", policy},
      {"invalidContact", policy},
      {"unsupportedContact", policy},
      {"rateLimited", rate_limited},
      {"userActionRequired", stopped},
      {"externalAccountRequired", stopped},
  };
  for (const auto& [type, expected] : table) EXPECT_EQ(class_of(make(type, 400)), expected) << type;
}

TEST(Classify, GoesByTheStatusWhereTheTypeSaysNothing) {
  struct Row {
    int status;
    std::optional<seconds> retry_after;
    FailureClass expected;
  };
  const Row table[] = {
      {500, {}, transient}, {502, {}, transient},    {503, {}, transient},    {503, 20s, rate_limited},
      {504, {}, transient}, {429, {}, rate_limited}, {429, 5s, rate_limited}, {408, {}, transient},
      {400, {}, policy},    {403, {}, policy},       {404, {}, policy},       {0, {}, policy},
      {200, {}, policy},
  };
  for (const Row& row : table) {
    for (const char* type : {"", "about:blank", "https://ca.example/errors/odd", "newKindOfError"}) {
      EXPECT_EQ(class_of(make(type, row.status), row.retry_after), row.expected) << row.status << type;
    }
  }
  EXPECT_EQ(class_of(parse_problem(502, "text/html", "<html>Bad Gateway</html>")), transient);
  EXPECT_EQ(class_of(make("malformed", 429)), rate_limited);
  EXPECT_EQ(class_of(make("serverInternal", 503), 60s), rate_limited);
  EXPECT_EQ(class_of(make("serverInternal", 503)), transient);
}

TEST(Classify, TakesTheMostLastingReasonOfACompoundProblem) {
  Problem problem = make("compound", 403);
  problem.subproblems = {{"dns", "", "a.example"}, {"newKindOfError", "", "b.example"}};
  EXPECT_EQ(class_of(problem), validation);
  problem.subproblems.push_back({"caa", "", "c.example"});
  EXPECT_EQ(class_of(problem), policy);
  problem.subproblems.push_back({"connection", "", "d.example"});
  EXPECT_EQ(class_of(problem), policy);
  problem.subproblems.push_back({"userActionRequired", "", ""});
  EXPECT_EQ(class_of(problem), stopped);
  // A type that says something itself is not overruled.
  problem.type = "unauthorized";
  EXPECT_EQ(class_of(problem), validation);
}

TEST(Classify, TellsAClosedAccountFromANameThatIsNotProven) {
  for (const char* detail : {
           "Account has been deactivated",
           "An account with the provided public key exists but is deactivated",
           "Account is not valid, has status \"revoked\"",
           "Unable to validate JWS :: Account is not valid, has status \"deactivated\"",
           "account is not valid, has status \"deactivated\"",
       }) {
    EXPECT_EQ(class_of(make("unauthorized", 403, detail)), stopped) << detail;
  }
  for (const char* detail : {
           // What a site answers must not be able to stop its renewals.
           "198.51.100.7: Invalid response from http://a.example/.well-known/acme-challenge/x: "
           "\"<html>Account has been "
           "deactivated\"",
           "The key authorization file from the server did not match this challenge",
           "requester account did not request the certificate being replaced by this order",
           "",
       }) {
    EXPECT_EQ(class_of(make("unauthorized", 403, detail)), validation) << detail;
  }
}

TEST(Classify, GoesByTheErrorWhereTheCaSentNoProblem) {
  struct Row {
    ErrorCode code;
    ErrorSource source;
    FailureClass expected;
    const char* example;
  };
  const Row table[] = {
      {ErrorCode::timeout, ErrorSource::ca, transient, "the order expired, polled too often, no answer"},
      {ErrorCode::refused, ErrorSource::ca, transient, "no connection"},
      {ErrorCode::closed, ErrorSource::ca, transient, "the connection broke"},
      {ErrorCode::protocol, ErrorSource::ca, policy, "an answer that is not ACME"},
      {ErrorCode::rejected, ErrorSource::ca, policy, "the CA does not offer http-01"},
      {ErrorCode::invalid, ErrorSource::ca, policy, "the certificate is refused"},
      {ErrorCode::too_large, ErrorSource::ca, policy, "a chain that is none"},
      {ErrorCode::unavailable, ErrorSource::store, transient, "Redis is away"},
      {ErrorCode::rejected, ErrorSource::store, transient, "Redis says no"},
      {ErrorCode::conflict, ErrorSource::store, transient, "another node stored first"},
      {ErrorCode::conflict, ErrorSource::self, transient, "another node took over"},
      {ErrorCode::cancelled, ErrorSource::self, transient, "the program ends"},
      {ErrorCode::internal, ErrorSource::self, transient, "OpenSSL failed"},
      {ErrorCode::invalid, ErrorSource::self, policy, "the stored account key is none"},
      {ErrorCode::forbidden, ErrorSource::self, policy, ""},
  };
  for (const Row& row : table) {
    EXPECT_EQ(classify({row.code, row.source, false, ""}, {}), row.expected) << row.example;
    EXPECT_EQ(classify({row.code, row.source, true, ""}, {}), transient) << row.example << ", retryable";
  }
}

TEST(RetryDelay, FollowsTheTable) {
  struct Row {
    FailureClass failure;
    std::vector<seconds> delays;
  };
  const Row table[] = {
      {transient, {1min, 10min, 100min, 24h, 24h, 24h}},
      {validation, {5min, 15min, 45min, 3h, 24h, 24h}},
      {policy, {1h, 6h, 24h, 24h, 24h, 24h}},
      {rate_limited, {1h, 1h, 1h, 1h, 1h, 1h}},
      {local_limit, {1h, 1h, 1h, 1h, 1h, 1h}},
  };
  for (const Row& row : table) {
    for (unsigned attempts = 1; attempts <= row.delays.size(); ++attempts) {
      EXPECT_EQ(retry_delay(row.failure, attempts, {}, 0), row.delays[attempts - 1])
          << to_string(row.failure) << " " << attempts;
    }
    EXPECT_EQ(retry_delay(row.failure, UINT_MAX, {}, 0), row.delays.back());
  }
  for (const unsigned attempts : {1U, 2U, 100U}) {
    EXPECT_EQ(retry_delay(stopped, attempts, {}, 0), std::nullopt);
    EXPECT_EQ(retry_delay(stopped, attempts, 60s, 7), std::nullopt);
  }
}

TEST(RetryDelay, IsNeverShorterThanWhatTheCaAskedFor) {
  struct Row {
    FailureClass failure;
    unsigned attempts;
    seconds retry_after;
    seconds expected;
  };
  const Row table[] = {
      {transient, 1, 2h, 2h},
      {transient, 1, 5s, 1min},
      {transient, 4, 5s, 24h},
      {validation, 1, 24h, 24h},
      {policy, 1, 1min, 1h},
      {policy, 3, 24h, 24h},
      {rate_limited, 1, 5min, 5min},
      {rate_limited, 1, 1s, 1min},
      {rate_limited, 9, 10min, 10min},
      {rate_limited, 1, 34h, 34h},
      {local_limit, 3, 90s, 90s},
      {local_limit, 1, 0s, 1min},
      {local_limit, 1, -5s, 1min},
      {local_limit, 1, 7 * 24h, 7 * 24h},
      {rate_limited, 1, seconds::max(), base::kRetryDelayMax},
  };
  for (const Row& row : table) {
    EXPECT_EQ(retry_delay(row.failure, row.attempts, row.retry_after, 0), row.expected)
        << to_string(row.failure) << " " << row.retry_after.count();
  }
}

TEST(RetryDelay, OnlyGrowsByJitterAndByATenthAtMost) {
  std::uint64_t random = 1;
  for (const FailureClass failure : {transient, validation, policy, rate_limited, local_limit}) {
    for (unsigned attempts = 1; attempts <= 6; ++attempts) {
      for (const std::optional<seconds> retry_after :
           {std::optional<seconds>{}, std::optional<seconds>{200s}}) {
        const seconds least = *retry_delay(failure, attempts, retry_after, 0);
        bool differs = false;
        for (int round = 0; round < 200; ++round) {
          random = random * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
          const seconds delay = *retry_delay(failure, attempts, retry_after, random >> 8U);
          EXPECT_GE(delay, least);
          EXPECT_LE(delay, least + least / 10);
          differs = differs || delay != least;
        }
        EXPECT_TRUE(differs) << "those who failed together come back together";
      }
    }
  }
  EXPECT_EQ(retry_delay(transient, 1, {}, 6), 66s);
  EXPECT_EQ(retry_delay(transient, 1, {}, 7), 60s);
  EXPECT_LE(*retry_delay(transient, 1, {}, UINT64_MAX), 66s);
}

TEST(FailureClass, HasANameEach) {
  EXPECT_EQ(to_string(transient), "transient");
  EXPECT_EQ(to_string(rate_limited), "rate_limited");
  EXPECT_EQ(to_string(stopped), "stopped");
}

}  // namespace
}  // namespace cardea::acme
