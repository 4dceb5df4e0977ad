// The words of the policy language for the values of facts.h, each list in the order of its enum.
#pragma once

#include "policy/facts.h"

#include <array>

namespace sallyport::policy {

inline constexpr std::array<std::string_view, class_count> class_names = {"open-source", "internal", "customer",
                                                                          "secret-bearing", "trade-secret"};
inline constexpr std::array<std::string_view, evidence_count> evidence_names = {"none", "claimed", "bound", "observed"};
inline constexpr std::array<std::string_view, 2> account_names = {"company", "personal"};
inline constexpr std::array<std::string_view, reference_kinds> reference_names = {
    "previous-response", "file", "container", "cached-content", "stored-prompt", "url", "vendor-tool", "remote-mcp"};
inline constexpr std::array<std::string_view, finding_kinds> finding_names = {"secret", "marker", "attribution",
                                                                              "uninspected"};
inline constexpr std::array<std::string_view, finding_confidences> confidence_names = {"low", "medium", "high"};
inline constexpr std::array<std::string_view, 4> amendment_names = {"redact", "withhold", "normalise", "strip-headers"};
inline constexpr std::array<std::string_view, 4> pdp_names = {"not-asked", "permitted", "denied", "unanswered"};
inline constexpr std::array<std::string_view, mode_count> mode_names = {"enforce", "warn", "observe"};
inline constexpr std::array<std::string_view, tier_count> tier_names = {"none", "C", "B", "A"};
inline constexpr std::array<std::string_view, 3> hosting_names = {"own", "cloud", "vendor"};

} // namespace sallyport::policy
