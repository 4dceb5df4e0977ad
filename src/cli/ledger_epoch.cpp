#include "cli/ledger_epoch.h"

#include "base/clock.h"
#include "tlog/lines.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {
// "sallyport/k3f9x2ab/3": 3; the first one bears no number.
std::uint64_t epoch_of(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    if (std::ranges::count(name, '/') < 2) return 1;
    return tlog::read_decimal(name.substr(slash + 1)).value_or(1);
}
} // namespace

std::string lost_by_note(std::span<const store::NotedLedger> noted, const std::string& name, std::uint64_t kept) {
    std::string out;
    for (const store::NotedLedger& one : noted) {
        if (one.name == name && one.entries > kept)
            out += fmt::format("; {} of its entries had been signed by {} (state.db): entries {} to {} are lost",
                               one.entries, rfc3339(one.at_ms), kept, one.entries - 1);
        // An epoch before is a part of what goes on, or was lost and told of then.
        if (epoch_of(one.name) > epoch_of(name) && one.entries > 0)
            out += fmt::format("; {}, of which {} entries had been signed by {} (state.db), is lost from entry {} on",
                               one.name, one.entries, rfc3339(one.at_ms), std::min(kept, one.entries));
    }
    return out;
}

std::string epoch_text(const KnownLog& known, const std::string& new_log, std::uint64_t kept) {
    std::string out = fmt::format("{} goes on as {} with {} entries", known.name, new_log, kept);
    const std::string noted = lost_by_note(known.noted, known.name, kept);
    if (known.last == nullptr) return out + "; it had no checkpoint that could be read" + noted;
    const tlog::Checkpoint& last = *known.last;
    out += fmt::format("; {} checkpoint {}was of {} entries, root {}",
                       last.origin == known.name ? "its last" : "the last of " + last.origin,
                       known.is_all ? "" : "that is known ", last.size, tlog::hash_text(last.root));
    if (last.origin == known.name && last.size > kept && noted.empty())
        out += fmt::format("; entries {} to {} are lost", kept, last.size - 1);
    out += noted;
    if (!known.is_all) out += "; what was recorded behind it, if anything was, is lost as well";
    return out;
}

} // namespace sallyport::cli
