#include "base/clock.h"

#include <cstdio>
#include <ctime>

namespace sallyport {

namespace {
timespec read_clock(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return t;
}
} // namespace

std::int64_t wall_ms() {
    const timespec t = read_clock(CLOCK_REALTIME);
    return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

std::int64_t monotonic_ms() {
    const timespec t = read_clock(CLOCK_MONOTONIC_COARSE);
    return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

std::int64_t monotonic_us() {
    const timespec t = read_clock(CLOCK_MONOTONIC);
    return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000;
}

std::string rfc3339(std::int64_t wall_ms) {
    const std::time_t seconds = wall_ms / 1000;
    std::tm tm{};
    gmtime_r(&seconds, &tm);
    char text[40];
    const int length =
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                      tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, static_cast<int>(wall_ms % 1000));
    return {text, static_cast<std::size_t>(length)};
}

std::int64_t parse_time(const std::string& text, std::int64_t now_wall_ms) {
    std::tm tm{};
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
    char end = 0;
    long long count = 0;
    char unit = 0;
    if (std::sscanf(text.c_str(), "%lld%c%c", &count, &unit, &end) == 2 && count >= 0 && count < 1'000'000) {
        switch (unit) {
        case 's': return now_wall_ms - count * 1000;
        case 'm': return now_wall_ms - count * 60'000;
        case 'h': return now_wall_ms - count * 3'600'000;
        case 'd': return now_wall_ms - count * 86'400'000;
        default: return -1;
        }
    }
    if (std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3) return -1;
    if (month < 1 || month > 12 || day < 1 || day > 31) return -1;
    const std::string rest = text.substr(static_cast<std::size_t>(used));
    int fraction_ms = 0;
    if (!rest.empty()) {
        int length = 0;
        if (std::sscanf(rest.c_str(), "T%2d:%2d:%2d%n", &hour, &minute, &second, &length) != 3) return -1;
        std::string zone = rest.substr(static_cast<std::size_t>(length));
        if (!zone.empty() && zone[0] == '.') {
            const auto digits_end = zone.find_first_not_of("0123456789", 1);
            if (digits_end == std::string::npos || digits_end == 1) return -1;
            for (std::size_t i = 1; i <= 3; ++i) fraction_ms = fraction_ms * 10 + (i < digits_end ? zone[i] - '0' : 0);
            zone = zone.substr(digits_end);
        }
        if (zone != "Z") return -1;
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
    }
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = second;
    const std::int64_t seconds = timegm(&tm);
    if (tm.tm_mon != month - 1 || (tm.tm_mday != day && second != 60)) return -1; // 30 February does not exist
    return seconds * 1000 + fraction_ms;
}

} // namespace sallyport
