#include "cli/inspect_print.h"

#include "cli/terminal.h"
#include "lab/groups.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

using lab::Group;

constexpr std::size_t lines_of_subject = 10;
constexpr std::size_t mentions_shown = 10;

Ink ink_of(Group::Verdict verdict) {
    switch (verdict) {
    case Group::Verdict::marker:
    case Group::Verdict::concealed: return Ink::red;
    case Group::Verdict::notable: return Ink::yellow;
    case Group::Verdict::mention: return Ink::dim;
    }
    return Ink::plain;
}

void print_finding(const lab::Finding& one) {
    fmt::print("    {} ({}), {}{}, offset {}, {} bytes{}\n", lab::name_of(one.kind), lab::name_of(one.confidence),
               printable(one.place.file), one.place.part.empty() ? "" : " in it " + printable(one.place.part),
               one.place.offset, one.size, one.times > 1 ? fmt::format(", {} times", one.times) : "");
    if (!one.how.empty()) fmt::print("      {}\n", printable(one.how));
    fmt::print("      {}\n", ink(Ink::cyan, shown(one.text, 160)));
    for (const std::string& reason : one.reasons) fmt::print("      {}\n", ink(Ink::dim, printable(reason)));
}

void print_groups(const lab::Inspection& of, bool all) {
    std::size_t mentions = 0;
    for (const Group& group : of.groups) {
        if (group.verdict == Group::Verdict::mention && ++mentions > mentions_shown && !all) continue;
        fmt::print("\n{}  {}\n", ink(ink_of(group.verdict), lab::name_of(group.verdict)), printable(group.sentence));
        if (group.verdict == Group::Verdict::mention && !all) {
            const lab::Place& place = of.findings[group.findings.front()].place;
            fmt::print("    {}{}, offset {}\n", printable(place.file),
                       place.part.empty() ? "" : " in it " + printable(place.part), place.offset);
            continue;
        }
        for (const std::size_t i : group.findings) print_finding(of.findings[i]);
    }
    if (mentions > mentions_shown && !all)
        fmt::print("\n{}\n", ink(Ink::dim, fmt::format("{} further mentions (--all)", mentions - mentions_shown)));
}

void print_names(const lab::Inspection& of, bool all) {
    auto last = static_cast<lab::Subject>(255);
    for (const lab::NameGroup& group : lab::group(of.names, all ? of.names.size() : lines_of_subject)) {
        if (group.subject != last) {
            const auto total = std::ranges::count(of.names, group.subject, &lab::Name::subject);
            fmt::print("\n{} {}\n", ink(Ink::bold, lab::name_of(group.subject)),
                       ink(Ink::dim, fmt::format("({})", total)));
        }
        last = group.subject;
        std::string examples;
        for (std::size_t i = 0; i < group.names.size() && i < (all ? group.names.size() : 3) && group.names.size() > 1;
             ++i)
            examples += (i == 0 ? "" : ", ") + group.names[i]->name;
        if (group.names.size() == 1) examples = group.names[0]->example;
        fmt::print("  {:>5}  {}  {}\n", group.names.size(), column(printable(group.label), 34),
                   ink(Ink::dim, shown(examples, 100)));
    }
}

void print_package(const lab::Inspection& of, bool all) {
    fmt::print("{} files, {:.1f} MB, as a {}\n", of.files.size(), static_cast<double>(of.coverage.bytes) / 1e6,
               of.walked.form);
    for (const lab::InstallScript& one : of.package.scripts)
        fmt::print("{}  {} runs: {} ({}; not run here)\n", ink(Ink::yellow, "install script"), one.when,
                   shown(one.command, 200), printable(one.file));
    for (const std::string& one : of.package.platform_packages) fmt::print("platform package  {}\n", printable(one));
    for (const lab::InspectedFile& one : of.files)
        if (all || one.embedded > 0 || one.size > 10'000'000)
            fmt::print("{}  {:>11}  {}  {}{}\n", one.sha256.substr(0, all ? 64 : 16), one.size, column(one.form, 12),
                       printable(one.path), one.embedded > 0 ? fmt::format(" (carries {} files)", one.embedded) : "");
}

} // namespace

std::string shown(const std::string& text, std::size_t bytes_max) {
    std::string line = printable(text);
    if (line.size() <= bytes_max) return line;
    std::size_t cut = bytes_max;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) --cut;
    return line.substr(0, cut) + fmt::format("… ({} bytes)", line.size());
}

void print(const lab::Inspection& of, bool all) {
    fmt::print("{}\n\n", ink(of.found_something() ? Ink::red : Ink::bold, printable(of.verdict())));
    print_package(of, all);
    for (const std::string& problem : of.walked.problems)
        fmt::print("{}  {}\n", ink(Ink::yellow, "problem"), printable(problem));
    print_groups(of, all);
    print_names(of, all);
    fmt::print("\n{}\n", ink(Ink::bold, "not covered"));
    for (const auto& [what, count] : of.coverage.not_covered) fmt::print("  {:>5}  {}\n", count, printable(what));
    for (const auto& [digits, count] : of.coverage.digests)
        fmt::print("  {:>5}  literals of {} hexadecimal digits: digests, which nobody can read\n", count, digits);
    fmt::print("  what the client fetches while it runs, and what it does with what is named here\n");
}

void print(const lab::Diff& diff) {
    fmt::print("{}\n{}\n\n", ink(Ink::bold, printable(diff.from) + " to " + printable(diff.to)),
               diff.has_notes ? "held against the release notes" : "release notes: not available");
    for (const lab::Change& one : diff.changes) {
        const bool worst = one.rank <= lab::Rank::marker && one.direction == lab::Direction::fresh;
        fmt::print("{}  {}  {}\n", ink(worst ? Ink::red : Ink::plain, column(lab::name_of(one.direction), 8)),
                   column(lab::name_of(one.documented), 20), ink(worst ? Ink::red : Ink::plain, shown(one.what, 200)));
        if (!one.detail.empty()) fmt::print("{:32}{}\n", "", ink(Ink::dim, shown(one.detail, 160)));
        if (worst)
            fmt::print("{:32}{}\n", "",
                       ink(Ink::dim, fmt::format("{}{}, offset {}", printable(one.place.file),
                                                 one.place.part.empty() ? "" : " in it " + printable(one.place.part),
                                                 one.place.offset)));
    }
}

} // namespace sallyport::cli
