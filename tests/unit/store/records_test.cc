// Round trips of the stored objects, and the names of their keys.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/certificate_record.h"
#include "store/key_names.h"
#include "store/target_record.h"
#include "store/token_record.h"

namespace cardea::store {
namespace {

constexpr std::string_view kSpecifiedCertificate = R"({
  "domains": ["example.com", "www.example.com"],
  "email": "admin@example.com",
  "acme_directory_url": "https://acme-v02.api.letsencrypt.org/directory",
  "status": "active",
  "expires_at": "2024-03-15T00:00:00Z",
  "issued_at": "2024-01-15T00:00:00Z",
  "fingerprint": "sha256:aa",
  "fullchain_pem": "-----BEGIN CERTIFICATE-----\n%d\n",
  "private_key_pem": "-----BEGIN PRIVATE KEY-----\n",
  "notes": {"ticket": 17, "tags": []}
})";

TEST(CertificateRecord, TheSpecificationsObjectIsReadAsGenerationZero) {
  const auto record = parse_certificate_record("production", kSpecifiedCertificate);
  ASSERT_TRUE(record) << record.error().context;
  EXPECT_EQ(record->cert_name, "production");
  EXPECT_EQ(record->domains, (std::vector<std::string>{"example.com", "www.example.com"}));
  EXPECT_EQ(record->status, CertificateStatus::active);
  EXPECT_EQ(base::to_rfc3339(record->expires_at.value()), "2024-03-15T00:00:00Z");
  EXPECT_EQ(record->generation, 0U);
  EXPECT_EQ(record->key_type, "rsa2048");
}

TEST(CertificateRecord, SurvivesARoundTripWithMembersThatNobodyKnows) {
  const auto record = parse_certificate_record("production", kSpecifiedCertificate).value();
  const std::string json = to_json(record);
  EXPECT_TRUE(json.starts_with("{\"generation\":0,")) << json;
  EXPECT_NE(json.find(R"("notes":{"ticket":17,"tags":[]})"), std::string::npos) << json;
  EXPECT_EQ(parse_certificate_record("production", json).value(), record);
}

TEST(CertificateRecord, AbsentTimesStayAbsent) {
  CertificateRecord record;
  record.cert_name = "n";
  record.domains = {"a.example"};
  const std::string json = to_json(record);
  EXPECT_EQ(json.find("expires_at"), std::string::npos);
  EXPECT_EQ(parse_certificate_record("n", json).value(), record);
}

TEST(CertificateRecord, TheSpecificationsDirectoryIsTheFirstOfTheList) {
  constexpr std::string_view kJson =
      R"({"domains":["a"],"status":"active","acme_directory_url":"https://new.example/dir",
          "acme_directory_urls":["https://old.example/dir","https://second.example/dir"]})";
  EXPECT_EQ(parse_certificate_record("n", kJson).value().directory_urls,
            (std::vector<std::string>{"https://new.example/dir", "https://second.example/dir"}));
}

TEST(CertificateRecord, EveryMemberSurvivesARoundTrip) {
  const base::Time time{std::chrono::seconds(1'710'460'800)};
  CertificateRecord record;
  record.cert_name = "n";
  record.domains = {"a.example"};
  record.directory_urls = {"https://a.example/dir", "https://b.example/dir"};
  record.status = CertificateStatus::revoked;
  record.key_type = "ec_p256";
  record.challenge_type = "tls-alpn-01";
  record.profile = "shortlived";
  record.profile_required = false;
  record.preferred_chain = "Root X";
  record.obtained_at = time;
  record.issuer_directory_url = "https://b.example/dir";
  record.issuer_email = "a@b.example";
  record.renewal = {"aki.serial", time, time, time, time, "https://ca.example/why", 3};
  record.revocations.push_back({1, "CERT", "KEY", "https://a.example/dir", "a@b.example", time, 2, "no"});
  record.attempts = 4;
  record.issuers_passed = 1;
  record.last_error = R"({"type":"urn:x","detail":"because"})";
  record.last_error_message = "because";
  record.postponed_because = "held";
  record.next_attempt_at = time;
  record.next_action_at = time;
  record.history.push_back({time, "order", "Ordering", 201});
  const std::string json = to_json(record);
  EXPECT_NE(json.find(R"("acme_directory_url":"https://a.example/dir")"), std::string::npos) << json;
  EXPECT_EQ(parse_certificate_record("n", json).value(), record);
}

TEST(CertificateRecord, NoByteFromOutsideMakesItUnreadable) {
  CertificateRecord record;
  record.cert_name = "n";
  record.domains = {"a.example"};
  record.last_error_message = "the CA said St\xf6rung";
  record.history.push_back({base::Time{}, "order", "\x1f\x8b\x08", 200});
  const auto read = parse_certificate_record("n", to_json(record));
  ASSERT_TRUE(read) << read.error().context;
  EXPECT_EQ(read->last_error_message, "the CA said St\uFFFDrung");
}

TEST(History, ForgetsTheOldest) {
  std::vector<HistoryEntry> history;
  for (std::size_t i = 0; i < base::kHistoryEntriesMax + 2; ++i) {
    add_history(history, {base::Time{}, "order", std::to_string(i), 0});
  }
  EXPECT_EQ(history.size(), base::kHistoryEntriesMax);
  EXPECT_EQ(history.front().message, "2");
}

TEST(CertificateRecord, ErrorsNameTheMember) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"not json", "not JSON"},
      {"[1]", "not a JSON object"},
      {R"({"status":"active"})", "\"domains\""},
      {R"({"domains":[],"status":"active"})", "\"domains\""},
      {R"({"domains":["a",1],"status":"active"})", "\"domains\""},
      {R"({"domains":"a","status":"active"})", "\"domains\""},
      {R"({"domains":["a"]})", "\"status\""},
      {R"({"domains":["a"],"status":"great"})", "\"status\""},
      {R"({"domains":["a"],"status":"active","email":5})", "\"email\""},
      {R"({"domains":["a"],"status":"active","expires_at":"soon"})", "\"expires_at\""},
      {R"({"domains":["a"],"status":"active","generation":-1})", "\"generation\""},
      {R"({"domains":["a"],"status":"active","generation":"1"})", "\"generation\""},
  };
  for (const auto& [json, word] : cases) {
    const auto record = parse_certificate_record("x", json);
    ASSERT_FALSE(record) << json;
    EXPECT_EQ(record.error().code, base::ErrorCode::invalid);
    EXPECT_NE(record.error().context.find(word), std::string::npos) << record.error().context;
  }
}

TEST(TargetRecord, SurvivesARoundTripWithHeadersInOrder) {
  const auto record = parse_target_record("api.example.com", R"({
    "hostname": "api.example.com", "target_url": "http://backend:8080", "cert_name": "proxy-api-example-com",
    "owner_token_hash": "sha256:00", "created_by": "prod-token", "created_at": "2024-01-15T00:00:00Z",
    "enabled": true, "enable_http": false, "enable_https": true, "preserve_host_header": false,
    "custom_headers": {"X-Z": "1", "X-A": "2", "X-M": "ü"}, "x-unknown": [1, 2.5, null]})");
  ASSERT_TRUE(record) << record.error().context;
  const std::vector<std::pair<std::string, std::string>> headers{{"X-Z", "1"}, {"X-A", "2"}, {"X-M", "ü"}};
  EXPECT_EQ(record->custom_headers, headers);
  EXPECT_FALSE(record->enable_http);
  EXPECT_FALSE(record->preserve_host_header);
  const std::string json = to_json(*record);
  EXPECT_NE(json.find("\"x-unknown\":[1,2.5E0,null]"), std::string::npos) << json;
  EXPECT_EQ(parse_target_record("api.example.com", json).value(), *record);
}

TEST(TargetRecord, RemembersWhomItsUpstreamMustBe) {
  TargetRecord record = parse_target_record("a.example.com", R"({"target_url":"https://backend"})").value();
  EXPECT_EQ(record.upstream_ca_pem, "") << "stored before there was such a member";
  EXPECT_EQ(record.upstream_server_name, "");
  EXPECT_FALSE(record.insecure_skip_verify);
  EXPECT_FALSE(record.forwarded_header);
  EXPECT_TRUE(record.underscore_headers.empty());
  record.upstream_ca_pem = "-----BEGIN CERTIFICATE-----\n";
  record.upstream_server_name = "app.internal";
  record.insecure_skip_verify = true;
  record.forwarded_header = true;
  record.underscore_headers = {"Some_Field", "Other_Field"};
  EXPECT_EQ(parse_target_record("a.example.com", to_json(record)).value(), record);
}

TEST(TargetRecord, ErrorsNameTheMember) {
  for (const auto& [json, word] : std::vector<std::pair<std::string_view, std::string_view>>{
           {R"({})", "\"target_url\""},
           {R"({"target_url":"http://a","enabled":"yes"})", "\"enabled\""},
           {R"({"target_url":"http://a","custom_headers":{"A":1}})", "\"custom_headers\""},
           {R"({"target_url":"http://a","custom_headers":["A"]})", "\"custom_headers\""}}) {
    const auto record = parse_target_record("h", json);
    ASSERT_FALSE(record) << json;
    EXPECT_NE(record.error().context.find(word), std::string::npos) << record.error().context;
  }
}

TEST(TokenRecord, SurvivesARoundTrip) {
  TokenRecord record;
  record.name = "prod";
  record.token = "abc";
  record.hash = hash_token("abc");
  record.cert_email = "a@b.example";
  record.created_at = base::parse_rfc3339("2024-01-15T00:00:00Z");
  EXPECT_EQ(record.hash, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(parse_token_record(to_json(record)).value(), record);
  EXPECT_FALSE(parse_token_record(R"({"name":"x"})"));
}

TEST(KeyNames, AreTheSpecifications) {
  EXPECT_EQ(key_names::object(ObjectKind::certificate, "production"), "cert:production");
  EXPECT_EQ(key_names::object(ObjectKind::target, "a.example"), "proxy:a.example");
  EXPECT_EQ(key_names::object(ObjectKind::token, "t"), "token:t");
  EXPECT_EQ(key_names::token_authentication("sha256:ab"), "auth:token:ab");
  EXPECT_EQ(key_names::token_authentication("ab"), "auth:token:ab");
  EXPECT_EQ(key_names::challenge("x"), "challenge:x");
  EXPECT_EQ(key_names::account("https://acme-v02.api.letsencrypt.org/directory", "a@b.c").value(),
            "account:acme-v02.api.letsencrypt.org:a@b.c");
  EXPECT_EQ(key_names::account("https://localhost:14000/dir", "a@b.c").value(),
            "account:localhost:14000:a@b.c");
  EXPECT_FALSE(key_names::account("nonsense", "a@b.c"));
}

}  // namespace
}  // namespace cardea::store
