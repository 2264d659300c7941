// Header fields in the order they came, repeated ones repeated (RFC 9110 §5.3). Names and values are views:
// whoever fills a FieldList keeps the bytes alive for as long as the list is used.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/limits.h"
#include "base/strings.h"

namespace cardea::http {

struct Field {
  std::string_view name;
  std::string_view value;
};

// Fixed capacity (base::kFieldsMax), so that a request needs no allocation for its fields.
class FieldList {
 public:
  // False when the list is full: the caller answers 431.
  [[nodiscard]] bool add(Field field) {
    if (size_ == base::kFieldsMax) return false;
    storage_.fields[size_++] = field;
    return true;
  }
  void clear() { size_ = 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Field* begin() { return storage_.fields.data(); }
  [[nodiscard]] Field* end() { return storage_.fields.data() + size_; }
  [[nodiscard]] const Field* begin() const { return storage_.fields.data(); }
  [[nodiscard]] const Field* end() const { return storage_.fields.data() + size_; }

  // The first field of that name, names compared without case.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
    for (const Field& field : *this) {
      if (base::equals_ignoring_case(field.name, name)) return field.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::size_t count(std::string_view name) const {
    std::size_t found = 0;
    for (const Field& field : *this) found += base::equals_ignoring_case(field.name, name) ? 1 : 0;
    return found;
  }

 private:
  // Not initialised: clearing 4 KiB for each head would cost more than parsing it. size_ says what is valid.
  union Storage {
    Storage() {}  // NOLINT(modernize-use-equals-default): a defaulted one would be deleted
    std::array<Field, base::kFieldsMax> fields;
  };
  Storage storage_;
  std::size_t size_ = 0;
};

}  // namespace cardea::http
