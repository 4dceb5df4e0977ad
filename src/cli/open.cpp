#include "cli/open.h"

#include "cli/commands.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>

namespace sallyport::cli {

void add_config_option(CLI::App& app, std::string& file) {
    file = "sallyport.yaml";
    app.add_option("-c,--config", file, "The installation's sallyport.yaml")
        ->envname("SALLYPORT_CONFIG")
        ->capture_default_str();
}

std::shared_ptr<const gateway::Config> open_config(const std::string& file, bool with_secrets, int& exit_code) {
    gateway::LoadedConfig loaded = gateway::load_config(file, with_secrets);
    if (!loaded.config) {
        complain(loaded.mistakes);
        exit_code = not_possible;
    }
    return loaded.config;
}

std::optional<Visit> open_visit(const gateway::Config& config, int& exit_code) {
    auto installation = identity::Installation::open(config.data, identity::Tenancy::visitor);
    if (!installation) {
        exit_code = complain(installation.error());
        return std::nullopt;
    }
    auto state = store::State::open(installation->state_file());
    if (!state) {
        exit_code = complain(state.error());
        return std::nullopt;
    }
    auto pseudonyms = std::make_unique<identity::Pseudonyms>(installation->keys());
    return Visit{std::move(*installation), std::move(*state), std::move(pseudonyms)};
}

} // namespace sallyport::cli
