// An advisory in the OSV format, drafted from what an inspection found: a person reads it, gives it its id and signs it. Its evidence is the
// digest of the report as `sallyport inspect --json` prints it. Pure.
#pragma once

#include "lab/inspection.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

// Versions from `introduced` on; up to before `fixed`, or to `last_affected`.
struct AffectedVersions {
    std::string introduced, fixed, last_affected;
};

struct OsvDraft {
    std::string id;      // empty: one that is made of the report's digest
    std::string package; // of npm
    std::vector<std::string> versions;
    std::vector<AffectedVersions> ranges;
    std::string summary, details, finding;
    std::string report; // the text of the report
    std::int64_t at_ms = 0;
};
// Of one version, exactly this.
OsvDraft draft_of(const Inspection& inspection, std::string_view report, std::int64_t at_ms);
// One line for each thing that is concealed, which is the same in each version that has it.
std::vector<std::string> concealed_in(const Inspection& inspection);

std::string to_osv(const OsvDraft& draft); // ends with a line feed

} // namespace sallyport::lab
