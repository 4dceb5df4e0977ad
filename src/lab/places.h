// Texts that say where a machine stands: time zones, languages, countries, keyboards. Known by their form (IANA time zone database, BCP 47,
// ISO 3166), not by which one it is. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::lab {

enum class PlaceForm : std::uint8_t { none, time_zone, language, country, keyboard };

// `around`: code that stands about it. Two letters are a country only where the code speaks of one.
PlaceForm place_form(std::string_view value, std::string_view around);
// "Asia/Tokyo", "America/Argentina/Salta"; not UTC and its like, which everybody compares with.
bool is_time_zone(std::string_view value);
std::string_view name_of(PlaceForm form);

} // namespace sallyport::lab
