// When a rule holds: days of the week, hours of the day, dates. Times are of one fixed offset from UTC, so that a decision can be
// repeated anywhere without a table of time zones.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport::policy {

inline constexpr int minutes_per_day = 24 * 60;
inline constexpr int minutes_per_week = 7 * minutes_per_day;
inline constexpr std::int64_t ms_per_minute = 60'000;

using WeekMinutes = std::vector<bool>; // minutes_per_week of them, from Monday 00:00

struct TimeWindow {
    std::optional<WeekMinutes> week; // not stated: always
    std::int64_t from_ms = std::numeric_limits<std::int64_t>::min();
    std::int64_t until_ms = std::numeric_limits<std::int64_t>::max(); // no longer
    bool holds(std::int64_t at_ms, int utc_offset_minutes) const;
};

int minute_of_week(std::int64_t at_ms, int utc_offset_minutes);

// "08:00-18:00" on the days with a bit in `days` (bit 0 is Monday). A window past midnight ("22:00-06:00") belongs to the day on
// which it begins. Nothing where it is no such text.
std::optional<WeekMinutes> week_minutes(std::string_view hours, unsigned days);
// "2026-12-20" or "2026-12-20T08:00" at the offset.
std::optional<std::int64_t> date_ms(std::string_view text, int utc_offset_minutes);
// "+01:00", "-05:30", "Z": minutes.
std::optional<int> utc_offset(std::string_view text);

// The moments that a set of windows can tell apart, one of each kind: between two dates that some window names, every part of
// the week that occurs there.
struct OffsetWindow {
    TimeWindow window;
    int utc_offset_minutes = 0;
};
std::vector<std::int64_t> moments_of(std::span<const OffsetWindow> windows);

} // namespace sallyport::policy
