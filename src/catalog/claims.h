// What is claimed of clients and vendors: shipped with the program, each with how it is known, by what, and since when. Facts to decide by,
// no decisions; what nobody knows is told as such.
#pragma once

#include "base/error.h"
#include "catalog/tier.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::catalog {

struct Claim {
    std::string about; // a client ("codex") or a vendor ("openai")
    std::string topic; // "telemetry"
    std::string says;
    std::string address; // to read on, or to fetch: of release notes
    Tier tier = Tier::community;
    std::string source;
    std::string date; // "2026-11-22": when it was measured, said or read
};

std::span<const Claim> claims();
// What whoever buys asks of a vendor: told as not known where no claim is about it.
std::span<const std::string_view> vendor_questions();
std::span<const std::string_view> vendors();
// Where a client's release notes are, as far as a program can fetch them; empty: nowhere.
std::string_view notes_address(std::string_view client);

Result<std::vector<Claim>> read_claims(std::string_view text);

} // namespace sallyport::catalog
