// What inspection saw in one text: what kind, how sure, by which rule, where. Never the text itself (law 8).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

enum class FindingKind : std::uint8_t { secret, marker, attribution, uninspected };
inline constexpr std::size_t finding_kinds = 4;
std::string_view name(FindingKind); // "secret", as in policy.yaml

enum class Confidence : std::uint8_t { low, medium, high };
inline constexpr std::size_t confidences = 3;
std::string_view name(Confidence);

// Offsets are bytes of the text that was given to the detector; `rule` is an index into the detector's own rules, behind the inspector
// one of Rules::rule_name(), of an attribution into the list of sources beside the findings.
struct Found {
    FindingKind kind = FindingKind::secret;
    Confidence confidence = Confidence::medium;
    std::uint32_t rule = 0;
    std::uint32_t begin = 0, end = 0;
    std::uint32_t since = 0; // of a unit that is remembered: the sequence number of the rules that found it first
    std::uint8_t depth = 0;  // how often the text had to be unescaped further to read it: JSON in a JSON string is 1
    bool operator==(const Found& other) const { // whenever it was found
        return kind == other.kind && confidence == other.confidence && rule == other.rule && begin == other.begin &&
               end == other.end && depth == other.depth;
    }
    bool overlaps(const Found& other) const { return begin < other.end && other.begin < end; }
};

// Of which document a text is, compared byte by byte with it in the normal form of normalise.h.
struct Source {
    struct Place {
        std::string repository, path; // "git.acme.example/core/engine", "src/engine.c"
        bool operator==(const Place&) const = default;
    };
    std::vector<Place> places; // at least one, at most source_places_max
    std::uint32_t first_line = 0, last_line = 0;
    std::uint32_t characters = 0; // that are the same
    bool operator==(const Source&) const = default;
};
inline constexpr std::size_t source_places_max = 16;
using Sources = std::vector<std::shared_ptr<const Source>>;

} // namespace sallyport::content
