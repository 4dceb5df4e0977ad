// Versions of clients and their order: numeric parts one by one (a missing one is 0), a pre-release below its release, its identifiers
// as in Semantic Versioning 2.0.0 section 11; build metadata (+…) does not count.
//
//   version = ["v"] 1*digit *( "." 1*digit ) [ "-" identifiers ] [ "+" identifiers ]
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

namespace sallyport {

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

} // namespace sallyport
