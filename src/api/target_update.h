// A partial update of a proxy target (JSON merge patch, RFC 7396), as the object that a creation would have
// had. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "store/target_record.h"

namespace cardea::api {

// What a custom header's value is shown as. In an update it stands for the value that is stored, so that an
// object that was read can be sent back.
inline constexpr std::string_view kHiddenValue = "(hidden)";

// The members that a client may set, as JSON, after `patch`: null deletes one, which is then as if it had not
// been given. Error (invalid): the patch is no JSON object, changes what only Cardea sets, or hides a value
// that is not stored; (conflict): its "generation" is not that of `record`.
[[nodiscard]] base::Result<std::string> apply_patch(const store::TargetRecord& record,
                                                    std::string_view patch);

}  // namespace cardea::api
