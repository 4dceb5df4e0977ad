#include "cli/inspect_page.h"

#include "cli/inspect_print.h"
#include "cli/page.h"
#include "cli/terminal.h"
#include "lab/groups.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

constexpr std::size_t lines_of_subject = 10;
constexpr std::size_t names_shown = 400; // of one line
constexpr std::size_t text_bytes_max = 4'000;
constexpr std::size_t mentions_shown = 50;

std::string place_of(const lab::Place& place) {
    std::string out = "<span class=\"name\">" + markup(place.file) + "</span>";
    if (!place.part.empty()) out += ", in it <span class=\"name\">" + markup(place.part) + "</span>";
    return out + fmt::format(", byte <span class=\"n\">{}</span>", place.offset);
}

void finding(const lab::Finding& one, std::string& out) {
    out += fmt::format("<div class=\"file\"><b>{}</b> <span class=\"tag\">confidence {}</span>{}",
                       markup(lab::name_of(one.kind)), lab::name_of(one.confidence),
                       one.entries > 1 ? fmt::format(" <span class=\"tag\">{} entries</span>", one.entries) : "");
    out += fmt::format("<p>Observed in bytes at offset: {}, {} bytes{}.</p>", place_of(one.place), one.size,
                       one.times > 1 ? fmt::format("; {} times in all", one.times) : "");
    if (!one.how.empty()) out += "<p>" + markup(one.how) + "</p>";
    out += "<p class=\"name\">" + markup(shown(one.text, text_bytes_max)) + "</p>";
    for (const std::string& reason : one.reasons) out += "<p>· " + markup(reason) + "</p>";
    out += "</div>";
}

void groups(const lab::Inspection& of, std::string& out) {
    out += "<h2>Findings</h2>";
    if (of.groups.empty()) out += "<p>None.</p>";
    std::size_t mentions = 0;
    for (const lab::Group& group : of.groups) {
        const bool mention = group.verdict == lab::Group::Verdict::mention;
        if (mention && ++mentions > mentions_shown) continue;
        out += fmt::format("<details class=\"repo\"{}><summary><span class=\"tag\">{}</span> {}</summary>",
                           mention ? "" : " open", lab::name_of(group.verdict), markup(group.sentence));
        for (const std::size_t i : group.findings) finding(of.findings[i], out);
        out += "</details>";
    }
    if (mentions > mentions_shown)
        out += fmt::format("<p>{} further mentions are in the JSON.</p>", mentions - mentions_shown);
}

void package(const lab::Inspection& of, std::string& out) {
    out += "<h2>Package</h2>";
    for (const std::string& problem : of.walked.problems)
        out += "<p><span class=\"tag\">problem</span> " + markup(problem) + "</p>";
    if (of.package.scripts.empty()) out += "<p>No install scripts.</p>";
    for (const lab::InstallScript& one : of.package.scripts)
        out +=
            fmt::format("<p><span class=\"tag\">install script, not run</span> {}: <span class=\"name\">{}</span></p>",
                        markup(one.when), markup(shown(one.command, 300)));
    for (const std::string& one : of.package.platform_packages)
        out += "<p><span class=\"tag\">platform package</span> " + markup(one) + "</p>";
    out += fmt::format(
        "<details class=\"repo\"><summary>{} files</summary><table><tr><th>file<th>form<th>bytes<th>SHA-256</tr>",
        of.files.size());
    for (const lab::InspectedFile& one : of.files)
        out +=
            fmt::format("<tr><td class=\"name\">{}<td>{}{}<td class=\"n\">{}<td class=\"name\">{}</tr>",
                        markup(one.path), markup(one.form),
                        one.embedded > 0 ? fmt::format(", carries {} files", one.embedded) : "", one.size, one.sha256);
    out += "</table></details>";
}

void names(const lab::Inspection& of, std::string& out) {
    out += "<h2>What it names</h2><p>That something is named says that it is there, not that it is used.</p>";
    auto last = static_cast<lab::Subject>(255);
    for (const lab::NameGroup& group : lab::group(of.names, lines_of_subject)) {
        if (group.subject != last) {
            if (last != static_cast<lab::Subject>(255)) out += "</details>";
            out += fmt::format("<details class=\"repo\"><summary>{} <span class=\"dim\">{}</span></summary>",
                               lab::name_of(group.subject),
                               std::ranges::count(of.names, group.subject, &lab::Name::subject));
        }
        last = group.subject;
        if (group.names.size() == 1) {
            out += "<div class=\"file\"><span class=\"name\">" + markup(group.label) + "</span> <span class=\"dim\">" +
                   markup(group.names[0]->example) + "</span></div>";
            continue;
        }
        out += fmt::format("<details><summary><span class=\"name\">{}</span> <span class=\"dim\">{}</span></summary><p "
                           "class=\"name\">",
                           markup(group.label), group.names.size());
        for (std::size_t i = 0; i < group.names.size() && i < names_shown; ++i)
            out += (i == 0 ? "" : ", ") + markup(group.names[i]->name);
        out += group.names.size() > names_shown ? " …</p></details>" : "</p></details>";
    }
    if (last != static_cast<lab::Subject>(255)) out += "</details>";
}

void not_covered(const lab::Inspection& of, const lab::Experiment* runs, std::string& out) {
    out += "<h2>What was not covered</h2><ul>";
    if (runs != nullptr)
        for (const std::string& one : runs->not_covered) out += "<li>" + markup(one);
    if (!of.walked.whole) out += "<li>The client could not be looked at as a whole: see the problems above.";
    for (const auto& [what, count] : of.coverage.not_covered) out += fmt::format("<li>{} ({})", markup(what), count);
    for (const auto& [digits, count] : of.coverage.digests)
        out +=
            fmt::format("<li>{} literals of {} hexadecimal digits: digests, which nobody can read back", count, digits);
    if (runs == nullptr)
        out += "<li>What the client fetches while it runs, and what it does: this page comes from its bytes alone, it "
               "was not run.";
    out += "<li>Texts hidden by ciphers with long keys, or computed while it runs.</ul>";
}

} // namespace

std::string inspect_page(const lab::Inspection& of, const lab::Experiment* runs) {
    std::string out = begin_page("Inspection of " + of.title());
    const auto verdict = [&](const std::string& sentence) {
        out += "<p style=\"font-size:1.15rem;color:inherit;margin:.75rem 0\"><b>" + markup(sentence) + "</b></p>";
    };
    if (runs != nullptr) verdict(runs->verdict());
    if (!of.files.empty()) verdict(of.verdict());
    if (of.found_something() && runs == nullptr)
        out += "<p>Code like this can put a few bits about a machine into what it sends, where no reader sees them, or "
               "ask "
               "secretly whom it works for. Whether it does so, only a run of the client shows.</p>";
    if (runs != nullptr) runs_part(*runs, out);
    if (!of.files.empty()) {
        const auto hosts = std::ranges::count(of.names, lab::Subject::host, &lab::Name::subject);
        const auto variables = std::ranges::count(of.names, lab::Subject::environment, &lab::Name::subject);
        if (runs != nullptr) out += "<h2>What its bytes say</h2>";
        out += fmt::format("<ul class=\"totals\"><li><b>{}</b>files<li><b>{:.1f} MB</b>looked at<li><b>{}</b>source "
                           "files<li><b>{}</b>hosts named<li><b>{}</b>variables read</ul>",
                           of.coverage.files, static_cast<double>(of.coverage.bytes) / 1e6, of.coverage.source_files,
                           hosts, variables);
        groups(of, out);
        package(of, out);
        names(of, out);
    }
    not_covered(of, runs, out);
    out += "<h2>How to repeat</h2><p class=\"name\">sallyport inspect " +
           (runs != nullptr ? "run " + markup(runs->command) : markup(of.path)) +
           "</p><p>The same bytes give the same findings. An offset is a byte of the file, counted from 0; of a file "
           "that was unpacked, of what came out.</p>";
    return out + "</html>\n";
}

} // namespace sallyport::cli
