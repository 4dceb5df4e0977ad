// sallyport policy compile
#include "base/file.h"
#include "cli/policy_commands.h"
#include "cli/terminal.h"
#include "endpoint/controls.h"
#include "json/writer.h"
#include "policy/names.h"
#include "policy/program.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

namespace fs = std::filesystem;

struct CompileOptions {
    std::string file = "policy.yaml", client, gateway, cls, folder;
    std::vector<std::string> models;
    bool install = false, replace = false, json = false;
};

constexpr std::size_t settings_bytes_max = 1u << 20;

// What is there is the company's, too: it is kept beside the new file, never lost.
Result<void> put(const fs::path& path, const std::string& text, bool replace) {
    std::error_code error;
    if (fs::exists(path, error)) {
        const auto there = read_file(path, settings_bytes_max);
        if (!there) return std::unexpected(there.error());
        if (*there == text) return {};
        if (!replace)
            return fail(ErrorKind::refused, path.string() +
                                                " is there and says something else; --replace keeps it as " +
                                                path.filename().string() + ".before");
        if (auto kept = replace_file(path.string() + ".before", *there, 0644); !kept) return kept;
    }
    fs::create_directories(path.parent_path(), error);
    if (error) return fail(ErrorKind::io, "cannot make " + path.parent_path().string() + ": " + error.message());
    return replace_file(path, text, 0644);
}

int install(const endpoint::Controls& controls, const CompileOptions& options) {
    const fs::path root = options.install ? "/" : options.folder;
    for (const auto& [path, text] : controls.files) {
        const fs::path target = root / fs::path(path).relative_path();
        if (auto kept = put(target, text, options.replace); !kept) return complain(kept.error());
        if (!options.json) fmt::print(stderr, "wrote {}\n", target.string());
    }
    return done;
}

void print_json(const endpoint::Controls& controls, std::string_view client) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("client", client);
    writer.begin_array("files");
    const auto pair = [&](const char* first, std::string_view a, const char* second, std::string_view b,
                          const char* third, std::string_view c) {
        std::string text;
        json::Writer one(text);
        one.begin_object();
        one.member(first, a);
        one.member(second, b);
        if (third != nullptr) one.member(third, c);
        one.end_object();
        writer.element_raw(text);
    };
    for (const auto& [path, text] : controls.files) pair("path", path, "text", text, nullptr, {});
    writer.end_array();
    writer.begin_array("statements");
    for (const endpoint::Statement& one : controls.statements)
        pair("says", one.what, "held_by", endpoint::name(one.held), "how", one.how);
    writer.end_array();
    writer.end_object();
    fmt::print("{}\n", out);
}

void print_text(const endpoint::Controls& controls, bool with_files) {
    if (with_files)
        for (const auto& [path, text] : controls.files) fmt::print("# {}\n{}\n", path, text);
    std::size_t width = 0;
    for (const endpoint::Statement& one : controls.statements) width = std::max(width, one.what.size());
    fmt::print("Who holds what the policy says (the gateway holds all of it):\n");
    for (const endpoint::Statement& one : controls.statements)
        fmt::print("  {:<{}}  {:<7}  {}\n", one.what, width, endpoint::name(one.held), one.how);
}

int compile(const CompileOptions& options) {
    const endpoint::Client* client = endpoint::find_client(options.client);
    if (client == nullptr) {
        std::string known;
        for (const endpoint::Client& one : endpoint::clients())
            known += fmt::format("{}{}", known.empty() ? "" : ", ", one.word);
        return complain(fmt::format("--client {}: no such client; there are {}", options.client, known));
    }
    endpoint::ControlsOptions wanted{.gateway = options.gateway, .cls = {}, .models = options.models};
    while (wanted.gateway.ends_with('/')) wanted.gateway.pop_back();
    if (!options.cls.empty())
        wanted.cls = static_cast<policy::Class>(std::ranges::find(policy::class_names, options.cls) -
                                                policy::class_names.begin());
    const policy::Policy::Loaded loaded = policy::load(options.file);
    if (!loaded.policy) return complain(loaded.mistakes);
    const auto controls = endpoint::controls(loaded.policy->program().document, *client, wanted);
    if (!controls) return complain(controls.error());
    const bool writes = options.install || !options.folder.empty();
    if (writes)
        if (const int code = install(*controls, options); code != done) return code;
    if (options.json)
        print_json(*controls, client->name);
    else
        print_text(*controls, !writes);
    return done;
}

std::string mistake_in_url(const std::string& url) {
    const bool fits = (url.starts_with("https://") || url.starts_with("http://")) && url.size() > 8 &&
                      std::ranges::none_of(url, [](char c) {
                          return c <= ' ' || c == '"' || c == '\\' || c == '@' || c == '?' || c == '#';
                      });
    return fits ? "" : "it has to be the gateway's address, such as https://gateway.example";
}

} // namespace

void add_policy_compile(Command& group, int& exit_code) {
    static CompileOptions options;
    Command command =
        group.command("compile", "The policy in a client's own company settings, and what these cannot say");
    command.option("file", options.file, "The policy").show_default();
    command.option("--client", options.client, "claude, codex, gemini, qwen, opencode or copilot").required();
    command.option("--gateway", options.gateway, "The gateway's address as clients reach it")
        .required()
        .check(mistake_in_url);
    command.option("--class", options.cls, "Only repositories of this class are worked on there")
        .one_of({"open-source", "internal", "customer", "secret-bearing", "trade-secret"});
    command.option("--model", options.models, "A model's name that the policy's patterns stand for; may be given again")
        .one_each();
    command.option("--out", options.folder, "Write the files below this folder");
    command.flag("--install", options.install, "Write them where the client looks for them (as root)");
    command.flag("--replace", options.replace, "Also where a file says something else; it is kept as FILE.before");
    command.flag("--json", options.json, "Print one object");
    command.footer(
        "Settings hold for a machine and know no repositories, so they say the loosest that the policy allows to any "
        "of them; the\n"
        "gateway holds the rest. The client is told its key by its environment (docs/clients.md).\n\n"
        "Examples:\n"
        "  sallyport policy compile --client claude --gateway https://gateway.example --model claude-sonnet-4-5\n"
        "  sallyport policy compile --client codex --gateway https://gateway.example --class internal --out package\n");
    command.run([&exit_code] { exit_code = compile(options); });
}

} // namespace sallyport::cli
