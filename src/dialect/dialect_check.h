// For tests: what must hold of any request body in each dialect. The body of test/fuzz/fuzz_dialect.cpp, and of the unit test
// over its corpus.
// The first byte of the input chooses the endpoint, the rest is the body.
#pragma once

#include "base/buffer.h"
#include "base/limits.h"
#include "dialect/dialect.h"
#include "json/json_check.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::fuzz {

inline std::optional<dialect::Endpoint> endpoint_for(char selector) {
    switch (selector) {
    case 'a': return dialect::match_endpoint("POST", "/v1/messages");
    case 't': return dialect::match_endpoint("POST", "/v1/messages/count_tokens");
    case 'r': return dialect::match_endpoint("POST", "/v1/responses");
    case 'c': return dialect::match_endpoint("POST", "/v1/chat/completions");
    case 'g': return dialect::match_endpoint("POST", "/v1beta/models/gemini-x:streamGenerateContent");
    case 'k': return dialect::match_endpoint("POST", "/v1beta/models/gemini-x:countTokens");
    default: return std::nullopt;
    }
}

// The index into request.units of the unit that owns each node: the nearest unit root at or above it.
inline std::vector<std::size_t> owners(const json::Document& document, const dialect::Request& request) {
    std::vector<std::size_t> owner(document.nodes().size());
    std::size_t next = 0;
    for (json::NodeIndex n = 0; n < document.nodes().size(); ++n) {
        if (next < request.units.size() && request.units[next].node == n)
            owner[n] = next++;
        else
            owner[n] = owner[document[n].parent];
    }
    require(next == request.units.size()); // every unit was met once, in document order
    return owner;
}

inline void check_units(const json::Document& document, const dialect::Request& request) {
    require(!request.units.empty() && request.units[0].node == document.root());
    require(request.units[0].kind == dialect::UnitKind::other);
    for (std::size_t i = 0; i < request.units.size(); ++i) {
        require(request.units[i].node < document.nodes().size());
        require(i == 0 || request.units[i - 1].node < request.units[i].node);
    }
    owners(document, request);
}

// The same document with every ASCII character of keys and strings as an escape: for a reader of JSON the same text.
inline std::string all_escaped(const json::Document& document) {
    std::string out;
    std::size_t done = 0;
    const auto escape = [&](std::uint32_t begin, std::uint32_t end) {
        out += document.raw().substr(done, begin - done);
        for (std::uint32_t i = begin; i < end; ++i) {
            const char c = document.raw()[i];
            if (c == '\\') {
                const std::size_t length = document.raw()[i + 1] == 'u' ? 6 : 2;
                out += document.raw().substr(i, length);
                i += static_cast<std::uint32_t>(length) - 1;
            } else if (static_cast<unsigned char>(c) < 0x80) {
                out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
            } else {
                out += c;
            }
        }
        done = end;
    };
    for (const json::Node& node : document.nodes()) {
        if (node.has_key) escape(node.key_begin, node.key_end);
        if (node.kind == json::Kind::string) escape(node.begin, node.end);
    }
    out += document.raw().substr(done);
    return out;
}

// What a decision sees must not depend on how the text was escaped. (The workspace may: it is a claim, looked for in raw text.)
inline void check_same(const dialect::Request& a, const dialect::Request& b) {
    require(a.model == b.model && a.model_node == b.model_node && a.stream == b.stream && a.session == b.session);
    require(a.repository_remotes == b.repository_remotes && a.remotes_unreadable == b.remotes_unreadable &&
            a.files_left_out == b.files_left_out);
    require(a.units.size() == b.units.size() && a.tools.size() == b.tools.size());
    require(a.references.size() == b.references.size() && a.files.size() == b.files.size());
    require(a.references_left_out == b.references_left_out);
    for (std::size_t i = 0; i < a.units.size(); ++i)
        require(a.units[i].kind == b.units[i].kind && a.units[i].node == b.units[i].node);
    for (std::size_t i = 0; i < a.tools.size(); ++i)
        require(a.tools[i].name == b.tools[i].name && a.tools[i].plugin == b.tools[i].plugin);
    for (std::size_t i = 0; i < a.references.size(); ++i)
        require(a.references[i].kind == b.references[i].kind && a.references[i].what == b.references[i].what);
    for (std::size_t i = 0; i < a.files.size(); ++i)
        require(a.files[i].tool == b.files[i].tool && a.files[i].path == b.files[i].path);
}

inline void check_dialect(std::string_view input) {
    if (input.empty()) return;
    const auto endpoint = endpoint_for(input[0]);
    if (!endpoint) return;
    const Buffer raw(input.substr(1));
    json::Document document;
    if (!document.parse(raw.view())) return;
    dialect::Request request;
    const auto read = dialect::read_request(*endpoint, document, request);
    if (!read) require(read.error().kind == ErrorKind::invalid && read.error().source == ErrorSource::client);
    if (document[0].kind != json::Kind::object) return require(!read);
    check_units(document, request);
    require(request.references.size() <= dialect::references_max + dialect::reference_kinds);
    for (const dialect::Reference& reference : request.references) require(reference.what.size() <= 256);
    require(request.files.size() <= limits::files_per_entry_max);

    const Buffer other_raw(all_escaped(document));
    json::Document other;
    require(other.parse(other_raw.view()).has_value());
    dialect::Request again;
    const auto read_again = dialect::read_request(*endpoint, other, again);
    require(read.has_value() == read_again.has_value());
    if (read) check_same(request, again);
}

} // namespace sallyport::fuzz
