// Recorded decisions, decided again: by the policy that decided (then each must come out as recorded), or by another one, to see
// what it would have changed. Exact, because an entry holds the facts and the candidates that decide() was given.
#pragma once

#include "base/error.h"
#include "ledger/entry.h"
#include "policy/document.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <tuple>

namespace sallyport::ledger {

// Each entry's text from the first segment on that may hold one of `since_ms` or later, oldest first, until told() returns false; valid
// until then. Reads the segments, not the index; a frame that is not whole yet ends the ledger, damage is an error that names its place.
Result<void> each_entry(const std::filesystem::path& directory, std::int64_t since_ms,
                        const std::function<Result<bool>(std::uint64_t index, std::string_view text)>& told);

// Each decision recorded at or after `since_ms`, oldest first, until told() returns false; the judgement is valid until then. One
// an exchange: of its first attempt, or of its refusal. Errors as of each_entry().
Result<void> each_judgement(const std::filesystem::path& directory, std::int64_t since_ms,
                            const std::function<bool(std::uint64_t index, const Judgement& judgement)>& told);

// What the other policy makes of recorded decisions that come out differently: one row each.
struct Shift {
    enum class Kind : std::uint8_t { newly_refused, newly_allowed, other_upstream, other_rule };
    Kind kind = Kind::other_rule;
    std::string person; // pseudonym
    std::string repository;
    std::string rule_before; // that allowed or refused; empty where none did
    std::string rule_after;
    auto operator<=>(const Shift&) const = default;
};
std::string_view name(Shift::Kind);

struct WhatIf {
    struct Row {
        std::uint64_t count = 0;
        std::uint64_t example = 0; // index of the first such entry
        std::string sentence;      // of the refusal, where it is one now
    };
    std::uint64_t decisions = 0; // looked at
    std::uint64_t same = 0;
    std::map<Shift, Row> shifts;
};

// Adds one recorded decision to the report.
void decide_again(const policy::Policy& policy, std::uint64_t index, const Judgement& recorded, WhatIf& report);

} // namespace sallyport::ledger
