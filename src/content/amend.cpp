#include "content/amend.h"

#include "content/client_marker.h"
#include "content/hidden.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

namespace sallyport::content {

namespace {

using json::no_node;
using json::NodeIndex;

enum class Doing : std::uint8_t { withhold, redact, normalise }; // the first of two that meet is done

struct Splice {
    std::uint32_t begin = 0, end = 0; // raw bytes of the document
    std::string text;
    std::string_view rule;
    Doing doing = Doing::withhold;
    std::uint8_t depth = 0;
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

// Thought and what a vendor signed goes back as it came, or the vendor refuses the conversation. Gemini's signatures stand beside texts and
// calls as well, of which they say nothing: what was restored in a call must be redacted in it again.
bool is_signed(const json::Document& document, NodeIndex text) {
    static constexpr std::array keys = {"signature", "encrypted_content"};
    static constexpr std::array types = {"thinking", "redacted_thinking", "reasoning"};
    for (NodeIndex n = document[text].parent; n != no_node; n = document[n].parent) {
        if (document[n].kind != json::Kind::object) continue;
        if (std::ranges::any_of(keys, [&](std::string_view key) { return has_member(document, n, key); })) return true;
        const NodeIndex thought = document.find(n, "thought");
        if (thought != no_node && document.raw_value(thought) == "true") return true;
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

// A block of text in the place of a whole attachment, which is another block in each dialect.
std::string text_block(dialect::Dialect dialect, const std::string& sentence) {
    const std::string_view type = dialect == dialect::Dialect::gemini             ? ""
                                  : dialect == dialect::Dialect::openai_responses ? R"("type":"input_text",)"
                                                                                  : R"("type":"text",)";
    return "{" + std::string(type) + R"("text":")" + sentence + "\"}";
}

std::unexpected<Error> cannot(std::string_view rule, std::string_view where, const std::string& id = {}) {
    return fail(ErrorKind::invalid,
                std::string(rule) + (id.empty() ? "" : " (" + id + ")") + " stands in " + std::string(where) +
                    ", where nothing can be put in its place",
                ErrorSource::client);
}

bool asked(std::uint32_t mask, const Found& found) {
    return (mask >> (static_cast<std::size_t>(found.kind) * confidences + static_cast<std::size_t>(found.confidence)) &
            1) != 0;
}

// A piece of a document as a person would copy it, free of all escapes, and where in the piece a byte of it comes from.
class Reading {
public:
    Reading(std::string_view raw, std::size_t depth) : maps_(depth + 1) {
        json::unescape(raw, text, &maps_[0]);
        for (std::size_t i = 1; i <= depth; ++i) {
            std::string further;
            json::unescape_what_is_escaped(text, further, &maps_[i]);
            text.swap(further);
        }
    }
    std::uint32_t raw_at(std::uint32_t at) const {
        for (auto map = maps_.rbegin(); map != maps_.rend(); ++map) at = json::raw_offset(*map, at);
        return at;
    }
    std::string text;

private:
    std::vector<std::vector<json::SpanPair>> maps_;
};

template <class Span> std::string value_of(const json::Document& document, const Span& one) {
    return std::move(Reading(document.raw().substr(one.begin, one.end - one.begin), one.depth).text);
}

// As it stands in a text that is the inside of `levels` JSON strings, one in the other.
std::string escaped(std::string_view plain, std::size_t levels) {
    std::string text(plain);
    for (std::size_t i = 0; i < levels; ++i) {
        std::string further;
        for (const char c : text) further += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
        text.swap(further);
    }
    return text;
}

// A splice for each character that hides something in the finding, in the string value `node`; false where none is to be seen, as where the
// text is written in base64.
bool normalise(const json::Document& document, NodeIndex node, const Found& found, std::string_view rule,
               std::vector<Splice>& splices) {
    std::vector<PlainCharacter> characters;
    // Whether a character hides something hangs on what stands around it.
    const bool is_hidden = found.rule < hidden_rules;
    const std::uint32_t begin = is_hidden ? document[node].begin : found.begin;
    const std::uint32_t end = is_hidden ? document[node].end : found.end;
    const Reading reading(document.raw().substr(begin, end - begin), found.depth);
    if (is_hidden)
        find_plain_form(reading.text, static_cast<HiddenRule>(found.rule), characters);
    else
        find_plain_form(reading.text, characters);
    // Arguments of a tool are JSON in a string, which must stay JSON.
    const std::size_t levels = found.depth + (document.key_is(node, "arguments") ? 2u : 1u);
    bool any = false;
    for (const PlainCharacter& one : characters) {
        const std::uint32_t from = begin + reading.raw_at(one.begin), to = begin + reading.raw_at(one.end);
        if (from < found.begin || to > found.end) continue;
        any = true;
        splices.push_back({from, to, escaped(one.plain, levels), rule, Doing::normalise});
    }
    return any;
}

// What was redacted once is redacted wherever it stands behind that in the conversation, also where no rule would find it: as it is, not in
// other escapes. Only within messages, and never before: what left in earlier turns stays as it left (law 1).
void add_repetitions(const json::Document& document, std::span<const dialect::Unit> units,
                     std::vector<Splice>& splices) {
    constexpr std::size_t value_bytes_min = 8, values_max = 256;
    struct Value {
        std::string text;
        std::string_view rule;
        std::uint32_t known_from = 0;
    };
    std::vector<Value> values;
    for (const Splice& one : splices) {
        if (one.doing != Doing::redact || values.size() == values_max) continue;
        std::string text = value_of(document, one);
        const bool plain = std::ranges::none_of(
            text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; });
        if (!plain || text.size() < value_bytes_min ||
            std::ranges::any_of(values, [&](const Value& known) { return known.text == text; }))
            continue;
        values.push_back({std::move(text), one.rule, one.end});
    }
    if (values.empty()) return;
    const auto is_talk = [](dialect::UnitKind kind) {
        return kind == dialect::UnitKind::message || kind == dialect::UnitKind::tool_call ||
               kind == dialect::UnitKind::tool_result;
    };
    for (std::size_t u = 0; u < units.size(); ++u) {
        if (!is_talk(units[u].kind)) continue;
        // Nodes of a unit that holds others are looked at with each of them.
        const NodeIndex end = u + 1 < units.size() ? std::min(units[u + 1].node, document[units[u].node].end_node)
                                                   : document[units[u].node].end_node;
        for (NodeIndex n = units[u].node; n < end; ++n) {
            if (document[n].kind != json::Kind::string) continue;
            const std::string_view raw = document.raw_value(n);
            for (const Value& value : values) {
                if (document[n].end <= value.known_from) continue;
                for (auto at = raw.find(value.text); at != std::string_view::npos;
                     at = raw.find(value.text, at + value.text.size())) {
                    const auto begin = document[n].begin + static_cast<std::uint32_t>(at);
                    if (begin < value.known_from || is_signed(document, n) || !is_written(document, n)) continue;
                    splices.push_back(
                        {begin, begin + static_cast<std::uint32_t>(value.text.size()), {}, value.rule, Doing::redact});
                }
            }
        }
    }
}

// Disjoint and in order. What is withheld covers what is redacted in it, and that what is normalised; of two redactions that overlap one is
// made.
std::vector<Splice> merged(std::vector<Splice>& splices) {
    std::ranges::sort(
        splices, {}, [](const Splice& one) { return std::tuple(one.begin, ~one.end, one.doing, one.depth, one.rule); });
    std::vector<Splice> apart;
    for (Splice& next : splices) {
        if (apart.empty() || next.begin >= apart.back().end) {
            apart.push_back(std::move(next));
        } else if (next.end > apart.back().end || next.doing < apart.back().doing) {
            Splice& last = apart.back();
            const auto begin = last.begin;
            const auto end = std::max(last.end, next.end);
            if (next.doing < last.doing) last = std::move(next);
            last.begin = begin;
            last.end = end;
        }
    }
    return apart;
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

std::string Amender::id_of(const json::Document& document, const Finding& finding) const {
    if (finding.node == no_node) return {};
    return "n_" + name_of(value_of(document, finding.found));
}

std::string Amender::placeholder(std::string_view text, std::string_view rule) const {
    return "[[sallyport:" + std::string(rule) + ":" + name_of(text) + "]]";
}

std::string Amender::name_of(std::string_view text) const {
    static constexpr std::string_view digits = "abcdefghijklmnopqrstuvwxyz234567";
    const crypto::Digest digest = key_.of("placeholder\n", text);
    std::string name;
    unsigned bits = 0, held = 0;
    for (std::size_t i = 0; name.size() < 20; ++i) { // 100 bits
        bits = bits << 8 | static_cast<unsigned char>(digest[i]);
        for (held += 8; held >= 5 && name.size() < 20; held -= 5) name += digits[bits >> (held - 5) & 31];
        bits &= (1u << held) - 1;
    }
    return name;
}

Result<void> Amender::amend(const json::Document& document, const dialect::Request& request,
                            const Inspection& inspection, Amending what, std::string& out,
                            std::vector<Replacement>* replaced) const {
    std::vector<Splice> splices;
    for (const Finding& one : inspection.findings) {
        const bool withhold = asked(what.withhold, one.found), plain = asked(what.normalise, one.found);
        if (!one.acts() || one.is_spared || (!withhold && !plain && !asked(what.redact, one.found))) continue;
        const std::string_view rule = inspection.rule_name(one);
        if (one.node == no_node) return cannot(rule, "a header or the address");
        const NodeIndex node = text_around(document, one.found.begin, one.found.end);
        if (node == no_node) return cannot(rule, "a name of the request", id_of(document, one));
        if (is_signed(document, node)) return cannot(rule, "what the vendor signed", id_of(document, one));
        if (withhold && one.unit == dialect::UnitKind::attachment && document[one.node].kind == json::Kind::object) {
            splices.push_back({document[one.node].begin, document[one.node].end,
                               text_block(request.dialect, withheld(rule, one.found)), rule});
            continue;
        }
        if (!is_written(document, node)) return cannot(rule, "a word of the protocol", id_of(document, one));
        if (withhold)
            splices.push_back({document[node].begin, document[node].end, withheld(rule, one.found), rule});
        else if (!plain)
            splices.push_back({one.found.begin, one.found.end, {}, rule, Doing::redact, one.found.depth});
        else if (!normalise(document, node, one.found, rule, splices))
            return cannot(rule, "what is not written as a text", id_of(document, one));
    }
    add_repetitions(document, request.units, splices);
    const std::vector<Splice> apart = [&] {
        std::vector<Splice> made = merged(splices);
        for (Splice& one : made) {
            if (one.doing != Doing::redact) continue;
            std::string value = value_of(document, one);
            one.text = placeholder(value, one.rule);
            if (replaced != nullptr &&
                std::ranges::find(*replaced, one.text, &Replacement::placeholder) == replaced->end())
                replaced->push_back({one.text, Secret(std::move(value))});
        }
        return made;
    }();
    splice(document.raw(), apart, out);
    return {};
}

} // namespace sallyport::content
