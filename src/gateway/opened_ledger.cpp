#include "gateway/opened_ledger.h"

#include "base/clock.h"
#include "ledger/segment.h"

namespace sallyport::gateway {

namespace {

const std::string& log_name(const identity::Installation& installation) {
    return installation.ledger_signer()->verifier().name();
}

Result<void> compare(const store::NotedLedger& noted, std::uint64_t entries, const std::filesystem::path& directory) {
    if (entries >= noted.entries) return {};
    return fail(ErrorKind::refused,
                "the ledger was cut back: " + std::to_string(noted.entries) + " of its entries had been signed by " +
                    rfc3339(noted.at_ms) + " (state.db), and " + std::to_string(entries) + " are in " +
                    directory.string() +
                    "; put the missing files back from a backup. Where there is none, `sallyport ledger recover "
                    "--reason …` begins a new epoch and records what is lost");
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

Result<std::unique_ptr<ledger::Writer>> open_ledger(const identity::Installation& installation, store::State& state,
                                                    const Log& log) {
    ledger::WriterOptions options;
    options.directory = installation.ledger_directory();
    options.origin = installation.origin();
    options.signer = installation.ledger_signer();
    options.earlier_keys = installation.ledger_keys();
    const auto noted = state.noted_ledger(log_name(installation));
    if (!noted) return std::unexpected(noted.error());
    if (*noted) { // before anything is made there
        const auto segments = ledger::list_segments(options.directory);
        if (segments && segments->empty())
            if (auto whole = compare(**noted, 0, options.directory); !whole) return std::unexpected(whole.error());
    }
    auto writer = ledger::Writer::open(options);
    if (!writer) return writer;
    if (*noted)
        if (auto whole = compare(**noted, (*writer)->figures().next_index, options.directory); !whole)
            return std::unexpected(whole.error());
    tell_missing_names(installation, state, log);
    return writer;
}

void note_ledger(const identity::Installation& installation, store::State& state, const ledger::Writer& writer,
                 const Log& log) {
    if (const auto noted = state.note_ledger(log_name(installation), {writer.figures().signed_index, wall_ms()});
        !noted)
        log.error("ledger.not_noted", {{"why", noted.error().message}});
}

} // namespace sallyport::gateway
