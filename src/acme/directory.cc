#include "acme/directory.h"

#include <array>

#include "acme/json_fields.h"
#include "base/limits.h"

namespace cardea::acme {
namespace {

constexpr std::string_view kWhat = "the directory";
constexpr std::size_t kProfilesMax = 50;

struct Member {
  std::string_view name;
  std::string Directory::* field;
};
constexpr std::array<Member, 3> kRequired = {{{"newNonce", &Directory::new_nonce},
                                              {"newAccount", &Directory::new_account},
                                              {"newOrder", &Directory::new_order}}};
constexpr std::array<Member, 3> kOptional = {{{"revokeCert", &Directory::revoke_cert},
                                              {"keyChange", &Directory::key_change},
                                              {"renewalInfo", &Directory::renewal_info}}};

// Nothing here is needed to get a certificate, so nothing here is an error.
void read_meta(const boost::json::object& meta, Directory& directory) {
  directory.terms_of_service = bounded_text(find_text(meta, "termsOfService"), base::kAcmeUrlBytesMax);
  directory.website = bounded_text(find_text(meta, "website"), base::kAcmeUrlBytesMax);
  directory.external_account_required = find_flag(meta, "externalAccountRequired");
  const boost::json::object* profiles = find_object(meta, "profiles");
  if (profiles == nullptr) return;
  for (const auto& [name, description] : *profiles) {
    if (directory.profiles.size() == kProfilesMax) return;
    const auto* text = description.if_string();
    directory.profiles.emplace(
        bounded_text({name.data(), name.size()}, 100),
        text == nullptr ? "" : bounded_text({text->data(), text->size()}, base::kProblemTextBytesMax));
  }
}

}  // namespace

base::Result<Directory> parse_directory(std::string_view body) {
  const auto document = parse_json_object(body, kWhat);
  if (!document) return std::unexpected(document.error());
  Directory directory;
  for (const Member& member : kRequired) {
    auto url = require_https_url(*document, member.name, kWhat);
    if (!url) return std::unexpected(std::move(url.error()));
    directory.*member.field = std::move(*url);
  }
  for (const Member& member : kOptional) {
    auto url = optional_https_url(*document, member.name, kWhat);
    if (!url) return std::unexpected(std::move(url.error()));
    directory.*member.field = std::move(*url);
  }
  if (const auto* meta = find_object(*document, "meta")) read_meta(*meta, directory);
  return directory;
}

}  // namespace cardea::acme
