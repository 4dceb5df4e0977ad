// HTTP/1.1 heads (RFC 9112 sections 2 to 5), as spans over the bytes that came.
//
// Strict on purpose: every line ends in CRLF; no obs-fold, no bare CR or LF, no NUL, no space before a colon, no empty or odd
// field name, one Host. A head that two parsers could read differently is refused, so that nothing can hide between them.
//
// Lifetime: a head views the bytes it was parsed from.
#pragma once

#include "base/error.h"
#include "base/text.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::http {

// A header's name: as it came, and a hash of it without case, known since it was read. Two names are the same where they differ
// in case only; almost every comparison of a head's names with ours ends at the hash. Literals are hashed by the compiler.
class FieldName {
public:
    constexpr FieldName() = default;
    constexpr FieldName(const char* text) : FieldName(std::string_view(text)) {}
    constexpr FieldName(std::string_view text) : text_(text) {
        for (const char c : text) hash_ = next(hash_, ascii_lower(c));
    }
    FieldName(const std::string& text) : FieldName(std::string_view(text)) {}
    // `hash`: first_hash, and next() for each character in lower case.
    constexpr FieldName(std::string_view text, std::uint32_t hash) : text_(text), hash_(hash) {}

    static constexpr std::uint32_t first_hash = 0x811C9DC5; // FNV-1a
    static constexpr std::uint32_t next(std::uint32_t hash, char lower) {
        return (hash ^ static_cast<unsigned char>(lower)) * 0x01000193;
    }
    constexpr std::string_view text() const { return text_; }
    constexpr operator std::string_view() const { return text_; }
    constexpr std::uint32_t hash() const { return hash_; }
    friend constexpr bool operator==(const FieldName& a, const FieldName& b) {
        return a.hash_ == b.hash_ && equals_ignoring_case(a.text_, b.text_);
    }

private:
    std::string_view text_;
    std::uint32_t hash_ = first_hash;
};

// A fixed set of names; whether a head's name is among them is mostly one bit to look at.
template <std::size_t N> class FieldNames {
public:
    consteval FieldNames(const FieldName (&names)[N]) {
        for (std::size_t i = 0; i < N; ++i) {
            names_[i] = names[i];
            seen_ |= bit(names[i]);
        }
    }
    constexpr bool hold(const FieldName& name) const {
        if ((seen_ & bit(name)) == 0) return false;
        for (const FieldName& one : names_)
            if (one == name) return true;
        return false;
    }

private:
    static constexpr std::uint64_t bit(const FieldName& name) { return std::uint64_t{1} << (name.hash() >> 26); }
    FieldName names_[N];
    std::uint64_t seen_ = 0;
};

struct Field {
    FieldName name;
    std::string_view value; // without the white space around it
};

class Fields {
public:
    std::vector<Field>::const_iterator begin() const { return list_.begin(); }
    std::vector<Field>::const_iterator end() const { return list_.end(); }
    std::size_t size() const { return list_.size(); }
    void clear() { list_.clear(); }
    void add(FieldName name, std::string_view value) {
        if (list_.capacity() == 0) list_.reserve(24); // what a head has, mostly
        list_.push_back({name, value});
    }

    // The first field of that name, or nullptr.
    const Field* find(FieldName name) const;
    std::string_view value(FieldName name) const; // empty where absent
    std::size_t count(FieldName name) const;
    // Whether a comma-separated list field holds `token` (any case), over all fields of that name.
    bool lists(FieldName name, std::string_view token) const;

private:
    std::vector<Field> list_;
};

struct RequestHead {
    std::string_view method;
    std::string_view target; // as it came
    std::string_view path;   // up to '?'
    std::string_view query;  // behind '?', without it
    int minor_version = 1;
    Fields fields;
};

struct ResponseHead {
    int status = 0;
    std::string_view reason;
    int minor_version = 1;
    Fields fields;
};

// Offset one past the blank line that ends a head, or npos. `from`: how many bytes were looked at before.
std::size_t head_end(std::string_view bytes, std::size_t from);

// Which request targets are taken (RFC 9112 section 3.2): a gateway's are paths; a proxy is given whole URLs too.
enum class Targets : std::uint8_t { paths, urls_too };

// `bytes` is a whole head, blank line included. The targets' vectors are reused. Of a URL, `path` and `query` are its whole text up to
// '?' and what is behind.
Result<void> parse_request_head(std::string_view bytes, RequestHead& head, Targets targets = Targets::paths);
Result<void> parse_response_head(std::string_view bytes, ResponseHead& head);

// Fields that belong to one connection and are never forwarded (RFC 9110 section 7.6.1); those that Connection names come on top.
bool is_hop_by_hop(const FieldName& name);

// "402" -> "Payment Required"; "" where unknown.
std::string_view reason_phrase(int status);

} // namespace sallyport::http
