// What others may have written of what is handed over: a cursor, an answer that acknowledges, an entry. A cursor that is taken comes
// back as it was; an entry that can be read is one line in every format, and JSON where it says so.
#include "base/buffer.h"
#include "handover/carrier.h"
#include "handover/cursor.h"
#include "handover/inventory.h"
#include "json/document.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace sallyport;
using handover::Format;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_event(const handover::Event& event) {
    for (const Format format : {Format::ocsf, Format::cef, Format::otlp, Format::hec, Format::otlp_metrics}) {
        std::string text;
        handover::append(format, event, text);
        require(!text.contains('\n') && !text.contains('\r'));
        if (format == Format::cef) continue;
        const Buffer raw(text);
        json::Document document;
        require(document.parse(raw.view()).has_value());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto cursor = handover::parse_cursor(input, "cursor")) {
        require(cursor->from <= cursor->next);
        const auto again = handover::parse_cursor(handover::cursor_text(*cursor), "cursor");
        require(again && *again == *cursor);
    }
    for (const Format format : {Format::hec, Format::otlp, Format::otlp_metrics}) {
        const auto acknowledged = handover::read_acknowledgement(format, input);
        require(acknowledged || !acknowledged.error().why.empty());
    }
    const auto entry = ledger::decode(input);
    if (!entry) return 0;
    if (const auto* intent = entry->as<ledger::Intent>())
        check_event(handover::event_of("k3f9x2ab", 1, *intent, nullptr));
    if (const auto* refusal = entry->as<ledger::Refusal>()) check_event(handover::event_of("k3f9x2ab", 1, *refusal));
    handover::Inventory inventory;
    inventory.add(1, *entry);
    const Buffer bom(handover::aibom(inventory, "k3f9x2ab", 0));
    json::Document document;
    require(document.parse(bom.view()).has_value());
    return 0;
}
