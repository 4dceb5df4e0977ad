#include "lab/decipher.h"

#include "base/limits.h"
#include "base/text.h"
#include "http/coding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <set>

namespace sallyport::lab {

namespace {

using Keys = std::bitset<256>;

constexpr std::size_t short_bytes_min = 8; // fewer say nothing
constexpr double surprise_bits_min = 40;   // one text of noise in 10^12
constexpr std::size_t probe_bytes = 4'096;
constexpr std::size_t key_bytes_max = 16;    // of a repeating key that is found by trying
constexpr std::size_t column_bytes_min = 10; // texts are that much longer than their key
constexpr std::size_t names_min = 6;         // in a list under a key of several bytes
constexpr std::size_t turned_bytes_max = 64 * 1024;
constexpr std::size_t unpacked_bytes_max = 1u << 20;

constexpr bool is_text(unsigned char c) { return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\t' || c == '\r'; }
// What lists of hosts, paths and names are made of. Keys of several bytes are looked for in these only.
constexpr bool is_listed(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".,-_/:;| \n@").contains(static_cast<char>(c));
}

enum class Way : std::uint8_t { exclusive_or, add, xor_counting, add_counting };

constexpr unsigned char undo(Way way, unsigned char byte, unsigned key, std::size_t at) {
    switch (way) {
    case Way::exclusive_or: return static_cast<unsigned char>(byte ^ key);
    case Way::add: return static_cast<unsigned char>(byte - key);
    case Way::xor_counting: return static_cast<unsigned char>(byte ^ ((key + at) & 0xFF));
    case Way::add_counting: return static_cast<unsigned char>(byte - key - at);
    }
    return byte;
}

std::string name_of(Way way, unsigned key) {
    switch (way) {
    case Way::exclusive_or: return fmt::format("each byte XOR {:#04x}", key);
    case Way::add: return fmt::format("{} taken from each byte", key);
    case Way::xor_counting: return fmt::format("each byte XOR ({:#04x} + its index)", key);
    case Way::add_counting: return fmt::format("({} + its index) taken from each byte", key);
    }
    return "";
}

// For each byte the keys that make text of it, as a set; so 255 keys cost one AND for a byte.
template <bool (*wanted)(unsigned char)> const std::array<Keys, 256>& keys_of(Way way) {
    static const auto tables = [] {
        std::array<std::array<Keys, 256>, 2> both{};
        for (const Way one : {Way::exclusive_or, Way::add})
            for (unsigned byte = 0; byte < 256; ++byte)
                for (unsigned key = 0; key < 256; ++key)
                    both[static_cast<std::size_t>(one)][byte].set(
                        key, wanted(undo(one, static_cast<unsigned char>(byte), key, 0)));
        return both;
    }();
    return tables[static_cast<std::size_t>(way)];
}

std::string apply(Way way, std::string_view bytes, std::string_view key) {
    std::string text(bytes.size(), '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        text[i] = static_cast<char>(
            undo(way, static_cast<unsigned char>(bytes[i]), static_cast<unsigned char>(key[i % key.size()]), i));
    return text;
}

std::optional<Deciphered> judge(std::string text, std::string how, double keys_tried_bits) {
    Meaning meaning = meaning_of(text);
    if (meaning.what == What::nothing || meaning.surprise_bits - keys_tried_bits < surprise_bits_min)
        return std::nullopt;
    if (meaning.what == What::names && meaning.entries < 3) return std::nullopt; // tables of numbers give such words
    return Deciphered{std::move(text), std::move(how), meaning, true};
}

// The beginning first: a long literal is deciphered as a whole only where its beginning means something.
std::optional<Deciphered> try_with(Way way, std::string_view bytes, std::string_view key, std::string how,
                                   double tried_bits) {
    if (bytes.size() > probe_bytes) {
        std::string begin = apply(way, bytes.substr(0, probe_bytes), key);
        if (const auto last = begin.find_last_of(",;|\n "); last != std::string::npos) begin.resize(last);
        if (!judge(std::move(begin), {}, tried_bits)) return std::nullopt;
    }
    return judge(apply(way, bytes, key), std::move(how), tried_bits);
}

std::optional<Deciphered> try_each_byte(std::string_view bytes, Way way) {
    Keys left;
    left.set();
    left.reset(0);
    const auto& keys = keys_of<is_text>(way);
    for (const char c : bytes) {
        left &= keys[static_cast<unsigned char>(c)];
        if (left.none()) return std::nullopt;
    }
    for (unsigned key = 1; key < 256; ++key) {
        if (!left.test(key)) continue;
        const char one = static_cast<char>(key);
        if (auto found = try_with(way, bytes, {&one, 1}, name_of(way, key), 9)) return found;
    }
    return std::nullopt;
}

std::optional<Deciphered> try_counting(std::string_view bytes, Way way) {
    for (unsigned key = 0; key < 256; ++key) {
        std::size_t at = 0;
        while (at < bytes.size() && is_text(undo(way, static_cast<unsigned char>(bytes[at]), key, at))) ++at;
        if (at < bytes.size()) continue;
        const char one = static_cast<char>(key);
        if (auto found = try_with(way, bytes, {&one, 1}, name_of(way, key), 9)) return found;
    }
    return std::nullopt;
}

std::optional<Deciphered> try_key(std::string_view bytes, std::string_view key) {
    for (const Way way : {Way::exclusive_or, Way::add}) {
        std::size_t at = 0;
        while (at < bytes.size() && is_text(undo(way, static_cast<unsigned char>(bytes[at]),
                                                 static_cast<unsigned char>(key[at % key.size()]), 0)))
            ++at;
        if (at < bytes.size()) continue;
        const std::string_view what = way == Way::exclusive_or ? "XOR with" : "less";
        if (auto found =
                try_with(way, bytes, key, fmt::format("{} the literal '{}', which stands near", what, key), 16))
            return found;
    }
    return std::nullopt;
}

// How likely a character is in lists of hosts and names, as a logarithm.
int weight(unsigned char c) {
    constexpr std::string_view by_rank = "eaoinrtsclmdpu.gh,byvkfwx-zjq";
    if (const auto rank = by_rank.find(static_cast<char>(c)); rank != std::string_view::npos)
        return 60 - static_cast<int>(rank * rank / 20) - static_cast<int>(rank);
    if (c >= '0' && c <= '9') return 10;
    return c == '/' || c == '_' || c == ':' ? 10 : is_listed(c) ? 0 : -500;
}

// The key of `length` bytes, column by column; empty where a column has none.
std::string best_key(std::string_view bytes, std::size_t length, Way way) {
    const auto& keys = keys_of<is_listed>(way);
    std::string key(length, '\0');
    for (std::size_t column = 0; column < length; ++column) {
        Keys left;
        left.set();
        for (std::size_t at = column; at < bytes.size(); at += length)
            left &= keys[static_cast<unsigned char>(bytes[at])];
        if (left.none()) return {};
        int best = -1'000'000;
        for (unsigned candidate = 0; candidate < 256; ++candidate) {
            if (!left.test(candidate)) continue;
            int sum = 0;
            for (std::size_t at = column; at < bytes.size(); at += length)
                sum += weight(undo(way, static_cast<unsigned char>(bytes[at]), candidate, 0));
            if (sum <= best) continue;
            best = sum;
            key[column] = static_cast<char>(candidate);
        }
    }
    return key;
}

bool is_varied_list(const Deciphered& found) {
    if (found.meaning.entries < names_min) return false;
    std::set<std::string_view> threes;
    const std::string_view text = found.text;
    for (std::size_t at = 0; at + 3 <= text.size(); ++at) threes.insert(text.substr(at, 3));
    return threes.size() * 5 >= (text.size() - 2) * 4;
}

std::optional<Deciphered> try_repeating(std::string_view bytes, Way way) {
    for (std::size_t length = 2; length <= key_bytes_max && length * column_bytes_min <= bytes.size(); ++length) {
        const std::string key = best_key(bytes.substr(0, probe_bytes), length, way);
        if (key.empty()) continue;
        std::string how = way == Way::exclusive_or ? "XOR with the repeating key" : "less the repeating key";
        for (const char c : key) how += fmt::format(" {:02x}", static_cast<unsigned char>(c));
        auto found = try_with(way, bytes, key, std::move(how), 8.0 * static_cast<double>(length));
        // A pattern that repeats itself, as tables do, gives short lists of words under such a key.
        if (found && (found->meaning.what != What::names || is_varied_list(*found))) return found;
    }
    return std::nullopt;
}

std::string_view packed_as(std::string_view bytes) {
    if (bytes.size() < short_bytes_min) return {};
    const auto first = static_cast<unsigned char>(bytes[0]), second = static_cast<unsigned char>(bytes[1]);
    if (first == 0x78 && (first * 256 + second) % 31 == 0) return "deflate"; // RFC 1950
    if (first == 0x1F && second == 0x8B) return "gzip";
    if (bytes.starts_with("\x28\xB5\x2F\xFD")) return "zstd";
    return {};
}

std::optional<std::string> unpack(std::string_view bytes, std::string_view coding) {
    const auto decoder = http::make_decoder(coding, ErrorSource::client);
    Buffer out;
    if (decoder == nullptr || !decoder->decode(bytes, out, unpacked_bytes_max)) return std::nullopt;
    return std::string(out.view());
}

std::optional<Deciphered> by_keys(std::string_view bytes, std::span<const std::string> near_keys) {
    for (const Way way : {Way::exclusive_or, Way::add})
        if (auto found = try_each_byte(bytes, way)) return found;
    for (const Way way : {Way::xor_counting, Way::add_counting})
        if (auto found = try_counting(bytes, way)) return found;
    for (const std::string& key : near_keys)
        if (!key.empty() && key.size() < bytes.size())
            if (auto found = try_key(bytes, key)) return found;
    for (const Way way : {Way::exclusive_or, Way::add})
        if (auto found = try_repeating(bytes, way)) return found;
    return std::nullopt;
}

// Printable bytes that mean nothing: a key that leaves text text. Any text gives another one under such a key, so names count only where
// there were no words before.
std::optional<Deciphered> among_text(std::string_view bytes) {
    const bool words = reads_like_words(bytes);
    for (const Way way : {Way::exclusive_or, Way::add}) {
        auto found = try_each_byte(bytes, way);
        if (!found) continue;
        const Meaning& meaning = found->meaning;
        if (meaning.hosts >= 3 || meaning.what == What::url || meaning.what == What::host) return found;
        if (!words && meaning.entries >= 4) return found;
    }
    return std::nullopt;
}

} // namespace

std::optional<Deciphered> decipher(std::string_view bytes, std::span<const std::string> near_keys) {
    if (bytes.size() < short_bytes_min || bytes.size() > limits::client_literal_bytes_max) return std::nullopt;
    std::string how;
    std::string unpacked;
    if (const auto coding = packed_as(bytes); !coding.empty())
        if (auto out = unpack(bytes, coding)) {
            how = coding == "deflate" ? "zlib" : std::string(coding);
            unpacked = std::move(*out);
            bytes = unpacked;
        }
    std::optional<Deciphered> found;
    if (std::ranges::all_of(bytes, [](char c) { return is_text(static_cast<unsigned char>(c)) || c == '\0'; })) {
        const Meaning meaning = meaning_of(bytes);
        if (meaning.what != What::nothing) return Deciphered{std::string(bytes), how, meaning, false};
        found = among_text(bytes);
    } else
        found = by_keys(bytes, near_keys);
    if (found && !how.empty()) found->how = how + ", then " + found->how;
    return found;
}

std::optional<Deciphered> turn_letters(std::string_view text) {
    const auto turn = [&](unsigned by) {
        std::string out(text);
        for (char& c : out) {
            if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + (static_cast<unsigned>(c - 'a') + by) % 26);
            if (c >= 'A' && c <= 'Z') c = static_cast<char>('A' + (static_cast<unsigned>(c - 'A') + by) % 26);
        }
        return out;
    };
    // At least three entries with a dot, and nothing that hosts have not: most texts end here.
    if (std::ranges::count(text, '.') < 3 || text.size() > turned_bytes_max ||
        !std::ranges::all_of(text, [](char c) { return is_listed(static_cast<unsigned char>(c)); }))
        return std::nullopt;
    if (has_common_pairs(text)) return std::nullopt; // it can be read
    const Meaning as_it_stands = meaning_of(text);
    std::optional<Deciphered> best;
    for (unsigned by = 1; by < 26; ++by) {
        std::string turned = turn(by);
        const Meaning meaning = meaning_of(turned);
        // Endings of file names are domains by chance: most of the list has to be hosts, and far more than before.
        if (meaning.what != What::hosts || meaning.hosts < 3 || meaning.hosts * 4 < meaning.entries * 3) continue;
        if (as_it_stands.hosts * 3 > meaning.hosts) continue;
        if (best && best->meaning.hosts >= meaning.hosts) continue;
        best = Deciphered{std::move(turned), fmt::format("letters turned by {}", by), meaning, true};
    }
    return best;
}

} // namespace sallyport::lab
