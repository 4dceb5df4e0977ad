#include "content/finding.h"

namespace sallyport::content {

std::string_view name(FindingKind kind) {
    static constexpr std::array<std::string_view, finding_kinds> names = {"secret", "marker", "attribution",
                                                                          "uninspected"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view name(Confidence confidence) {
    static constexpr std::array<std::string_view, confidences> names = {"low", "medium", "high"};
    return names[static_cast<std::size_t>(confidence)];
}

} // namespace sallyport::content
