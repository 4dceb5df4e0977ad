#include "content/inspector.h"

#include "base/encoding.h"
#include "content/code_points.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace sallyport::content {

namespace {

constexpr std::size_t findings_remembered_max = 256; // of one unit; one with more is looked at each time
constexpr std::size_t base64_bytes_min = 256;

// Pictures and documents come as one text of base64 that no rule can read.
bool is_base64(std::string_view text) {
    if (text.size() < base64_bytes_min) return false;
    return std::ranges::all_of(text, [](unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/' ||
               c == '-' || c == '_' || c == '=';
    });
}

// "data:text/plain;base64,SGVsbG8" (RFC 2397): what stands behind the comma; empty where it is none.
std::string_view payload_of_data_url(std::string_view text) {
    constexpr std::size_t head_bytes_max = 256;
    if (text.size() < 5 || (text[0] | 0x20) != 'd' || !text.substr(1).starts_with("ata:")) return {};
    const std::size_t comma = text.substr(0, head_bytes_max).find(',');
    if (comma == std::string_view::npos || !text.substr(0, comma).ends_with(";base64")) return {};
    return text.substr(comma + 1);
}

bool is_text(std::string_view bytes) {
    for (std::size_t at = next_beyond_ascii(bytes, 0); at < bytes.size(); at = next_beyond_ascii(bytes, at)) {
        const CodePoint next = code_point_at(bytes, at);
        if (next.trait == Trait::broken) return false;
        at += next.size;
    }
    return !bytes.contains('\0');
}

} // namespace

Inspector::Inspector(std::shared_ptr<const Rules> rules, UnitMemory& memory, const crypto::UnitNamer& namer)
    : memory_(memory), namer_(namer), text_inspector_(std::move(rules)) {}

void Inspector::inspect_nothing(Inspection& into) const {
    into.rules = rules();
    into.findings.clear();
    into.sources.clear();
    into.departing.clear();
    into.lefts.clear();
    into.own_words.clear();
    into.units = into.units_new = into.bytes_new = 0;
}

void Inspector::inspect(const json::Document& document, const dialect::Request& request, std::uint64_t speaker,
                        Inspection& into) {
    document_ = &document;
    const std::span<const dialect::Unit> units = request.units;
    find_files(request);
    inspect_nothing(into);
    into.speaker = speaker;
    into.units = units.size();
    bytes_ = 0;
    for (std::size_t i = 0; i < units.size(); ++i) {
        const bool holds_others = i + 1 < units.size() && units[i + 1].node < document[units[i].node].end_node;
        kind_ = units[i].kind;
        holds_others ? own_parts(units.subspan(i), into) : whole_unit(units[i], into);
    }
    into.bytes_new = bytes_;
    std::ranges::sort(into.findings, {}, [](const Finding& one) {
        return std::tuple(one.found.begin, one.found.end, one.found.kind, one.found.rule);
    });
}

// What a call, or its result, names the call by. Where neither has an id, as with Gemini's API, nothing is known.
std::string_view Inspector::id_of(json::NodeIndex unit) const {
    static constexpr std::array keys = {"tool_use_id", "tool_call_id", "call_id", "id"};
    if ((*document_)[unit].kind != json::Kind::object) unit = (*document_)[unit].parent; // a message's content
    if (unit == json::no_node) return {};
    for (const std::string_view inside : {"", "functionCall", "functionResponse"}) {
        const json::NodeIndex holder = inside.empty() ? unit : document_->find(unit, inside);
        if (holder == json::no_node || (*document_)[holder].kind != json::Kind::object) continue;
        for (const std::string_view key : keys)
            if (const json::NodeIndex id = document_->find(holder, key); id != json::no_node)
                return document_->raw_value(id);
    }
    return {};
}

void Inspector::find_files(const dialect::Request& request) {
    file_of_call_.clear();
    if (!rules()->secrets()->name_files()) return;
    for (const dialect::Unit& unit : request.units)
        if (unit.kind == dialect::UnitKind::tool_call && unit.file < request.files.size())
            if (const std::string_view id = id_of(unit.node); !id.empty())
                file_of_call_.emplace(id, request.files[unit.file].path);
}

void Inspector::inspect_beside(std::string_view text, Inspection& into) {
    ++into.units;
    const crypto::UnitName name = namer_.of(text);
    if (clean_lately(name)) return;
    ++into.units_new;
    into.bytes_new += text.size();
    found_.clear();
    text_inspector_.look_for_secrets(text, found_);
    if (found_.empty()) keep_clean(name);
    for (Found one : found_) {
        one.begin = one.end = 0;
        into.findings.push_back({one, dialect::UnitKind::other});
    }
}

void Inspector::inspect_answer(std::string_view text, dialect::UnitKind kind, Inspection& into) {
    ++into.units;
    crypto::UnitName unit_name = namer_.of(text);
    unit_name.high ^= 1; // of what is looked for in an answer
    if (clean_lately(unit_name)) return;
    ++into.units_new;
    into.bytes_new += text.size();
    found_.clear();
    text_inspector_.look_without_code(text, found_);
    if (found_.empty()) keep_clean(unit_name);
    for (const Found& one : found_) into.findings.push_back({one, kind});
}

bool Inspector::holds_secret(std::string_view text) {
    const crypto::UnitName name = namer_.of(text);
    if (clean_lately(name)) return false;
    found_.clear();
    text_inspector_.look_for_secrets(text, found_);
    if (found_.empty()) keep_clean(name);
    return std::ranges::any_of(found_, [](const Found& one) { return one.kind == FindingKind::secret; });
}

void Inspector::whole_unit(const dialect::Unit& unit, Inspection& into) {
    const json::Node& root = (*document_)[unit.node];
    crypto::UnitName name = namer_.of(document_->raw_value(unit.node));
    name.low += static_cast<std::uint64_t>(unit.kind) + 1; // the same bytes are read otherwise in an attachment
    const bool is_result = unit.kind == dialect::UnitKind::tool_result && !file_of_call_.empty();
    const auto file = is_result ? file_of_call_.find(id_of(unit.node)) : file_of_call_.end();
    const std::string_view file_name = file == file_of_call_.end() ? std::string_view() : file->second;
    if (!file_name.empty()) name.high ^= std::hash<std::string_view>{}(file_name); // and under another file's name
    text_inspector_.in_file(file_name);
    if (unit.kind == dialect::UnitKind::system) into.own_words.push_back({unit.node, name});
    found_.clear();
    sources_.clear();
    const auto first_left = static_cast<std::uint32_t>(into.lefts.size());
    const Recalled known = memory_.recall(name, rules()->epoch(), into.speaker, found_, sources_, into.lefts);
    into.sequence = known.sequence;
    if (!known.known) {
        ++into.units_new;
        before_.swap(found_);
        sources_before_.swap(sources_);
        found_.clear();
        sources_.clear();
        for (json::NodeIndex n = unit.node; n < root.end_node; ++n) look_at(n, n == unit.node, unit.kind);
        for (Found& one : found_) { // so that it holds wherever the unit lies
            one.begin -= root.begin;
            one.end -= root.begin;
            one.since = known.sequence;
        }
        add_known_before(before_, sources_before_);
        before_.clear();
        sources_before_.clear();
        if (found_.size() <= findings_remembered_max) {
            memory_.remember(name, rules()->epoch(), found_, sources_);
        } else { // nobody will know which of them newer rules found: all act
            for (Found& one : found_) one.since = 0;
            memory_.remember_unfound(name);
        }
    }
    text_inspector_.in_file({});
    into.departing.push_back({unit.node, name, first_left, static_cast<std::uint32_t>(into.lefts.size()) - first_left});
    take(unit, root.begin, into);
}

// Under older rules, in a unit that has left: what was done to it stays done, also where newer rules find it no longer.
void Inspector::add_known_before(std::span<const Found> before, const Sources& sources) {
    for (Found one : before) {
        const auto same = std::ranges::find_if(found_, [&](const Found& other) {
            if (one.kind != FindingKind::attribution) return other == one;
            return other.kind == one.kind && other.begin == one.begin && other.end == one.end &&
                   *sources_[other.rule] == *sources[one.rule];
        });
        if (same != found_.end()) {
            same->since = one.since;
            continue;
        }
        if (one.kind == FindingKind::attribution) {
            sources_.push_back(sources[one.rule]);
            one.rule = static_cast<std::uint32_t>(sources_.size() - 1);
        }
        found_.push_back(one);
    }
}

// A unit that holds others: the little that is its own has no name of its own.
void Inspector::own_parts(std::span<const dialect::Unit> unit_and_later, Inspection& into) {
    const dialect::Unit& unit = unit_and_later.front();
    auto other = unit_and_later.begin() + 1;
    text_.clear();
    own_.clear();
    for (json::NodeIndex n = unit.node; n < (*document_)[unit.node].end_node;) {
        while (other != unit_and_later.end() && other->node < n) ++other;
        const bool of_other = other != unit_and_later.end() && other->node == n;
        const json::Node& node = (*document_)[n];
        if (n != unit.node && node.has_key) (text_ += document_->raw_key(n)) += '"';
        if (!of_other && node.kind == json::Kind::string) (text_ += document_->raw_value(n)) += '"';
        if (node.kind == json::Kind::string || node.has_key) own_.push_back(n);
        n = of_other ? node.end_node : n + 1;
    }
    crypto::UnitName name = namer_.of(text_);
    name.low += static_cast<std::uint64_t>(unit.kind) + 1;
    if (clean_lately(name)) return;
    found_.clear();
    sources_.clear();
    other = unit_and_later.begin() + 1;
    for (const json::NodeIndex n : own_) {
        while (other != unit_and_later.end() && other->node < n) ++other;
        const json::Node& node = (*document_)[n];
        if (other != unit_and_later.end() && other->node == n) { // its key alone
            if (node.has_key) look_at_text(document_->raw_key(n), node.key_escaped, node.key_begin);
        } else {
            look_at(n, n == unit.node, unit.kind);
        }
    }
    if (found_.empty()) keep_clean(name);
    take(unit, 0, into);
}

void Inspector::look_at(json::NodeIndex n, bool root, dialect::UnitKind kind) {
    const json::Node& node = (*document_)[n];
    if (!root && node.has_key) look_at_text(document_->raw_key(n), node.key_escaped, node.key_begin);
    if (node.kind != json::Kind::string) return;
    const std::string_view raw = document_->raw_value(n);
    if (is_signature(n) && is_base64(raw)) return; // of random bytes some look like a key, and nobody could take it out
    if (!look_into_base64(raw, kind == dialect::UnitKind::attachment, node.begin))
        look_at_text(raw, node.escaped, node.begin);
}

// What a vendor signed or encrypted, which goes back to it as it came.
bool Inspector::is_signature(json::NodeIndex n) const {
    static constexpr std::array keys = {"signature", "thoughtSignature", "thought_signature", "encrypted_content"};
    return (*document_)[n].has_key &&
           std::ranges::any_of(keys, [&](std::string_view key) { return document_->key_is(n, key); });
}

void Inspector::look_at_text(std::string_view raw, bool escaped, std::uint32_t begin) {
    bytes_ += raw.size();
    in_text_.clear();
    const bool injected = kind_ == dialect::UnitKind::system || kind_ == dialect::UnitKind::tool_definition;
    const Standing standing = injected ? Standing::injected : Standing::content;
    if (!escaped) {
        text_inspector_.look(raw, standing, in_text_, sources_);
        for (Found one : in_text_) {
            one.begin += begin;
            one.end += begin;
            found_.push_back(one);
        }
        return;
    }
    text_.clear();
    spans_.clear();
    json::unescape(raw, text_, &spans_);
    text_inspector_.look(text_, standing, in_text_, sources_);
    for (Found one : in_text_) {
        one.begin = begin + json::raw_offset(spans_, one.begin);
        one.end = begin + json::raw_offset(spans_, one.end);
        found_.push_back(one);
    }
}

// An attachment or a data URL: what is text in it is read, and found in the whole of it; what is not, or not in the one form that every
// reader reads alike, cannot be inspected.
bool Inspector::look_into_base64(std::string_view raw, bool attachment, std::uint32_t begin) {
    const std::string_view of_url = payload_of_data_url(raw);
    if (of_url.empty() && !(attachment && is_base64(raw))) return false;
    bytes_ += raw.size();
    const auto end = begin + static_cast<std::uint32_t>(raw.size());
    const auto bytes = from_base64(of_url.empty() ? raw : of_url);
    if (!bytes || !is_text(*bytes)) {
        found_.push_back({.kind = FindingKind::uninspected,
                          .confidence = Confidence::high,
                          .rule = Rules::number_of_attachment(),
                          .begin = begin,
                          .end = end});
        return true;
    }
    in_text_.clear();
    text_inspector_.look(*bytes, Standing::content, in_text_, sources_);
    for (Found one : in_text_) {
        one.begin = begin;
        one.end = end;
        if (std::ranges::find(found_, one) == found_.end()) found_.push_back(one);
    }
    return true;
}

void Inspector::take(const dialect::Unit& unit, std::uint32_t offset, Inspection& into) {
    const auto first_source = static_cast<std::uint32_t>(into.sources.size());
    into.sources.insert(into.sources.end(), sources_.begin(), sources_.end());
    for (Found one : found_) {
        one.begin += offset;
        one.end += offset;
        if (one.kind == FindingKind::attribution) one.rule += first_source;
        into.findings.push_back({one, unit.kind, unit.node});
    }
}

} // namespace sallyport::content
