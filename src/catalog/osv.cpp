#include "catalog/osv.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/version.h"
#include "json/document.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::catalog {

namespace {

using json::no_node;
using json::NodeIndex;
using Kind = Event::Kind;

constexpr std::string_view event_names[] = {"introduced", "fixed", "last_affected", "limit"};

// "2026-11-28T18:00:00Z" with or without a fraction; -1 where it is none.
std::int64_t time_of(std::string_view text) {
    const bool right =
        text.size() >= 20 && text.size() <= 40 && text[4] == '-' && text[10] == 'T' && text.back() == 'Z';
    return right ? parse_time(std::string(text), 0) : -1;
}

std::strong_ordering order_of(const Event& a, const Event& b) {
    const auto edge = [](const Event& one) { return one.version == "0" ? -1 : one.version == "*" ? 1 : 0; };
    if (edge(a) != 0 || edge(b) != 0) return edge(a) <=> edge(b);
    return compare_versions(a.version, b.version);
}

// Reads one advisory; the first thing that is wrong is kept.
class OsvReader {
public:
    explicit OsvReader(const json::Document& document) : document_(document) {}
    const std::string& problem() const { return problem_; }

    Advisory read(NodeIndex root) {
        Advisory out;
        if (document_[root].kind != json::Kind::object) {
            complain(root, "an advisory is an object");
            return out;
        }
        out.text = document_.raw_value(root);
        if (const auto version = text(root, "schema_version", 20); !version.empty() && !version.starts_with("1."))
            complain(root, fmt::format("schema_version is {}; this program reads version 1", version));
        out.id = text(root, "id", 128);
        if (problem_.empty() && !is_advisory_id(out.id))
            complain(root, "its id is missing or holds more than letters, digits and -._");
        out.modified_ms = time(root, "modified");
        if (problem_.empty() && out.modified_ms == 0) complain(root, "it does not say when it was modified");
        out.published_ms = time(root, "published");
        out.withdrawn_ms = time(root, "withdrawn");
        out.summary = text(root, "summary", limits::advisory_text_bytes_max);
        out.details = text(root, "details", limits::advisory_text_bytes_max);
        each(root, "aliases", limits::advisory_parts_max, [&](NodeIndex n) { out.aliases.push_back(item(n, 128)); });
        each(root, "affected", limits::advisory_parts_max, [&](NodeIndex n) { affected(n, out.affected); });
        const NodeIndex own = object(object(root, "database_specific"), "sallyport");
        if (own != no_node) out.evidence = evidence(own);
        return out;
    }

private:
    void complain(NodeIndex at, std::string_view what) {
        if (problem_.empty()) problem_ = fmt::format("{}: {}", document_.place(document_[at].begin), what);
    }

    NodeIndex member(NodeIndex object, std::string_view key) {
        if (object == no_node || document_[object].kind != json::Kind::object) return no_node;
        const auto found = document_.find_once(object, key);
        if (!found) {
            complain(object, found.error().message);
            return no_node;
        }
        return *found != no_node && document_[*found].kind == json::Kind::null ? no_node : *found;
    }
    NodeIndex object(NodeIndex in, std::string_view key) {
        const NodeIndex n = member(in, key);
        if (n == no_node || document_[n].kind == json::Kind::object) return n;
        complain(n, fmt::format("{} is not an object", key));
        return no_node;
    }
    std::string item(NodeIndex n, std::size_t bytes_max) {
        std::string scratch;
        if (document_[n].kind != json::Kind::string) {
            complain(n, "it is not a text");
            return {};
        }
        const auto value = document_.text(n, scratch);
        if (value.size() > bytes_max) complain(n, fmt::format("it is longer than {} bytes", bytes_max));
        return std::string(value);
    }
    std::string text(NodeIndex in, std::string_view key, std::size_t bytes_max) {
        const NodeIndex n = member(in, key);
        return n == no_node ? std::string() : item(n, bytes_max);
    }
    std::int64_t time(NodeIndex in, std::string_view key) {
        const NodeIndex n = member(in, key);
        if (n == no_node) return 0;
        const std::int64_t ms = time_of(item(n, 40));
        if (ms <= 0) complain(n, fmt::format("{} is not a time such as 2026-11-28T18:00:00Z", key));
        return ms;
    }
    template <class Each> void each(NodeIndex in, std::string_view key, std::size_t most, Each one) {
        const NodeIndex list = member(in, key);
        if (list == no_node) return;
        if (document_[list].kind != json::Kind::array) return complain(list, fmt::format("{} is not a list", key));
        std::size_t count = 0;
        for (NodeIndex n = document_.first_child(list); n != no_node && problem_.empty();
             n = document_.next_sibling(n)) {
            if (++count > most) return complain(n, fmt::format("{} are more than {}", key, most));
            one(n);
        }
    }

    void affected(NodeIndex node, std::vector<Affected>& into) {
        const NodeIndex package = object(node, "package");
        if (text(package, "ecosystem", 64) != "npm") return;
        Affected out;
        out.package = text(package, "name", 256);
        if (problem_.empty() && out.package.empty()) complain(node, "it names no package");
        bool git = false;
        each(node, "ranges", limits::advisory_parts_max, [&](NodeIndex n) {
            const auto type = text(n, "type", 16);
            if (type == "GIT") { // commits say nothing of what npm has
                git = true;
                return;
            }
            if (type != "SEMVER" && type != "ECOSYSTEM") // of npm both are the order of Semantic Versioning
                return complain(n, "the type of a range is SEMVER, ECOSYSTEM or GIT");
            out.ranges.push_back(range(n));
        });
        each(node, "versions", limits::advisory_versions_max, [&](NodeIndex n) {
            out.versions.push_back(item(n, version_bytes_max));
            if (!is_version(out.versions.back())) complain(n, fmt::format("'{}' is no version", out.versions.back()));
        });
        if (problem_.empty() && out.ranges.empty() && out.versions.empty())
            complain(node, git ? "it names the affected commits and not the versions of the package"
                               : "it does not say which versions are affected: neither ranges nor versions");
        into.push_back(std::move(out));
    }

    Range range(NodeIndex node) {
        Range out;
        each(node, "events", limits::advisory_parts_max, [&](NodeIndex n) { out.push_back(event(n)); });
        const auto has = [&](Kind kind) { return std::ranges::find(out, kind, &Event::kind) != out.end(); };
        if (!problem_.empty()) return out;
        if (!has(Kind::introduced)) complain(node, "a range begins with an event `introduced`");
        if (has(Kind::fixed) && has(Kind::last_affected))
            complain(node, "a range has `fixed` or `last_affected`, not both");
        // At one version what ends comes first: who says both means that it is affected.
        if (problem_.empty())
            std::ranges::sort(out, [](const Event& a, const Event& b) {
                const auto order = order_of(a, b);
                return order != 0 ? order < 0 : a.kind > b.kind;
            });
        return out;
    }

    Event event(NodeIndex node) {
        Event out;
        std::size_t found = 0;
        for (std::size_t i = 0; i < std::size(event_names); ++i) {
            const NodeIndex n = member(node, event_names[i]);
            if (n == no_node) continue;
            out = {static_cast<Kind>(i), item(n, version_bytes_max)};
            ++found;
        }
        if (found != 1)
            complain(node, "an event is one of introduced, fixed, last_affected and limit");
        else if (!is_version(out.version) && !(out.kind == Kind::limit && out.version == "*"))
            complain(node, fmt::format("'{}' is no version", out.version));
        return out;
    }

    Evidence evidence(NodeIndex node) {
        Evidence out;
        const auto tier = tier_named(text(node, "tier", 32));
        if (!tier) complain(node, "its tier is measured, public-record, vendor-statement, reported or community");
        out.tier = tier.value_or(Tier::community);
        out.report = text(node, "report", 128);
        out.finding = text(node, "finding", limits::advisory_text_bytes_max);
        return out;
    }

    const json::Document& document_;
    std::string problem_;
};

} // namespace

// As "evaluate" in the schema's text: https://ossf.github.io/osv-schema/#evaluation.
bool in_range(const Range& range, const std::function<std::strong_ordering(const Event&)>& order) {
    bool within = false, limited = false, before_limit = false;
    for (const Event& event : range) {
        switch (event.kind) {
        case Kind::introduced: within = within || event.version == "0" || order(event) >= 0; break;
        case Kind::fixed: within = within && event.version != "0" && order(event) < 0; break;
        case Kind::last_affected: within = within && event.version != "0" && order(event) <= 0; break;
        case Kind::limit:
            limited = true;
            before_limit = before_limit || event.version == "*" || order(event) < 0;
            break;
        }
    }
    return within && (!limited || before_limit);
}

bool Affected::covers(std::string_view version) const {
    if (!is_version(version)) return false;
    const auto same = [&](const std::string& one) { return compare_versions(version, one) == 0; };
    const auto within = [&](const Range& range) {
        return in_range(range, [&](const Event& event) { return compare_versions(version, event.version); });
    };
    return std::ranges::any_of(versions, same) || std::ranges::any_of(ranges, within);
}

bool is_advisory_id(std::string_view id) {
    return !id.empty() && id.size() <= 128 && id.front() != '.' && id.front() != '-' &&
           std::ranges::all_of(id, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '.' || c == '_' || c == ':';
           });
}

Result<std::vector<Advisory>> read_advisories(std::string_view text) {
    const Buffer raw(text);
    json::Document document;
    if (auto parsed = document.parse(raw.view()); !parsed) return std::unexpected(parsed.error());
    const NodeIndex root = document.root();
    std::vector<Advisory> out;
    OsvReader reader(document);
    const auto read = [&](NodeIndex n) {
        out.push_back(reader.read(n));
        return reader.problem().empty();
    };
    if (document[root].kind == json::Kind::array) {
        for (NodeIndex n = document.first_child(root); n != no_node && read(n); n = document.next_sibling(n))
            if (out.size() > limits::advisories_max)
                return fail(ErrorKind::too_large,
                            fmt::format("it holds more than {} advisories", limits::advisories_max));
    } else {
        read(root);
    }
    if (!reader.problem().empty()) return fail(ErrorKind::invalid, reader.problem());
    return out;
}

} // namespace sallyport::catalog
