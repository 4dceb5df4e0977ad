// The tokenizer. One pass from left to right, without recursion: where we are is the container at hand (`open`), and the way
// back up is each node's parent. Strings are 90 % and more of a conversation, so they are what is fast.
#include "json/document.h"

#include "base/limits.h"
#include "json/scan.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string>

namespace sallyport::json {
namespace {

// What may stand behind a backslash (RFC 8259 section 7): 1 = the escape is complete, 2 = four hex digits follow.
constexpr auto escape_kinds = [] {
    std::array<std::uint8_t, 256> kinds{};
    for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) kinds[static_cast<unsigned char>(c)] = 1;
    kinds['u'] = 2;
    return kinds;
}();

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// First byte that breaks UTF-8 (RFC 3629), for the message; simdjson says only that there is one. Pieces are cut where a
// character begins and judged by the same validator: long ones first, then single characters.
std::size_t first_not_utf8(std::string_view text) {
    const auto continues = [&](std::size_t i) {
        return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
    };
    std::size_t at = 0;
    for (const std::size_t step : {std::size_t{4096}, std::size_t{1}}) {
        while (at < text.size()) {
            std::size_t end = std::min(at + step, text.size());
            while (continues(end)) ++end;
            if (!simdjson::validate_utf8(text.data() + at, end - at)) break;
            at = end;
        }
    }
    return at;
}

class Tokenizer {
public:
    Tokenizer(std::string_view raw, std::vector<Node>& nodes)
        : begin_(raw.data()), at_(raw.data()), end_(raw.data() + raw.size()), nodes_(nodes) {}

    bool read();

    // Where and why read() returned false.
    std::uint32_t offset() const { return static_cast<std::uint32_t>(at_ - begin_); }
    const char* expected() const { return expected_; }
    ErrorKind kind() const { return kind_; }

private:
    bool fail(const char* expected, ErrorKind kind = ErrorKind::invalid) {
        expected_ = expected;
        kind_ = kind;
        return false;
    }
    void skip_space() {
        while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }
    bool read_string(std::uint32_t& from, std::uint32_t& to, bool& escaped);
    bool check_escape();
    bool read_key(Node& node);
    bool read_scalar(Node& node);
    bool read_number();
    bool read_word(std::string_view word);

    const char* begin_;
    const char* at_;
    const char* end_;
    std::vector<Node>& nodes_;
    const char* expected_ = "";
    ErrorKind kind_ = ErrorKind::invalid;
};

// `at_` is behind the opening quote; afterwards it is behind the closing one.
bool Tokenizer::read_string(std::uint32_t& from, std::uint32_t& to, bool& escaped) {
    from = offset();
    while (at_ < end_) {
        std::uint32_t mask = string_mask(at_);
        if (mask == 0) {
            at_ += scan_width;
            continue;
        }
        const char* const block = at_;
        while (mask != 0) {
            at_ = block + std::countr_zero(mask);
            if (at_ >= end_) break;
            if (*at_ == '"') {
                to = offset();
                ++at_;
                return true;
            }
            if (*at_ != '\\') return fail("an escape: a control character cannot stand in a string as it is");
            escaped = true;
            if (!check_escape()) return false;
            // What the escape covers is read; an escape that ends beyond this block starts a new one there.
            const auto used = static_cast<unsigned>(at_ - block);
            if (used >= scan_width) break;
            mask &= ~std::uint32_t{0} << used;
            if (mask == 0) at_ = block + scan_width;
        }
    }
    at_ = end_;
    return fail("the closing quote of a string");
}

// `at_` is at the backslash; afterwards it is behind the escape.
bool Tokenizer::check_escape() {
    if (end_ - at_ < 2) return fail("an escape after the backslash");
    const std::uint8_t kind = escape_kinds[static_cast<unsigned char>(at_[1])];
    if (kind == 1) {
        at_ += 2;
        return true;
    }
    if (kind == 0) return fail("one of \"\\/bfnrtu after a backslash");
    if (end_ - at_ < 6 || !is_hex(at_[2]) || !is_hex(at_[3]) || !is_hex(at_[4]) || !is_hex(at_[5]))
        return fail("four hexadecimal digits after \\u");
    at_ += 6;
    return true;
}

bool Tokenizer::read_key(Node& node) {
    if (at_ >= end_ || *at_ != '"') return fail("a key in quotes");
    ++at_;
    node.has_key = true;
    if (!read_string(node.key_begin, node.key_end, node.key_escaped)) return false;
    skip_space();
    if (at_ >= end_ || *at_ != ':') return fail("':' after a key");
    ++at_;
    skip_space();
    return true;
}

bool Tokenizer::read_word(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0)
        return fail("a value");
    at_ += word.size();
    return true;
}

// RFC 8259 section 6. The number stays text; only its grammar is checked.
bool Tokenizer::read_number() {
    if (*at_ == '-') ++at_;
    if (at_ >= end_ || !is_digit(*at_)) return fail("a digit");
    if (*at_ == '0') {
        ++at_;
        if (at_ < end_ && is_digit(*at_)) return fail("no digit after a leading zero");
    } else {
        while (at_ < end_ && is_digit(*at_)) ++at_;
    }
    if (at_ < end_ && *at_ == '.') {
        ++at_;
        if (at_ >= end_ || !is_digit(*at_)) return fail("a digit after the decimal point");
        while (at_ < end_ && is_digit(*at_)) ++at_;
    }
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
        ++at_;
        if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
        if (at_ >= end_ || !is_digit(*at_)) return fail("a digit in the exponent");
        while (at_ < end_ && is_digit(*at_)) ++at_;
    }
    return true;
}

bool Tokenizer::read_scalar(Node& node) {
    switch (*at_) {
    case '"':
        ++at_;
        node.kind = Kind::string;
        return read_string(node.begin, node.end, node.escaped);
    case 't': node.kind = Kind::boolean; return read_word("true");
    case 'f': node.kind = Kind::boolean; return read_word("false");
    case 'n': node.kind = Kind::null; return read_word("null");
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': node.kind = Kind::number; return read_number();
    default: return fail("a value");
    }
}

bool Tokenizer::read() {
    NodeIndex open = no_node; // the container whose members are being read
    std::size_t depth = 0;
    skip_space();
    for (;;) {
        // A value is due, in an object behind its key.
        if (nodes_.size() >= limits::json_nodes_max) return fail("fewer values", ErrorKind::too_large);
        Node node;
        node.parent = open;
        if (open != no_node && nodes_[open].kind == Kind::object && !read_key(node)) return false;
        if (at_ >= end_) return fail("a value");
        const auto index = static_cast<NodeIndex>(nodes_.size());
        node.begin = offset();
        bool closed = true; // whether the value is complete
        if (*at_ == '{' || *at_ == '[') {
            if (++depth > limits::json_depth_max) return fail("less depth", ErrorKind::too_large);
            node.kind = *at_ == '{' ? Kind::object : Kind::array;
            const char closing = *at_ == '{' ? '}' : ']';
            ++at_;
            nodes_.push_back(node);
            skip_space();
            closed = at_ < end_ && *at_ == closing;
            if (closed) {
                ++at_;
                --depth;
                nodes_[index].end = offset();
            } else {
                open = index;
                continue;
            }
        } else {
            if (!read_scalar(node)) return false;
            if (node.kind != Kind::string) node.end = offset();
            nodes_.push_back(node);
        }
        nodes_[index].end_node = index + 1;

        // Behind a value: a comma leads to the next one, brackets close what is complete.
        for (;;) {
            skip_space();
            if (open == no_node) return at_ == end_ || fail("nothing behind the value");
            if (at_ >= end_) return fail(nodes_[open].kind == Kind::object ? "',' or '}'" : "',' or ']'");
            if (*at_ == ',') {
                ++at_;
                skip_space();
                break;
            }
            const bool object = nodes_[open].kind == Kind::object;
            if (*at_ != (object ? '}' : ']')) return fail(object ? "',' or '}'" : "',' or ']'");
            ++at_;
            --depth;
            nodes_[open].end = offset();
            nodes_[open].end_node = static_cast<NodeIndex>(nodes_.size());
            open = nodes_[open].parent;
        }
    }
}

// A document of many small values needs 28 bytes a node; what a rare huge one took is given back before the next.
constexpr std::size_t nodes_kept_max = 256 * 1024;

} // namespace

Result<void> Document::parse(std::string_view raw) {
    raw_ = raw;
    nodes_.clear();
    if (nodes_.capacity() > nodes_kept_max) std::vector<Node>().swap(nodes_);
    if (raw.size() >= std::numeric_limits<std::uint32_t>::max())
        return fail(ErrorKind::too_large, "The JSON text is longer than 4 GiB.", ErrorSource::client);
    if (!simdjson::validate_utf8(raw.data(), raw.size())) {
        const auto offset = static_cast<std::uint32_t>(first_not_utf8(raw));
        return fail(ErrorKind::invalid, "The JSON text is not valid UTF-8 at " + place(offset) + ".",
                    ErrorSource::client);
    }
    Tokenizer tokenizer(raw, nodes_);
    if (tokenizer.read()) return {};
    nodes_.clear();
    std::string message =
        "The JSON text is not readable at " + place(tokenizer.offset()) + ": expected " + tokenizer.expected();
    if (tokenizer.kind() == ErrorKind::too_large)
        message += " (limits: depth " + std::to_string(limits::json_depth_max) + ", values " +
                   std::to_string(limits::json_nodes_max) + ")";
    message += '.';
    return fail(tokenizer.kind(), std::move(message), ErrorSource::client);
}

std::string Document::place(std::uint32_t offset) const {
    const std::string_view before = raw_.substr(0, offset);
    std::size_t line = 1;
    std::size_t line_begin = 0;
    for (std::size_t at = before.find('\n'); at != std::string_view::npos; at = before.find('\n', at + 1)) {
        ++line;
        line_begin = at + 1;
    }
    return std::to_string(line) + ":" + std::to_string(before.size() - line_begin + 1);
}

} // namespace sallyport::json
