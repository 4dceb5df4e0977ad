#include "policy/read.h"

#include "base/clock.h"
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
    else if (std::ranges::any_of(pattern, [](char c) { return (c >= 0 && c <= ' ') || c == '\\' || c == 0x7F; }))
        bad("holds a blank, a backslash or a control character");
    else if (pattern.find("//") != std::string_view::npos || pattern.find("/./") != std::string_view::npos ||
             pattern.find("/../") != std::string_view::npos || pattern.starts_with("./") || pattern.starts_with("../"))
        bad("holds an empty part, '.' or '..'");
    else if (std::ranges::any_of(host, [](char c) { return c >= 'A' && c <= 'Z'; }))
        bad("has capitals in its host");
}

void read_paths(Reader& reader, Node paths, Repository& repository) {
    if (!paths || !reader.map(paths, "paths")) return;
    if (paths.size() > paths_max)
        return reader.mistake(paths, fmt::format("{} paths; {} is the limit", paths.size(), paths_max));
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const auto cls = read_class(reader, paths.at(i));
        const auto pattern = paths.key(i);
        if (pattern.empty() || pattern.size() > name_bytes_max || pattern.starts_with('/') || pattern.ends_with('/') ||
            pattern.starts_with("./") || pattern.find("..") != std::string_view::npos)
            reader.mistake(paths.key_place(i),
                           fmt::format("path '{}' is a pattern below the repository, as in engine/**", shown(pattern)));
        if (!cls) continue;
        repository.paths.push_back({std::string(pattern), *cls});
        repository.strictest = std::max(repository.strictest, *cls);
    }
}

// Its index in the document; named for the first time it is added.
std::uint16_t entity_index(Document& document, const std::string& name) {
    const auto found = std::ranges::find(document.legal_entities, name);
    if (found != document.legal_entities.end())
        return static_cast<std::uint16_t>(found - document.legal_entities.begin());
    document.legal_entities.push_back(name);
    return static_cast<std::uint16_t>(document.legal_entities.size() - 1);
}

// What an included file may not say of a repository.
void check_scope(Reader& reader, Node match, Node entity, const Repository& repository, const Include& include) {
    if (entity)
        reader.mistake(entity, "legal_entity belongs into the policy itself; an included file can only tighten");
    if (!repository.match.starts_with(include.repositories) && repository.match + "/" != include.repositories)
        reader.mistake(match, fmt::format("this file speaks for {}** only (its include says so), not for '{}'",
                                          shown(include.repositories), shown(repository.match)));
}

// The usual case of an entry that never counts: an earlier one takes all of it.
void warn_of_shadow(Reader& reader, const Repository& repository, const File& file,
                    std::span<const std::size_t> whole_folders) {
    for (const std::size_t index : whole_folders) {
        const Repository& earlier = file.repositories[index];
        if (!repository.match.starts_with(std::string_view(earlier.match).substr(0, earlier.match.size() - 2)))
            continue;
        return reader.warning(repository.place,
                              fmt::format("repository '{}' never counts: the first match wins, and '{}' in "
                                          "line {} stands before it",
                                          shown(repository.match), shown(earlier.match), earlier.place.line));
    }
}

void read_repositories(Reader& reader, Node node, Document& document, File& file, const Include* as) {
    if (node && !node.is_list()) reader.mistake(node, "repositories is a list of {match, class}");
    std::vector<std::size_t> whole_folders; // of the entries: "h/a/**"
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
        const auto entity_node = fields.take("legal_entity");
        if (const auto entity = reader.identifier(entity_node, "legal_entity")) {
            repository.legal_entity = *entity;
            entity_index(document, *entity);
        }
        if (as != nullptr) check_scope(reader, match_node, entity_node, repository, *as);
        fields.finish();
        warn_of_shadow(reader, repository, file, whole_folders);
        if (repository.match.ends_with("/**") && repository.match.find_first_of("*?") == repository.match.size() - 2)
            whole_folders.push_back(file.repositories.size());
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
    if (key == "*" && what != "a plugin")
        reader.mistake(map.key_place(index), fmt::format("'*' is no name of {}: it stands for all of them", what));
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
        if (auto range = read_range(reader, fields.take("versions"), "versions")) client.versions = std::move(*range);
        const auto advisories = fields.take("advisories");
        client.refuses_advisories = reader.word(advisories, advisories_words, "word for advisories").has_value();
        fields.finish();
        document.clients->push_back(std::move(client));
    }
}

// A name, or {name, from, until}: outside of these dates the upstream is not used.
void read_contract(Reader& reader, Node node, int utc_offset_minutes, UpstreamFacts& upstream) {
    if (!node.is_map()) {
        upstream.contract = reader.identifier(node, "contract").value_or("");
        return;
    }
    Fields fields(reader, node, "a contract");
    upstream.contract = reader.identifier(fields.require("name"), "a contract's name").value_or("");
    const auto from = fields.take("from"), until = fields.take("until");
    if (const auto ms = read_date(reader, from, utc_offset_minutes)) upstream.contract_from_ms = *ms;
    if (const auto ms = read_date(reader, until, utc_offset_minutes)) upstream.contract_until_ms = *ms;
    if (upstream.contract_from_ms >= upstream.contract_until_ms)
        reader.mistake(until ? until : from, "this contract ends before it begins");
    else if (upstream.contract_until_ms <= wall_ms())
        reader.warning(until.place(),
                       fmt::format("this contract has ended, so upstream '{}' is no longer used; take it "
                                   "out, or state the new end",
                                   upstream.name));
    fields.finish();
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
        read_contract(reader, fields.take("contract"), document.utc_offset_minutes, upstream);
        upstream.training = text(fields.take("training"), "training");
        upstream.retention = text(fields.take("retention"), "retention");
        upstream.payment = text(fields.take("payment"), "payment");
        if (const auto entities = fields.take("legal_entities")) {
            upstream.legal_entities.emplace();
            for (const auto item : reader.list(entities, "legal_entities"))
                if (const auto entity = reader.identifier(item, "a legal entity")) {
                    upstream.legal_entities->push_back(*entity);
                    entity_index(document, *entity);
                }
            if (entities.is_list() && entities.size() == 0)
                reader.mistake(entities, "an empty list serves nobody; name the legal entities of the contract");
        }
        fields.finish();
        document.upstreams.push_back(std::move(upstream));
    }
}

// What a plugin is known by besides its name: URLs (patterns, without query) and digests of its content.
void read_identities(Reader& reader, Fields& fields, Plugin& plugin) {
    const auto urls = fields.take("url"), digests = fields.take("digest");
    for (auto& url : read_texts(reader, urls, "url", name_bytes_max)) {
        if (!url.starts_with("https://") && !url.starts_with("http://"))
            reader.mistake(urls, fmt::format("url '{}' begins with https:// or http://", shown(url)));
        if (url.find_first_of("#@") != std::string::npos)
            reader.mistake(urls, fmt::format("url '{}' holds a user or a fragment; take it out", shown(url)));
        plugin.identities.push_back(std::move(url));
    }
    for (auto& digest : read_texts(reader, digests, "digest", name_bytes_max)) {
        const bool right = digest.size() == 71 && digest.starts_with("sha256:") &&
                           digest.find_first_not_of("0123456789abcdef", 7) == std::string::npos;
        if (!right) reader.mistake(digests, fmt::format("digest '{}' is not sha256: and 64 hex digits", shown(digest)));
        plugin.identities.push_back(std::move(digest));
    }
    if (plugin.name == "*" && !plugin.identities.empty())
        reader.mistake(urls ? urls : digests, "'*' stands for every plugin that is not named; it has no url or digest");
}

void read_plugins(Reader& reader, Node node, Document& document) {
    if (!node || !reader.map(node, "plugins")) return;
    check_count(reader, node, "plugins", plugins_max);
    document.plugins.emplace();
    for (std::size_t i = 0; i < node.size(); ++i) {
        check_name(reader, node, i, "a plugin");
        Fields fields(reader, node.at(i), "a plugin");
        const auto classes = read_mask(reader, fields.require("classes"), class_names, "class");
        Plugin plugin{std::string(node.key(i)), classes.value_or(0), {}};
        for (const Plugin& known : *document.plugins)
            if (same_plugin(known.name, plugin.name))
                reader.mistake(node.key_place(i), fmt::format("plugin '{}' is '{}' again: '-' and '_' count as one",
                                                              shown(plugin.name), shown(known.name)));
        if (plugin.name.find('#') != std::string::npos)
            reader.mistake(node.key_place(i), "a plugin's name holds no '#'; write url or digest beside its classes");
        read_identities(reader, fields, plugin);
        fields.not_yet({"versions"});
        fields.finish();
        document.plugins->push_back(std::move(plugin));
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
    std::vector<Node> items;
    if (node.is_map())
        items.push_back(node);
    else
        items = reader.list(node, "include");
    for (const auto item : items) {
        Include include;
        include.place = item.place();
        if (!item.is_map()) {
            include.pattern = reader.text(item, "an include").value_or("");
        } else {
            Fields fields(reader, item, "an include");
            include.pattern = reader.text(fields.require("files"), "an include's files").value_or("");
            include.owner = reader.identifier(fields.take("owner"), "owner").value_or("");
            if (const auto teams = fields.take("teams")) include.teams = read_full_names(reader, teams, "team");
            if (include.teams && include.teams->empty())
                reader.mistake(item, "an empty list speaks for nobody; name at least one team");
            const auto below = fields.take("repositories");
            if (const auto pattern = reader.text(below, "repositories")) {
                if (!pattern->ends_with("/**") || pattern->find_first_of("*?") != pattern->size() - 2)
                    reader.mistake(below, "an include's repositories are all below one, as in git.acme.example/web/**");
                include.repositories = pattern->substr(0, pattern->size() - std::min<std::size_t>(pattern->size(), 2));
            }
            fields.finish();
        }
        if (!include.pattern.empty()) includes.push_back(std::move(include));
    }
    return includes;
}

} // namespace

std::vector<Include> read_document(Reader& reader, Document& document, std::string text, const Include* as) {
    const bool included = as != nullptr;
    auto& file = document.files.emplace_back(File{reader.file(), std::move(text), {}});
    if (!reader.root().is_map()) {
        reader.mistake(reader.root(), "the file is a mapping that begins with 'version: 1'");
        return {};
    }
    Fields fields(reader, reader.root(), included ? "an included file" : "the policy");
    const auto version = fields.require("version");
    if (const auto number = reader.integer(version, 0, 1'000'000, "version"); number && *number != 1)
        reader.mistake(version, fmt::format("version {} is not known here; this program reads version 1", *number));
    file.owner = reader.identifier(fields.take("owner"), "owner").value_or(included ? as->owner : "");
    read_repositories(reader, fields.take("repositories"), document, file, as);
    const auto rules = fields.take("rules");
    if (included) {
        for (const auto word : {"include", "unknown_repository", "claims_lower_to", "clients", "upstreams", "plugins",
                                "invariants", "mode", "teams", "exceptions", "legal_entity", "utc_offset", "restore",
                                "bodies", "ledger", "egress", "grants", "launchers"})
            if (const auto node = fields.take(word))
                reader.mistake(node,
                               fmt::format("'{}' belongs into the policy itself; an included file can only tighten, by "
                                           "repositories and by rules that refuse",
                                           word));
        read_rules(reader, document, rules, as);
        fields.finish();
        return {};
    }
    auto includes = read_includes(reader, fields.take("include"));
    const auto offset = fields.take("utc_offset");
    if (const auto words = reader.text(offset, "utc_offset")) {
        if (const auto minutes = utc_offset(*words))
            document.utc_offset_minutes = *minutes;
        else
            reader.mistake(offset, fmt::format("utc_offset '{}' is no offset; write \"+01:00\" or Z", shown(*words)));
    }
    if (const auto entity = reader.identifier(fields.take("legal_entity"), "legal_entity"))
        document.legal_entity = entity_index(document, *entity);
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
        const auto longest = stated.take("longest");
        const auto span = reader.milliseconds(longest, "longest");
        document.exceptions.longest_ms = span.value_or(0);
        if (span && *span <= 0)
            reader.mistake(longest,
                           "longest is more than nothing; leave it out where exceptions may last as they like");
        stated.finish();
    }
    if (const auto restore = fields.take("restore")) read_restore(reader, restore, document);
    read_bodies(reader, fields.take("bodies"), document);
    read_sealing(reader, fields.take("ledger"), document);
    read_launchers(reader, fields.take("launchers"), document);
    document.egress = read_egress(reader, fields.take("egress"));
    document.grants = read_grants(reader, fields.take("grants"));
    if (document.legal_entities.size() > legal_entities_max)
        reader.mistake(reader.root(), fmt::format("{} legal entities; {} is the limit", document.legal_entities.size(),
                                                  legal_entities_max));
    read_rules(reader, document, rules, nullptr);
    read_invariants(reader, document, fields.take("invariants"));
    fields.not_yet({"signers"});
    fields.finish();
    return includes;
}

} // namespace sallyport::policy
