// Settings files of clients and editors as a flat list: every value with the names that lead to it and its line. JSON with comments and
// trailing commas as editors write it, TOML, YAML; environment files and shell start files as far as they give values to variables.
// Strict where it is not known what a client would read: a file with a mistake in it is told, not guessed at.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

struct FileSetting {
    std::vector<std::string> path; // "mcpServers", "github", "args", "0"
    std::string value;             // a number, true and false as they are written; of an empty list or table: empty
    std::size_t line = 0;          // from 1
    enum class Kind : std::uint8_t { text, number, boolean, nothing, empty } kind = Kind::text;
    std::vector<std::size_t> lines{}; // of each part of the path, where its name stands
};
inline constexpr std::size_t settings_max = 200'000; // of one file
inline constexpr std::size_t settings_depth_max = 64;

enum class Form : std::uint8_t { json, toml, yaml };
// Errors name the line.
Result<std::vector<FileSetting>> read_settings(std::string_view text, Form form);

// One value given to a variable, or one word of a command that is worth a look.
struct Assignment {
    std::string name, value;
    std::size_t line = 0;
    bool computed = false; // the shell makes the value: it is not known here
};
struct Invocation {
    std::vector<std::string> words; // of an alias or a line, without quotes
    std::string alias;              // its name, where it is one
    std::size_t line = 0;
};
struct ShellText {
    std::vector<Assignment> assignments;
    std::vector<Invocation> invocations;
    bool cut = false; // a line was too long, or there were too many
};
// sh, bash, zsh, csh (setenv), fish (set -x, and its fish_variables), environment.d and .env files: what all of them have in common.
// No expansion, no conditions: what stands in a branch counts as said.
ShellText read_shell(std::string_view text);

} // namespace sallyport::endpoint
