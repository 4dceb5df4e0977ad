// A JSON text (RFC 8259) as it came: the raw bytes and a flat tree of spans over them. Nothing is copied, nothing is
// re-written; numbers stay text (1.0, 20 digits), escapes stay escapes, duplicate keys stay.
//
// Strict, because two parsers must not see two texts (law 2): one value, nothing behind it; UTF-8 valid everywhere; no bare
// control characters in strings, no bad escapes, no NaN, no leading zeros, no byte order mark. Lone surrogates in escapes
// (\ud800) are accepted, since vendors accept them.
//
// Lifetime: a Document views `raw`, which must outlive it and have Buffer::padding readable bytes behind it.
// Threads: immutable after parse().
#pragma once

#include "base/error.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::json {

enum class Kind : std::uint8_t { object, array, string, number, boolean, null };

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex no_node = 0xFFFF'FFFF;

// Offsets are bytes into the raw text. Nodes lie in document order (a parent before its children), so that the subtree of
// node i is the range [i, end_node).
struct Node {
    std::uint32_t begin = 0; // of the value; a string's begin is behind its opening quote
    std::uint32_t end = 0;   // one past the value; a string's end is its closing quote
    // Inside the quotes of the member's key; both 0 in arrays and at the root.
    std::uint32_t key_begin = 0;
    std::uint32_t key_end = 0;
    NodeIndex end_node = 0; // one past the last node of the subtree: also the next sibling
    NodeIndex parent = no_node;
    Kind kind = Kind::null;
    bool escaped = false;     // the string holds a backslash
    bool key_escaped = false; // the key holds a backslash
    bool has_key = false;
};

class Document {
public:
    // Reads the whole of `raw`. Errors name line:column and what was expected. `this` is reused without allocation where its
    // vectors are large enough.
    Result<void> parse(std::string_view raw);

    std::string_view raw() const { return raw_; }
    std::span<const Node> nodes() const { return nodes_; }
    const Node& operator[](NodeIndex i) const { return nodes_[i]; }
    NodeIndex root() const { return 0; }

    // Children of an object or array, in order: for (i = first_child(n); i != end; i = next(i)).
    NodeIndex first_child(NodeIndex n) const { return n + 1 < nodes_[n].end_node ? n + 1 : no_node; }
    NodeIndex next_sibling(NodeIndex n) const {
        const NodeIndex after = nodes_[n].end_node;
        const NodeIndex parent = nodes_[n].parent;
        return parent != no_node && after < nodes_[parent].end_node ? after : no_node;
    }

    // The raw text of the value (strings without their quotes, escapes as they are).
    std::string_view raw_value(NodeIndex n) const {
        return raw_.substr(nodes_[n].begin, nodes_[n].end - nodes_[n].begin);
    }
    std::string_view raw_key(NodeIndex n) const {
        return raw_.substr(nodes_[n].key_begin, nodes_[n].key_end - nodes_[n].key_begin);
    }

    // The decoded text: a view of the raw bytes where nothing is escaped, else of `scratch`. Lone surrogates become their
    // three-byte (WTF-8) form. Of a node that is not a string: its raw text.
    std::string_view text(NodeIndex n, std::string& scratch) const;
    std::string_view key(NodeIndex n, std::string& scratch) const;
    // Compares decoded ("\u006dodel" is "model"), without allocation.
    bool key_is(NodeIndex n, std::string_view name) const;
    bool text_is(NodeIndex n, std::string_view value) const; // false where n is not a string

    // The member of object `n` with this (decoded) key: the last one where there are several, as most readers do; no_node where
    // there is none or `n` is not an object.
    NodeIndex find(NodeIndex n, std::string_view name) const;
    // For keys that a judgement depends on: a duplicate is an error (ErrorKind::invalid, source client) that names the key and
    // both places; no_node where absent.
    Result<NodeIndex> find_once(NodeIndex n, std::string_view name) const;

    // "line:column", both from 1, of a byte offset.
    std::string place(std::uint32_t offset) const;

private:
    std::string_view raw_;
    std::vector<Node> nodes_;
};

// Unescapes the inside of a JSON string into `out` (appended). Requires what parse() has checked. With `map`, pairs
// (decoded offset, raw offset) are appended at every place where the two advance differently, so that a span of decoded text
// can be cut out of the raw bytes; offsets are relative to the starts.
struct SpanPair {
    std::uint32_t decoded;
    std::uint32_t raw;
};
void unescape(std::string_view raw, std::string& out, std::vector<SpanPair>* map = nullptr);
// The same of a text of which nobody has checked the escapes (JSON inside of a text): what is no escape stays as it is.
void unescape_what_is_escaped(std::string_view text, std::string& out, std::vector<SpanPair>* map = nullptr);
// Raw offset of a decoded offset, by the map of unescape().
std::uint32_t raw_offset(std::span<const SpanPair> map, std::uint32_t decoded);

} // namespace sallyport::json
