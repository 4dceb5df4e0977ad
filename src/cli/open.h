// What commands open: the configuration without its secrets, the installation beside a running gateway, the ledger to ask.
#pragma once

#include "gateway/config.h"
#include "identity/installation.h"
#include "identity/pseudonym.h"
#include "ledger/query.h"
#include "store/state.h"

#include <memory>
#include <optional>

namespace CLI {
class App;
}

namespace sallyport::cli {

// The option every such command has: --config, by default sallyport.yaml here or in SALLYPORT_CONFIG.
void add_config_option(CLI::App& app, std::string& file);

// Complains and leaves the exit code where it cannot.
std::shared_ptr<const gateway::Config> open_config(const std::string& file, bool with_secrets, int& exit_code);

struct Visit {
    identity::Installation installation;
    std::unique_ptr<store::State> state;
    std::unique_ptr<identity::Pseudonyms> pseudonyms;
};
std::optional<Visit> open_visit(const gateway::Config& config, int& exit_code);

} // namespace sallyport::cli
