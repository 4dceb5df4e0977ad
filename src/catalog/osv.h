// Advisories in the Open Source Vulnerability format (https://ossf.github.io/osv-schema/, version 1), as anybody may have written them.
//
// Read strictly where a judgement depends on it: what an advisory says of an npm package is understood as a whole, or the advisory is
// refused. What it says of other ecosystems, and members that this program does not know, are passed over.
//
// `database_specific.sallyport` is ours: how it is known (tier.h), the digest of the report and what was found.
#pragma once

#include "base/error.h"
#include "catalog/tier.h"

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::catalog {

struct Event {
    enum class Kind : std::uint8_t { introduced, fixed, last_affected, limit };
    Kind kind = Kind::introduced;
    std::string version; // of `introduced` also "0": before all; of `limit` also "*": behind all
};
using Range = std::vector<Event>; // in their order, as read_advisories() leaves them
// Whether a version is in it of which only the order is known: against the version of each event but "0" and "*".
bool in_range(const Range& range, const std::function<std::strong_ordering(const Event&)>& order);

// One package of npm; `fixed` of its events is what mends it.
struct Affected {
    std::string package;
    std::vector<Range> ranges;
    std::vector<std::string> versions;
    bool covers(std::string_view version) const;
};

struct Evidence {
    Tier tier = Tier::community;
    std::string report;  // "sha256:…" of the inspection's report
    std::string finding; // what was found, in a sentence
};

struct Advisory {
    std::string id, summary, details;
    std::int64_t modified_ms = 0, published_ms = 0, withdrawn_ms = 0; // 0: not
    std::vector<std::string> aliases;
    std::vector<Affected> affected;
    std::optional<Evidence> evidence; // none where another wrote it
    std::string text;                 // as it came, without what was around it
    bool withdrawn() const { return withdrawn_ms != 0; }
};

// One advisory, or a list of them: a file as a whole or not at all. Errors name the place and what would be right.
Result<std::vector<Advisory>> read_advisories(std::string_view text);

// Letters, digits and -._: nothing that leads out of a folder.
bool is_advisory_id(std::string_view id);

} // namespace sallyport::catalog
