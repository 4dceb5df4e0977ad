#include "dialect/named_files.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace sallyport::dialect {
namespace {

using json::Kind;
using json::no_node;
using json::NodeIndex;

constexpr std::size_t path_bytes_max = 1024;
constexpr std::size_t command_bytes_max = 16 * 1024;

// As the clients of docs/clients.md name them (opencode: filePath), and common MCP servers.
constexpr std::array<std::string_view, 14> path_keys = {
    "file_path", "path",      "filename",      "file",  "absolute_path", "notebook_path", "target_file",
    "filePath",  "file_name", "relative_path", "paths", "files",         "file_paths",    "move_path"};
constexpr std::array<std::string_view, 5> command_keys = {"command", "cmd", "commands", "script", "shell_command"};

bool is_path_key(std::string_view key) { return std::ranges::find(path_keys, key) != path_keys.end(); }
bool is_command_key(std::string_view key) { return std::ranges::find(command_keys, key) != command_keys.end(); }

void found(std::string_view path, const FoundFile& add) {
    if (path.empty() || path.size() > path_bytes_max) return;
    if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) return;
    add(path);
}

// One word of a shell command. `plain`: nothing in it that the shell would expand.
struct Word {
    std::string text;
    bool plain = true;
    bool redirection = false; // ">out", "2>/dev/null", "<"
};

// Splits one simple command off the front of `command`. Quotes are understood, expansions only noticed.
std::vector<Word> next_command(std::string_view& command) {
    std::vector<Word> words;
    Word word;
    bool inside = false;
    const auto close = [&] {
        if (inside) words.push_back(std::move(word));
        word = {};
        inside = false;
    };
    std::size_t i = 0;
    for (; i < command.size(); ++i) {
        const char c = command[i];
        if (c == '\'' || c == '"') {
            const std::size_t end = command.find(c, i + 1);
            const std::string_view quoted = command.substr(i + 1, end == std::string_view::npos ? end : end - i - 1);
            if (c == '"' && quoted.find_first_of("$`\\") != std::string_view::npos) word.plain = false;
            word.text += quoted;
            inside = true;
            i = end == std::string_view::npos ? command.size() - 1 : end;
        } else if (c == ' ' || c == '\t') {
            close();
        } else if (c == ';' || c == '|' || c == '&' || c == '\n' || c == '(' || c == ')') {
            ++i;
            break;
        } else {
            if (c == '$' || c == '`' || c == '*' || c == '?' || c == '[' || c == '{' || c == '~' || c == '\\')
                word.plain = false;
            if (c == '>' || c == '<') word.redirection = true;
            word.text += c;
            inside = true;
        }
    }
    close();
    command.remove_prefix(std::min(i, command.size()));
    return words;
}

void files_in_words(const std::vector<Word>& words, const FoundFile& add) {
    static constexpr std::array<std::string_view, 9> readers = {"cat",  "head", "tail", "nl", "sed",
                                                                "less", "more", "bat",  "tac"};
    if (words.empty() || std::ranges::find(readers, words[0].text) == readers.end()) return;
    const bool sed = words[0].text == "sed";
    bool script_given = false; // sed's first plain argument is its script, unless -e or -f brought one
    for (std::size_t i = 1; i < words.size(); ++i) {
        const Word& word = words[i];
        if (word.redirection) {
            if (word.text.ends_with('>') || word.text.ends_with('<')) ++i; // its target is the next word
            continue;
        }
        if (word.text.starts_with('-')) {
            if (sed && (word.text == "-e" || word.text == "-f")) script_given = true;
            const bool takes_value =
                word.text == "-e" || word.text == "-f" || (!sed && (word.text == "-n" || word.text == "-c"));
            // `cat -n` numbers lines, `head -n 20` takes a number.
            const bool number = words[0].text == "head" || words[0].text == "tail";
            if (takes_value && (sed || number)) ++i;
            continue;
        }
        if (sed && !script_given) {
            script_given = true;
            continue;
        }
        if (word.plain) found(word.text, add);
    }
}

} // namespace

void files_in_command(std::string_view command, const FoundFile& add) {
    command = command.substr(0, command_bytes_max);
    while (!command.empty()) files_in_words(next_command(command), add);
}

void files_in_arguments(const json::Document& document, NodeIndex arguments, const FoundFile& add) {
    std::string key_scratch;
    std::string text_scratch;
    for (NodeIndex n = arguments; n < document[arguments].end_node; ++n) {
        if (document[n].kind != Kind::string) continue;
        // A string in an array goes by the array's key.
        const NodeIndex keyed = document[n].has_key ? n : document[n].parent;
        if (keyed == no_node || !document[keyed].has_key || keyed < arguments) continue;
        const std::string_view key = document.key(keyed, key_scratch);
        if (is_path_key(key)) found(document.text(n, text_scratch), add);
        // Also the parts of ["bash", "-lc", "cat x"]: a part that is no command names nothing.
        else if (is_command_key(key))
            files_in_command(document.text(n, text_scratch), add);
    }
}

bool may_name_files(std::string_view json) {
    for (const std::string_view part : {"path", "file", "cmd", "command", "Path", "script"})
        if (json.find(part) != std::string_view::npos) return true;
    return false;
}

void files_in_text(std::string_view text, const FoundFile& add) {
    // "*** Update File: src/a.cpp" (codex's apply_patch grammar).
    for (std::size_t at = text.find("*** "); at != std::string_view::npos; at = text.find("*** ", at + 4)) {
        std::string_view line = text.substr(at + 4);
        line = line.substr(0, line.find('\n'));
        for (const std::string_view head : {"Update File: ", "Add File: ", "Delete File: ", "Move to: "})
            if (line.starts_with(head)) found(line.substr(head.size()), add);
    }
    // {cmd: "cat a.txt"} or {"cmd": 'cat a.txt'} in the JavaScript of codex's code mode.
    for (std::size_t at = text.find("cmd"); at != std::string_view::npos; at = text.find("cmd", at + 3)) {
        std::size_t i = at + 3;
        if (i < text.size() && (text[i] == '"' || text[i] == '\'')) ++i;
        while (i < text.size() && text[i] == ' ') ++i;
        if (i >= text.size() || text[i] != ':') continue;
        ++i;
        while (i < text.size() && text[i] == ' ') ++i;
        if (i >= text.size() || (text[i] != '"' && text[i] != '\'' && text[i] != '`')) continue;
        std::string command;
        for (const char quote = text[i++]; i < text.size() && text[i] != quote; ++i) {
            if (text[i] == '\\' && i + 1 < text.size()) ++i;
            command += text[i];
        }
        files_in_command(command, add);
    }
}

} // namespace sallyport::dialect
