// How something said of a client or vendor is known; strongest last. Never shown without it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::catalog {

enum class Tier : std::uint8_t { community, reported, vendor_statement, public_record, measured };
inline constexpr std::array<std::string_view, 5> tier_names = {"community", "reported", "vendor-statement",
                                                               "public-record", "measured"};
constexpr std::string_view name(Tier tier) { return tier_names[static_cast<std::size_t>(tier)]; }
constexpr std::optional<Tier> tier_named(std::string_view word) {
    for (std::size_t i = 0; i < tier_names.size(); ++i)
        if (tier_names[i] == word) return static_cast<Tier>(i);
    return std::nullopt;
}

} // namespace sallyport::catalog
