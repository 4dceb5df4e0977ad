// What somebody may see of the ledger, by the key that they show. Apart from Caller::role, which is for rules of the policy.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::identity {

enum class Access : std::uint8_t {
    developer,       // their own exchanges
    auditor,         // all entries; bodies, with a reason
    security,        // the same
    data_protection, // all entries, no body
};
inline constexpr std::array<std::string_view, 4> access_names = {"developer", "auditor", "security", "data-protection"};

constexpr std::string_view name(Access access) { return access_names[static_cast<std::size_t>(access)]; }
constexpr std::optional<Access> access_named(std::string_view word) {
    for (std::size_t i = 0; i < access_names.size(); ++i)
        if (access_names[i] == word) return static_cast<Access>(i);
    return std::nullopt;
}

constexpr bool sees_all(Access access) { return access != Access::developer; }
constexpr bool reads_bodies(Access access) { return access == Access::auditor || access == Access::security; }
// The two that open a name together: one who looks into it, and one who guards people's data.
constexpr bool opens_together(Access one, Access other) {
    return (reads_bodies(one) && other == Access::data_protection) ||
           (reads_bodies(other) && one == Access::data_protection);
}

} // namespace sallyport::identity
