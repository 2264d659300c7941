#include "acme/places.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace cardea::acme {

Places::Place::Place(Places& places, std::string directory_url)
    : places_(&places), directory_url_(std::move(directory_url)) {}

Places::Place::Place(Place&& other) noexcept
    : places_(std::exchange(other.places_, nullptr)), directory_url_(std::move(other.directory_url_)) {}

Places::Place::~Place() {
  if (places_ != nullptr) places_->leave(directory_url_);
}

std::optional<Places::Place> Places::take(const std::string& directory_url) {
  Directory& directory = directories_[directory_url];
  if (directory.running >= base::kWorkPerDirectoryMax) return std::nullopt;
  ++directory.running;
  return Place(*this, directory_url);
}

bool Places::wait(const std::string& directory_url, std::string cert_name) {
  std::deque<std::string>& waiting = directories_[directory_url].waiting;
  if (std::ranges::find(waiting, cert_name) != waiting.end()) return true;
  if (waiting.size() >= base::kWaitingPerDirectoryMax) return false;
  waiting.push_back(std::move(cert_name));
  return true;
}

std::optional<std::string> Places::next(const std::set<std::string>& busy) {
  for (auto& [url, directory] : directories_) {
    if (directory.running >= base::kWorkPerDirectoryMax) continue;
    const auto found =
        std::ranges::find_if(directory.waiting, [&](const auto& name) { return !busy.contains(name); });
    if (found == directory.waiting.end()) continue;
    std::string cert_name = std::move(*found);
    directory.waiting.erase(found);
    if (directory.running == 0 && directory.waiting.empty()) directories_.erase(url);
    return cert_name;
  }
  return std::nullopt;
}

void Places::leave(const std::string& directory_url) {
  const auto found = directories_.find(directory_url);
  Directory& directory = found->second;
  if (--directory.running == 0 && directory.waiting.empty()) directories_.erase(found);
}

}  // namespace cardea::acme
