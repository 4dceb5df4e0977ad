// HTTP/1.1 heads (RFC 9112 sections 2 to 5), as spans over the bytes that came.
//
// Strict on purpose: every line ends in CRLF; no obs-fold, no bare CR or LF, no NUL, no space before a colon, no empty or odd
// field name, one Host. A head that two parsers could read differently is refused, so that nothing can hide between them.
//
// Lifetime: a head views the bytes it was parsed from.
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::http {

struct Field {
    std::string_view name;
    std::string_view value; // without the white space around it
};

class Fields {
public:
    std::vector<Field>::const_iterator begin() const { return list_.begin(); }
    std::vector<Field>::const_iterator end() const { return list_.end(); }
    std::size_t size() const { return list_.size(); }
    void clear() { list_.clear(); }
    void add(std::string_view name, std::string_view value) { list_.push_back({name, value}); }

    // The first field of that name (any case), or nullptr.
    const Field* find(std::string_view name) const;
    std::string_view value(std::string_view name) const; // empty where absent
    std::size_t count(std::string_view name) const;
    // Whether a comma-separated list field holds `token` (any case), over all fields of that name.
    bool lists(std::string_view name, std::string_view token) const;

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

// `bytes` is a whole head, blank line included. The targets' vectors are reused.
Result<void> parse_request_head(std::string_view bytes, RequestHead& head);
Result<void> parse_response_head(std::string_view bytes, ResponseHead& head);

// Fields that belong to one connection and are never forwarded (RFC 9110 section 7.6.1); those that Connection names come on top.
bool is_hop_by_hop(std::string_view name);

// "402" -> "Payment Required"; "" where unknown.
std::string_view reason_phrase(int status);

} // namespace sallyport::http
