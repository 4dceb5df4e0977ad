// Versions of clients and the ranges that a policy asks for. Order: numeric parts one by one (a missing one is 0), a pre-release
// below its release, its identifiers as in Semantic Versioning 2.0.0 section 11; build metadata (+…) does not count.
//
//   range      = all-of *( "||" all-of )          any of them
//   all-of     = comparator *( [","] comparator ) all of them
//   comparator = "*" | [ ">=" | "<=" | ">" | "<" | "=" ] version
//   version    = ["v"] 1*digit *( "." 1*digit ) [ "-" identifiers ] [ "+" identifiers ]
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::policy {

inline constexpr std::size_t version_bytes_max = 64;

bool is_version(std::string_view text);
// Both must be versions. Does not allocate; parts of any number of digits.
std::strong_ordering compare_versions(std::string_view a, std::string_view b);

// A version prepared for many comparisons: most are up to four small numbers and nothing else. Views the text.
struct VersionKey {
    explicit VersionKey(std::string_view version); // must be a version
    std::string_view text;
    std::array<std::uint64_t, 4> numbers{};
    bool plain = false;
};
std::strong_ordering compare_versions(const VersionKey& a, const VersionKey& b);

struct Comparator {
    enum class Op : std::uint8_t { less, at_most, equal, at_least, more };
    Op op = Op::equal;
    std::string version;
    bool accepts(std::strong_ordering order) const; // of the version asked about against this one
};

// "*" accepts everything, also a version that is not known; any other range only versions that it names.
struct VersionRange {
    std::string text = "*";
    std::vector<std::vector<Comparator>> any_of; // empty: "*"
    bool accepts_all() const { return any_of.empty(); }
    bool accepts(std::string_view version) const;
    bool accepts_none() const; // the ends of each alternative exclude each other; misses what no version lies between
};

// The error is the rest of a sentence: "'>=x' is no version".
std::expected<VersionRange, std::string> parse_range(std::string_view text);

} // namespace sallyport::policy
