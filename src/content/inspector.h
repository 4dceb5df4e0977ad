// A request's units looked at, each only when it was not seen before: what was found in which unit, at which bytes of the body.
#pragma once

#include "content/text_inspector.h"
#include "content/unit_memory.h"
#include "dialect/dialect.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sallyport::content {

// Offsets are raw bytes of the document: the text as it lies between the quotes, escapes and all.
struct Finding {
    Found found;
    dialect::UnitKind unit = dialect::UnitKind::other;
    json::NodeIndex node = json::no_node; // the unit's; no_node: beside the document
    bool is_spared = false;               // content that may be where the work is: told, never amended
    bool is_disclosed = false;            // was not known, or told only, when it left to this upstream before (law 1)
    bool is_disputed = false;             // somebody says that it is none
    // Whether rules act on it; else it is only told.
    bool acts() const { return !is_disclosed && !is_disputed; }
};

// A unit with a name, and how it left before by the same speaker: a part of Inspection::lefts.
struct Departing {
    json::NodeIndex node = json::no_node;
    crypto::UnitName name;
    std::uint32_t first_left = 0, lefts = 0;
};

// A unit of the system part: what the client itself writes.
struct OwnWords {
    json::NodeIndex node = json::no_node;
    crypto::UnitName name;
};

struct Inspection {
    std::shared_ptr<const Rules> rules; // that it was made under, which know the findings' names
    std::vector<Finding> findings;      // in the order of the body
    Sources sources;                    // of attributions: Found::rule is an index into it
    std::vector<Departing> departing;   // by node
    std::vector<Left> lefts;
    std::uint64_t speaker = 0;
    std::uint32_t sequence = 0; // of the rules
    // How the unit left to the upstream with this bit; null: never.
    const Left* left_to(const Departing& unit, std::uint32_t upstream) const {
        const auto of_unit = std::span(lefts).subspan(unit.first_left, unit.lefts);
        const auto found = std::ranges::find(of_unit, upstream, &Left::upstream);
        return found == of_unit.end() || upstream == 0 ? nullptr : &*found;
    }
    std::vector<OwnWords> own_words;
    std::size_t units = 0;
    std::size_t units_new = 0; // of these, looked at
    std::size_t bytes_new = 0; // of text that was looked at

    std::string_view rule_name(const Finding& one) const { return rules->rule_name(one.found); }
};

// For one thread at a time; holds memory that it uses again.
class Inspector {
public:
    Inspector(std::shared_ptr<const Rules> rules, UnitMemory& memory, const crypto::UnitNamer& namer);
    // `speaker`: whose conversation it is.
    void inspect(const json::Document& document, const dialect::Request& request, std::uint64_t speaker,
                 Inspection& into);
    // Where there is no document.
    void inspect_nothing(Inspection& into) const;
    // A text outside of a document, such as a request's headers: as one more unit of kind `other`, whose findings have no place in
    // the body (begin and end are 0). After inspect(). What was clean lately is not looked at again.
    void inspect_beside(std::string_view text, Inspection& into);
    // What a model wrote: secrets and hidden characters in it; whose code it is, is no question there.
    void inspect_answer(std::string_view text, dialect::UnitKind kind, Inspection& into);
    // Whether there is a secret in a text that is about to be written down.
    bool holds_secret(std::string_view text);
    const std::shared_ptr<const Rules>& rules() const { return text_inspector_.rules(); }

private:
    void find_files(const dialect::Request& request);
    std::string_view id_of(json::NodeIndex unit) const;
    void whole_unit(const dialect::Unit& unit, Inspection& into);
    void own_parts(std::span<const dialect::Unit> unit_and_later, Inspection& into);
    bool is_signature(json::NodeIndex n) const;
    void look_at(json::NodeIndex node, bool root, dialect::UnitKind kind);
    void look_at_text(std::string_view raw, bool escaped, std::uint32_t begin);
    bool look_into_base64(std::string_view raw, bool attachment, std::uint32_t begin);
    void add_known_before(std::span<const Found> before, const Sources& sources);
    void take(const dialect::Unit& unit, std::uint32_t offset, Inspection& into);
    // Texts that are looked at each time, such as the names of members between units: known for a while where they were clean.
    bool clean_lately(const crypto::UnitName& name) const {
        const auto& known = clean_[name.low % clean_.size()];
        return std::ranges::find(known, name) != known.end();
    }
    void keep_clean(const crypto::UnitName& name) {
        auto& known = clean_[name.low % clean_.size()];
        std::shift_right(known.begin(), known.end(), 1);
        known.front() = name;
    }

    UnitMemory& memory_;
    const crypto::UnitNamer& namer_;
    TextInspector text_inspector_;
    const json::Document* document_ = nullptr;
    std::vector<Found> found_, in_text_, before_; // of the unit, of one text, of the unit under older rules
    Sources sources_, sources_before_;            // of found_ and in_text_, of before_
    std::vector<json::NodeIndex> own_;            // nodes of a unit that are in no other one
    std::array<std::array<crypto::UnitName, 4>, 64>
        clean_{}; // four, so that texts that take turns do not drive each other out
    dialect::UnitKind kind_ = dialect::UnitKind::other; // of the unit that is looked at
    std::string text_;
    std::map<std::string_view, std::string_view> file_of_call_; // by the call's id; only where rules are about files
    std::vector<json::SpanPair> spans_;
    std::size_t bytes_ = 0;
};

} // namespace sallyport::content
