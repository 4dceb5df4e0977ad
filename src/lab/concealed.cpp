#include "lab/concealed.h"

#include "base/limits.h"
#include "content/code_points.h"
#include "lab/context.h"
#include "lab/decipher.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sallyport::lab {

namespace {

constexpr std::size_t encoded_bytes_min = 16;
constexpr std::size_t numbers_min = 8;
constexpr std::size_t escapes_min = 8;
constexpr std::size_t near_bytes = 3'000; // keys are looked for so far on both sides
constexpr std::size_t near_keys_max = 256;
constexpr std::size_t key_bytes_max = 64;
constexpr std::size_t piece_bytes_max = 8; // longer pieces are long lines that were folded
constexpr auto digest_digits = std::to_array<std::size_t>({32, 40, 56, 64, 96, 128});

// A word of a programming language is base64 as well; what was encoded has digits or signs in it.
bool may_be_encoded(std::string_view value) {
    if (value.size() < encoded_bytes_min || value.size() > limits::client_literal_bytes_max) return false;
    if (value.size() >= 40) return true;
    return std::ranges::any_of(value, [](char c) {
        return content::is_ascii_digit(static_cast<unsigned char>(c)) || c == '+' || c == '/' || c == '=';
    });
}

bool is_digest(std::string_view value) {
    return std::ranges::find(digest_digits, value.size()) != digest_digits.end() &&
           std::ranges::all_of(value, [](char c) {
               return content::is_ascii_digit(static_cast<unsigned char>(c)) || ((c | 32) >= 'a' && (c | 32) <= 'f');
           });
}

std::vector<std::string> literals_near(std::string_view text, std::size_t at) {
    const std::size_t begin = at > near_bytes ? at - near_bytes : 0;
    std::vector<std::string> keys;
    for_each_literal(text.substr(begin, 2 * near_bytes), [&](const Literal& one) {
        if (keys.size() < near_keys_max && !one.raw.empty() && one.raw.size() <= key_bytes_max)
            keys.push_back(one.escaped ? unescape(one.raw) : std::string(one.raw));
    });
    return keys;
}

// Numbers as bytes. Larger ones were moved all together, which adding a number takes back.
std::optional<std::string> as_bytes(const std::vector<std::uint32_t>& values) {
    const auto [least, most] = std::ranges::minmax(values);
    const std::uint32_t move = most <= 255 ? 0 : least;
    if (most - move > 255) return std::nullopt;
    std::string bytes;
    for (const std::uint32_t value : values) bytes += static_cast<char>(value - move);
    return bytes;
}

bool is_link_or_host(const Meaning& meaning) {
    return meaning.what == What::host || meaning.what == What::hosts || meaning.what == What::url;
}

} // namespace

void Concealed::report(std::size_t at, std::size_t size, Deciphered found, std::string encoding, Confidence unkeyed) {
    Finding finding;
    finding.kind = Kind::concealed_text;
    finding.confidence = found.keyed ? Confidence::high : unkeyed;
    finding.size = size;
    finding.entries = found.meaning.entries;
    finding.how = std::move(encoding);
    if (!found.how.empty()) finding.how += (finding.how.empty() ? "" : ", then ") + found.how;
    finding.reasons.push_back(
        fmt::format("decodes to {}{}", name_of(found.meaning.what),
                    found.meaning.entries > 1 ? fmt::format(" with {} entries", found.meaning.entries) : ""));
    if (found.keyed)
        finding.reasons.emplace_back("enciphered with a key: this is not how a text is stored, but how it is hidden");
    if (found.meaning.hosts > 0 && found.meaning.entries > 1)
        finding.reasons.push_back(fmt::format("{} of them are host names", found.meaning.hosts));
    finding.text = found.text.substr(0, limits::client_decoded_shown_bytes_max);
    findings_.add(std::move(finding), at);
}

void Concealed::see(const Literal& literal, const std::string& value) {
    if (literal.escaped && literal.raw.size() > value.size() + 2 * escapes_min) see_escaped(literal);
    if (may_be_encoded(value)) {
        see_encoded(literal.begin, value, true);
        if (value.find_first_of(".,") != std::string::npos)
            if (auto turned = turn_letters(value))
                report(literal.begin, literal.raw.size(), std::move(*turned), "", Confidence::low);
    }
    see_pieces(literal);
    see_backwards(literal, value);
}

void Concealed::see_encoded(std::size_t at, std::string_view value, bool in_source) {
    if (is_digest(value)) {
        ++digests_[value.size()];
        return;
    }
    const auto encoded = decode_text(value);
    if (!encoded) return;
    std::vector<std::string> keys;
    const bool plain = std::ranges::all_of(encoded->bytes, [](char c) { return c >= 0x20 && c < 0x7F; });
    if (!plain && in_source) keys = literals_near(text_, at);
    if (auto found = decipher(encoded->bytes, keys)) {
        // A single word that is base64 by chance as well, or a mere name in base64, says little.
        if (!found->keyed && found->meaning.what == What::names && found->meaning.entries < 3) return;
        const Confidence unkeyed = in_source && is_link_or_host(found->meaning) ? Confidence::medium : Confidence::low;
        report(at, value.size(), std::move(*found), std::string(encoded->how), unkeyed);
    }
}

void Concealed::see_run(std::size_t at, std::string_view run) {
    if (may_be_encoded(run)) see_encoded(at, run, false);
}

void Concealed::see_escaped(const Literal& literal) {
    const auto bytes = unescape_to_bytes(literal.raw);
    if (!bytes || bytes->size() < escapes_min) return;
    // Printable characters that were written as escapes nevertheless, and bytes that a key turns into text.
    if (auto found = decipher(*bytes, literals_near(text_, literal.begin)))
        if (found->keyed || found->meaning.what != What::names)
            report(literal.begin, literal.raw.size(), std::move(*found), "escapes", Confidence::medium);
}

void Concealed::see_numbers(std::size_t bracket, const Numbers& numbers) {
    if (numbers.values.size() < numbers_min) return;
    const auto bytes = as_bytes(numbers.values);
    if (!bytes) return;
    auto found = decipher(*bytes, literals_near(text_, bracket));
    // Tables of numbers give words under some key; hosts and paths they do not give.
    if (found && (found->meaning.what != What::names || (!found->keyed && found->meaning.entries > 2)))
        report(bracket, numbers.end - bracket, std::move(*found), "character codes", Confidence::medium);
}

// "ap" + "i.exa" + "mple.com", and ["api", "example", "com"].join(".").
void Concealed::see_pieces(const Literal& literal) {
    const std::string_view before = code_before(text_, literal, 8);
    if (before.ends_with('[')) {
        const auto list = list_at(text_, text_.rfind('[', literal.begin - 1), 64);
        if (!list || list->literals.size() < 2 || !text_.substr(list->end).starts_with(".join(")) return;
        const std::size_t mark = list->end + 6;
        const auto separator =
            mark < text_.size() && (text_[mark] == '"' || text_[mark] == '\'') ? literal_at(text_, mark) : std::nullopt;
        if (!separator || separator->raw.size() > 3) return;
        std::string whole;
        for (const Literal& one : list->literals)
            whole += (whole.empty() ? "" : unescape(separator->raw)) + unescape(one.raw);
        const Meaning meaning = meaning_of(whole);
        if (is_link_or_host(meaning) && meaning.entries == 1)
            report(literal.begin, list->end - literal.begin, {whole, "", meaning, false}, "pieces that are joined",
                   Confidence::medium);
        return;
    }
    if (before.ends_with('+') || !code_behind(text_, literal, 8).starts_with('+') ||
        literal.raw.size() > piece_bytes_max)
        return;
    std::string whole = unescape(literal.raw);
    std::size_t pieces = 1;
    Literal last = literal;
    while (pieces < 256) {
        std::size_t at = text_.find_first_not_of(" \n\r\t", last.end + 1);
        if (at == std::string_view::npos || text_[at] != '+') break;
        at = text_.find_first_not_of(" \n\r\t", at + 1);
        if (at == std::string_view::npos || (text_[at] != '"' && text_[at] != '\'')) break;
        const auto next = literal_at(text_, at);
        if (!next || next->raw.size() > piece_bytes_max) break;
        whole += unescape(next->raw);
        last = *next;
        ++pieces;
    }
    if (pieces < 3) return;
    const Meaning meaning = meaning_of(whole);
    if (is_link_or_host(meaning) || meaning.what == What::path)
        report(literal.begin, last.end - literal.begin, {whole, "", meaning, false},
               fmt::format("{} pieces put together", pieces), Confidence::medium);
    else if (may_be_encoded(whole))
        see_encoded(literal.begin, whole, true);
}

void Concealed::see_backwards(const Literal& literal, const std::string& value) {
    if (value.size() < 6 || value.size() > limits::client_literal_bytes_max) return;
    const std::string_view behind = code_behind(text_, literal, 48);
    if (!behind.starts_with(".split(") || !behind.contains(".reverse()")) return;
    std::string turned(value.rbegin(), value.rend());
    const Meaning meaning = meaning_of(turned);
    if (is_link_or_host(meaning) || meaning.what == What::path)
        report(literal.begin, literal.raw.size(), {std::move(turned), "", meaning, true}, "written backwards",
               Confidence::high);
    else if (may_be_encoded(turned))
        see_encoded(literal.begin, turned, true);
}

} // namespace sallyport::lab
