// sallyport repo index | list | search | forget
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/open.h"
#include "cli/repo_clone.h"
#include "cli/repo_commands.h"
#include "cli/terminal.h"
#include "content/attributor.h"
#include "content/common_texts.h"
#include "content/index_writer.h"
#include "crypto/crypto.h"
#include "json/writer.h"
#include "policy/decide.h"
#include "repo/document_text.h"
#include "repo/folder.h"
#include "repo/identity.h"
#include "repo/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <unistd.h>

namespace sallyport::cli {

namespace {

struct RepoOptions {
    std::string config, name, file, credential_file, host_key;
    std::vector<std::string> paths, branches;
    bool history = false, json = false;
};

struct Opened {
    std::shared_ptr<const gateway::Config> config;
    std::filesystem::path index, clones;
    std::shared_ptr<const policy::Policy> policy; // null: it cannot be read
};

std::optional<Opened> open_index(const RepoOptions& options, int& exit_code) {
    auto config = open_config(options.config, false, exit_code);
    if (!config) return std::nullopt;
    auto visit = open_visit(*config, exit_code);
    if (!visit) return std::nullopt;
    return Opened{config, visit->installation.code_index_directory(), visit->installation.code_clones_directory(),
                  policy::load(config->policy).policy};
}

// The class that content of the repository has once it is found.
policy::Class class_of(const Opened& opened, std::string_view repository) {
    if (repository == content::common_texts_repository) return policy::Class::open_source;
    if (!opened.policy) return policy::Class::trade_secret;
    policy::Facts facts;
    facts.repository = repository;
    facts.evidence = policy::Evidence::observed;
    return policy::effective_class(*opened.policy, facts);
}

// One path at a time into the index.
class Indexing {
public:
    Indexing(content::IndexWriter& writer, const RepoOptions& options) : writer_(writer), options_(options) {}

    Result<repo::Walked> run(const std::filesystem::path& path, const repo::Repository* repository) {
        if (repository != nullptr) {
            const repo::WalkOptions walk{options_.branches, options_.history, limits::document_file_bytes_max};
            return repository->walk(
                walk, [&](const repo::ObjectId& id, std::string_view at, const repo::Read& content) {
                    return take(content::DocumentId::of({reinterpret_cast<const char*>(id.data()), id.size()}), at,
                                content);
                });
        }
        return repo::walk_folder(path, limits::document_file_bytes_max,
                                 [&](std::string_view at, std::string_view text) {
                                     return take(content::DocumentId::of(crypto::bytes(crypto::sha256(text))), at,
                                                 [&]() -> Result<std::string_view> { return text; });
                                 });
    }
    std::map<std::string, std::size_t> left_out; // by what is in the files
    std::size_t added = 0;

private:
    Result<void> take(const content::DocumentId& id, std::string_view path, const repo::Read& content) {
        if (const auto known = reason_of_.find(id); known != reason_of_.end()) {
            ++left_out[std::string(known->second)];
            return {};
        }
        if (++seen_ % 1'000 == 0 && ::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r{} documents", seen_);
        if (writer_.knows(id)) return writer_.add_known(id, path);
        const auto bytes = content();
        if (!bytes) return std::unexpected(bytes.error());
        std::string converted;
        if (const auto text = repo::text_to_index(*bytes, converted)) {
            ++added;
            return writer_.add(id, path, *text);
        } else {
            ++left_out[std::string(text.error())];
            reason_of_.emplace(id, text.error());
            return {};
        }
    }

    content::IndexWriter& writer_;
    const RepoOptions& options_;
    std::map<content::DocumentId, std::string_view> reason_of_;
    std::size_t seen_ = 0;
};

// Beside the first repository, and again after an update of the program that brings others.
Result<void> index_common_texts(content::IndexWriter& writer) {
    if (auto begun = writer.begin(content::common_texts_repository, content::window_narrow); !begun) return begun;
    for (const content::CommonText& one : content::common_texts()) {
        const auto id = content::DocumentId::of(crypto::bytes(crypto::sha256(one.text)));
        auto added = writer.knows(id) ? writer.add_known(id, one.name) : writer.add(id, one.name, one.text);
        if (!added) return added;
    }
    return {};
}

struct Source {
    std::string name;
    std::optional<repo::Repository> repository; // none: a folder without git
};

// A repository elsewhere, by way of a clone that the installation keeps.
Result<Source> clone_source(const Opened& opened, const RepoOptions& options, const std::string& address) {
    const auto url = repo::read_git_url(address);
    if (!url) return std::unexpected(url.error());
    Source source{options.name.empty() ? url->name : options.name, std::nullopt};
    const auto clone =
        clone_of(*url, clone_folder(opened.clones, source.name), {options.credential_file, options.host_key});
    if (!clone) return std::unexpected(clone.error());
    auto repository = repo::Repository::open(clone_folder(opened.clones, source.name));
    if (!repository) return std::unexpected(repository.error());
    source.repository.emplace(std::move(*repository));
    return source;
}

Result<Source> open_source(const Opened& opened, const RepoOptions& options, const std::string& path) {
    std::error_code code;
    if (repo::looks_like_url(path) && !std::filesystem::exists(path, code)) return clone_source(opened, options, path);
    Source source{options.name, std::nullopt};
    if (std::filesystem::exists(path + "/.git", code) || std::filesystem::exists(path + "/HEAD", code)) {
        auto found = repo::Repository::open(path);
        if (!found) return std::unexpected(found.error());
        source.repository.emplace(std::move(*found));
    } else if (!std::filesystem::is_directory(path, code)) {
        return fail(ErrorKind::invalid, "'" + printable(path) + "' is no folder");
    }
    if (source.name.empty() && source.repository)
        source.name = repo::normalise_remote(source.repository->remote()).value_or("");
    if (source.name.empty())
        return fail(ErrorKind::invalid, "'" + printable(path) +
                                            "' has no remote that names it; name it as policy.yaml does: --name "
                                            "git.acme.example/core/engine");
    return source;
}

int index(const RepoOptions& options) {
    if (options.paths.size() > 1 && !options.name.empty()) {
        [[maybe_unused]] const int told = complain("--name is for one path; index the others with a name of their own");
        return wrong_use;
    }
    int exit_code = done;
    const auto opened = open_index(options, exit_code);
    if (!opened) return exit_code;
    auto opened_writer = content::IndexWriter::open(opened->index);
    if (!opened_writer) return complain(opened_writer.error());
    content::IndexWriter& writer = **opened_writer;
    if (auto common = index_common_texts(writer); !common) return complain(common.error());
    for (const std::string& path : options.paths) {
        const std::int64_t begun_us = monotonic_us();
        auto source = open_source(*opened, options, path);
        if (!source) return complain(source.error());
        const std::string& name = source->name;
        const policy::Class cls = class_of(*opened, name);
        const unsigned window = cls >= policy::Class::secret_bearing ? content::window_narrow : content::window_wide;
        if (auto begun = writer.begin(name, window); !begun) return complain(begun.error());
        Indexing indexing(writer, options);
        auto walked = indexing.run(path, source->repository ? &*source->repository : nullptr);
        if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K");
        if (!walked) return complain(walked.error());
        if (auto committed = writer.commit(); !committed) return complain(committed.error());
        if (auto merged = writer.merge(); !merged) return complain(merged.error());
        for (const auto& [reason, count] : indexing.left_out) walked->left_out[reason] += count;
        const std::int64_t took_ms = (monotonic_us() - begun_us) / 1000;
        if (options.json) {
            std::string out;
            json::Writer json(out);
            json.begin_object();
            json.member("repository", name);
            json.member("class", policy::name(cls));
            json.begin_array("branches");
            for (const std::string& branch : walked->branches) json.element(std::string_view(branch));
            json.end_array();
            json.member("documents", static_cast<std::int64_t>(walked->blobs));
            json.member("documents_new", static_cast<std::int64_t>(indexing.added));
            json.begin_object("left_out");
            for (const auto& [reason, count] : walked->left_out) json.member(reason, static_cast<std::int64_t>(count));
            json.end_object();
            json.member("ms", took_ms);
            json.end_object();
            fmt::print("{}\n", out);
            continue;
        }
        fmt::print("{}: class {}, {} documents, {} of them new, {} ms\n", ink(Ink::bold, printable(name)),
                   policy::name(cls), walked->blobs, indexing.added, took_ms);
        for (const auto& [reason, count] : walked->left_out) fmt::print("  left out: {} x {}\n", count, reason);
    }
    if (!options.json) fmt::print("{}\n", ink(Ink::dim, "a running gateway looks for it within a second"));
    return done;
}

int list(const RepoOptions& options) {
    int exit_code = done;
    const auto opened = open_index(options, exit_code);
    if (!opened) return exit_code;
    const auto index = content::CodeIndex::open(opened->index);
    if (!index) return complain(index.error());
    for (std::uint32_t i = 0; i < (*index)->repositories(); ++i) {
        const std::string_view name = (*index)->repository(i);
        const std::string_view cls = policy::name(class_of(*opened, name));
        if (options.json) {
            std::string out;
            json::Writer json(out);
            json.begin_object();
            json.member("repository", name);
            json.member("class", cls);
            json.end_object();
            fmt::print("{}\n", out);
        } else {
            fmt::print("{}{}\n", column(cls, 16), printable(name));
        }
    }
    if ((*index)->repositories() == 0 && !options.json)
        fmt::print("nothing is indexed; sallyport repo index PATH does it\n");
    return done;
}

void tell(const content::Attribution& match, std::string_view text, policy::Class cls, bool as_json) {
    const content::StandsIn& place = match.places.front();
    const auto line_of = [&](std::uint32_t at) { return 1 + std::ranges::count(text.substr(0, at), '\n'); };
    const bool verbatim = match.longest >= content::match_bytes_min;
    if (as_json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("repository", place.repository);
        writer.member("class", policy::name(cls));
        writer.member("file", place.path);
        writer.member("first_line", match.first_line);
        writer.member("last_line", match.last_line);
        writer.member("text_first_line", static_cast<std::int64_t>(line_of(match.begin)));
        writer.member("text_last_line", static_cast<std::int64_t>(line_of(match.end - 1)));
        writer.member("characters", match.characters);
        writer.member("verbatim", verbatim);
        writer.member("common", content::name(match.common));
        writer.member("places", static_cast<std::int64_t>(match.places.size()));
        writer.end_object();
        fmt::print("{}\n", out);
        return;
    }
    const bool common = match.common != content::Common::none;
    fmt::print("{}:{} is {} {}:{}-{} ({} characters{}{}{})\n", line_of(match.begin), line_of(match.end - 1),
               printable(place.repository), ink(common ? Ink::dim : Ink::bold, printable(place.path)), match.first_line,
               match.last_line, match.characters, verbatim ? "" : ", reworked",
               common ? fmt::format(", common: {}", content::name(match.common)) : "",
               match.places.size() > 1 ? fmt::format(", and {} more places", match.places.size() - 1) : "");
}

int search(const RepoOptions& options) {
    int exit_code = done;
    const auto opened = open_index(options, exit_code);
    if (!opened) return exit_code;
    const auto index = content::CodeIndex::open(opened->index);
    if (!index) return complain(index.error());
    std::string text;
    if (options.file == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        auto read = read_file(options.file, limits::scanned_text_bytes_max);
        if (!read) return complain(read.error());
        text = std::move(*read);
    }
    if (repo::may_be_document(text)) {
        auto converted = repo::text_of_document(text);
        if (!converted)
            return complain("'" + printable(options.file) + "' cannot be searched (" + std::string(converted.error()) +
                            "); name a file of text, an office document or a PDF");
        text = std::move(*converted);
    }
    content::Attributor attributor(
        *index, [&](std::string_view name) { return class_of(*opened, name) == policy::Class::open_source; });
    content::Attributed found;
    attributor.find(text, found);
    if (!found.incomplete.empty()) fmt::print(stderr, "sallyport: not all was looked at: {}\n", found.incomplete);
    for (const auto* list : {&found.matches, &found.common})
        for (const content::Attribution& match : *list)
            tell(match, text, class_of(*opened, match.places.front().repository), options.json);
    const bool nothing = found.matches.empty() && found.common.empty();
    if (nothing && !options.json) fmt::print("nothing of what is indexed stands in it\n");
    return nothing ? done : found_something;
}

int forget(const RepoOptions& options) {
    int exit_code = done;
    const auto opened = open_index(options, exit_code);
    if (!opened) return exit_code;
    auto writer = content::IndexWriter::open(opened->index);
    if (!writer) return complain(writer.error());
    const auto index = content::CodeIndex::open(opened->index);
    if (!index) return complain(index.error());
    bool known = false;
    for (std::uint32_t i = 0; i < (*index)->repositories(); ++i)
        known = known || (*index)->repository(i) == options.name;
    if (!known)
        return complain("no repository '" + printable(options.name) + "' is indexed; sallyport repo list shows them");
    (*writer)->remove(options.name);
    if (auto committed = (*writer)->commit(); !committed) return complain(committed.error());
    std::error_code code;
    const auto clone = clone_folder(opened->clones, options.name);
    std::filesystem::remove_all(clone, code);
    if (code) return complain("cannot remove the clone " + clone.string() + ": " + code.message());
    if (!options.json) fmt::print("{} is looked for no longer\n", printable(options.name));
    return done;
}

} // namespace

void add_repo(Command& app, int& exit_code) {
    static RepoOptions options;
    Command group = app.command("repo", "The company's code, so that it is known where it leaves");
    group.needs_command();

    Command index_command = group.command("index", "Read repositories or folders, or what is new in them");
    add_config_option(index_command, options.config);
    index_command
        .option("path", options.paths,
                "Working copies, bare repositories, folders of documents; or https, ssh and file addresses to clone")
        .required();
    index_command.option("--name", options.name, "Its name in policy.yaml; else what its remote says");
    index_command.option("--branch", options.branches,
                         "Branches by pattern (repeatable); else the one that HEAD names");
    index_command.option("--credential-file", options.credential_file,
                         "For an address: a netrc, a token or a private key of SSH, mode 0600");
    index_command.option("--host-key", options.host_key, "For an ssh address: the host's key, SHA256:…");
    index_command.flag("--history", options.history, "Everything that the branches ever held");
    index_command.flag("--json", options.json, "One object a line");
    index_command.footer("Examples:\n  sallyport repo index ~/src/engine\n  sallyport repo index /srv/git/engine.git "
                         "--branch main --branch 'release/*'\n"
                         "  sallyport repo index ~/handbook --name docs.acme.example/handbook\n"
                         "  sallyport repo index https://git.acme.example/core/engine.git --credential-file token\n");
    index_command.run([&exit_code] { exit_code = index(options); });

    add_repo_classify(group, exit_code);

    Command list_command = group.command("list", "What is indexed, with the class that the policy gives it");
    add_config_option(list_command, options.config);
    list_command.flag("--json", options.json, "One object a line");
    list_command.run([&exit_code] { exit_code = list(options); });

    Command search_command = group.command("search", "Of which file a text is");
    add_config_option(search_command, options.config);
    search_command.option("file", options.file, "A text, an office document or a PDF; - for standard input").required();
    search_command.flag("--json", options.json, "One object a line");
    search_command.footer("Exit codes: 0 nothing found, 1 found.\nExample:\n  sallyport repo search snippet.txt\n");
    search_command.run([&exit_code] { exit_code = search(options); });

    Command forget_command = group.command("forget", "Look for a repository's content no longer");
    add_config_option(forget_command, options.config);
    forget_command.option("name", options.name, "As `repo list` shows it").required();
    forget_command.run([&exit_code] { exit_code = forget(options); });
}

} // namespace sallyport::cli
