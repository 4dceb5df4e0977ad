// The program's arguments: commands, options, flags. A thin face of CLI11, whose headers take half a minute to compile; they are
// included in arguments.cpp alone. A Command and an Option are handles: copied freely, valid as long as their Program.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace sallyport::cli {

class Option {
public:
    Option required() const;
    Option needs(Option other) const;
    Option environment(const char* variable) const; // says it where the command line does not
    Option show_default() const;                    // in --help: what the variable holds now
    Option one_of(std::initializer_list<const char*> words) const;
    Option check(std::function<std::string(const std::string&)> mistake) const; // "" or what is wrong
    Option one_each() const; // a list: each time it is given takes one value

private:
    friend class Command;
    explicit Option(CLI::Option* option) : option_(option) {}
    CLI::Option* option_;
};

class Command {
public:
    // Names as CLI11 reads them: "--since", "-p,--print", "file" (by position). `value` keeps what was said and outlives the parse.
    Command command(const char* name, const char* about);
    Option option(const char* name, std::string& value, std::string about);
    Option option(const char* name, std::vector<std::string>& values, std::string about);
    Option option(const char* name, std::int64_t& value, std::string about);
    Option option(const char* name, std::uint64_t& value, std::string about);
    Option option(const char* name, int& value, std::string about);
    Option option(const char* name, unsigned& value, std::string about);
    Option option(const char* name, std::uint16_t& value, std::string about);
    Option option(const char* name, double& value, std::string about);
    Option flag(const char* name, bool& value, std::string about);
    void footer(std::string text); // at the end of --help
    void needs_command();          // one of its commands has to be named
    void run(std::function<void()> called);

    std::string name() const;
    std::vector<Command> commands() const;
    std::vector<std::string> long_options() const; // without "--"

protected:
    explicit Command(CLI::App* app) : app_(app) {}
    CLI::App* app_;
};

// The whole program: its first Command.
class Program : public Command {
public:
    Program(const char* about, const char* version);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // Reads the arguments and runs what they name. False: the arguments were wrong, or only help was asked for; it is printed and
    // `exit_code` says which. What the command throws passes through.
    bool parse(int argc, char** argv, int& exit_code);

private:
    std::unique_ptr<CLI::App> owned_;
};

} // namespace sallyport::cli
