// The name behind a pseudonym, for a case: somebody whose key is an auditor's or of security and somebody of data protection ask for the
// same, each with their own key, within 24 hours; whichever asks first. Each step and each look is an act in the ledger, before anything
// is shown. There is no other way from a pseudonym to a person in the product.
#pragma once

#include "identity/keys.h"
#include "identity/pseudonym.h"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::identity {

inline constexpr std::int64_t unmask_ms_max = 24LL * 3600 * 1000; // from the first to the second, and until it ends
inline constexpr std::size_t case_bytes_max = 100;

struct Unmasking {
    store::UnmaskingRecord record;
    std::optional<std::string> name; // nothing: a second person has to ask for the same
};

// `caller`: whose key was shown, and is valid. Refused (kind refused) where the role does not allow it; the sentence says which does.
Result<Unmasking> unmask(store::State& state, const Pseudonyms& pseudonyms, const Caller& caller,
                         std::string_view pseudonym, std::string_view case_number, std::int64_t now_ms);
// { "pseudonym", "case", "state": "opened", "name", "asked_by", "with" } or { …, "state": "waits", "until" }, for both ways to ask.
std::string unmasking_json(const Unmasking& unmasking);

} // namespace sallyport::identity
