// What the commands of the ledger say of entries: whether they are sealed as the policy asks for it (docs/witnesses.md).
#pragma once

#include "cli/open.h"
#include "ledger/seals.h"
#include "policy/model.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::cli {

class Sealed {
public:
    // Complains on standard error where the policy cannot be read; then nothing is said of any entry.
    static Sealed open(const gateway::Config& config, const std::filesystem::path& ledger,
                       std::span<const crypto::NoteVerifier> ledger_keys);
    static Sealed open(const gateway::Config& config, const identity::Installation& installation) {
        return open(config, installation.ledger_directory(), installation.ledger_keys());
    }

    bool asks() const { return asked_.asked_for(); }
    std::size_t cosignatures(std::string_view cls) const; // that the policy asks for; 0: none
    // Whether an entry of an exchange of this class is sealed. Nothing where the policy asks for no cosignatures.
    std::optional<bool> is_sealed(std::string_view cls, std::uint64_t index) const;

    struct Line { // of a class for which cosignatures are asked for
        std::string_view cls;
        std::size_t cosignatures = 0;
        std::uint64_t entries = 0; // that are sealed, from the first on
    };
    std::vector<Line> lines() const;

private:
    policy::Sealing asked_;
    ledger::Seals seals_;
};

} // namespace sallyport::cli
