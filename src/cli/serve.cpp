// sallyport serve
#include "cli/commands.h"
#include "cli/forward.h"
#include "cli/open.h"
#include "cli/terminal.h"
#include "endpoint/controls.h"
#include "gateway/service.h"
#include "sandbox/harden.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

// Of the only client that asks a gateway for them.
Result<std::string> claude_settings(const policy::Document& document, const std::vector<std::string>& models) {
    const auto controls =
        endpoint::controls(document, *endpoint::find_client("claude"), {.gateway = {}, .cls = {}, .models = models});
    if (!controls) return std::unexpected(controls.error());
    for (const auto& [path, text] : controls->files)
        if (path.ends_with("managed-settings.json")) return text.substr(0, text.find_last_not_of("\n") + 1);
    return std::string("{}");
}

int serve(const std::string& file) {
    int exit_code = done;
    if (const auto denied = sandbox::deny_dumps(); !denied) return complain(denied.error());
    const auto config = open_config(file, true, exit_code);
    if (!config) return exit_code;
    gateway::block_signals();
    Log log;
    const auto forward = make_forward(*config);
    const auto served = gateway::serve(
        config, log,
        [](const gateway::Listening& listening) {
            for (const std::string& url : listening.urls) fmt::print("listening on {}\n", url);
            for (const std::string& line : listening.beside) fmt::print("{}\n", line);
            fmt::print("admin on {}\n", listening.admin_url);
            std::fflush(stdout);
        },
        forward.get(), claude_settings);
    if (!served) return complain(served.error());
    return done;
}

} // namespace

void add_serve(Command& app, int& exit_code) {
    Command command = app.command("serve", "Run the gateway");
    static std::string file;
    add_config_option(command, file);
    command.footer("Stops on SIGTERM after running exchanges have ended; reads policy, configuration and certificates "
                   "anew on SIGHUP.\n"
                   "Logs JSON lines on standard error.\n\nExamples:\n  sallyport serve\n  sallyport serve --config "
                   "/etc/sallyport/sallyport.yaml\n");
    command.run([&exit_code] { exit_code = serve(file); });
}

} // namespace sallyport::cli
