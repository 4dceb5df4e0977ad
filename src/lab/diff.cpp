#include "lab/diff.h"

#include "base/text.h"
#include "json/writer.h"
#include "lab/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

namespace sallyport::lab {

namespace {

using VersionNumber = std::vector<unsigned>;

// "2.1.91" out of "## [2.1.91] - 2026-04-03"; empty where no version stands there.
VersionNumber version_in(std::string_view line) {
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (line[at] < '0' || line[at] > '9') continue;
        VersionNumber numbers;
        const char *from = line.data() + at, *const end = line.data() + line.size();
        while (true) {
            unsigned number = 0;
            const auto read = std::from_chars(from, end, number);
            if (read.ec != std::errc{}) break;
            numbers.push_back(number);
            from = read.ptr;
            if (from == end || *from != '.') break;
            ++from;
        }
        if (numbers.size() >= 3) return numbers;
        at = static_cast<std::size_t>(from - line.data());
    }
    return {};
}

Rank rank_of(Subject subject) {
    switch (subject) {
    case Subject::host: return Rank::host;
    case Subject::environment:
    case Subject::named_like_one: return Rank::environment;
    case Subject::telemetry: return Rank::telemetry;
    case Subject::update: return Rank::update;
    case Subject::permission: return Rank::permission;
    case Subject::path: return Rank::path;
    case Subject::command: return Rank::command;
    case Subject::flag: return Rank::flag;
    case Subject::digest: return Rank::other;
    }
    return Rank::other;
}

Rank rank_of(const Finding& finding, Group::Verdict verdict) {
    if (finding.kind == Kind::concealed_text)
        return finding.confidence == Confidence::high ? Rank::concealed : Rank::look_alike;
    if (verdict == Group::Verdict::marker) return Rank::marker;
    return finding.kind == Kind::place_comparison ? Rank::place : Rank::look_alike;
}

// Release notes, and whether they speak of something.
class Notes {
public:
    explicit Notes(std::string text) : text_(to_lower(text)) {}
    Documented say(const std::vector<std::string>& words) const {
        if (text_.empty()) return Documented::unknown;
        const bool named = std::ranges::any_of(
            words, [&](const std::string& word) { return word.size() >= 4 && text_.contains(to_lower(word)); });
        return named ? Documented::yes : Documented::no;
    }

private:
    std::string text_;
};

std::vector<std::string> words_of(const Finding& finding) {
    std::vector<std::string> words{finding.text};
    if (finding.kind == Kind::place_comparison) words.insert(words.end(), {"time zone", "timezone"});
    if (finding.kind != Kind::concealed_text) return words;
    for (std::size_t at = 0; at <= finding.text.size();) {
        const std::size_t end = std::min(finding.text.find_first_of(",;|\n ", at), finding.text.size());
        words.push_back(finding.text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

std::string described(const Finding& one) {
    if (one.kind == Kind::concealed_text)
        return one.entries > 1 ? fmt::format("a hidden list of {} entries: {}", one.entries, one.text.substr(0, 120))
                               : "a hidden text: " + one.text.substr(0, 120);
    return fmt::format("{}: {}", name_of(one.kind), one.text);
}

using Key = std::tuple<Kind, std::string, std::string>;
Key key_of(const Finding& one) { return {one.kind, one.text, one.kind == Kind::concealed_text ? "" : one.how}; }

void add_findings(const Inspection& has, const Inspection& lacks, Direction direction, const Notes& notes,
                  std::vector<Change>& changes) {
    std::set<Key> known;
    for (const Finding& one : lacks.findings) known.insert(key_of(one));
    for (const Group& group : has.groups)
        for (const std::size_t i : group.findings) {
            const Finding& one = has.findings[i];
            if (known.contains(key_of(one))) continue;
            if (group.verdict == Group::Verdict::mention && one.confidence == Confidence::low) continue;
            changes.push_back({rank_of(one, group.verdict), direction, notes.say(words_of(one)), described(one),
                               one.how, one.place, 1});
        }
}

void add_names(const Inspection& has, const Inspection& lacks, Direction direction, const Notes& notes,
               std::size_t lines, std::vector<Change>& changes) {
    std::set<std::pair<Subject, std::string>> known;
    for (const Name& one : lacks.names)
        known.emplace(one.subject == Subject::named_like_one ? Subject::environment : one.subject, one.name);
    std::vector<Name> fresh;
    for (const Name& one : has.names)
        if (!known.contains({one.subject == Subject::named_like_one ? Subject::environment : one.subject, one.name}))
            fresh.push_back(one);
    for (const NameGroup& group : group(fresh, lines)) {
        std::vector<std::string> words;
        std::string members;
        for (const Name* one : group.names) {
            words.push_back(one->name);
            if (members.size() < 200) members += (members.empty() ? "" : ", ") + one->name;
        }
        const bool single = group.names.size() == 1;
        changes.push_back({rank_of(group.subject), direction, notes.say(words),
                           fmt::format("{} {}{}", name_of(group.subject), group.label,
                                       single ? "" : fmt::format(": {} names", group.names.size())),
                           single ? group.names.front()->example : members, group.names.front()->place,
                           group.names.size()});
    }
}

void add_scripts(const Inspection& has, const Inspection& lacks, Direction direction, const Notes& notes,
                 std::vector<Change>& changes) {
    for (const InstallScript& one : has.package.scripts)
        if (std::ranges::find(lacks.package.scripts, one) == lacks.package.scripts.end())
            changes.push_back({Rank::install_script,
                               direction,
                               notes.say({one.when, one.command}),
                               fmt::format("install script {}: {}", one.when, one.command),
                               "",
                               {one.file, "", 0},
                               1});
}

void add_files(const Inspection& before, const Inspection& after, std::vector<Change>& changes) {
    std::map<std::string, const InspectedFile*> old;
    for (const InspectedFile& one : before.files) old[one.path] = &one;
    std::size_t fresh = 0, changed = 0;
    for (const InspectedFile& one : after.files) {
        const auto known = old.find(one.path);
        if (known == old.end())
            ++fresh;
        else {
            changed += known->second->sha256 != one.sha256 ? 1 : 0;
            old.erase(known);
        }
    }
    changes.push_back({Rank::other,
                       Direction::changed,
                       Documented::yes,
                       fmt::format("files: {} new, {} gone, {} with other content", fresh, old.size(), changed),
                       "",
                       {},
                       fresh + old.size() + changed});
}

} // namespace

std::string_view name_of(Direction direction) {
    switch (direction) {
    case Direction::fresh: return "new";
    case Direction::gone: return "gone";
    case Direction::changed: return "changed";
    }
    return "";
}

std::string_view name_of(Documented documented) {
    switch (documented) {
    case Documented::yes: return "documented";
    case Documented::no: return "undocumented";
    case Documented::unknown: return "notes not available";
    case Documented::not_asked: return "";
    }
    return "";
}

std::string notes_between(std::string_view notes, std::string_view from, std::string_view to) {
    const VersionNumber first = version_in(from), last = version_in(to);
    std::string out;
    bool any_heading = false, within = false;
    for (std::size_t at = 0; at < notes.size();) {
        const std::size_t end = std::min(notes.find('\n', at), notes.size());
        const std::string_view line = notes.substr(at, end - at);
        at = end + 1;
        const VersionNumber version = line.starts_with('#') || line.starts_with("v") || line.starts_with('[')
                                          ? version_in(line)
                                          : VersionNumber{};
        if (!version.empty()) {
            any_heading = true;
            within = version > first && version <= last;
        }
        if (within) out += std::string(line) + "\n";
    }
    return any_heading && !first.empty() && !last.empty() ? out : std::string(notes);
}

Diff compare(const Inspection& before, const Inspection& after, std::string_view notes, std::size_t lines) {
    Diff diff{before.title(), after.title(), false, {}};
    // A section that exists and is silent says something; notes that could not be read say nothing.
    std::string said = notes_between(notes, before.package.version, after.package.version);
    diff.has_notes = !said.empty();
    const Notes read(std::move(said));
    add_findings(before, after, Direction::gone, read, diff.changes);
    add_findings(after, before, Direction::fresh, read, diff.changes);
    add_scripts(after, before, Direction::fresh, read, diff.changes);
    add_scripts(before, after, Direction::gone, read, diff.changes);
    add_names(after, before, Direction::fresh, read, lines, diff.changes);
    add_names(before, after, Direction::gone, read, lines, diff.changes);
    add_files(before, after, diff.changes);
    std::ranges::sort(diff.changes, [](const Change& a, const Change& b) {
        return std::tie(a.rank, a.direction, b.count, a.what) < std::tie(b.rank, b.direction, a.count, b.what);
    });
    return diff;
}

std::string to_json(const Diff& diff) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("from", diff.from);
    writer.member("to", diff.to);
    writer.member("notes", diff.has_notes);
    writer.begin_array("changes");
    for (const Change& one : diff.changes) {
        writer.begin_object();
        writer.member("rank", static_cast<unsigned>(one.rank));
        writer.member("direction", name_of(one.direction));
        writer.member("documented", name_of(one.documented));
        writer.member("what", one.what);
        writer.member("detail", one.detail);
        writer.member("count", one.count);
        writer.member("file", one.place.file);
        writer.member("part", one.place.part);
        writer.member("offset", one.place.offset);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return out;
}

} // namespace sallyport::lab
