#include "acme/external_account.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/jwk.h"

namespace cardea::acme {
namespace {

// Bytes whose base64 forms differ: "-_" in one, "+/" in the other, and one needs padding.
const std::string kSecret = std::string("\xfb\xef\xff", 3) + "0123456789abcd";
const std::string kUrlForm = base::to_base64url(kSecret);
const std::string kForm = base::to_base64(kSecret);

TEST(ExternalAccounts, TakesBothAlphabetsAndPadding) {
  ASSERT_NE(kUrlForm, kForm);
  ASSERT_TRUE(kForm.ends_with('='));
  const std::string unpadded = kForm.substr(0, kForm.find('='));
  for (const std::string& form : {kUrlForm, kForm, unpadded, kUrlForm + "="}) {
    const auto accounts = parse_external_accounts("acme.example=kid-1:" + form);
    ASSERT_TRUE(accounts) << form << ": " << accounts.error().context;
    ASSERT_EQ(accounts->size(), 1U);
    EXPECT_EQ(accounts->front().authority, "acme.example");
    EXPECT_EQ(accounts->front().kid, "kid-1");
    EXPECT_EQ(accounts->front().secret, kSecret) << form;
  }
}

TEST(ExternalAccounts, AreFoundByTheirDirectory) {
  const auto accounts =
      parse_external_accounts(" ACME.Example:443=a:" + kForm + ", acme.example:14000=b:c:" + kUrlForm +
                              ",[::1]:14000=https://kid?x=y:" + kForm + ",");
  ASSERT_TRUE(accounts) << accounts.error().context;
  ASSERT_EQ(accounts->size(), 3U);
  const std::pair<const char*, const char*> table[] = {
      {"https://acme.example/directory", "a"},
      {"https://acme.example:443/other", "a"},
      {"https://acme.example:14000/dir", "b:c"},
      {"https://[::1]:14000/dir", "https://kid?x=y"},
      {"https://acme.example:14001/dir", nullptr},
      {"https://sub.acme.example/dir", nullptr},
      {"acme.example", nullptr},
      {"", nullptr},
  };
  for (const auto& [directory_url, kid] : table) {
    const ExternalAccount* found = find_external_account(*accounts, directory_url);
    ASSERT_EQ(found != nullptr, kid != nullptr) << directory_url;
    if (found != nullptr) EXPECT_EQ(found->kid, kid) << directory_url;
  }
}

TEST(ExternalAccounts, MayBeNone) {
  for (const char* text : {"", " ", ",", " , "}) {
    const auto accounts = parse_external_accounts(text);
    ASSERT_TRUE(accounts) << text;
    EXPECT_TRUE(accounts->empty());
  }
}

TEST(ExternalAccounts, AreRefusedWithASentenceThatHoldsNoKey) {
  struct Row {
    std::string text;
    const char* says;
  };
  const std::string key = "c2VjcmV0c2VjcmV0c2VjcmV0";  // valid
  const Row table[] = {
      {"acme.example", "entry 1 is not AUTHORITY=KID:HMAC"},
      {"acme.example=" + key, "entry 1 is not"},
      {key, "entry 1 is not"},
      {key + "==", "entry 1 is not"},
      {"kid:" + key + "==", "entry 1 is not"},
      {"kid:" + key + "=acme.example", "entry 1 is not"},
      {"kid:" + key + "=acme.example:443", "entry 1 does not begin with the host"},
      {"a.example=k:" + key + ", b.example=" + key, "entry 2 is not"},
      {"=kid:" + key, "entry 1 does not begin with the host"},
      {"https://acme.example/dir=kid:" + key, "entry 1 does not begin with the host"},
      {"acme.example/dir=kid:" + key, "entry 1 does not begin with the host"},
      {"me@acme.example=kid:" + key, "entry 1 does not begin with the host"},
      {"acme.example=:" + key, "acme.example has no usable key identifier"},
      {"acme.example=k d:" + key, "acme.example has no usable key identifier"},
      {"acme.example=kid:", "has 0 bytes, but needs at least 16"},
      {"acme.example=kid:c2VjcmV0", "has 6 bytes, but needs at least 16"},
      {"acme.example=kid:" + key + "!", "acme.example is neither base64url nor base64"},
      {"acme.example=kid:" + key + "+-__", "acme.example is neither"},
      {"acme.example=kid:" + key + "===", "acme.example is neither"},
      {"acme.example=a:" + key + ",ACME.example.=b:" + key, "there are two entries for acme.example"},
  };
  for (const Row& row : table) {
    const auto accounts = parse_external_accounts(row.text);
    ASSERT_FALSE(accounts) << row.text;
    EXPECT_EQ(accounts.error().code, base::ErrorCode::invalid);
    EXPECT_NE(accounts.error().context.find(row.says), std::string::npos)
        << row.text << ": " << accounts.error().context;
    // In any case: an authority is printed in lower case.
    for (const char* part : {"c2V", "c2v", "cmV0", "cmv0"}) {
      EXPECT_EQ(accounts.error().context.find(part), std::string::npos) << accounts.error().context;
    }
  }
}

TEST(ExternalAccountBinding, IsTheAccountsKeySignedWithTheSecret) {
  for (const crypto::KeyType type : {crypto::KeyType::ec_p256, crypto::KeyType::rsa2048}) {
    const auto key = crypto::PrivateKey::generate(type);
    ASSERT_TRUE(key);
    const ExternalAccount account{"acme.example", "kid-1", kSecret};
    const auto binding = external_account_binding(account, *key, "https://acme.example/new-account");
    ASSERT_TRUE(binding) << binding.error().context;
    const boost::json::object jws = boost::json::parse(*binding).as_object();
    ASSERT_EQ(jws.size(), 3U);
    const std::string header(jws.at("protected").as_string());
    const std::string payload(jws.at("payload").as_string());
    EXPECT_EQ(*base::parse_base64url(header),
              R"({"alg":"HS256","kid":"kid-1","url":"https://acme.example/new-account"})");
    EXPECT_EQ(*base::parse_base64url(payload), *crypto::public_jwk(*key));
    EXPECT_EQ(*base::parse_base64url(std::string(jws.at("signature").as_string())),
              crypto::hmac_sha256(kSecret, header + "." + payload));
  }
}

}  // namespace
}  // namespace cardea::acme
