#include "cli/sealed.h"

#include "base/file.h"
#include "base/limits.h"
#include "cli/terminal.h"
#include "policy/names.h"
#include "policy/program.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

Sealed Sealed::open(const gateway::Config& config, const std::filesystem::path& ledger,
                    std::span<const crypto::NoteVerifier> ledger_keys) {
    Sealed out;
    // A large policy takes a while to be proven, and most ask for no cosignatures.
    const auto text = read_file(config.policy, limits::policy_bytes_max);
    if (text && !text->contains("cosignatures")) return out;
    const policy::Policy::Loaded loaded = policy::load(config.policy);
    if (!loaded.policy) {
        fmt::print(stderr,
                   "{} cannot be taken, so nothing is said of what is sealed; sallyport policy check tells why\n",
                   printable(config.policy.string()));
        return out;
    }
    out.asked_ = loaded.policy->program().document.sealing;
    if (!out.asks()) return out;
    std::vector<crypto::NoteVerifier> witnesses;
    for (const gateway::WitnessConfig& witness : config.ledger.witnesses) witnesses.push_back(witness.key);
    out.seals_ = ledger::read_seals(ledger, ledger_keys, witnesses);
    return out;
}

std::size_t Sealed::cosignatures(std::string_view cls) const {
    const auto found = std::ranges::find(policy::class_names, cls);
    return found == policy::class_names.end()
               ? 0
               : asked_.cosignatures[static_cast<std::size_t>(found - policy::class_names.begin())];
}

std::optional<bool> Sealed::is_sealed(std::string_view cls, std::uint64_t index) const {
    const std::size_t count = cosignatures(cls);
    return count == 0 ? std::nullopt : std::optional(seals_.covers(index, count));
}

std::vector<Sealed::Line> Sealed::lines() const {
    std::vector<Line> out;
    for (std::size_t i = 0; i < policy::class_count; ++i)
        if (const std::size_t count = asked_.cosignatures[i]; count != 0)
            out.push_back({policy::class_names[i], count, seals_.entries[count]});
    return out;
}

} // namespace sallyport::cli
