#include "cli/inspect_versions.h"

#include "base/file.h"
#include "base/version.h"
#include "catalog/osv.h"
#include "cli/commands.h"
#include "cli/inspect_source.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "lab/osv_draft.h"
#include "lab/report_json.h"
#include "lab/version_search.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

struct Looked {
    std::string version, verdict, problem;
    lab::OsvDraft draft; // of the last one with a finding
};

struct Search {
    std::string package;
    std::vector<std::string> versions;
    std::vector<Looked> looked; // by index of versions; an empty version: not looked at
    lab::VersionSearch search;
};

Result<std::vector<std::string>> versions_between(const std::vector<std::string>& all, const std::string& range) {
    const std::size_t dots = range.find("..");
    const std::string from = range.substr(0, dots), to = dots == std::string::npos ? "" : range.substr(dots + 2);
    if (!is_version(from) || !is_version(to) || compare_versions(from, to) > 0)
        return fail(ErrorKind::invalid,
                    fmt::format("--all-versions is FROM..TO, such as 2.1.90..2.1.198; got '{}'", printable(range)));
    std::vector<std::string> out;
    for (const std::string& one : all)
        if (compare_versions(one, from) >= 0 && compare_versions(one, to) <= 0) out.push_back(one);
    if (out.empty())
        return fail(ErrorKind::invalid, fmt::format("the registry has no version between {} and {}", from, to));
    return out;
}

void look_at(Search& of, std::size_t index, const VersionsOptions& options) {
    Looked& looked = of.looked[index];
    looked.version = of.versions[index];
    const std::string client = "npm:" + of.package + "@" + looked.version;
    const auto source = find_client(client, options.registry, options.platform);
    const auto inspection = source ? inspected(*source) : Result<lab::Inspection>(std::unexpected(source.error()));
    if (!inspection) {
        looked.problem = inspection.error().message;
        of.search.skip(index);
        return;
    }
    looked.verdict = inspection->verdict();
    const auto lines = lab::concealed_in(*inspection);
    if (!lines.empty()) looked.draft = lab::draft_of(*inspection, lab::to_json(*inspection) + "\n", wall_ms());
    of.search.tell(index, {lines.begin(), lines.end()});
}

// How a person says where it was: "2.1.91 to 2.1.197 (not in 2.1.90, not in 2.1.198)".
std::string words_of(const Search& of, const lab::VersionSearch::Span& span) {
    const auto beside = [&](const std::optional<std::size_t>& at, std::string_view else_) {
        return at ? "not in " + of.versions[*at] : std::string(else_);
    };
    return fmt::format("{} to {} ({}, {})", of.versions[span.first], of.versions[span.last],
                       beside(span.before, "earlier ones not asked for"),
                       beside(span.after, "later ones not asked for"));
}

// Up to the versions that are known not to have it: what lies between was not looked at, and may.
lab::AffectedVersions affected_of(const Search& of, const lab::VersionSearch::Span& span) {
    lab::AffectedVersions out;
    out.introduced = of.versions[span.before ? *span.before + 1 : span.first];
    if (span.after)
        out.fixed = of.versions[*span.after];
    else
        out.last_affected = of.versions.back();
    return out;
}

std::string report_of(const Search& of) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("package", of.package);
    writer.member("from", of.versions.front());
    writer.member("to", of.versions.back());
    writer.member("versions", static_cast<std::uint64_t>(of.versions.size()));
    writer.member("inspected", static_cast<std::uint64_t>(of.search.inspected()));
    const auto object = [&](auto fill) {
        std::string one;
        json::Writer item(one);
        item.begin_object();
        fill(item);
        item.end_object();
        writer.element_raw(one);
    };
    writer.begin_array("findings");
    for (const auto& span : of.search.spans())
        object([&](json::Writer& item) {
            item.member("finding", span.finding);
            item.member("first", of.versions[span.first]);
            item.member("last", of.versions[span.last]);
            if (span.before) item.member("not_in_before", of.versions[*span.before]);
            if (span.after) item.member("not_in_after", of.versions[*span.after]);
        });
    writer.end_array();
    writer.begin_array("looked_at");
    for (const Looked& one : of.looked)
        if (!one.version.empty())
            object([&](json::Writer& item) {
                item.member("version", one.version);
                item.member(one.problem.empty() ? "verdict" : "problem",
                            one.problem.empty() ? one.verdict : one.problem);
            });
    writer.end_array();
    writer.end_object();
    return out + "\n";
}

void print(const Search& of) {
    for (const Looked& one : of.looked)
        if (!one.version.empty())
            fmt::print("{}{}\n", column(one.version, 18),
                       one.problem.empty() ? printable(one.verdict)
                                           : ink(Ink::yellow, "could not be inspected: " + printable(one.problem)));
    fmt::print("\n");
    const auto spans = of.search.spans();
    for (const auto& span : spans)
        fmt::print("{}\n    {}\n", ink(Ink::red, printable(span.finding)), words_of(of, span));
    fmt::print("{}{} of {} versions were inspected, the ends first; of the others it is taken that they are as those "
               "around them\n",
               spans.empty() ? "nothing concealed was found in those looked at; " : "", of.search.inspected(),
               of.versions.size());
}

int write_advisory(const Search& of, const VersionsOptions& options, const std::string& report) {
    const auto spans = of.search.spans();
    if (spans.empty()) {
        fmt::print(stderr, "no advisory was drafted: nothing concealed was found\n");
        return done;
    }
    lab::OsvDraft draft = of.looked[spans.front().last].draft;
    draft.id = advisory_id(options.advisory_id);
    draft.package = of.package;
    draft.versions.clear();
    draft.report = report;
    draft.details += "By versions:\n";
    for (const auto& span : spans) {
        const auto range = affected_of(of, span);
        draft.details += fmt::format("- {}: {}\n", span.finding, words_of(of, span));
        const bool known = std::ranges::any_of(draft.ranges, [&](const lab::AffectedVersions& one) {
            return one.introduced == range.introduced && one.fixed == range.fixed &&
                   one.last_affected == range.last_affected;
        });
        if (!known) draft.ranges.push_back(range);
    }
    if (auto written = replace_file(options.advisory, lab::to_osv(draft), 0644); !written)
        return complain(written.error());
    return done;
}

} // namespace

std::string advisory_id(const std::string& said) { return said.starts_with("SALLYPORT-") ? "x_" + said : said; }

int inspect_versions(const VersionsOptions& options) {
    const auto name = package_name(options.client);
    if (!is_package_name(options.client) || !name) {
        complain("--all-versions is for packages of a registry: npm:@acme/code");
        return wrong_use;
    }
    const auto registry = Registry::find(options.registry);
    if (!registry) return complain(registry.error());
    const auto all = registry->versions(name->name);
    if (!all) return complain(all.error());
    auto versions = versions_between(*all, options.range);
    if (!versions) {
        complain(versions.error());
        return wrong_use;
    }
    const std::size_t count = versions->size();
    Search of{name->name, std::move(*versions), std::vector<Looked>(count),
              lab::VersionSearch(count, static_cast<std::size_t>(options.at_most))};
    while (const auto at = of.search.next()) {
        fmt::print(stderr, "inspecting {} ({} of at most {})\n", of.versions[*at], of.search.inspected() + 1,
                   options.at_most);
        look_at(of, *at, options);
    }
    const std::string report = report_of(of);
    if (!options.advisory.empty())
        if (const int failed = write_advisory(of, options, report); failed != done) return failed;
    if (options.json)
        fmt::print("{}", report);
    else
        print(of);
    if (std::ranges::none_of(of.looked, [](const Looked& one) { return !one.verdict.empty(); }))
        return complain("none of the versions could be inspected");
    return of.search.spans().empty() ? done : found_something;
}

} // namespace sallyport::cli
