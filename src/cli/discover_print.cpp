// discover_commands.h: facts for people, as JSON, and a report before it is written.
#include "base/clock.h"
#include "cli/discover_commands.h"
#include "cli/terminal.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace sallyport::cli {

using endpoint::FactKind;
using endpoint::FoundFact;
using endpoint::Verdict;

namespace {

constexpr std::array<const char*, endpoint::fact_kinds> headings = {"Clients",
                                                                    "Other assistants",
                                                                    "Plugins",
                                                                    "Where model calls go",
                                                                    "Proxies",
                                                                    "Keys of vendors",
                                                                    "Sign-ins",
                                                                    "Conversations kept here",
                                                                    "Run by clients",
                                                                    "Switched-off questions",
                                                                    "Reports to vendors",
                                                                    "Could not be looked at"};
constexpr std::size_t lines_of_kind = 12;

std::string size_of(std::uint64_t bytes) {
    if (bytes < 10'000) return fmt::format("{} bytes", bytes);
    if (bytes < 10'000'000) return fmt::format("{} kB", bytes / 1'000);
    return fmt::format("{} MB", bytes / 1'000'000);
}

std::string place_of(const FoundFact& fact) {
    return fact.line == 0 ? fact.place : fmt::format("{}:{}", fact.place, fact.line);
}

std::string mark_of(Verdict verdict) {
    switch (verdict) {
    case Verdict::approved: return ink(Ink::green, "ok  ");
    case Verdict::not_approved: return ink(Ink::red, "no  ");
    case Verdict::unclear: break;
    }
    return ink(Ink::dim, "?   ");
}

// What a fact says in a few words, without its place.
std::string words_of(const FoundFact& fact) {
    std::string out = fact.what;
    if (!fact.client.empty() && fact.client != fact.what) out = fact.client + " " + out;
    const auto add = [&](const std::string& text) {
        if (!text.empty()) out += "  " + text;
    };
    switch (fact.kind) {
    case FactKind::transcripts:
        return fmt::format("{}{}{} in {} files, {} to {}  {}", fact.client, fact.client.empty() ? "" : "  ",
                           size_of(fact.bytes), fact.count, rfc3339(fact.first_ms).substr(0, 10),
                           rfc3339(fact.last_ms).substr(0, 10), fact.way);
    case FactKind::key: add(fact.digest); break;
    case FactKind::login: return fact.client + "  " + fact.way;
    default:
        add(fact.value);
        add(fact.way);
        break;
    }
    if (fact.kind == FactKind::client && fact.value.empty()) out += "  (version not known)";
    if (fact.governed) out += "  governed";
    return out;
}

void print_line(const FoundFact& fact) {
    fmt::print("  {}{}  {}\n", mark_of(fact.verdict), printable(words_of(fact)),
               ink(Ink::dim, printable(place_of(fact))));
}

} // namespace

void print_facts(const std::vector<FoundFact>& facts, bool all) {
    for (std::size_t kind = 0; kind < endpoint::fact_kinds; ++kind) {
        std::vector<const FoundFact*> of_kind;
        for (const FoundFact& fact : facts)
            if (static_cast<std::size_t>(fact.kind) == kind) of_kind.push_back(&fact);
        if (of_kind.empty()) continue;
        // What is not approved first; facts with one reason stand together above it.
        std::ranges::sort(of_kind, {}, [](const FoundFact* fact) {
            const bool refused = fact->verdict == Verdict::not_approved;
            return std::tuple(!refused, refused ? std::string_view(fact->reason) : std::string_view(), fact);
        });
        fmt::print("{} ({})\n", ink(Ink::bold, headings[kind]), of_kind.size());
        std::size_t shown = 0;
        for (; shown < of_kind.size() && (all || shown < lines_of_kind); ++shown) {
            const FoundFact& fact = *of_kind[shown];
            print_line(fact);
            const bool is_last = shown + 1 == of_kind.size() || (!all && shown + 1 == lines_of_kind);
            if (fact.verdict == Verdict::not_approved && (is_last || of_kind[shown + 1]->reason != fact.reason))
                fmt::print("        {}\n", ink(Ink::yellow, printable(fact.reason)));
        }
        if (shown < of_kind.size())
            fmt::print("  {}\n", ink(Ink::dim, fmt::format("{} further ones (--all)", of_kind.size() - shown)));
    }
    const auto count = [&](Verdict verdict) { return std::ranges::count(facts, verdict, &FoundFact::verdict); };
    fmt::print("{} facts: {} approved, {} not approved, {} cannot be judged\n", facts.size(), count(Verdict::approved),
               count(Verdict::not_approved), count(Verdict::unclear));
}

std::string facts_json(const std::vector<FoundFact>& facts, std::int64_t at_ms) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("at", rfc3339(at_ms));
    writer.begin_object("counts");
    for (const Verdict verdict : {Verdict::approved, Verdict::not_approved, Verdict::unclear})
        writer.member(name(verdict),
                      static_cast<std::int64_t>(std::ranges::count(facts, verdict, &FoundFact::verdict)));
    writer.end_object();
    writer.begin_array("facts");
    for (const FoundFact& fact : facts) {
        std::string one;
        json::Writer inner(one);
        inner.begin_object();
        write_fact(inner, fact);
        inner.end_object();
        writer.element_raw(one);
    }
    writer.end_array();
    writer.end_object();
    return out;
}

void tell_report(const std::vector<FoundFact>& facts, const std::string& machine, const std::string& file) {
    fmt::print(stderr, "\nThis is what the report {} says about you, all of it:\n", printable(file));
    fmt::print(stderr, "  the machine, by a pseudonym made from its key: {}\n", machine);
    for (const FoundFact& fact : facts) {
        std::string line = fmt::format("{}: {}", name(fact.kind), words_of(fact));
        line += "  " + place_of(fact);
        if (!fact.digest.empty() && fact.kind != FactKind::key) line += "  " + fact.digest.substr(0, 23) + "…";
        fmt::print(stderr, "  {}  [{}]\n", printable(line), name(fact.verdict));
    }
    fmt::print(stderr, "and for each how it is known and why it is judged so (--json shows that). No name of a person, "
                       "no key, no word of a\n"
                       "conversation is in it.\n");
}

} // namespace sallyport::cli
