// sallyport demo: two simulated vendors and the gateway on free loopback ports, conversations in real shapes, and what the ledger
// says at the end. Nothing leaves this machine.
#include "base/file.h"
#include "cli/commands.h"
#include "cli/demo_files.h"
#include "cli/demo_story.h"
#include "cli/issue.h"
#include "cli/terminal.h"
#include "gateway/service.h"
#include "sandbox/harden.h"
#include "sim/vendor.h"

#include <fmt/format.h>

#include <csignal>
#include <fcntl.h>
#include <future>
#include <thread>
#include <unistd.h>

namespace sallyport::cli {

namespace {

struct DemoOptions {
    bool json = false;
    bool stay = false;
};

// A folder that goes when the demo ends.
class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "sallyport-demo-XXXXXX").string();
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

std::string sallyport_yaml(const std::string& vendor, const std::string& local) {
    constexpr const char* dialects =
        "dialects: [anthropic-messages, openai-responses, openai-chat, gemini], credential: \"${file:upstream.key}\"";
    return fmt::format("version: 1\ndata: data\npolicy: policy.yaml\nlisteners:\n  - {{ address: \"127.0.0.1:0\" "
                       "}}\nadmin: {{ address: \"127.0.0.1:0\" }}\nupstreams:\n"
                       "  sim-vendor: {{ url: \"{}\", {}, account: acme-enterprise }}\n  sim-local: {{ url: \"{}\", "
                       "{}, account: acme-own }}\n",
                       vendor, dialects, local, dialects);
}

std::string shortened(std::string text, std::size_t most) {
    text = printable(text);
    return text.size() <= most ? text : text.substr(0, most - 3) + "...";
}

// True where each scene ended as it should.
bool play_scenes(const std::string& url, const std::string& key, bool json) {
    bool as_expected = true;
    int number = 0;
    for (const Scene& scene : demo_scenes(key)) {
        ++number;
        const auto answer = play(url, scene.request);
        if (!answer) {
            complain(answer.error());
            return false;
        }
        const bool answered = answer->status / 100 == 2;
        as_expected = as_expected && answered == scene.expects_answer;
        if (json) {
            std::string title, said;
            append_json_escaped(title, scene.title);
            append_json_escaped(said, gist(*answer));
            fmt::print("{{\"scene\":{},\"title\":\"{}\",\"status\":{},\"answered\":{},\"shown\":\"{}\"}}\n", number,
                       title, answer->status, answered, said);
            continue;
        }
        fmt::print("{} {}\n   {} {}\n\n", ink(Ink::bold, fmt::format("{}.", number)), scene.title,
                   answered ? ink(Ink::green, "allowed ") : ink(Ink::red, fmt::format("refused {}", answer->status)),
                   shortened(gist(*answer), 420));
    }
    return as_expected;
}

int print_ledger(Visit& visit, bool json) {
    auto query = ledger::Query::open(visit.installation.ledger_directory(), visit.installation.index_file());
    if (!query) return complain(query.error());
    if (auto updated = query->update(); !updated) return complain(updated.error());
    const auto page = query->list({}, {}, 50);
    if (!page) return complain(page.error());
    if (json) return done;
    fmt::print("{}\n", ink(Ink::bold, "The ledger, newest first (sallyport ledger list):"));
    for (const ledger::ExchangeRow& row : page->rows) {
        const bool is_refused = row.decision == "refuse";
        fmt::print("  {} {} {} {} {} {}\n",
                   is_refused ? ink(Ink::red, "refuse") : ink(Ink::green, column(row.decision, 6)),
                   column(row.client + " " + row.client_version, 20), column(row.effective_class, 13),
                   column(row.repository, 33), column(row.model, 17),
                   row.upstream.empty() ? "sent nowhere" : "to " + row.upstream);
    }
    auto files = query->left({}, {}, 10);
    if (files)
        for (ledger::FileRow& row : files->rows) {
            if (auto name = visit.pseudonyms->name_of(*visit.state, row.file); name && *name) row.file = **name;
            fmt::print("\n{} {} of {} went to {} ({})\n", ink(Ink::bold, "What left:"), row.file, row.repository,
                       row.upstream, ledger::how_known(row));
        }
    return done;
}

void print_how_to_connect(const std::string& url, const std::string& key) {
    fmt::print("\n{}\n", ink(Ink::bold, "Point a real client at a running gateway:"));
    fmt::print("  Claude Code  ANTHROPIC_BASE_URL={0} ANTHROPIC_AUTH_TOKEN={1} claude\n"
               "  Codex        codex -c model_provider=sallyport -c "
               "'model_providers.sallyport={{name=\"Sallyport\",base_url=\"{0}/"
               "v1\",env_key=\"SALLYPORT_KEY\",wire_api=\"responses\"}}'\n"
               "  Qwen Code    OPENAI_BASE_URL={0}/v1 OPENAI_API_KEY={1} OPENAI_MODEL=qwen-coder qwen\n"
               "  Gemini CLI   GOOGLE_GEMINI_BASE_URL={0} GEMINI_API_KEY={1} gemini\n",
               url, key);
}

int demo(const DemoOptions& options) {
    gateway::block_signals();
    const Folder folder;
    if (folder.path().empty()) return complain("cannot make a folder for temporary files");
    sim::VendorOptions vendor_options;
    auto vendor = sim::Vendor::start(vendor_options);
    if (!vendor) return complain(vendor.error());
    auto local = sim::Vendor::start(vendor_options);
    if (!local) return complain(local.error());
    for (const auto& [name, content] : {std::pair{"sallyport.yaml", sallyport_yaml((*vendor)->url(), (*local)->url())},
                                        std::pair{"policy.yaml", std::string(demo_files[0].text)},
                                        std::pair{"upstream.key", std::string("demo-upstream-credential\n")}})
        if (auto written = replace_file(folder.path() / name, content, 0600); !written)
            return complain(written.error());

    int exit_code = done;
    const auto config = open_config((folder.path() / "sallyport.yaml").string(), true, exit_code);
    if (!config) return exit_code;
    std::promise<gateway::Listening> listening;
    Result<void> served;
    const int log_file = ::open((folder.path() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    Log log(log_file);
    std::thread gateway_thread([&] {
        bool is_ready = false;
        served = gateway::serve(config, log, [&](const gateway::Listening& told) {
            is_ready = true;
            listening.set_value(told);
        });
        if (!is_ready) listening.set_value({});
    });
    const gateway::Listening told = listening.get_future().get();
    int result = not_possible;
    if (!told.urls.empty()) {
        auto visit = open_visit(*config, result);
        auto key = visit ? issue_key(*visit, {"ada@acme.example", "platform", "demo", "trade-secret", 0})
                         : Result<IssuedKey>(fail(ErrorKind::internal, "no visit"));
        if (visit && key) {
            // A running gateway learns of a new key within limits::key_poll_ms.
            std::this_thread::sleep_for(std::chrono::milliseconds(2 * limits::key_poll_ms));
            if (!options.json)
                fmt::print("{}\nA simulated vendor, a simulated model of the company's own, and the gateway on {}.\n\n",
                           ink(Ink::bold, "Sallyport demo"), told.urls[0]);
            const bool as_expected = play_scenes(told.urls[0], std::string(key->key.reveal()), options.json);
            std::this_thread::sleep_for(
                std::chrono::milliseconds(limits::key_poll_ms + 300)); // entries are written within some milliseconds
            print_ledger(*visit, options.json);
            if (!options.json)
                print_how_to_connect(told.urls[0], options.stay ? std::string(key->key.reveal()) : "sp_your-key");
            result = as_expected ? done : found_something;
            if (!as_expected) complain("a scene did not end as it should; the gateway is broken");
            if (options.stay) {
                fmt::print("\nThe gateway stays on {} until Ctrl-C.\n", told.urls[0]);
                std::fflush(stdout);
                gateway_thread.join();
                return result;
            }
        }
    }
    if (!told.urls.empty()) ::kill(::getpid(), SIGTERM); // serve() waits for it
    gateway_thread.join();
    if (!served) return complain(served.error());
    return result;
}

} // namespace

void add_demo(Command& app, int& exit_code) {
    static DemoOptions options;
    Command command =
        app.command("demo", "See it work: gateway and simulated vendors on this machine, real-shape conversations");
    command.flag("--json", options.json, "One object per scene");
    command.flag("--stay", options.stay, "Leave the gateway running, to point a real client at it");
    command.footer("Uses free loopback ports and a temporary folder; nothing leaves this machine.\n\nExample:\n  "
                   "sallyport demo\n");
    command.run([&exit_code] { exit_code = demo(options); });
}

} // namespace sallyport::cli
