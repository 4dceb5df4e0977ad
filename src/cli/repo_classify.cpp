// sallyport repo classify: which class a repository should have, with reasons, as a patch to policy.yaml that a person reviews.
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/open.h"
#include "cli/repo_commands.h"
#include "cli/terminal.h"
#include "content/secret_scanner.h"
#include "json/writer.h"
#include "policy/decide.h"
#include "policy/repository_entry.h"
#include "repo/classify.h"
#include "repo/customers.h"
#include "repo/document_text.h"
#include "repo/folder.h"
#include "repo/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <unistd.h>

namespace sallyport::cli {

namespace {

struct ClassifyOptions {
    std::string config, path, name;
    std::vector<std::string> branches;
    bool loosen = false, json = false;
};

constexpr policy::Class class_of(repo::ProposedClass proposed) {
    return static_cast<policy::Class>(std::to_underlying(proposed));
}
static_assert(class_of(repo::ProposedClass::open_source) == policy::Class::open_source);
static_assert(class_of(repo::ProposedClass::internal) == policy::Class::internal);
static_assert(class_of(repo::ProposedClass::customer) == policy::Class::customer);
static_assert(class_of(repo::ProposedClass::secret_bearing) == policy::Class::secret_bearing);
static_assert(class_of(repo::ProposedClass::trade_secret) == policy::Class::trade_secret);

std::string_view name_of(repo::ProposedClass proposed) { return policy::name(class_of(proposed)); }

// The program's own rules and the installation's; numbers of persons make no repository secret-bearing. Without the rules' own tests, which
// the gateway runs at its start.
Result<std::shared_ptr<const content::SecretRules>> load_rules(const gateway::Config& config) {
    auto files = content::built_in_secret_rules();
    if (!files) return std::unexpected(files.error());
    auto own = open_own_rules(config);
    if (!own) return std::unexpected(own.error());
    files->insert(files->end(), std::make_move_iterator(own->begin()), std::make_move_iterator(own->end()));
    return content::SecretRules::compile(*files);
}

// As the index leaves files out, but licences and workflows tell a class.
std::string_view left_out(std::string_view path) {
    const std::string_view reason = repo::left_out_by_path(path);
    return reason == "licence" || path.starts_with(".github/") ? std::string_view() : reason;
}

std::uint32_t line_of(std::string_view text, std::size_t at) {
    return static_cast<std::uint32_t>(1 + std::ranges::count(text.substr(0, at), '\n'));
}

// Reads a repository or folder file by file and keeps what was seen.
class Seeing {
public:
    Seeing(const gateway::Config& config, std::shared_ptr<const content::SecretRules> rules)
        : config_(config), scanner_(std::move(rules)), customers_(config.customers) {}

    Result<void> run(const std::string& path, const repo::Repository* repository,
                     const std::vector<std::string>& branches) {
        const auto see = [&](std::string_view at, const repo::Read& read) -> Result<void> {
            const auto content = read();
            if (!content) return std::unexpected(content.error());
            look(at, *content);
            return {};
        };
        auto walked = repository != nullptr
                          ? repository->walk({branches, false, limits::document_file_bytes_max, left_out},
                                             [&](const repo::ObjectId&, std::string_view at, const repo::Read& read) {
                                                 return see(at, read);
                                             })
                          : repo::walk_folder(
                                path, limits::document_file_bytes_max,
                                [&](std::string_view at, std::string_view text) {
                                    return see(at, [&]() -> Result<std::string_view> { return text; });
                                },
                                left_out);
        if (!walked) return std::unexpected(walked.error());
        for (const auto& [reason, count] : walked->left_out) not_read[reason] += count;
        return {};
    }
    repo::RepositoryFacts facts;
    std::map<std::string, std::size_t> not_read; // reason -> files

private:
    void look(std::string_view path, std::string_view bytes) {
        progress_.tell(facts.files);
        look_for_customers(path, path, true);
        std::string converted;
        const auto text = repo::text_to_index(bytes, converted);
        if (!text) {
            if (text.error() != "empty") ++not_read[std::string(text.error())];
            return;
        }
        repo::look_at_file(path, *text, facts);
        look_for_customers(path, *text, false);
        look_for_secrets(path, *text);
    }
    void look_for_customers(std::string_view path, std::string_view text, bool is_path) {
        for (const repo::CustomerNames::Found& one : customers_.find(text))
            facts.customers.add(path, is_path ? 0 : line_of(text, one.begin), config_.customers[one.name]);
    }
    void look_for_secrets(std::string_view path, std::string_view text) {
        scanner_.scan(text, path, found_);
        for (const content::Found& one : found_) {
            if (one.kind != content::FindingKind::secret || one.confidence == content::Confidence::low) continue;
            const bool is_sure = one.confidence == content::Confidence::high;
            (is_sure ? facts.sure_secrets : facts.likely_secrets)
                .add(path, line_of(text, one.begin), scanner_.rules().rule_id(one.rule));
        }
    }

    const gateway::Config& config_;
    content::SecretScanner scanner_;
    repo::CustomerNames customers_;
    std::vector<content::Found> found_;
    Progress progress_{"files"};
};

// What policy.yaml would say, and what it says now.
struct Change {
    policy::Class now = policy::Class::customer; // over all files of the policy
    policy::EntryFound entry;                    // that counts now, in the policy's main file
    bool is_held = false;                        // a stricter entry stands; it is not loosened
    std::string diff;                            // empty: nothing to change
    std::string folder;                          // where the diff is to be applied, unless it is here
    std::string by_hand;                         // why there is no diff
};

// The policy's path as a patch names it: below the current folder, else below its own.
std::string name_in_patch(const std::filesystem::path& policy, std::string& folder) {
    std::error_code code;
    const auto below = std::filesystem::weakly_canonical(policy.parent_path() / ".", code)
                           .lexically_relative(std::filesystem::current_path(code));
    if (!below.empty() && *below.begin() != "..")
        return (below / policy.filename()).lexically_normal().generic_string();
    folder = policy.parent_path().string();
    return policy.filename().string();
}

Result<Change> change_of(const gateway::Config& config, const policy::Policy& policy, const std::string& name,
                         const ClassifyOptions& options, policy::Class cls) {
    Change change;
    policy::Facts facts;
    facts.repository = name;
    facts.evidence = policy::Evidence::observed;
    change.now = policy::effective_class(policy, facts);
    const std::string before(policy.source());
    const auto entry = policy::entry_for(before, name);
    if (!entry) return std::unexpected(entry.error());
    change.entry = *entry;
    // Nothing found is no proof that there is nothing. What speaks for open source is found; only who named this very repository knows better.
    const bool may_open = cls == policy::Class::open_source && entry->match != policy::pattern_of(name);
    change.is_held = entry->line > 0 && entry->cls > cls && !may_open && !options.loosen;
    if (change.is_held || (entry->line > 0 && entry->cls == cls)) return change;
    const auto after = policy::with_entry(before, name, cls);
    if (!after)
        change.by_hand = after.error().message;
    else
        change.diff = policy::unified_diff(before, *after, name_in_patch(config.policy, change.folder));
    return change;
}

std::string place_of(const repo::Sighting& one) {
    return one.line == 0 ? printable(one.path) : fmt::format("{}:{}", printable(one.path), one.line);
}

// Comments before a patch, which `git apply` and `patch` skip: the reviewer of the patch reads them too.
void tell(const std::string& name, const repo::Proposal& proposal, const Seeing& seen, const Change& change,
          const gateway::Config& config) {
    fmt::print("# {}: class {}\n", ink(Ink::bold, printable(name)), ink(Ink::bold, name_of(proposal.cls)));
    for (const repo::Reason& reason : proposal.reasons) {
        fmt::print("#   {}: {}\n", name_of(reason.at_least), printable(reason.sentence));
        for (const repo::Sighting& one : reason.evidence.first)
            fmt::print("#     {}  {}\n", place_of(one), printable(one.what));
        if (reason.evidence.count > reason.evidence.first.size())
            fmt::print("#     and {} more\n", reason.evidence.count - reason.evidence.first.size());
    }
    fmt::print("# {} files were looked at\n", seen.facts.files);
    for (const auto& [reason, count] : seen.not_read) fmt::print("#   not looked at: {} x {}\n", count, reason);
    const std::string policy = printable(config.policy.string());
    if (change.is_held)
        fmt::print("# {}:{} says {}, which is stricter and stays; --loosen makes the patch nevertheless\n", policy,
                   change.entry.line, policy::name(change.entry.cls));
    else if (!change.by_hand.empty())
        fmt::print("# {}: {}\n", policy, printable(change.by_hand));
    else if (change.diff.empty())
        fmt::print("# {}:{} says so already; nothing is to be changed\n", policy, change.entry.line);
    else if (!change.folder.empty())
        fmt::print("# to be applied in {}\n", printable(change.folder));
    fmt::print("{}", change.diff);
}

void write_reason(json::Writer& writer, const repo::Reason& reason) {
    std::string out;
    json::Writer one(out);
    one.begin_object();
    one.member("class", name_of(reason.at_least));
    one.member("reason", reason.sentence);
    one.member("count", static_cast<std::uint64_t>(reason.evidence.count));
    one.begin_array("evidence");
    for (const repo::Sighting& sighting : reason.evidence.first) {
        std::string item_text;
        json::Writer item(item_text);
        item.begin_object();
        item.member("file", sighting.path);
        if (sighting.line > 0) item.member("line", static_cast<std::uint64_t>(sighting.line));
        item.member("what", sighting.what);
        item.end_object();
        one.element_raw(item_text);
    }
    one.end_array();
    one.end_object();
    writer.element_raw(out);
}

void write(const std::string& name, const repo::Proposal& proposal, const Seeing& seen, const Change& change) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("repository", name);
    writer.member("class", name_of(proposal.cls));
    writer.member("class_now", policy::name(change.now));
    writer.begin_array("reasons");
    for (const repo::Reason& reason : proposal.reasons) write_reason(writer, reason);
    writer.end_array();
    writer.member("files", static_cast<std::uint64_t>(seen.facts.files));
    writer.begin_object("not_looked_at");
    for (const auto& [reason, count] : seen.not_read) writer.member(reason, static_cast<std::uint64_t>(count));
    writer.end_object();
    writer.member("line", "- " + policy::entry_line(name, class_of(proposal.cls)));
    writer.member("held", change.is_held);
    writer.member("patch", change.diff);
    if (!change.folder.empty()) writer.member("apply_in", change.folder);
    if (!change.by_hand.empty()) writer.member("by_hand", change.by_hand);
    writer.end_object();
    fmt::print("{}\n", out);
}

// As policy.yaml names it: what --name says, else its remote.
Result<std::string> name_of(const ClassifyOptions& options, const std::optional<std::string>& remote) {
    const auto name = options.name.empty() ? remote : repo::normalise_remote(options.name);
    if (name) return *name;
    if (!options.name.empty())
        return fail(ErrorKind::invalid, "'" + printable(options.name) +
                                            "' names no repository; write host and path: git.acme.example/core/engine");
    return fail(ErrorKind::invalid, "'" + printable(options.path) +
                                        "' has no remote that names it; name it as policy.yaml does: --name "
                                        "git.acme.example/core/engine");
}

int classify(const ClassifyOptions& options) {
    int exit_code = done;
    const auto config = open_config(options.config, false, exit_code);
    if (!config) return exit_code;
    const auto loaded = policy::load(config->policy);
    if (!loaded.policy) return complain(loaded.mistakes);

    std::error_code code;
    std::optional<repo::Repository> repository;
    if (std::filesystem::exists(options.path + "/.git", code) ||
        std::filesystem::exists(options.path + "/HEAD", code)) {
        auto found = repo::Repository::open(options.path);
        if (!found) return complain(found.error());
        repository.emplace(std::move(*found));
    } else if (!std::filesystem::is_directory(options.path, code)) {
        return complain("'" + printable(options.path) + "' is no folder");
    }
    const auto remote = repository ? repo::normalise_remote(repository->remote()) : std::nullopt;
    const auto name = name_of(options, remote);
    if (!name) return complain(name.error());
    const auto rules = load_rules(*config);
    if (!rules) return complain(rules.error());

    Seeing seen(*config, *rules);
    if (remote) seen.facts.remote_host = remote->substr(0, remote->find('/'));
    if (auto looked = seen.run(options.path, repository ? &*repository : nullptr, options.branches); !looked)
        return complain(looked.error());
    const repo::Proposal proposal = repo::propose(seen.facts);
    const auto change = change_of(*config, *loaded.policy, *name, options, class_of(proposal.cls));
    if (!change) return complain(change.error());
    options.json ? write(*name, proposal, seen, *change) : tell(*name, proposal, seen, *change, *config);
    return done;
}

} // namespace

void add_repo_classify(Command& group, int& exit_code) {
    static ClassifyOptions options;
    Command command =
        group.command("classify", "Propose a class for a repository, with reasons, as a patch to policy.yaml");
    add_config_option(command, options.config);
    command.option("path", options.path, "A working copy, a bare repository or a folder").required();
    command.option("--name", options.name, "Its name in policy.yaml; else what its remote says");
    command.option("--branch", options.branches, "Branches by pattern (repeatable); else the one that HEAD names");
    command.flag("--loosen", options.loosen, "Make the patch also where policy.yaml names a stricter class");
    command.flag("--json", options.json, "Print an object");
    command.footer("policy.yaml is only read. What is found are reasons, not proof: a person decides.\n\n"
                   "Example:\n  sallyport repo classify ~/src/engine > engine.patch\n  git apply engine.patch\n");
    command.run([&exit_code] { exit_code = classify(options); });
}

} // namespace sallyport::cli
