// sallyport advisory import | remove | sign
#include "base/file.h"
#include "catalog/clients.h"
#include "cli/advisory_commands.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "cli/terminal.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

constexpr std::string_view at_reload = "A running gateway takes it at its next reload (SIGHUP).";

struct KeepOptions {
    std::string config, source, signature, id, key_file;
    bool json = false, with_others = false;
};

// A file, all *.json of a folder, or standard input.
Result<std::vector<catalog::AdvisoryFile>> read_source(const KeepOptions& options, const catalog::AdvisorySource& to) {
    std::error_code code;
    if (std::filesystem::is_directory(options.source, code)) {
        auto files = catalog::read_advisory_files({options.source, true, to.key});
        if (files && files->empty())
            return fail(ErrorKind::invalid, options.source + " holds no *.json: name a file or a folder of advisories");
        return files;
    }
    auto file = catalog::read_advisory_file(options.source, options.signature);
    if (!file) return std::unexpected(file.error());
    if (auto may = catalog::check_signature(*file, to.key); !may) return std::unexpected(may.error());
    std::vector<catalog::AdvisoryFile> out;
    out.push_back(std::move(*file));
    return out;
}

void tell(const catalog::Advisory& one, bool json) {
    const auto words = affected_words(one);
    const bool is_known = std::ranges::any_of(
        one.affected, [](const auto& affected) { return catalog::client_of_package(affected.package) != nullptr; });
    if (json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("id", one.id);
        writer.begin_array("affected");
        for (const std::string& text : words) writer.element(text);
        writer.end_array();
        writer.member("about_a_client", is_known);
        writer.member("withdrawn", one.withdrawn());
        writer.end_object();
        fmt::print("{}\n", out);
        return;
    }
    fmt::print("{}: {}{}\n", one.id, printable(words.front()),
               one.withdrawn() ? ", withdrawn"
               : is_known      ? ""
                               : "; that is no client that is known here, so nothing is refused for it");
}

int import(const KeepOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    const auto files = read_source(options, config->advisories);
    if (!files) {
        complain(files.error());
        return files.error().kind == ErrorKind::refused ? refused : not_possible;
    }
    std::size_t count = 0;
    for (const catalog::AdvisoryFile& file : *files) {
        if (file.advisories.empty()) return complain(file.file.string() + " holds an empty list");
        if (auto kept = catalog::keep(config->advisories, file); !kept) {
            complain(kept.error());
            return kept.error().kind == ErrorKind::refused ? refused : not_possible;
        }
        for (const catalog::Advisory& one : file.advisories) tell(one, options.json);
        count += file.advisories.size();
    }
    // Together they may be more than a gateway takes.
    if (const auto all = catalog::load_advisories(config->advisories); !all) return complain(all.error());
    fmt::print(stderr, "{} imported. {}\n", count, at_reload);
    return done;
}

int remove(const KeepOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    if (auto gone = catalog::remove(config->advisories, options.id, options.with_others); !gone) {
        complain(gone.error());
        return gone.error().kind == ErrorKind::refused ? refused : not_possible;
    }
    fmt::print("{}: removed\n", printable(options.id));
    fmt::print(stderr, "{}\n", at_reload);
    return done;
}

int sign(const KeepOptions& options) {
    const auto file = catalog::read_advisory_file(options.source, {});
    if (!file) return complain(file.error());
    const auto text = read_file(options.key_file, crypto::note_bytes_max);
    if (!text) return complain(text.error());
    const auto signer = crypto::NoteSigner::parse(Secret(*text));
    if (!signer) return complain(signer.error());
    crypto::Note note{catalog::signed_text(file->text), {}};
    crypto::sign(note, *signer);
    const auto target = catalog::signature_of(options.source);
    if (auto kept = replace_file(target, crypto::encode(note), 0644); !kept) return complain(kept.error());
    fmt::print("{}: {} advisories, signed by {}\n", target.string(), file->advisories.size(),
               signer->verifier().name());
    return done;
}

} // namespace

void add_advisory_keep(Command& group, int& exit_code) {
    static KeepOptions options;
    Command import_command = group.command("import", "Verify advisories in the OSV format and keep them");
    add_config_option(import_command, options.config);
    import_command.option("source", options.source, "A file, a folder of *.json, or - for standard input").required();
    import_command.option("--signature", options.signature, "The signature's note (FILE.sig beside the file)");
    import_command.flag("--json", options.json, "One object an advisory");
    import_command.footer(
        "Where sallyport.yaml names a key under `advisories`, only what it signed is taken (exit code 3). An older "
        "state of one\nthat is here is refused. A client that the policy gives `advisories: refuse` is then refused "
        "in the versions they cover.\n\nExample:\n  sallyport advisory import x_SALLYPORT-2026-0001.json\n");
    import_command.run([&exit_code] { exit_code = import(options); });

    Command remove_command = group.command("remove", "Take one away that was wrong");
    add_config_option(remove_command, options.config);
    remove_command.option("id", options.id, "The advisory").required();
    remove_command.flag("--with-others", options.with_others, "Also those in the same file");
    remove_command.footer("Who published it withdraws it instead: import what says so.\n\nExample:\n"
                          "  sallyport advisory remove x_SALLYPORT-2026-0001\n");
    remove_command.run([&exit_code] { exit_code = remove(options); });
}

void add_advisory_sign(Command& group, int& exit_code) {
    static KeepOptions options;
    Command command = group.command("sign", "Sign a file of advisories: writes FILE.sig beside it");
    command.option("file", options.source, "An advisory, or a list of them in one file").required();
    command.option("--key-file", options.key_file, "The signer's key (sallyport policy signer makes one)").required();
    command.footer("Example:\n  sallyport advisory sign bundle.json --key-file security.key\n");
    command.run([&exit_code] { exit_code = sign(options); });
}

} // namespace sallyport::cli
