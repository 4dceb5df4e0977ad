// sallyport run: a program inside the boundary.
#include "cli/commands.h"
#include "cli/terminal.h"
#include "endpoint/view.h"
#include "sandbox/boundary.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <unistd.h>

namespace sallyport::cli {

namespace {

struct RunOptions {
    std::vector<std::string> command;
    std::string workspace;
    bool generic = false;
};

// As a shell finds it.
std::string find_program(const std::string& name) {
    if (name.contains('/')) return std::filesystem::absolute(name);
    const char* const path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? std::string_view("/usr/bin:/bin") : std::string_view(path);
    while (!rest.empty()) {
        const std::string file = std::string(rest.substr(0, rest.find(':'))) + "/" + name;
        if (::access(file.c_str(), X_OK) == 0 && !std::filesystem::is_directory(file)) return file;
        rest.remove_prefix(
            std::min(rest.size(), rest.find(':') == std::string_view::npos ? rest.size() : rest.find(':') + 1));
    }
    return {};
}

// What of the person's environment goes inside: how to show text, nothing that names a key, a proxy or an address.
std::vector<std::string> environment_inside() {
    std::vector<std::string> out;
    for (const char* name : {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LC_ALL",
                             "LC_CTYPE", "TZ", "NO_COLOR", "EDITOR", "VISUAL", "PAGER"})
        if (const char* const value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
    return out;
}

int run(RunOptions& options) {
    const std::string program = find_program(options.command.front());
    if (program.empty()) return complain(options.command.front() + " is not found in PATH");
    const char* const home = std::getenv("HOME");
    if (home == nullptr || *home != '/') return complain("HOME is not set to a folder");
    endpoint::ViewOptions view;
    view.workspace =
        options.workspace.empty() ? std::filesystem::current_path() : std::filesystem::path(options.workspace);
    view.home = home;
    view.state = std::filesystem::path(home) / ".local/state/sallyport/homes/generic";
    std::error_code error;
    std::filesystem::create_directories(view.state, error);
    if (error) return complain("cannot make " + view.state.string() + ": " + error.message());
    const auto places = endpoint::view(view);
    if (!places) return complain(places.error());
    sandbox::BoundarySpec spec;
    spec.places = *places;
    spec.directory = std::filesystem::canonical(view.workspace);
    spec.command = options.command;
    spec.command.front() = program;
    spec.environment = environment_inside();
    auto boundary = sandbox::Boundary::prepare(spec);
    if (!boundary) return complain(boundary.error());
    // The terminal's keys reach the program directly; we stay to tell how it ended.
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGQUIT, SIG_IGN);
    if (auto begun = boundary->begin(); !begun) return complain(begun.error());
    return boundary->wait();
}

} // namespace

void add_run(Command& app, int& exit_code) {
    static RunOptions options;
    Command command = app.command("run", "Start a program inside the boundary: no way out but the gateway");
    command.option("command", options.command, "The program and its arguments, behind --").required();
    command.option("--workspace", options.workspace, "The folder it works in (the present one)");
    command.flag("--generic", options.generic, "Any program, not a known coding client");
    command.footer("Examples:\n  sallyport run --generic -- bash\n");
    command.run([&exit_code] { exit_code = run(options); });
}

} // namespace sallyport::cli
