#include "lab/literals.h"

#include "base/encoding.h"
#include "base/limits.h"
#include "content/code_points.h"

#include <algorithm>

namespace sallyport::lab {

namespace {

constexpr std::size_t numbers_max = 1u << 16;

bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80)
        out += static_cast<char>(c);
    else if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

// Up to `digits` digits at `at`, which is moved behind them; nothing where there are fewer.
std::optional<char32_t> take_hex(std::string_view raw, std::size_t& at, std::size_t digits) {
    if (at + digits > raw.size()) return std::nullopt;
    char32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const int digit = hex_value(raw[at + i]);
        if (digit < 0) return std::nullopt;
        value = value * 16 + static_cast<char32_t>(digit);
    }
    at += digits;
    return value;
}

std::optional<char32_t> take_code_point(std::string_view raw, std::size_t& at) {
    if (at >= raw.size() || raw[at] != '{') return take_hex(raw, at, 4);
    const std::size_t close = raw.find('}', at);
    if (close == std::string_view::npos || close - at > 7 || close == at + 1) return std::nullopt;
    std::size_t digits = at + 1;
    const auto value = take_hex(raw, digits, close - at - 1);
    if (!value || *value > 0x10FFFF) return std::nullopt;
    at = close + 1;
    return value;
}

// The code point that the escape behind a backslash stands for; `at` is moved behind it.
char32_t take_escape(std::string_view raw, std::size_t& at) {
    const char c = raw[at++];
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'v': return '\v';
    case 'x': {
        const auto value = take_hex(raw, at, 2);
        return value.value_or('x');
    }
    case 'u': {
        const auto value = take_code_point(raw, at);
        if (!value) return 'u';
        if (*value >= 0xD800 && *value < 0xDC00 && raw.substr(at).starts_with("\\u")) {
            std::size_t next = at + 2;
            if (const auto low = take_code_point(raw, next); low && *low >= 0xDC00 && *low < 0xE000) {
                at = next;
                return 0x10000 + ((*value - 0xD800) << 10) + (*low - 0xDC00);
            }
        }
        return *value;
    }
    default: break;
    }
    if (c < '0' || c > '7') return static_cast<unsigned char>(c);
    char32_t value = static_cast<char32_t>(c - '0');
    while (at < raw.size() && raw[at] >= '0' && raw[at] <= '7' && value < 32)
        value = value * 8 + static_cast<char32_t>(raw[at++] - '0');
    return value;
}

bool is_base64(char c) { return content::is_ascii_word(static_cast<unsigned char>(c)) || c == '+' || c == '/'; }
bool is_base64url(char c) { return content::is_ascii_word(static_cast<unsigned char>(c)) || c == '-' || c == '_'; }

std::string from_sixes(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                          : c >= 'a' && c <= 'z' ? c - 'a' + 26
                          : c >= '0' && c <= '9' ? c - '0' + 52
                          : c == '+' || c == '-' ? 62
                                                 : 63;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xFF);
    }
    return bytes;
}

} // namespace

std::optional<Literal> literal_at(std::string_view text, std::size_t quote) {
    const char mark = text[quote];
    const std::size_t limit = std::min(text.size(), quote + 2 + limits::client_literal_bytes_max);
    bool escaped = false;
    for (std::size_t at = quote + 1; at < limit; ++at) {
        const char c = text[at];
        if (c == mark) return Literal{quote + 1, at, text.substr(quote + 1, at - quote - 1), escaped};
        if (c == '\\') {
            escaped = true;
            ++at;
        } else if (c == '\n' && mark != '`')
            return std::nullopt;
    }
    return std::nullopt;
}

void for_each_literal(std::string_view text, const std::function<void(const Literal&)>& on_literal) {
    // A mark behind a backslash opens nothing, so that each byte is passed once for each kind of mark, whatever the text.
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!is_quote(text[at]) || (at > 0 && text[at - 1] == '\\')) continue;
        if (const auto literal = literal_at(text, at)) on_literal(*literal);
    }
}

std::string unescape(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    for (std::size_t at = 0; at < raw.size();) {
        if (raw[at] != '\\' || at + 1 == raw.size())
            out += raw[at++];
        else
            append_utf8(out, take_escape(raw, ++at));
    }
    return out;
}

std::optional<std::string> unescape_to_bytes(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    for (std::size_t at = 0; at < raw.size();) {
        if (raw[at] == '\\' && at + 1 < raw.size()) {
            const char32_t value = take_escape(raw, ++at);
            if (value > 0xFF) return std::nullopt;
            out += static_cast<char>(value);
            continue;
        }
        const auto c = content::code_point_at(raw, at);
        const bool one_byte = c.trait == content::Trait::broken || c.value <= 0xFF;
        if (!one_byte) return std::nullopt;
        out += static_cast<char>(c.value);
        at += c.size;
    }
    return out;
}

std::optional<Encoded> decode_text(std::string_view text) {
    if (text.size() % 2 == 0 && std::ranges::all_of(text, [](char c) { return hex_value(c) >= 0; }))
        if (auto bytes = from_hex(text)) return Encoded{std::move(*bytes), "hexadecimal"};
    std::string_view body = text;
    while (body.ends_with('=') && text.size() - body.size() < 2) body.remove_suffix(1);
    if (body.size() < 4 || body.size() % 4 == 1) return std::nullopt;
    if (text.size() != body.size() && text.size() % 4 != 0) return std::nullopt;
    if (std::ranges::all_of(body, is_base64)) return Encoded{from_sixes(body), "base64"};
    if (std::ranges::all_of(body, is_base64url)) return Encoded{from_sixes(body), "base64url"};
    return std::nullopt;
}

std::optional<Numbers> numbers_at(std::string_view text, std::size_t bracket, std::size_t count_min) {
    const char close = text[bracket] == '[' ? ']' : ')';
    Numbers numbers;
    std::size_t at = bracket + 1;
    const auto blanks = [&] {
        while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) ++at;
    };
    while (numbers.values.size() < numbers_max) {
        blanks();
        const bool hex = text.substr(at).starts_with("0x");
        at += hex ? 2 : 0;
        std::uint32_t value = 0;
        std::size_t digits = 0;
        for (; at < text.size() && digits < 8; ++at, ++digits) {
            const int digit = hex_value(text[at]);
            if (digit < 0 || (!hex && digit > 9)) break;
            value = value * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit);
        }
        if (digits == 0 || value >= 0x110000) return std::nullopt;
        numbers.values.push_back(value);
        blanks();
        if (at >= text.size()) return std::nullopt;
        if (text[at] == ',') {
            ++at;
            continue;
        }
        if (text[at] != close || numbers.values.size() < count_min) return std::nullopt;
        numbers.end = at + 1;
        return numbers;
    }
    return std::nullopt;
}

} // namespace sallyport::lab
