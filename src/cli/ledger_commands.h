// What the commands that ask the ledger share.
#pragma once

#include "cli/commands.h"
#include "cli/open.h"
#include "json/writer.h"
#include "ledger/query.h"
#include "ledger/verify.h"
#include "tlog/checkpoint.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace sallyport::cli {

struct LedgerOptions {
    std::string config, gateway, id, since, until, cursor;
    ledger::ExchangeFilter filter;
    std::size_t limit = 50;
    bool json = false;
    std::string body, why, by; // of show: the body asked for
};

struct OpenedLedger {
    std::shared_ptr<const gateway::Config> config;
    Visit visit;
    ledger::Query query;
};

// Complains and leaves the exit code where it cannot. Brings the index up to the segments.
std::optional<OpenedLedger> open_ledger(LedgerOptions& options, int& exit_code);
bool take_times(LedgerOptions& options, int& exit_code); // --since and --until into the filter
// --since, --until, --repository, …: what entries and files can be asked by; and what entries can besides.
void add_ledger_filters(Command& command, LedgerOptions& options);
// --reason: why it is done, which is recorded; blank is none.
Option add_reason_option(Command& command, std::string& into, const char* about);
void add_entry_filters(Command& command, LedgerOptions& options);
// --config, --gateway, --limit, --cursor (of what comes in pages), --json
void add_source_options(Command& command, LedgerOptions& options, bool in_pages = true);

// A verifier key as it stands, or a file with keys, one a line.
Result<void> add_keys(const std::string& text, std::vector<crypto::NoteVerifier>& keys);
Result<tlog::SignedCheckpoint> checkpoint_in(const std::string& file);
void write_problems(json::Writer& writer, std::span<const ledger::Problem> problems); // the member "problems"

void add_ledger_erase(Command& group, int& exit_code);
// A ledger as files, and whose signatures count there.
struct LedgerPlace {
    std::filesystem::path directory;
    std::vector<crypto::NoteVerifier> keys;
    std::shared_ptr<const gateway::Config>
        config{};                                 // of the installation whose ledger it is; null: wherever it came from
    std::vector<crypto::NoteVerifier> own_keys{}; // of that installation's ledger
};
// `directory` empty: the installation's. Complains and leaves the exit code where it cannot.
std::optional<LedgerPlace> open_place(const std::string& config, const std::string& directory,
                                      std::span<const std::string> keys, int& exit_code);

void add_ledger_backup(Command& group, int& exit_code);
void add_ledger_bundle(Command& group, int& exit_code);
void add_ledger_export(Command& group, int& exit_code);  // and import
void add_ledger_recover(Command& group, int& exit_code); // and key
void add_ledger_left(Command& group, int& exit_code);
void add_ledger_offload(Command& group, int& exit_code);
void add_ledger_report(Command& group, int& exit_code);
void add_ledger_restore(Command& group, int& exit_code);
void add_ledger_search(Command& group, int& exit_code);
void add_ledger_unmask(Command& group, int& exit_code);
void add_ledger_verify(Command& group, int& exit_code);
void add_ledger_witness(Command& group, int& exit_code);

} // namespace sallyport::cli
