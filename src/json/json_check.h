// For tests: what must hold of any bytes given to json::Document. The body of test/fuzz/fuzz_json.cpp, and of the unit test over
// its corpus.
#pragma once

#include "base/buffer.h"
#include "json/document.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

// Every span lies in its parent's, siblings follow each other, and the subtree is the range of nodes it claims to be.
inline void check_tree(const json::Document& document) {
    const auto nodes = document.nodes();
    require(!nodes.empty() && nodes[0].parent == json::no_node && nodes[0].end_node == nodes.size());
    for (json::NodeIndex n = 0; n < nodes.size(); ++n) {
        const json::Node& node = nodes[n];
        require(node.begin <= node.end && node.end <= document.raw().size());
        require(node.end_node > n && node.end_node <= nodes.size());
        if (n == 0) continue;
        const json::Node& parent = nodes[node.parent];
        require(node.parent < n && node.end_node <= parent.end_node);
        require(node.begin > parent.begin && node.end < parent.end);
        require(node.has_key == (parent.kind == json::Kind::object));
        if (node.has_key) require(node.key_begin <= node.key_end && node.key_end < node.begin);
    }
}

// Decoded offsets only grow, stay in the raw text, and never point into an escape.
inline void check_map(std::string_view raw) {
    std::string decoded;
    std::vector<json::SpanPair> map;
    json::unescape(raw, decoded, &map);
    std::uint32_t last = 0;
    for (std::uint32_t i = 0; i <= decoded.size(); ++i) {
        const std::uint32_t at = json::raw_offset(map, i);
        require(at >= last && at <= raw.size());
        if (at < raw.size() && raw[at] != '\\') require(i < decoded.size() && decoded[i] == raw[at]);
        last = at;
    }
    require(json::raw_offset(map, static_cast<std::uint32_t>(decoded.size())) == raw.size());
}

inline void check_json(std::string_view input) {
    const Buffer raw(input);
    json::Document document;
    if (!document.parse(raw.view())) return;
    check_tree(document);
    std::string scratch;
    for (json::NodeIndex n = 0; n < document.nodes().size(); ++n) {
        const json::Node& node = document[n];
        if (node.kind == json::Kind::string) {
            check_map(document.raw_value(n));
            require(document.text_is(n, document.text(n, scratch)));
        }
        if (!node.has_key) continue;
        const std::string key(document.key(n, scratch));
        require(document.key_is(n, key));
        // The last of several members with one key is the one found, and find_once() says whether there are several.
        const json::NodeIndex found = document.find(node.parent, key);
        require(found != json::no_node && found >= n);
        const auto once = document.find_once(node.parent, key);
        require(!once || *once == n);
        if (document.nodes().size() > 2000) break; // objects of many members would make this quadratic
    }
}

} // namespace sallyport::fuzz
