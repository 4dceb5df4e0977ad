#include "content/values.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace sallyport::content {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// `word` must be lower case.
bool holds_word(std::string_view value, std::string_view word) {
    const auto same = [](char a, char b) { return ascii_lower(a) == b; };
    return std::ranges::search(value, word, same).begin() != value.end();
}

template <std::size_t n> bool holds_any(std::string_view value, const std::array<std::string_view, n>& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return holds_word(value, word); });
}

bool begins_ignoring_case(std::string_view value, std::string_view beginning) {
    return value.size() >= beginning.size() && equals_ignoring_case(value.substr(0, beginning.size()), beginning);
}

template <std::size_t n> bool begins_with_any(std::string_view value, const std::array<std::string_view, n>& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return begins_ignoring_case(value, word); });
}

constexpr std::array<std::string_view, 34> stand_ins = {
    "example",   "changeme",    "change_me", "change-me",  "change_this", "placeholder", "xxxx",
    "your_",     "your-",       "yourkey",   "yourtoken",  "yoursecret",  "dummy",       "redacted",
    "replace",   "foobar",      "sample",    "insert_",    "notreal",     "not-real",    "not_real",
    "testtest",  "secret_here", "key_here",  "token_here", "key-here",    "token-here",  "goes_here",
    "goes-here", "****",        "....",      "deadbeef",   "abcdefgh",    "_secret_key_"};

// Where a value is looked up, written in or left open instead of given.
constexpr std::array<std::string_view, 20> look_ups = {
    "$",          "{{",        "<",      "%(",   "%env", "#{",   "process.env",
    "os.environ", "os.getenv", "getenv", "env(", "env[", "env.", "system.getenv",
    "secrets.",   "vault:",    "enc[",   "arn:", "ref+", "op://"};

bool holds_variable(std::string_view value) {
    return value.find("${") != value.npos || value.find("{{") != value.npos || value.find("$(") != value.npos ||
           value.find("<%") != value.npos || value.find("%s") != value.npos || value.find("%{") != value.npos;
}

// The letters and digits of `value` without a token's fixed beginning say little when there are few of them.
bool is_monotonous(std::string_view value) {
    std::array<std::uint32_t, 256> count{};
    std::size_t distinct = 0;
    for (const char c : value) distinct += count[static_cast<unsigned char>(c)]++ == 0;
    return distinct <= 3 || (value.size() >= 20 && distinct <= 5);
}

// A run of one repeated character, or of characters that each follow the one before (1234567, abcdefg), of this length.
bool has_long_run(std::string_view value, std::size_t length) {
    std::size_t same = 1, ascending = 1, descending = 1;
    for (std::size_t i = 1; i < value.size(); ++i) {
        const int step = value[i] - value[i - 1];
        same = step == 0 ? same + 1 : 1;
        ascending = step == 1 ? ascending + 1 : 1;
        descending = step == -1 ? descending + 1 : 1;
        if (same >= length || ascending >= length + 1 || descending >= length + 1) return true;
    }
    return false;
}

// abcabcabc…: the whole value but a short beginning repeats with a short period.
bool is_periodic(std::string_view value) {
    if (value.size() < 12) return false;
    for (std::size_t period = 1; period <= value.size() / 3; ++period)
        if (value.substr(period) == value.substr(0, value.size() - period)) return true;
    return false;
}

constexpr std::array<std::string_view, 26> code_words = {
    "none",     "null",    "nil",      "true",     "false", "undefined", "string", "password", "passwd",
    "secret",   "token",   "required", "optional", "bytes", "object",    "self.",  "this.",    "config",
    "settings", "request", "response", "params",   "args",  "options",   "value",  "http"};

bool is_separator(char c) {
    return c == '_' || c == '-' || c == '.' || c == '/' || c == ':' || c == '+' || c == '@' || c == ' ';
}

struct Word {
    std::size_t letters = 0, length = 0; // with up to two digits behind the letters
};

// The word at the beginning: "user", "User", "USER", "user12"; of no length where none begins there.
Word first_word(std::string_view value) {
    std::size_t at = 0;
    while (at < value.size() && is_upper(value[at])) ++at;
    const std::size_t upper = at;
    while (at < value.size() && is_lower(value[at])) ++at;
    // HTTPServer is a word; NBfYP is none.
    const bool mixed_up = upper > 1 && at > upper && (upper < 3 || upper > 8 || at - upper < 4);
    const std::size_t letters = at;
    while (at < value.size() && is_digit(value[at])) ++at;
    return letters == 0 || mixed_up || at - letters > 2 ? Word{} : Word{letters, at};
}

// Words in one of the usual spellings: some_name_2, SomeName, SOME-NAME, some.name/x, passphrase. Random text falls into shorter
// pieces, or into none.
bool is_words(std::string_view value) {
    std::size_t words = 0, letters = 0;
    while (!value.empty()) {
        if (is_separator(value.front())) {
            value.remove_prefix(1);
            continue;
        }
        const auto word = first_word(value);
        if (word.length == 0) return false;
        ++words;
        letters += word.letters;
        value.remove_prefix(word.length);
    }
    return letters >= 3 * words;
}

// Text in another script than Latin is a label, a message, prose.
bool is_foreign(std::string_view value) {
    const auto high = std::ranges::count_if(value, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    return static_cast<std::size_t>(high) * 3 > value.size();
}

constexpr std::string_view call_characters = "()[]{}<>;,\"'`\\ \t";

} // namespace

double entropy(std::string_view value) {
    if (value.empty()) return 0;
    std::array<std::uint32_t, 256> count{};
    for (const char c : value) ++count[static_cast<unsigned char>(c)];
    const auto size = static_cast<double>(value.size());
    double bits = 0;
    for (const auto n : count)
        if (n != 0) bits -= n / size * std::log2(n / size);
    return bits;
}

bool is_placeholder(std::string_view value) {
    return value.empty() || begins_with_any(value, look_ups) || holds_variable(value) || holds_any(value, stand_ins) ||
           is_monotonous(value) || has_long_run(value, 6) || is_periodic(value);
}

bool is_code(std::string_view value) {
    return value.find_first_of(call_characters) != std::string_view::npos || is_words(value) ||
           begins_with_any(value, code_words) || is_foreign(value);
}

ValueTest find_value_test(std::string_view name) {
    if (name == "placeholder") return is_placeholder;
    if (name == "code") return is_code;
    return nullptr;
}

} // namespace sallyport::content
