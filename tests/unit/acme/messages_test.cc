#include "acme/messages.h"

#include <gtest/gtest.h>

#include "acme/directory.h"
#include "acme/link.h"
#include "acme/nonce_pool.h"
#include "acme/retry_after.h"
#include "base/limits.h"

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;

constexpr base::Time kNow{1'710'460'800s};  // Fri, 15 Mar 2024 00:00:00 GMT

TEST(RetryAfter, KeepsEveryFormWithinTheLimits) {
  const std::pair<std::string, std::optional<std::chrono::seconds>> table[] = {
      {"", std::nullopt},
      {"120", 120s},
      {" 7 ", 7s},
      {"0", 1s},
      {"315360000", 7 * 24h},
      {std::string(500, '9'), 7 * 24h},
      {"-5", std::nullopt},
      {"1.5", std::nullopt},
      {"soon", std::nullopt},
      {"Fri, 15 Mar 2024 00:01:00 GMT", 60s},
      {"Thu, 14 Mar 2024 00:01:00 GMT", 1s},
      {"Fri, 15 Mar 2034 00:00:00 GMT", 7 * 24h},
      {std::string(500, 'x'), std::nullopt},
  };
  for (const auto& [value, expected] : table) EXPECT_EQ(parse_retry_after(value, kNow), expected) << value;
}

TEST(Problem, ReadsADocumentWithParametersInItsType) {
  const Problem problem = parse_problem(
      403, "application/problem+json; charset=utf-8",
      R"({"type":"urn:ietf:params:acme:error:userActionRequired","detail":"Terms changed.","instance":"https://ca.example/tos",
          "subproblems":[{"type":"urn:ietf:params:acme:error:caa","detail":"CAA","identifier":{"type":"dns","value":"a.example"}}]})");
  EXPECT_TRUE(is_user_action_required(problem));
  EXPECT_EQ(problem.status, 403);
  ASSERT_EQ(problem.subproblems.size(), 1U);
  EXPECT_EQ(problem.to_text(),
            "Terms changed (userActionRequired, HTTP 403); a.example: CAA; see https://ca.example/tos");
}

TEST(Problem, MakesTheBestOfAnything) {
  const Problem page = parse_problem(502, "text/html", "<html>Bad Gateway</html>");
  EXPECT_EQ(page.status, 502);
  EXPECT_TRUE(is_server_trouble(page));
  EXPECT_NE(page.to_text().find("text/html"), std::string::npos);
  for (const char* body :
       {"", "null", "[]", "{", R"({"type":null,"detail":null,"status":null,"subproblems":null})",
        R"({"type":1,"detail":{},"status":"x","subproblems":[1,null]})"}) {
    const Problem problem = parse_problem(500, "application/problem+json", body);
    EXPECT_EQ(problem.status, 500) << body;
    EXPECT_FALSE(problem.to_text().empty());
  }
}

TEST(Problem, BoundsWhatTheCaSays) {
  std::string huge;
  for (int i = 0; i < 3000; ++i) huge += "\u00e9";
  const Problem problem = parse_problem(400, "application/json", R"({"detail":"x)" + huge + R"("})");
  EXPECT_LE(problem.detail.size(), base::kProblemTextBytesMax);
  EXPECT_EQ(problem.detail.size() % 2, 1U);  // cut between characters, not inside one
  EXPECT_LE(problem.raw.size(), base::kProblemRawBytesMax);
}

constexpr std::string_view kDirectory = R"({"newNonce":"https://ca.example/nonce",
  "newAccount":"https://ca.example/acct","newOrder":"https://ca.example/order","keyChange":null,
  "meta":{"termsOfService":null,"externalAccountRequired":null,"profiles":{"short":"6 days","odd":null}}})";

TEST(Directory, AcceptsNullsAndMissingMembers) {
  const auto directory = parse_directory(kDirectory);
  ASSERT_TRUE(directory) << directory.error().context;
  EXPECT_EQ(directory->key_change, "");
  EXPECT_EQ(directory->renewal_info, "");
  EXPECT_FALSE(directory->external_account_required);
  EXPECT_EQ(directory->profiles.at("short"), "6 days");
}

TEST(Directory, NamesTheMemberThatIsWrong) {
  const auto missing = parse_directory(R"({"newNonce":"https://ca.example/n"})");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().context.find("\"newAccount\" is missing"), std::string::npos);
  std::string plain(kDirectory);
  plain.replace(plain.find("https://ca.example/order"), 5, "http");
  ASSERT_FALSE(parse_directory(plain));
  EXPECT_NE(parse_directory(plain).error().context.find("newOrder"), std::string::npos);
  for (const char* body : {"", "<html>", "[]", "null"}) EXPECT_FALSE(parse_directory(body)) << body;
  EXPECT_FALSE(parse_directory(std::string(base::kAcmeBodyBytesMax + 1, ' ')));
}

TEST(NoncePool, GivesTheNewestAndRefusesWhatIsWrong) {
  NoncePool pool;
  EXPECT_EQ(pool.put("one"), NonceVerdict::kept);
  EXPECT_EQ(pool.put("two"), NonceVerdict::kept);
  EXPECT_EQ(pool.take(), "two");
  EXPECT_EQ(pool.put("two"), NonceVerdict::repeated);
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a=="), std::string("a+b"),
                                 std::string(base::kNonceBytesMax + 1, 'a')}) {
    EXPECT_EQ(pool.put(bad), NonceVerdict::malformed);
  }
  EXPECT_EQ(pool.take(), "one");
  EXPECT_EQ(pool.take(), std::nullopt);
  for (int i = 0; i < 1000; ++i) pool.put("n" + std::to_string(i));
  EXPECT_EQ(pool.size(), base::kNoncesMax);
}

TEST(Token, IsBase64urlOfAtLeast128Bits) {
  EXPECT_TRUE(is_valid_token("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"));
  for (const std::string& bad :
       {std::string(), std::string(21, 'a'), std::string(10'000, 'a'),
        "../../../etc/passwd" + std::string(30, 'a'), std::string(30, '/'), std::string(30, '=')}) {
    EXPECT_FALSE(is_valid_token(bad)) << bad.substr(0, 40);
  }
}

TEST(Authorization, IgnoresMembersOfUnknownChallengeTypes) {
  const auto authorization =
      parse_authorization(R"({"status":"pending","identifier":{"type":"dns","value":"A.example"},
    "challenges":[{"type":"dns-persist-01","issuer-domain-names":["ca.example"]},{"type":7},
    {"type":"http-01","url":"https://ca.example/c","status":"pending","token":"LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"}]})");
  ASSERT_TRUE(authorization) << authorization.error().context;
  EXPECT_EQ(authorization->identifier.value, "a.example");
  ASSERT_NE(authorization->find_challenge("http-01"), nullptr);
  EXPECT_FALSE(parse_authorization(R"({"status":"pending","identifier":{"type":"dns","value":"a.example"},
    "challenges":[{"type":"http-01","url":"https://ca.example/c","status":"pending","token":"../x"}]})"));
}

TEST(Payload, SaysWhatRfc8555Wants) {
  const std::string domains[] = {"a.example", "b.example"};
  EXPECT_EQ(new_account_payload("a@example.com"),
            R"({"termsOfServiceAgreed":true,"contact":["mailto:a@example.com"]})");
  EXPECT_EQ(new_account_payload(""), R"({"termsOfServiceAgreed":true})");
  EXPECT_EQ(new_account_payload("", R"({"payload":"x"})"),
            R"({"termsOfServiceAgreed":true,"externalAccountBinding":{"payload":"x"}})");
  EXPECT_EQ(contact_payload("a@example.com"), R"({"contact":["mailto:a@example.com"]})");
  EXPECT_EQ(new_order_payload(domains),
            R"({"identifiers":[{"type":"dns","value":"a.example"},{"type":"dns","value":"b.example"}]})");
  EXPECT_EQ(
      new_order_payload(std::span(domains).first(1), "aki.serial", "shortlived"),
      R"({"identifiers":[{"type":"dns","value":"a.example"}],"replaces":"aki.serial","profile":"shortlived"})");
  EXPECT_EQ(revoke_payload("\x01\x02", 4), R"({"certificate":"AQI","reason":4})");
  EXPECT_EQ(finalize_payload("\x01\x02"), R"({"csr":"AQI"})");
}

TEST(Link, FindsARelation) {
  const std::string links[] = {
      "<https://ca.example/dir>;rel=\"index\"",
      "<https://ca.example/a>; rel=up, <https://ca.example/b>;title=x; rel=\"alternate\"", "<broken"};
  EXPECT_EQ(find_link(links, "alternate"), "https://ca.example/b");
  EXPECT_EQ(find_link(links, "index"), "https://ca.example/dir");
  EXPECT_EQ(find_link(links, "next"), "");
}

TEST(Link, FindsAllTargetsOfARelationOnce) {
  const std::vector<std::string> links = {
      "</cert/1/1>;rel=\"alternate\", <https://ca.example/cert/1/2>;rel=\"alternate\"",
      "<https://ca.example/cert/1/1>;rel=\"alternate\"", "<//elsewhere.example/x>;rel=\"alternate\"",
      "<http://ca.example/plain>;rel=\"alternate\"", "<https://ca.example/up>;rel=\"up\""};
  EXPECT_EQ(find_links(links, "alternate", "https://ca.example/cert/1"),
            (std::vector<std::string>{"https://ca.example/cert/1/1", "https://ca.example/cert/1/2"}));
  const std::vector<std::string> many(3, "<https://ca.example/a>;rel=a, <https://ca.example/b>;rel=a");
  EXPECT_EQ(find_links(many, "a", "").size(), 2U);
}

}  // namespace
}  // namespace cardea::acme
