#include "gateway/opened_ledger.h"

#include "base/clock.h"
#include "ledger/checkpoint_file.h"
#include "ledger/segment.h"
#include "ledger/tree_files.h"

namespace sallyport::gateway {

namespace {

constexpr std::string_view way_out = "; put the missing files back from a backup. Where there is none, `sallyport "
                                     "ledger recover --reason …` begins a new epoch and records what is lost";

std::unexpected<Error> not_there(const store::NotedLedger& noted, const std::string& what) {
    return fail(ErrorKind::refused, what + ", and " + std::to_string(noted.entries) + " entries had been signed by " +
                                        rfc3339(noted.at_ms) + " (state.db)" + std::string(way_out));
}

// Before anything is made there.
Result<void> look_at(const store::NotedLedger& noted, const std::filesystem::path& directory) {
    const auto segments = ledger::list_segments(directory);
    if (segments && segments->empty())
        return not_there(noted, "the ledger was cut back: 0 are in " + directory.string());
    const auto stored = ledger::read_checkpoint(ledger::checkpoint_path(directory));
    if (!stored || !*stored)
        return not_there(noted, ledger::checkpoint_path(directory).string() + " is missing or damaged");
    return {};
}

Result<void> compare(const store::NotedLedger& noted, std::uint64_t entries, const std::filesystem::path& directory) {
    if (entries < noted.entries)
        return not_there(noted,
                         "the ledger was cut back: " + std::to_string(entries) + " are in " + directory.string());
    ledger::TreeReader tree(directory);
    const auto root = tlog::root_of(noted.entries, tree.hashes());
    if (!root || crypto::bytes(*root) != noted.root)
        return not_there(noted, "the ledger in " + directory.string() + " was made anew: its beginning is another one");
    return {};
}

// Pseudonyms whose names are gone look like erased ones: said once, at the start.
void tell_missing_names(const identity::Installation& installation, store::State& state, const Log& log) {
    const auto keys = state.keys();
    const auto names = state.names(store::NameKind::person);
    if (keys && names && !keys->value->empty() && names->empty())
        log.warning("names.missing",
                    {{"what", "keys were issued to persons, and no name of one is in names.db: it was lost, or all "
                              "were erased. Put it back from the backup of the keys to see names again"},
                     {"installation", installation.origin()}});
}

} // namespace

Result<void> require_state(const identity::Installation& installation) {
    std::error_code code;
    const auto file = installation.state_file();
    if (std::filesystem::exists(file, code) && std::filesystem::file_size(file, code) > 0) return {};
    const auto segments = ledger::list_segments(installation.ledger_directory());
    if (!segments || segments->empty()) return {};
    return fail(ErrorKind::unavailable,
                file.string() +
                    " is not there or empty, but the ledger has entries: company keys, exceptions, holds and "
                    "what was noted of the ledger are in it. Put it back from a backup (`sallyport ledger "
                    "restore`). If it is lost for good, move " +
                    installation.ledger_directory().string() + " away and issue new keys");
}

Result<std::unique_ptr<ledger::Writer>> open_ledger(const identity::Installation& installation, store::State& state,
                                                    const Log& log) {
    ledger::WriterOptions options;
    options.directory = installation.ledger_directory();
    options.origin = installation.origin();
    options.signer = installation.ledger_signer();
    options.earlier_keys = installation.ledger_keys();
    const auto noted = state.noted_ledger(options.signer->verifier().name());
    if (!noted) return std::unexpected(noted.error());
    const bool was_signed = *noted && (*noted)->entries > 0;
    if (was_signed)
        if (auto there = look_at(**noted, options.directory); !there) return std::unexpected(there.error());
    auto writer = ledger::Writer::open(options);
    if (!writer) return writer;
    if (was_signed)
        if (auto whole = compare(**noted, (*writer)->figures().next_index, options.directory); !whole)
            return std::unexpected(whole.error());
    tell_missing_names(installation, state, log);
    return writer;
}

} // namespace sallyport::gateway
