#include "policy/time_window.h"

#include "base/clock.h"

#include <algorithm>
#include <set>
#include <string>

namespace sallyport::policy {

namespace {

constexpr std::int64_t ms_per_day = minutes_per_day * ms_per_minute;
constexpr std::int64_t ms_per_week = 7 * ms_per_day;

std::int64_t local(std::int64_t at_ms, int utc_offset_minutes) { return at_ms + utc_offset_minutes * ms_per_minute; }

// "08:30" -> 510; 24:00 is the end of the day; -1 where it is none.
int minute_of_day(std::string_view text) {
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 1000; };
    if (text.size() != 5 || text[2] != ':') return -1;
    const int hours = digit(0) * 10 + digit(1), minutes = digit(3) * 10 + digit(4);
    return hours * 60 + minutes <= minutes_per_day && minutes < 60 ? hours * 60 + minutes : -1;
}

} // namespace

int minute_of_week(std::int64_t at_ms, int utc_offset_minutes) {
    // 1970-01-01 was a Thursday.
    const std::int64_t since_monday = (local(at_ms, utc_offset_minutes) + 3 * ms_per_day) % ms_per_week;
    return static_cast<int>((since_monday + ms_per_week) % ms_per_week / ms_per_minute);
}

bool TimeWindow::holds(std::int64_t at_ms, int utc_offset_minutes) const {
    return at_ms >= from_ms && at_ms < until_ms &&
           (!week || (*week)[static_cast<std::size_t>(minute_of_week(at_ms, utc_offset_minutes))]);
}

std::optional<WeekMinutes> week_minutes(std::string_view hours, unsigned days) {
    const auto dash = hours.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const int begin = minute_of_day(hours.substr(0, dash)), end = minute_of_day(hours.substr(dash + 1));
    if (begin < 0 || end < 0 || begin == end || begin == minutes_per_day) return std::nullopt;
    WeekMinutes minutes(minutes_per_week);
    for (int day = 0; day < 7; ++day) {
        if ((days >> day & 1) == 0) continue;
        const int length = end > begin ? end - begin : end + minutes_per_day - begin;
        for (int i = 0; i < length; ++i)
            minutes[static_cast<std::size_t>((day * minutes_per_day + begin + i) % minutes_per_week)] = true;
    }
    return minutes;
}

std::optional<std::int64_t> date_ms(std::string_view text, int utc_offset_minutes) {
    const auto time = text.substr(std::min(text.size(), text.find('T')));
    const std::string date(text.substr(0, text.size() - time.size()));
    const std::int64_t day = date.size() == 10 ? parse_time(date, 0) : -1;
    const int minute = time.empty() ? 0 : minute_of_day(time.substr(1));
    if (day < 0 || !rfc3339(day).starts_with(date) || minute < 0 || minute == minutes_per_day) return std::nullopt;
    return day + (minute - utc_offset_minutes) * ms_per_minute;
}

std::optional<int> utc_offset(std::string_view text) {
    if (text == "Z") return 0;
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const int minutes = minute_of_day(text.substr(1));
    if (minutes < 0 || minutes > 14 * 60) return std::nullopt;
    return text[0] == '-' ? -minutes : minutes;
}

std::vector<std::int64_t> moments_of(std::span<const OffsetWindow> windows) {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                           most = std::numeric_limits<std::int64_t>::max();
    std::set<std::int64_t> dates;
    std::set<int> minutes; // of the week at UTC, where some window begins or ends
    for (const auto& [window, offset] : windows) {
        if (window.from_ms != least) dates.insert(window.from_ms);
        if (window.until_ms != most) dates.insert(window.until_ms);
        if (!window.week) continue;
        const WeekMinutes& week = *window.week;
        for (std::size_t i = 0; i < week.size(); ++i)
            if (week[i] != week[(i + week.size() - 1) % week.size()])
                minutes.insert((static_cast<int>(i) - offset + minutes_per_week) % minutes_per_week);
    }
    std::vector<std::int64_t> moments;
    const auto between = [&](std::int64_t from, std::int64_t until) {
        // Each part of the week begins once in a week; the one that is under way at `from` has its moment there.
        if (from >= until) return;
        const int first = minute_of_week(from, 0);
        moments.push_back(from);
        const std::int64_t whole =
            from - (from % ms_per_minute + ms_per_minute) % ms_per_minute; // offsets are whole minutes
        for (const int minute : minutes) {
            const int ahead = (minute - first + minutes_per_week) % minutes_per_week;
            if (const std::int64_t at = whole + ahead * ms_per_minute; at > from && at < until) moments.push_back(at);
        }
    };
    constexpr std::int64_t plain = 1'767'225'600'000; // 2026-01-01: a moment that reads well, where no date is named
    if (dates.empty()) {
        between(plain, plain + ms_per_week);
        return moments;
    }
    between(*dates.begin() - ms_per_week, *dates.begin());
    for (auto date = dates.begin(); date != dates.end(); ++date) {
        const auto next = std::next(date);
        between(*date, next == dates.end() ? *date + ms_per_week : std::min(*next, *date + ms_per_week));
    }
    return moments;
}

} // namespace sallyport::policy
