// Decoded text of keys and strings, and finding members by it.
#include "json/document.h"
#include "json/scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sallyport::json {
namespace {

std::uint32_t hex4(const char* p) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const char c = p[i];
        const auto digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    return value;
}

// One escape, decoded: `raw_length` bytes of text became `length` bytes.
struct Unescaped {
    unsigned raw_length;
    unsigned length;
    char bytes[4];
};

Unescaped encode(std::uint32_t code, unsigned raw_length) {
    const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
    if (code < 0x80) return {raw_length, 1, {byte(code)}};
    if (code < 0x800) return {raw_length, 2, {byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F))}};
    if (code < 0x10000)
        return {raw_length, 3, {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))}};
    return {raw_length,
            4,
            {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 0x3F)), byte(0x80 | (code >> 6 & 0x3F)),
             byte(0x80 | (code & 0x3F))}};
}

// Behind the backslash, except for 'u'.
constexpr std::array<char, 256> simple_escapes = [] {
    std::array<char, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c) table[c] = static_cast<char>(c);
    table['b'] = '\b', table['f'] = '\f', table['n'] = '\n', table['r'] = '\r', table['t'] = '\t';
    return table;
}();

// `p` is at a backslash of a checked string that ends at `end`. A surrogate that has no partner stays alone (WTF-8).
Unescaped read_escape(const char* p, const char* end) {
    if (p[1] != 'u') return {2, 1, {simple_escapes[static_cast<unsigned char>(p[1])]}};
    const std::uint32_t code = hex4(p + 2);
    if ((code & 0xFC00) == 0xD800 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
        const std::uint32_t low = hex4(p + 8);
        if ((low & 0xFC00) == 0xDC00) return encode(0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF), 12);
    }
    return encode(code, 6);
}

bool equals_decoded(std::string_view raw, std::string_view text) {
    const char* p = raw.data();
    const char* const end = p + raw.size();
    while (p < end) {
        if (*p != '\\') {
            if (text.empty() || text.front() != *p) return false;
            text.remove_prefix(1);
            ++p;
            continue;
        }
        const Unescaped one = read_escape(p, end);
        if (!text.starts_with(std::string_view(one.bytes, one.length))) return false;
        text.remove_prefix(one.length);
        p += one.raw_length;
    }
    return text.empty();
}

// How many bytes stand before the next backslash.
std::size_t plain_length(const char* p, const char* end) {
    const char* at = p;
    while (end - at >= static_cast<std::ptrdiff_t>(scan_width)) {
        if (const std::uint32_t mask = byte_mask(at, '\\'); mask != 0) return at - p + std::countr_zero(mask);
        at += scan_width;
    }
    while (at < end && *at != '\\') ++at;
    return at - p;
}

} // namespace

namespace {

bool is_escape(const char* p, const char* end) {
    if (end - p < 2) return false;
    if (p[1] != 'u') return std::string_view("bfnrt\"\\/").contains(p[1]);
    return end - p >= 6 && std::all_of(p + 2, p + 6, [](char c) {
               return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
           });
}

// Of a text whose escapes are all sound, or not.
template <bool checked> void unescape_into(std::string_view raw, std::string& out, std::vector<SpanPair>* map) {
    const std::size_t before = out.size();
    // The decoded text is never longer than the raw one.
    out.resize_and_overwrite(before + raw.size(), [&](char* const data, std::size_t) {
        const char* p = raw.data();
        const char* const end = p + raw.size();
        char* to = data + before;
        while (p < end) {
            const std::size_t plain = plain_length(p, end);
            std::memcpy(to, p, plain);
            p += plain;
            to += plain;
            if (p == end) break;
            if constexpr (!checked) {
                if (!is_escape(p, end)) {
                    *to++ = *p++;
                    continue;
                }
            }
            if (p[1] != 'u') {
                *to++ = simple_escapes[static_cast<unsigned char>(p[1])];
                p += 2;
            } else {
                const Unescaped one = read_escape(p, end);
                std::memcpy(to, one.bytes, one.length);
                p += one.raw_length;
                to += one.length;
            }
            if (map != nullptr)
                map->push_back(
                    {static_cast<std::uint32_t>(to - data - before), static_cast<std::uint32_t>(p - raw.data())});
        }
        return static_cast<std::size_t>(to - data);
    });
}

} // namespace

void unescape(std::string_view raw, std::string& out, std::vector<SpanPair>* map) {
    unescape_into<true>(raw, out, map);
}

void unescape_what_is_escaped(std::string_view text, std::string& out, std::vector<SpanPair>* map) {
    unescape_into<false>(text, out, map);
}

// One pair stands behind each escape. How far an escape reaches back needs no second pair: the two lengths of an escape differ
// by 1 (\n and its like), 5, 4, 3 (\uXXXX of one, two, three bytes) or 8 (a surrogate pair), so the difference tells its form.
std::uint32_t raw_offset(std::span<const SpanPair> map, std::uint32_t decoded) {
    const auto after = std::ranges::upper_bound(map, decoded, {}, &SpanPair::decoded);
    const SpanPair last = after == map.begin() ? SpanPair{0, 0} : *(after - 1);
    std::uint32_t raw = last.raw + (decoded - last.decoded);
    if (after == map.end()) return raw;
    const std::uint32_t difference = (after->raw - last.raw) - (after->decoded - last.decoded);
    const std::uint32_t length = difference == 8 ? 4 : difference == 3 ? 3 : difference == 4 ? 2 : 1;
    const std::uint32_t escape = after->decoded - length; // where the escape's text begins
    if (decoded > escape) raw = last.raw + (escape - last.decoded);
    return raw;
}

std::string_view Document::text(NodeIndex n, std::string& scratch) const {
    if (!nodes_[n].escaped) return raw_value(n);
    scratch.clear();
    unescape(raw_value(n), scratch);
    return scratch;
}

std::string_view Document::key(NodeIndex n, std::string& scratch) const {
    if (!nodes_[n].key_escaped) return raw_key(n);
    scratch.clear();
    unescape(raw_key(n), scratch);
    return scratch;
}

bool Document::key_is(NodeIndex n, std::string_view name) const {
    const Node& node = nodes_[n];
    if (!node.has_key) return false;
    return node.key_escaped ? equals_decoded(raw_key(n), name) : raw_key(n) == name;
}

bool Document::text_is(NodeIndex n, std::string_view value) const {
    const Node& node = nodes_[n];
    if (node.kind != Kind::string) return false;
    return node.escaped ? equals_decoded(raw_value(n), value) : raw_value(n) == value;
}

NodeIndex Document::find(NodeIndex n, std::string_view name) const {
    NodeIndex found = no_node;
    if (nodes_[n].kind != Kind::object) return found;
    // Most keys differ in length already: told without a look at the text.
    for (NodeIndex i = n + 1; i < nodes_[n].end_node; i = nodes_[i].end_node) {
        const Node& node = nodes_[i];
        if (!node.key_escaped && node.key_end - node.key_begin != name.size()) continue;
        if (key_is(i, name)) found = i;
    }
    return found;
}

Result<NodeIndex> Document::find_once(NodeIndex n, std::string_view name) const {
    NodeIndex found = no_node;
    if (nodes_[n].kind != Kind::object) return found;
    for (NodeIndex i = first_child(n); i != no_node; i = next_sibling(i)) {
        if (!key_is(i, name)) continue;
        if (found != no_node)
            return fail(ErrorKind::invalid,
                        "The key \"" + std::string(name) + "\" stands twice in one object, at " +
                            place(nodes_[found].key_begin) + " and " + place(nodes_[i].key_begin) +
                            ": readers differ on which one counts, so it must stand once.",
                        ErrorSource::client);
        found = i;
    }
    return found;
}

} // namespace sallyport::json
