#include "cli/open.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "crypto/crypto.h"

#include <pwd.h>
#include <unistd.h>

namespace sallyport::cli {

void add_config_option(Command& app, std::string& file) {
    file = default_config;
    app.option("-c,--config", file, "The installation's sallyport.yaml").environment("SALLYPORT_CONFIG").show_default();
}

std::shared_ptr<const gateway::Config> open_config(const std::string& file, bool with_secrets, int& exit_code) {
    gateway::LoadedConfig loaded = gateway::load_config(file, with_secrets);
    if (!loaded.config) {
        complain(loaded.mistakes);
        exit_code = not_possible;
    }
    return loaded.config;
}

Result<std::vector<content::RuleFile>> open_own_rules(const gateway::Config& config) {
    std::vector<content::RuleFile> own;
    for (const std::filesystem::path& path : config.rule_files) {
        const auto file = read_file(path, limits::rule_file_bytes_max);
        if (!file) return std::unexpected(file.error());
        auto read = content::read_rule_file(*file, path.string());
        if (!read) return std::unexpected(read.error());
        own.push_back(std::move(*read));
    }
    return own;
}

Result<std::shared_ptr<const content::Rules>> open_rules(const gateway::Config& config) {
    const auto own = open_own_rules(config);
    if (!own) return std::unexpected(own.error());
    return content::Rules::load(*own, config.personal_data, nullptr);
}

std::string operator_name() {
    const passwd* user = ::getpwuid(::getuid());
    return user == nullptr ? std::to_string(::getuid()) : std::string(user->pw_name);
}

std::int64_t parse_end(const std::string& text, std::int64_t now_ms) {
    const std::int64_t back = parse_time(text, now_ms);
    if (back < 0) return -1;
    return text.find('-') == std::string::npos ? now_ms + (now_ms - back) : back;
}

Result<void> record_act(Visit& visit, std::string_view what, const std::string& by, const std::string& why,
                        const std::string& about) {
    const auto who = visit.pseudonyms->of(identity::NameKind::person, by.empty() ? operator_name() : by);
    return visit.state->add_act(
        {"a_" + to_hex(crypto::random_bytes(10)), std::string(what), std::string(who.view()), why, about, wall_ms()});
}

std::optional<Visit> open_visit(const gateway::Config& config, int& exit_code) {
    auto installation = identity::Installation::open(config.data, identity::Tenancy::visitor, config.ledger.key);
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
