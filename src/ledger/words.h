// The words of the entry format for numbers of ours, and back. They are the format's: a display name may change, these may not.
#pragma once

#include "ledger/entry.h"

#include <array>
#include <optional>

namespace sallyport::ledger {

// In canonical order of the word, so that counts can be written as they stand.
template <class Kind> struct Word {
    std::string_view text;
    Kind kind;
};

inline constexpr std::array<Word<dialect::UnitKind>, unit_kinds> unit_words = {{
    {"attachment", dialect::UnitKind::attachment},
    {"message", dialect::UnitKind::message},
    {"other", dialect::UnitKind::other},
    {"system", dialect::UnitKind::system},
    {"tool_call", dialect::UnitKind::tool_call},
    {"tool_definition", dialect::UnitKind::tool_definition},
    {"tool_result", dialect::UnitKind::tool_result},
}};

inline constexpr std::array<Word<dialect::ReferenceKind>, dialect::reference_kinds> reference_words = {{
    {"cached_content", dialect::ReferenceKind::cached_content},
    {"container", dialect::ReferenceKind::container},
    {"file", dialect::ReferenceKind::file},
    {"previous_response", dialect::ReferenceKind::previous_response},
    {"remote_mcp", dialect::ReferenceKind::remote_mcp},
    {"stored_prompt", dialect::ReferenceKind::stored_prompt},
    {"url", dialect::ReferenceKind::url},
    {"vendor_tool", dialect::ReferenceKind::vendor_tool},
}};

inline constexpr std::array<std::string_view, 6> kind_words = {"intent", "outcome", "refusal", "repeat", "start", "stop"};
inline constexpr std::array<std::string_view, 7> ended_words = {"complete", "client-left", "upstream-cut", "upstream-error",
                                                                "timeout",  "not-sent",    "gateway-error"};
inline constexpr std::array<std::string_view, 3> operation_words = {"generate", "count-tokens", "list-models"};
inline constexpr std::array<std::string_view, 6> refusal_words = {"policy",    "identity",    "invalid",
                                                                  "too-large", "unavailable", "not-found"};
inline constexpr std::array<std::string_view, 5> class_words = {"open-source", "internal", "customer", "secret-bearing",
                                                                "trade-secret"};
inline constexpr std::array<std::string_view, 4> evidence_words = {"none", "claimed", "bound", "observed"};
inline constexpr std::array<std::string_view, 2> account_words = {"company", "personal"};
inline constexpr std::array<std::string_view, 4> decision_words = {"allow", "amend", "withhold", "refuse"};
inline constexpr std::array<std::string_view, 8> refused_by_words = {
    "nothing", "key-class", "personal-account", "client", "client-version", "reference", "rule", "no-rule"};

template <class Enum, std::size_t count>
std::optional<Enum> from_word(const std::array<std::string_view, count>& words, std::string_view text) {
    for (std::size_t i = 0; i < count; ++i)
        if (words[i] == text) return static_cast<Enum>(i);
    return std::nullopt;
}
template <class Enum, std::size_t count>
constexpr std::string_view to_word(const std::array<std::string_view, count>& words, Enum value) {
    const auto i = static_cast<std::size_t>(value);
    return i < count ? words[i] : std::string_view("unknown");
}

} // namespace sallyport::ledger
