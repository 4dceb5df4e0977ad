// sallyport policy fmt
#include "base/file.h"
#include "base/limits.h"
#include "cli/policy_commands.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "policy/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

namespace sallyport::cli {

namespace {

struct FormatOptions {
    std::vector<std::string> files;
    bool check = false, json = false;
};

// What one file came to.
struct Formatted {
    std::string name;     // as messages say it
    int line = 0;         // the first one that is, or would be, another; 0: none
    std::string wanted{}; // that line as it is, or would be, then
    std::vector<policy::Mistake> mistakes{};
};

Result<std::string> read_standard_input() {
    std::string text;
    std::array<char, 16 * 1024> block{};
    while (const auto count = std::fread(block.data(), 1, block.size(), stdin)) {
        text.append(block.data(), count);
        if (text.size() > limits::policy_bytes_max)
            return fail(ErrorKind::too_large,
                        fmt::format("standard input is larger than {} bytes", limits::policy_bytes_max));
    }
    if (std::ferror(stdin) != 0) return fail_errno("cannot read standard input");
    return text;
}

// The line with this number, from 1; empty behind the last one.
std::string line_of(std::string_view text, int number) {
    for (; number > 1; --number) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    return std::string(text.substr(0, text.find('\n')));
}

Result<Formatted> format_file(const std::string& file, const FormatOptions& options) {
    const bool is_stream = file == "-";
    Formatted done{.name = is_stream ? "stdin" : file};
    const auto before = is_stream ? read_standard_input() : read_file(file, limits::policy_bytes_max);
    if (!before) return std::unexpected(before.error());
    const auto after = policy::format(*before, done.name);
    if (!after) {
        done.mistakes.push_back(after.error());
        return done;
    }
    done.line = policy::first_difference(*before, *after);
    if (done.line != 0) done.wanted = line_of(*after, done.line);
    if (options.check) return done;
    if (is_stream)
        fmt::print("{}", *after);
    else if (done.line != 0)
        if (auto kept = rewrite_file(file, *after); !kept) return std::unexpected(kept.error());
    return done;
}

void write(json::Writer& writer, const Formatted& file) {
    std::string text;
    json::Writer one(text);
    one.begin_object();
    one.member("file", file.name);
    one.member("changed", file.line != 0);
    if (file.line != 0) {
        one.member("line", file.line);
        one.member("wanted", file.wanted);
    }
    write_mistakes(one, "mistakes", file.mistakes);
    one.end_object();
    writer.element_raw(text);
}

int format(const FormatOptions& options) {
    if (options.json && !options.check && std::ranges::find(options.files, "-") != options.files.end()) {
        complain("the formatted text and --json both go to standard output; give --check, or leave --json out");
        return wrong_use;
    }
    int exit_code = done;
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const std::string& name : options.files) {
        const auto file = format_file(name, options);
        if (!file) {
            exit_code = complain(file.error());
            continue;
        }
        if (!file->mistakes.empty()) exit_code = std::max(exit_code, complain(file->mistakes));
        if (file->line != 0 && options.check) exit_code = std::max(exit_code, found_something);
        if (options.json)
            write(writer, *file);
        else if (file->line != 0 && options.check)
            fmt::print("{}:{}: would be '{}'\n", file->name, file->line, printable(file->wanted));
        else if (file->line != 0 && name != "-")
            fmt::print("{}: formatted\n", file->name);
    }
    writer.end_array();
    if (options.json) fmt::print("{}\n", out);
    return exit_code;
}

} // namespace

void add_policy_fmt(Command& group, int& exit_code) {
    static FormatOptions options;
    Command command = group.command("fmt", "Bring policies, their included files and cases into one form");
    command.option("files", options.files, "The files; - reads standard input and writes standard output").required();
    command.flag("--check", options.check,
                 "Change nothing; name the files that would change, with the first such line");
    command.flag("--json", options.json, "Print a list of objects");
    command.footer(
        "Only blanks, line ends and empty lines change; comments and meaning stay, or the file does. Exit code 1 "
        "where a\nfile cannot be read as YAML, and with --check where one would change.\n\n"
        "Example:\n  sallyport policy fmt policy.yaml teams/*.yaml policy.test.yaml --check\n");
    command.run([&exit_code] { exit_code = format(options); });
}

} // namespace sallyport::cli
