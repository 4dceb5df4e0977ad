#include "content/amend.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sallyport::content {

namespace {

using json::no_node;
using json::NodeIndex;

struct Splice {
    std::uint32_t begin = 0, end = 0; // raw bytes of the document
    std::string text;
};

// The string value that holds these raw bytes; no_node where it is a key or no text.
NodeIndex text_around(const json::Document& document, std::uint32_t begin, std::uint32_t end) {
    const auto nodes = document.nodes();
    const auto behind = std::ranges::upper_bound(nodes, begin, {}, &json::Node::begin);
    if (behind == nodes.begin()) return no_node;
    const json::Node& node = *(behind - 1);
    const bool inside = node.kind == json::Kind::string && node.begin <= begin && end <= node.end;
    return inside ? static_cast<NodeIndex>(behind - 1 - nodes.begin()) : no_node;
}

bool has_member(const json::Document& document, NodeIndex object, std::string_view key) {
    return document.find(object, key) != no_node;
}

// Thought and what a vendor signed goes back as it came, or the vendor refuses the conversation.
bool is_signed(const json::Document& document, NodeIndex text) {
    static constexpr std::array keys = {"signature", "thoughtSignature", "thought_signature", "encrypted_content"};
    static constexpr std::array types = {"thinking", "redacted_thinking", "reasoning"};
    for (NodeIndex n = document[text].parent; n != no_node; n = document[n].parent) {
        if (document[n].kind != json::Kind::object) continue;
        if (std::ranges::any_of(keys, [&](std::string_view key) { return has_member(document, n, key); })) return true;
        const NodeIndex type = document.find(n, "type");
        if (type != no_node &&
            std::ranges::any_of(types, [&](std::string_view word) { return document.text_is(type, word); }))
            return true;
    }
    return false;
}

// Texts that people and tools write, by the key of the text or of what holds it; every other text is a word of the protocol.
bool is_written(const json::Document& document, NodeIndex text) {
    static constexpr std::array own = {"text",   "content",     "output", "instructions", "arguments", "system",
                                       "prompt", "description", "input",  "stdout",       "stderr"};
    static constexpr std::array around = {"args", "response", "input", "arguments", "result", "output"};
    if (document[text].has_key &&
        std::ranges::any_of(own, [&](std::string_view key) { return document.key_is(text, key); }))
        return true;
    for (NodeIndex n = document[text].parent; n != no_node; n = document[n].parent) {
        if (!document[n].has_key || document[n].kind != json::Kind::object) continue;
        if (std::ranges::any_of(around, [&](std::string_view key) { return document.key_is(n, key); })) return true;
    }
    return false;
}

std::string withheld(std::string_view rule, const Found& found) {
    const std::string_view what = found.kind == FindingKind::attribution ? "content of a repository that may not leave"
                                  : found.kind == FindingKind::secret    ? "a secret"
                                  : found.kind == FindingKind::marker    ? "hidden characters"
                                                                         : "what cannot be inspected";
    return "[Sallyport withheld this text: it holds " + std::string(what) + " (" + std::string(rule) +
           "). Go on without it, or ask the person to take it out.]";
}

std::unexpected<Error> cannot(std::string_view rule, std::string_view where) {
    return fail(ErrorKind::invalid,
                std::string(rule) + " stands in " + std::string(where) + ", where nothing can be put in its place",
                ErrorSource::client);
}

bool asked(std::uint32_t mask, const Found& found) {
    return (mask >> (static_cast<std::size_t>(found.kind) * confidences + static_cast<std::size_t>(found.confidence)) &
            1) != 0;
}

void splice(std::string_view raw, const std::vector<Splice>& splices, std::string& out) {
    std::size_t at = 0;
    for (const Splice& one : splices) {
        out.append(raw.substr(at, one.begin - at));
        out.append(one.text);
        at = one.end;
    }
    out.append(raw.substr(at));
}

} // namespace

std::string Amender::placeholder(std::string_view text, std::string_view rule) const {
    static constexpr std::string_view digits = "abcdefghijklmnopqrstuvwxyz234567";
    const crypto::Digest digest = key_.of("placeholder\n", text);
    std::string name;
    unsigned bits = 0, held = 0;
    for (std::size_t i = 0; name.size() < 20; ++i) { // 100 bits
        bits = bits << 8 | static_cast<unsigned char>(digest[i]);
        for (held += 8; held >= 5 && name.size() < 20; held -= 5) name += digits[bits >> (held - 5) & 31];
        bits &= (1u << held) - 1;
    }
    return "[[sallyport:" + std::string(rule) + ":" + name + "]]";
}

Result<void> Amender::amend(const json::Document& document, const Inspection& inspection, const Rules& rules,
                            Amending what, std::string& out) const {
    std::vector<Splice> splices;
    std::string text;
    for (const Finding& one : inspection.findings) {
        const bool withhold = asked(what.withhold, one.found);
        if (!withhold && !asked(what.redact, one.found)) continue;
        const std::string_view rule = rules.rule_name(one.found);
        if (one.found.end == 0) return cannot(rule, "a header or the address");
        const NodeIndex node = text_around(document, one.found.begin, one.found.end);
        if (node == no_node) return cannot(rule, "a name of the request");
        if (is_signed(document, node)) return cannot(rule, "what the vendor signed");
        if (one.unit == dialect::UnitKind::attachment && one.found.kind == FindingKind::uninspected)
            return cannot(rule, "an attachment");
        if (!is_written(document, node)) return cannot(rule, "a word of the protocol");
        if (withhold) {
            splices.push_back({document[node].begin, document[node].end, withheld(rule, one.found)});
        } else {
            text.clear();
            json::unescape(document.raw().substr(one.found.begin, one.found.end - one.found.begin), text);
            splices.push_back({one.found.begin, one.found.end, placeholder(text, rule)});
        }
    }
    // A withheld text covers what is in it; the longer of two that begin alike is the one around.
    std::ranges::sort(splices, [](const Splice& a, const Splice& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    std::vector<Splice> apart;
    for (Splice& next : splices)
        if (apart.empty() || next.begin >= apart.back().end) apart.push_back(std::move(next));
    splice(document.raw(), apart, out);
    return {};
}

} // namespace sallyport::content
