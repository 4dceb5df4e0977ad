#include "policy/read.h"

#include "base/limits.h"
#include "policy/names.h"
#include "policy/patterns.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

namespace {

std::optional<Class> read_class(Reader& reader, Node node) {
    const auto index = reader.word(node, class_names, "class");
    return index ? std::optional(static_cast<Class>(*index)) : std::nullopt;
}

// A pattern that can never match would leave its repository in the default class, so the usual slips are told.
void check_repository_pattern(Reader& reader, Node node, std::string_view pattern) {
    const auto host = pattern.substr(0, pattern.find('/'));
    const auto bad = [&](std::string_view why) {
        reader.mistake(node, fmt::format("repository '{}' {}; write host and path, as in git.acme.example/core/**",
                                         shown(pattern), why));
    };
    if (pattern.size() > name_bytes_max)
        bad(fmt::format("is longer than {} bytes", name_bytes_max));
    else if (pattern.find("://") != std::string_view::npos)
        bad("names a scheme");
    else if (pattern.find('@') != std::string_view::npos && pattern.find('@') < pattern.find('/'))
        bad("names a user");
    else if (pattern.starts_with('/') || pattern.ends_with('/'))
        bad("begins or ends with '/'");
    else if (pattern.ends_with(".git"))
        bad("ends with .git");
    else if (pattern.find_first_of(" \t\\") != std::string_view::npos)
        bad("holds a blank or a backslash");
    else if (std::ranges::any_of(host, [](char c) { return c >= 'A' && c <= 'Z'; }))
        bad("has capitals in its host");
}

void read_paths(Reader& reader, Node paths, Repository& repository) {
    if (!paths || !reader.map(paths, "paths")) return;
    repository.strictest = repository.cls;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const auto cls = read_class(reader, paths.at(i));
        if (!cls) continue;
        repository.paths.push_back({std::string(paths.key(i)), *cls});
        repository.strictest = std::max(repository.strictest, *cls);
    }
    if (repository.strictest > repository.cls)
        reader.warning(paths.place(),
                       fmt::format("paths are not told apart yet: all of '{}' counts as {}, its strictest path",
                                   shown(repository.match), name(repository.strictest)));
}

void read_repositories(Reader& reader, Node node, File& file) {
    if (node && !node.is_list()) reader.mistake(node, "repositories is a list of {match, class}");
    for (std::size_t i = 0; node.is_list() && i < node.size(); ++i) {
        Fields fields(reader, node.at(i), "a repository");
        Repository repository;
        repository.place = node.at(i).place();
        const auto match_node = fields.require("match");
        if (const auto match = reader.text(match_node, "a repository's match")) {
            check_repository_pattern(reader, match_node, *match);
            repository.match = *match;
        }
        if (const auto cls = read_class(reader, fields.require("class"))) repository.cls = *cls;
        repository.strictest = repository.cls;
        read_paths(reader, fields.take("paths"), repository);
        if (const auto entity = reader.identifier(fields.take("legal_entity"), "legal_entity"))
            repository.legal_entity = *entity;
        fields.finish();
        file.repositories.push_back(std::move(repository));
    }
    if (file.repositories.size() > limits::policy_rules_max)
        reader.mistake(node, fmt::format("{} repositories; {} is the limit, use patterns", file.repositories.size(),
                                         limits::policy_rules_max));
}

void check_count(Reader& reader, Node node, std::string_view what, std::size_t most) {
    if (node.size() > most) reader.mistake(node, fmt::format("{} {}; {} is the limit", node.size(), what, most));
}

void check_name(Reader& reader, Node map, std::size_t index, std::string_view what) {
    const auto key = map.key(index);
    const bool fits =
        !key.empty() && key.size() <= 64 && std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!fits)
        reader.mistake(
            map.key_place(index),
            fmt::format("'{}' is no name of {}: printable ASCII without blanks, at most 64", shown(key), what));
}

void read_clients(Reader& reader, Node node, Document& document) {
    static constexpr std::string_view advisories_words[] = {"refuse"};
    if (!node || !reader.map(node, "clients")) return;
    check_count(reader, node, "clients", clients_max);
    document.clients.emplace();
    for (std::size_t i = 0; i < node.size(); ++i) {
        Client client;
        client.name = node.key(i);
        check_name(reader, node, i, "a client");
        Fields fields(reader, node.at(i), "a client");
        const auto versions = fields.take("versions");
        if (const auto text = reader.text(versions, "versions")) {
            auto range = parse_range(*text);
            if (range)
                client.versions = std::move(*range);
            else
                reader.mistake(versions, fmt::format("versions {}", range.error()));
        }
        const auto advisories = fields.take("advisories");
        if (reader.word(advisories, advisories_words, "word for advisories")) {
            client.advisories = "refuse";
            reader.warning(advisories.place(), "no advisories are known to this version yet: none is refused for one");
        }
        fields.finish();
        document.clients->push_back(std::move(client));
    }
}

void read_upstreams(Reader& reader, Node node, Document& document) {
    if (!node || !reader.map(node, "upstreams")) return;
    check_count(reader, node, "upstreams", upstreams_max);
    for (std::size_t i = 0; i < node.size(); ++i) {
        UpstreamFacts upstream;
        upstream.name = node.key(i);
        check_name(reader, node, i, "an upstream");
        Fields fields(reader, node.at(i), "an upstream");
        const auto text = [&](Node value, std::string_view what) {
            return reader.identifier(value, what).value_or("");
        };
        upstream.vendor = text(fields.require("vendor"), "vendor");
        if (const auto hosting = reader.word(fields.require("hosting"), hosting_names, "hosting"))
            upstream.hosting = hosting_names[*hosting];
        upstream.region = text(fields.take("region"), "region");
        upstream.contract = text(fields.take("contract"), "contract");
        upstream.training = text(fields.take("training"), "training");
        fields.not_yet({"retention", "payment", "legal_entities", "dates"});
        fields.finish();
        document.upstreams.push_back(std::move(upstream));
    }
}

void read_plugins(Reader& reader, Node node, Document& document) {
    if (!node || !reader.map(node, "plugins")) return;
    check_count(reader, node, "plugins", plugins_max);
    document.plugins.emplace();
    for (std::size_t i = 0; i < node.size(); ++i) {
        check_name(reader, node, i, "a plugin");
        Fields fields(reader, node.at(i), "a plugin");
        const auto classes = read_mask(reader, fields.require("classes"), class_names, "class");
        fields.not_yet({"digest", "url", "versions"});
        fields.finish();
        document.plugins->push_back({std::string(node.key(i)), classes.value_or(0)});
    }
}

void read_teams(Reader& reader, Node node, Document& document) {
    if (!node || !reader.map(node, "teams")) return;
    check_count(reader, node, "teams", teams_max);
    for (std::size_t i = 0; i < node.size(); ++i) {
        check_name(reader, node, i, "a team");
        Team team{std::string(node.key(i)), {}};
        Fields fields(reader, node.at(i), "a team");
        if (const auto mode = reader.word(fields.take("mode"), mode_names, "mode"))
            team.mode = static_cast<Mode>(*mode);
        fields.not_yet({"owner", "members", "roles"});
        fields.finish();
        document.teams.push_back(std::move(team));
    }
}

std::vector<Include> read_includes(Reader& reader, Node node) {
    std::vector<Include> includes;
    for (const auto item : reader.list(node, "include"))
        if (const auto pattern = reader.text(item, "an include")) includes.push_back({*pattern, item.place()});
    return includes;
}

} // namespace

Mask read_mask(Reader& reader, Node node, std::span<const std::string_view> words, std::string_view what) {
    if (!node) return {};
    std::uint32_t mask = 0;
    for (const auto item : reader.list(node, what))
        if (const auto index = reader.word(item, words, what)) mask |= 1u << *index;
    return mask;
}

std::vector<std::string> read_texts(Reader& reader, Node node, std::string_view what, std::size_t bytes_max) {
    std::vector<std::string> texts;
    for (const auto item : reader.list(node, what)) {
        auto text = reader.text(item, what);
        if (!text) continue;
        if (text->size() > bytes_max || !std::ranges::all_of(*text, [](char c) { return c > 0x20 && c < 0x7F; }))
            reader.mistake(item, fmt::format("{} '{}' is not printable ASCII without blanks of at most {} bytes", what,
                                             shown(*text), bytes_max));
        else
            texts.push_back(std::move(*text));
    }
    return texts;
}

std::vector<Include> read_document(Reader& reader, Document& document, std::string text, bool included) {
    auto& file = document.files.emplace_back(File{reader.file(), std::move(text), {}});
    if (!reader.root().is_map()) {
        reader.mistake(reader.root(), "the file is a mapping that begins with 'version: 1'");
        return {};
    }
    Fields fields(reader, reader.root(), included ? "an included file" : "the policy");
    const auto version = fields.require("version");
    if (const auto number = reader.integer(version, 0, 1'000'000, "version"); number && *number != 1)
        reader.mistake(version, fmt::format("version {} is not known here; this program reads version 1", *number));
    read_repositories(reader, fields.take("repositories"), file);
    const auto rules = fields.take("rules");
    if (included) {
        for (const auto word : {"include", "unknown_repository", "claims_lower_to", "clients", "upstreams", "plugins",
                                "invariants", "mode", "teams", "exceptions"})
            if (const auto node = fields.take(word))
                reader.mistake(node,
                               fmt::format("'{}' belongs into the policy itself; an included file can only tighten, by "
                                           "repositories and by rules that refuse",
                                           word));
        read_rules(reader, document, rules, true);
        fields.finish();
        return {};
    }
    auto includes = read_includes(reader, fields.take("include"));
    document.unknown_repository = read_class(reader, fields.take("unknown_repository")).value_or(Class::customer);
    document.claims_lower_to = read_class(reader, fields.take("claims_lower_to")).value_or(document.unknown_repository);
    read_clients(reader, fields.take("clients"), document);
    read_upstreams(reader, fields.take("upstreams"), document);
    read_plugins(reader, fields.take("plugins"), document);
    if (const auto mode = reader.word(fields.take("mode"), mode_names, "mode"))
        document.mode = static_cast<Mode>(*mode);
    read_teams(reader, fields.take("teams"), document);
    if (const auto terms = fields.take("exceptions")) {
        Fields stated(reader, terms, "exceptions");
        document.exceptions.second_person =
            reader.boolean(stated.take("second_person"), "second_person").value_or(false);
        document.exceptions.longest_ms = reader.milliseconds(stated.take("longest"), "longest").value_or(0);
        stated.finish();
    }
    read_rules(reader, document, rules, false);
    read_invariants(reader, document, fields.take("invariants"));
    fields.not_yet({"owners", "signers"});
    fields.finish();
    return includes;
}

} // namespace sallyport::policy
