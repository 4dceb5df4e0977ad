// sallyport ledger offload: segments and packs to where sallyport.yaml says; the gateway does so by itself, once an hour.
#include "bodies/pack.h"
#include "bodies/retention.h"
#include "cli/ledger_commands.h"
#include "cli/terminal.h"
#include "ledger/offload.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct OffloadOptions {
    std::string config;
    bool rebuild = false;
};

int rebuild(const std::filesystem::path& folder, const ledger::OffloadRule& rule, const std::string& installation) {
    const auto list = ledger::rebuild_offloaded(folder, rule.directory, installation);
    if (!list) return complain(list.error());
    fmt::print("{}: {} files lie in {}\n", printable(ledger::offloaded_list(folder).string()), list->size(),
               printable(rule.directory.string()));
    return done;
}

int tell(const char* what, const Result<ledger::Offloaded>& moved) {
    if (!moved) return complain(moved.error());
    fmt::print("{}: {} files moved, {} bytes; {} bytes stay\n", what, moved->files, moved->bytes, moved->left_bytes);
    return done;
}

int offload(const OffloadOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    if (!config->ledger.offload && !config->bodies.offload)
        return complain("sallyport.yaml names no directory to offload to: ledger: offload:, bodies: offload:");
    const auto installation = identity::Installation::open(config->data, identity::Tenancy::gateway);
    if (!installation) return complain(installation.error());
    const std::string& name = installation->origin();
    if (const auto& rule = config->ledger.offload) {
        const auto folder = installation->ledger_directory();
        exit_code = options.rebuild ? rebuild(folder, *rule, name)
                                    : tell("ledger", ledger::offload_segments(folder, *rule, name));
    }
    if (const auto& rule = config->bodies.offload; rule && exit_code == done) {
        const auto folder = installation->bodies_directory();
        exit_code =
            options.rebuild ? rebuild(folder, *rule, name) : tell("bodies", bodies::offload_packs(folder, *rule, name));
    }
    return exit_code;
}

} // namespace

void add_ledger_offload(Command& group, int& exit_code) {
    static OffloadOptions options;
    Command command =
        group.command("offload", "Move segments and bodies to where sallyport.yaml says; the gateway must be stopped");
    add_config_option(command, options.config);
    command.flag("--rebuild", options.rebuild,
                 "Make the list of what lies there anew, where it was lost or the directory has another place");
    command.footer("A running gateway does so by itself, once an hour.\nExample, in sallyport.yaml:\n  ledger: { "
                   "offload: { directory: /mnt/archive, above: 50GiB } }\n");
    command.run([&exit_code] { exit_code = offload(options); });
}

} // namespace sallyport::cli
