// sallyport policy test
#include "base/file.h"
#include "cli/policy_commands.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "policy/cases.h"

#include <fmt/format.h>

#include <expected>
#include <filesystem>

namespace sallyport::cli {

namespace {

struct CasesOptions {
    std::vector<std::string> files;
    std::string policy, junit;
    bool json = false;
};

std::string joined(const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, "; ")); }

// What one file came to; `junit` collects a test suite.
struct FileRun {
    policy::Cases cases;
    policy::CasesRun run;
    std::vector<std::string> short_of; // thresholds that are not met
    bool good() const { return run.failed == 0 && short_of.empty(); }
};

std::string junit_of(const FileRun& file) {
    std::string out =
        fmt::format("<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n", markup(file.cases.file),
                    file.cases.cases.size() + file.short_of.size(), file.run.failed + file.short_of.size());
    for (std::size_t i = 0; i < file.cases.cases.size(); ++i) {
        const auto& result = file.run.results[i];
        const std::string head = fmt::format("<testcase classname=\"{}\" name=\"{}\"", markup(file.cases.file),
                                             markup(file.cases.cases[i].title));
        out += result.wrong.empty() ? head + "/>\n"
                                    : fmt::format("{}><failure message=\"{}\">{}</failure></testcase>\n", head,
                                                  markup(joined(result.wrong)), markup(result.got));
    }
    for (const std::string& one : file.short_of)
        out += fmt::format("<testcase classname=\"{}\" name=\"coverage\"><failure message=\"{}\"/></testcase>\n",
                           markup(file.cases.file), markup(one));
    return out + "</testsuite>\n";
}

void print(const FileRun& file) {
    for (std::size_t i = 0; i < file.cases.cases.size(); ++i) {
        const auto& one = file.cases.cases[i];
        const auto& result = file.run.results[i];
        if (result.wrong.empty()) continue;
        fmt::print("{} {}:{}: {}\n    {}\n    got {}\n", ink(Ink::red, "FAILED"), file.cases.file, one.place.line,
                   printable(one.title), printable(joined(result.wrong)), printable(result.got));
    }
    for (const std::string& one : file.short_of)
        fmt::print("{} {}: {}\n", ink(Ink::red, "FAILED"), file.cases.file, one);
    fmt::print("{}: {} cases, {}; rules shown {} %, conditions shown {} %\n", file.cases.file, file.cases.cases.size(),
               file.run.failed == 0 ? ink(Ink::green, "all as expected")
                                    : ink(Ink::red, fmt::format("{} failed", file.run.failed)),
               file.run.rules_percent(), file.run.conditions_percent());
    if (!file.run.unshown_rules.empty()) fmt::print("  no case shows rule {}\n", joined(file.run.unshown_rules));
    if (!file.run.unshown_conditions.empty())
        fmt::print("  {}\n", ink(Ink::dim, "no case fails by this alone: " + joined(file.run.unshown_conditions)));
}

void write(json::Writer& writer, const FileRun& file) {
    std::string text;
    json::Writer one(text);
    one.begin_object();
    one.member("file", file.cases.file);
    one.member("failed", static_cast<std::uint64_t>(file.run.failed));
    one.member("rules_percent", file.run.rules_percent());
    one.member("conditions_percent", file.run.conditions_percent());
    one.begin_array("cases");
    for (std::size_t i = 0; i < file.cases.cases.size(); ++i) {
        std::string of_case;
        json::Writer item(of_case);
        item.begin_object();
        item.member("name", file.cases.cases[i].title);
        item.member("line", file.cases.cases[i].place.line);
        item.member("ok", file.run.results[i].wrong.empty());
        item.member("got", file.run.results[i].got);
        if (!file.run.results[i].wrong.empty()) item.member("wrong", joined(file.run.results[i].wrong));
        item.end_object();
        one.element_raw(of_case);
    }
    one.end_array();
    for (const auto& [key, list] : {std::pair{"unshown_rules", &file.run.unshown_rules},
                                    std::pair{"unshown_conditions", &file.run.unshown_conditions}}) {
        one.begin_array(key);
        for (const std::string& name : *list) one.element(name);
        one.end_array();
    }
    one.end_object();
    writer.element_raw(text);
}

void write_unreadable(json::Writer& writer, const std::string& name, std::span<const policy::Mistake> mistakes) {
    std::string text;
    json::Writer one(text);
    one.begin_object();
    one.member("file", name);
    write_mistakes(one, "mistakes", mistakes);
    one.end_object();
    writer.element_raw(text);
}

// The mistakes where the cases or their policy cannot be read.
std::expected<FileRun, std::vector<policy::Mistake>> run_file(const std::string& name, const std::string& policy_file) {
    auto cases = policy::load_cases(name);
    if (!cases.mistakes.empty()) return std::unexpected(std::move(cases.mistakes));
    const std::filesystem::path file = policy_file.empty()
                                           ? std::filesystem::path(name).parent_path() / cases.cases.policy
                                           : std::filesystem::path(policy_file);
    policy::Policy::Loaded loaded = policy::load(file);
    if (!loaded.policy) return std::unexpected(std::move(loaded.mistakes));
    FileRun run{std::move(cases.cases), {}, {}};
    run.run = policy::run(*loaded.policy, run.cases);
    const auto below = [&](std::optional<std::int64_t> least, int percent, std::string_view what) {
        if (least && percent < *least)
            run.short_of.push_back(
                fmt::format("{} % of the {} are shown by a case; {} % are wanted", percent, what, *least));
    };
    below(run.cases.rules_percent_min, run.run.rules_percent(), "rules");
    below(run.cases.conditions_percent_min, run.run.conditions_percent(), "conditions");
    return run;
}

int test(const CasesOptions& options) {
    int exit_code = done;
    std::string out, suites;
    json::Writer writer(out);
    writer.begin_array();
    for (const std::string& name : options.files) {
        const auto file = run_file(name, options.policy);
        if (!file) {
            exit_code = complain(file.error());
            if (options.json) write_unreadable(writer, name, file.error());
            continue;
        }
        if (!file->good()) exit_code = found_something;
        if (options.json)
            write(writer, *file);
        else
            print(*file);
        suites += junit_of(*file);
    }
    writer.end_array();
    if (options.json) fmt::print("{}\n", out);
    if (!options.junit.empty()) {
        const std::string text =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n" + suites + "</testsuites>\n";
        if (auto kept = replace_file(options.junit, text, 0644); !kept) return complain(kept.error());
    }
    return exit_code;
}

} // namespace

void add_policy_test(Command& group, int& exit_code) {
    static CasesOptions options;
    options.files = {"policy.test.yaml"};
    Command command = group.command("test", "Run the cases that are kept beside a policy");
    command.option("files", options.files, "Files of cases").show_default();
    command.option("-p,--policy", options.policy,
                   "The policy (what the file of cases names, else policy.yaml beside it)");
    command.option("--junit", options.junit, "Write a JUnit report to this file");
    command.flag("--json", options.json, "Print a list of objects");
    command.footer("Exit code 1 where a case or a coverage threshold is missed.\n\nExample:\n  sallyport policy test "
                   "policy.test.yaml --junit report.xml\n");
    command.run([&exit_code] { exit_code = test(options); });
}

} // namespace sallyport::cli
