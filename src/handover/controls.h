// Which control of a framework what in the ledger supports. It supports; whether a company complies is for others to say.
#pragma once

#include "handover/evidence.h"

#include <optional>
#include <span>
#include <string_view>

namespace sallyport::handover {

struct Control {
    std::string_view id, title;
    std::string_view supports; // a sentence: what the ledger supports it with; empty: with nothing
    std::span<const Fact> facts;
};

struct Framework {
    std::string_view name;    // as on the command line
    std::string_view title;   // with its edition
    std::string_view caution; // what the report is not
    std::span<const Control> controls;
};

std::span<const Framework> frameworks();
const Framework* framework_named(std::string_view name); // null where there is none

} // namespace sallyport::handover
