// A request's units looked at, each only when it was not seen before: what was found in which unit, at which bytes of the body.
#pragma once

#include "content/rules.h"
#include "content/unit_memory.h"
#include "dialect/dialect.h"

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sallyport::content {

// Offsets are raw bytes of the document: the text as it lies between the quotes, escapes and all.
struct Finding {
    Found found;
    dialect::UnitKind unit = dialect::UnitKind::other;
};

struct Inspection {
    std::vector<Finding> findings; // in the order of the body
    std::size_t units = 0;
    std::size_t units_new = 0; // of these, looked at
    std::size_t bytes_new = 0; // of text that was looked at
};

// For one thread at a time; holds memory that it uses again.
class Inspector {
public:
    Inspector(std::shared_ptr<const Rules> rules, UnitMemory& memory, const crypto::UnitNamer& namer);
    void inspect(const json::Document& document, std::span<const dialect::Unit> units, Inspection& into);
    // A text outside of a document, such as a request's headers: as one more unit of kind `other`, whose findings have no place in
    // the body (begin and end are 0). After inspect(). `varies`: many requests have another one; those that are clean are known for a while, at
    // no cost to the memory of units.
    void inspect_beside(std::string_view text, bool varies, Inspection& into);
    const Rules& rules() const { return *rules_; }

private:
    void whole_unit(const dialect::Unit& unit, Inspection& into);
    void own_parts(std::span<const dialect::Unit> unit_and_later, Inspection& into);
    void look_at(json::NodeIndex node, bool root, dialect::UnitKind kind);
    void look_at_text(std::string_view raw, bool escaped, std::uint32_t begin);
    void search(std::string_view text);
    void take(const dialect::Unit& unit, std::uint32_t offset, Inspection& into);

    std::shared_ptr<const Rules> rules_;
    UnitMemory& memory_;
    const crypto::UnitNamer& namer_;
    SecretScanner secrets_;
    const json::Document* document_ = nullptr;
    std::vector<Found> found_, in_text_;                // of the unit, of one text
    std::array<crypto::UnitName, 256> clean_{};         // texts beside that were looked at lately, by their name
    dialect::UnitKind kind_ = dialect::UnitKind::other; // of the unit that is looked at
    std::string text_;
    std::vector<json::SpanPair> spans_;
    std::size_t bytes_ = 0;
};

} // namespace sallyport::content
