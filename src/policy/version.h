// The ranges of versions that a policy asks for; their order is base/version.h.
//
//   range      = all-of *( "||" all-of )          any of them
//   all-of     = comparator *( [","] comparator ) all of them
//   comparator = "*" | [ ">=" | "<=" | ">" | "<" | "=" ] version
#pragma once

#include "base/version.h"

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::policy {

using sallyport::compare_versions;
using sallyport::is_version;
using sallyport::version_bytes_max;
using sallyport::VersionKey;

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
