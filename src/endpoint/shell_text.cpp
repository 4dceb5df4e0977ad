// settings.h: read_shell().
#include "base/text.h"
#include "endpoint/settings.h"

#include <algorithm>
#include <cctype>
#include <span>

namespace sallyport::endpoint {

namespace {

constexpr std::size_t line_bytes_max = 64 * 1024; // longer ones are nobody's
constexpr std::size_t found_max = 20'000;

struct Word {
    std::string text;
    bool computed = false;     // holds $x, $(…) or `…` outside of single quotes
    bool ends_command = false; // ; && || | &
};

// The words of a line as a shell would cut them, without expanding anything.
std::vector<Word> words_of(std::string_view line) {
    std::vector<Word> out;
    Word word;
    bool open = false;
    const auto close = [&] {
        if (open) out.push_back(std::move(word));
        word = {};
        open = false;
    };
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\\' && i + 1 < line.size()) {
            word.text += line[++i];
            open = true;
        } else if (c == '\'' || c == '"') {
            open = true;
            for (++i; i < line.size() && line[i] != c; ++i) {
                if (c == '"' && line[i] == '\\' && i + 1 < line.size())
                    ++i;
                else if (c == '"' && (line[i] == '$' || line[i] == '`'))
                    word.computed = true;
                word.text += line[i];
            }
        } else if (c == '#' && !open) {
            break;
        } else if (c == ';' || c == '|' || c == '&') {
            close();
            out.push_back({{}, false, true});
        } else if (c == ' ' || c == '\t' || c == '\r') {
            close();
        } else {
            if (c == '$' || c == '`') word.computed = true;
            word.text += c;
            open = true;
        }
    }
    close();
    return out;
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

// What stands before a command and is none.
constexpr std::string_view leading[] = {"then", "do",    "else", "{",  "(",   "!",     "if",
                                        "elif", "while", "and",  "or", "not", "begin", "time"};

struct Reader {
    ShellText& out;
    std::size_t line = 0;

    bool assign(const std::string& name, std::string value, bool computed) {
        if (!is_name(name)) return false;
        out.assignments.push_back({name, std::move(value), line, computed});
        return true;
    }
    // NAME=value
    bool assign(const Word& word) {
        const auto equals = word.text.find('=');
        return equals != std::string::npos && equals > 0 &&
               assign(word.text.substr(0, equals), word.text.substr(equals + 1), word.computed);
    }
    void command(std::span<const Word> words) {
        while (!words.empty() && std::ranges::find(leading, words.front().text) != std::end(leading))
            words = words.subspan(1);
        if (words.empty()) return;
        const std::string& first = words.front().text;
        if (first == "set" || first == "setenv") { // fish: set -gx NAME value; csh: setenv NAME value
            std::size_t i = 1;
            while (i < words.size() && words[i].text.starts_with('-')) ++i;
            if (i + 1 < words.size()) assign(words[i].text, words[i + 1].text, words[i + 1].computed);
            return;
        }
        if (first == "SETUVAR") { // fish_variables: SETUVAR --export NAME:value
            const std::string& last = words.back().text;
            if (const auto colon = last.find(':'); colon != std::string::npos)
                assign(last.substr(0, colon), last.substr(colon + 1), false);
            return;
        }
        if (first == "alias" || first == "abbr") return alias(words);
        std::size_t i = 0;
        if (first == "export" || first == "declare" || first == "typeset" || first == "local" || first == "readonly" ||
            first == "env")
            for (i = 1; i < words.size() && words[i].text.starts_with('-');) ++i;
        bool only_assignments = true;
        for (; i < words.size(); ++i)
            if (!(only_assignments && assign(words[i]))) only_assignments = false;
        if (only_assignments) return;
        Invocation call{{}, {}, line};
        for (const Word& word : words) call.words.push_back(word.text);
        out.invocations.push_back(std::move(call));
    }
    // alias name='command …', or in fish: alias name 'command …'
    void alias(std::span<const Word> words) {
        for (std::size_t i = 1; i < words.size(); ++i) {
            if (words[i].text.starts_with('-')) continue;
            const auto equals = words[i].text.find('=');
            Invocation call{{}, words[i].text.substr(0, equals), line};
            std::string text;
            if (equals != std::string::npos)
                text = words[i].text.substr(equals + 1);
            else
                for (++i; i < words.size(); ++i) text += words[i].text + ' ';
            for (const Word& word : words_of(text)) {
                if (word.ends_command) break;
                if (!call.words.empty() || !assign(word)) call.words.push_back(word.text);
            }
            if (!call.words.empty()) out.invocations.push_back(std::move(call));
        }
    }
};

} // namespace

ShellText read_shell(std::string_view text) {
    ShellText out;
    Reader reader{out};
    while (!text.empty() && out.assignments.size() + out.invocations.size() < found_max) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++reader.line;
        if (line.size() > line_bytes_max) {
            out.cut = true;
            continue;
        }
        const std::vector<Word> words = words_of(line);
        for (std::size_t from = 0; from < words.size();) {
            std::size_t to = from;
            while (to < words.size() && !words[to].ends_command) ++to;
            reader.command(std::span(words).subspan(from, to - from));
            from = to + 1;
        }
    }
    out.cut = out.cut || !text.empty();
    return out;
}

} // namespace sallyport::endpoint
