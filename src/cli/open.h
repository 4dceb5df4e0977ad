// What commands open: the configuration without its secrets, the installation beside a running gateway, the ledger to ask.
#pragma once

#include "cli/arguments.h"
#include "content/rules.h"
#include "gateway/config.h"
#include "identity/installation.h"
#include "identity/pseudonym.h"
#include "ledger/query.h"
#include "store/state.h"

#include <memory>
#include <optional>
#include <vector>

namespace sallyport::cli {

inline constexpr std::string_view default_config = "sallyport.yaml";
// The option every such command has: --config, by default sallyport.yaml here or in SALLYPORT_CONFIG.
void add_config_option(Command& app, std::string& file);

// Complains and leaves the exit code where it cannot.
std::shared_ptr<const gateway::Config> open_config(const std::string& file, bool with_secrets, int& exit_code);

// The installation's own rules, uncompiled.
Result<std::vector<content::RuleFile>> open_own_rules(const gateway::Config& config);
// What inspection looks for here: the rules of the program and the installation's own. Takes seconds where there are own ones.
Result<std::shared_ptr<const content::Rules>> open_rules(const gateway::Config& config);

// Who is at the keyboard, where --by does not say.
std::string operator_name();
// "2h" from now, or a time, in wall milliseconds; -1 where it is neither.
std::int64_t parse_end(const std::string& text, std::int64_t now_ms);

struct Visit {
    identity::Installation installation;
    std::unique_ptr<store::State> state;
    std::unique_ptr<identity::Pseudonyms> pseudonyms;
};
// For the gateway to record when it runs: `by` as --by says it, or who is at the keyboard.
Result<void> record_act(Visit& visit, std::string_view what, const std::string& by, const std::string& why,
                        const std::string& about);
std::optional<Visit> open_visit(const gateway::Config& config, int& exit_code);

} // namespace sallyport::cli
