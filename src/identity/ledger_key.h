// Where the key is that signs the ledger: in a file, or given by a command that the operator names, so that an HSM, a KMS or a sealed file
// can hold it. The command is run once, at a start, before the process gives up execve; no shell is involved.
#pragma once

#include "base/error.h"
#include "base/limits.h"
#include "base/secret.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::identity {

struct LedgerKeySource {
    // Holds the key; with a command, what the command gets on its standard input. Empty: DATA/ledger.key, made where it is not there; with a
    // command, nothing.
    std::filesystem::path file;
    std::vector<std::string>
        command; // an absolute path and arguments: its standard output is the key; empty: `file` holds it
    std::vector<std::pair<std::string, Secret>> environment; // beside PATH and LANG
    std::int64_t timeout_ms = limits::ledger_key_command_ms;

    bool is_command() const { return !command.empty(); }
    bool is_default() const { return command.empty() && file.empty(); }
};

// What stands on the command's standard output, at most limits::ledger_key_bytes_max. It is killed, with what it began, behind its time.
// An error says how it ended and shows the end of its standard error, never of its output.
Result<Secret> key_by_command(const LedgerKeySource& source);

} // namespace sallyport::identity
