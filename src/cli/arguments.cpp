#include "cli/arguments.h"

#include "cli/commands.h"

#include <CLI/CLI.hpp>

namespace sallyport::cli {

Option Option::required() const {
    option_->required();
    return *this;
}

Option Option::needs(Option other) const {
    option_->needs(other.option_);
    return *this;
}

Option Option::environment(const char* variable) const {
    option_->envname(variable);
    return *this;
}

Option Option::show_default() const {
    option_->capture_default_str();
    return *this;
}

Option Option::one_of(std::initializer_list<const char*> words) const {
    option_->check(CLI::IsMember(std::vector<std::string>(words.begin(), words.end())));
    return *this;
}

Option Option::check(std::function<std::string(const std::string&)> mistake) const {
    option_->check(std::move(mistake));
    return *this;
}

Option Option::one_each() const {
    option_->allow_extra_args(false);
    return *this;
}

Command Command::command(const char* name, const char* about) { return Command(app_->add_subcommand(name, about)); }

Option Command::option(const char* name, std::string& value, std::string about) {
    return Option(app_->add_option(name, value, std::move(about)));
}
Option Command::option(const char* name, std::vector<std::string>& values, std::string about) {
    return Option(app_->add_option(name, values, std::move(about)));
}
Option Command::option(const char* name, std::int64_t& value, std::string about) {
    return Option(app_->add_option(name, value, std::move(about)));
}
Option Command::option(const char* name, std::uint64_t& value, std::string about) {
    return Option(app_->add_option(name, value, std::move(about)));
}
Option Command::option(const char* name, int& value, std::string about) {
    return Option(app_->add_option(name, value, std::move(about)));
}
Option Command::option(const char* name, unsigned& value, std::string about) {
    return Option(app_->add_option(name, value, std::move(about)));
}
Option Command::option(const char* name, std::uint16_t& value, std::string about) {
    return Option(app_->add_option(name, value, std::move(about)));
}
Option Command::option(const char* name, double& value, std::string about) {
    return Option(app_->add_option(name, value, std::move(about)));
}
Option Command::flag(const char* name, bool& value, std::string about) {
    return Option(app_->add_flag(name, value, std::move(about)));
}

void Command::footer(std::string text) { app_->footer(std::move(text)); }
void Command::needs_command() { app_->require_subcommand(1); }
void Command::run(std::function<void()> called) { app_->callback(std::move(called)); }

std::string Command::name() const { return app_->get_name(); }

std::vector<Command> Command::commands() const {
    std::vector<Command> all;
    for (CLI::App* app : app_->get_subcommands([](CLI::App*) { return true; })) all.push_back(Command(app));
    return all;
}

std::vector<std::string> Command::long_options() const {
    std::vector<std::string> names;
    for (const CLI::Option* option : static_cast<const CLI::App*>(app_)->get_options())
        names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
    return names;
}

Program::Program(const char* about, const char* version) : Command(nullptr), owned_(std::make_unique<CLI::App>(about)) {
    app_ = owned_.get();
    app_->set_version_flag("--version", version);
}

Program::~Program() = default;

bool Program::parse(int argc, char** argv, int& exit_code) {
    try {
        app_->parse(argc, argv);
        return true;
    } catch (const CLI::ParseError& error) {
        exit_code = app_->exit(error) == 0 ? done : wrong_use;
        return false;
    }
}

} // namespace sallyport::cli
