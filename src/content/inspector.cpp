#include "content/inspector.h"

#include "content/client_marker.h"
#include "content/hidden.h"

#include <algorithm>
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

} // namespace

Inspector::Inspector(std::shared_ptr<const Rules> rules, UnitMemory& memory, const crypto::UnitNamer& namer)
    : rules_(std::move(rules)), memory_(memory), namer_(namer), secrets_(rules_->secrets) {}

void Inspector::inspect(const json::Document& document, std::span<const dialect::Unit> units, Inspection& into) {
    document_ = &document;
    into.findings.clear();
    into.units = units.size();
    into.units_new = into.bytes_new = 0;
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

void Inspector::inspect_beside(std::string_view text, bool varies, Inspection& into) {
    ++into.units;
    crypto::UnitName name = namer_.of(text);
    found_.clear();
    crypto::UnitName& lately = clean_[name.low % clean_.size()];
    if (lately == name) return;
    if (varies || !memory_.recall(name, found_)) {
        ++into.units_new;
        into.bytes_new += text.size();
        secrets_.scan(text, {}, found_);
        if (!varies) memory_.remember(name, found_);
    }
    if (found_.empty()) lately = name;
    for (Found one : found_) {
        one.begin = one.end = 0;
        into.findings.push_back({one, dialect::UnitKind::other});
    }
}

void Inspector::whole_unit(const dialect::Unit& unit, Inspection& into) {
    const json::Node& root = (*document_)[unit.node];
    crypto::UnitName name = namer_.of(document_->raw_value(unit.node));
    name.low += static_cast<std::uint64_t>(unit.kind) + 1; // the same bytes are read otherwise in an attachment
    found_.clear();
    if (!memory_.recall(name, found_)) {
        ++into.units_new;
        for (json::NodeIndex n = unit.node; n < root.end_node; ++n) look_at(n, n == unit.node, unit.kind);
        for (Found& one : found_) { // so that it holds wherever the unit lies
            one.begin -= root.begin;
            one.end -= root.begin;
        }
        if (found_.size() <= findings_remembered_max) memory_.remember(name, found_);
    }
    take(unit, root.begin, into);
}

// A unit that holds others: the little that is its own is looked at each time.
void Inspector::own_parts(std::span<const dialect::Unit> unit_and_later, Inspection& into) {
    const dialect::Unit& unit = unit_and_later.front();
    auto other = unit_and_later.begin() + 1;
    found_.clear();
    for (json::NodeIndex n = unit.node; n < (*document_)[unit.node].end_node;) {
        while (other != unit_and_later.end() && other->node < n) ++other;
        if (other != unit_and_later.end() && other->node == n) {
            if ((*document_)[n].has_key)
                look_at_text(document_->raw_key(n), (*document_)[n].key_escaped, (*document_)[n].key_begin);
            n = (*document_)[n].end_node;
            continue;
        }
        look_at(n, n == unit.node, unit.kind);
        ++n;
    }
    take(unit, 0, into);
}

void Inspector::look_at(json::NodeIndex n, bool root, dialect::UnitKind kind) {
    const json::Node& node = (*document_)[n];
    if (!root && node.has_key) look_at_text(document_->raw_key(n), node.key_escaped, node.key_begin);
    if (node.kind != json::Kind::string) return;
    const std::string_view raw = document_->raw_value(n);
    if (kind == dialect::UnitKind::attachment && is_base64(raw))
        found_.push_back({FindingKind::uninspected, Confidence::high, 0, node.begin, node.end});
    else
        look_at_text(raw, node.escaped, node.begin);
}

void Inspector::look_at_text(std::string_view raw, bool escaped, std::uint32_t begin) {
    bytes_ += raw.size();
    in_text_.clear();
    if (!escaped) {
        search(raw);
        for (Found one : in_text_)
            found_.push_back({one.kind, one.confidence, one.rule, begin + one.begin, begin + one.end});
        return;
    }
    text_.clear();
    spans_.clear();
    json::unescape(raw, text_, &spans_);
    search(text_);
    for (Found one : in_text_)
        found_.push_back({one.kind, one.confidence, one.rule, begin + json::raw_offset(spans_, one.begin),
                          begin + json::raw_offset(spans_, one.end)});
}

void Inspector::search(std::string_view text) {
    secrets_.scan(text, {}, in_text_);
    find_hidden(text, in_text_);
    const bool injected = kind_ == dialect::UnitKind::system || kind_ == dialect::UnitKind::tool_definition;
    const std::size_t before = in_text_.size();
    find_client_marker(text, injected ? Standing::injected : Standing::content, in_text_);
    for (std::size_t i = before; i < in_text_.size(); ++i) in_text_[i].rule += hidden_rules; // behind the others' rules
}

void Inspector::take(const dialect::Unit& unit, std::uint32_t offset, Inspection& into) {
    for (Found one : found_) {
        one.begin += offset;
        one.end += offset;
        into.findings.push_back({one, unit.kind});
    }
}

} // namespace sallyport::content
