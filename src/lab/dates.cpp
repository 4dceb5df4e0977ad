// Dates and times of the run, masked in what it sent: they differ by themselves, how they are written does not.
#include "lab/observe.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <ctime>

namespace sallyport::lab {

namespace {

struct Day {
    std::string year, month, day;
    bool operator==(const Day&) const = default;
};

// By the zone's own rules. Sets TZ for a moment: an inspection has one thread.
Day local_day(std::int64_t wall_ms, const std::string& zone) {
    const char* const had = std::getenv("TZ");
    const std::string before = had != nullptr ? had : "";
    ::setenv("TZ", zone.c_str(), 1);
    ::tzset();
    const std::time_t seconds = wall_ms / 1'000;
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    if (had != nullptr)
        ::setenv("TZ", before.c_str(), 1);
    else
        ::unsetenv("TZ");
    ::tzset();
    return {fmt::format("{}", parts.tm_year + 1'900), fmt::format("{:02}", parts.tm_mon + 1),
            fmt::format("{:02}", parts.tm_mday)};
}

bool digit(char c) { return c >= '0' && c <= '9'; }

// Length of what separates two numbers at `at`: at most one character, of any kind. 0: nothing does.
std::size_t separator(std::string_view text, std::size_t at) {
    if (at >= text.size() || digit(text[at])) return 0;
    std::size_t length = 1;
    while (at + length < text.size() && (static_cast<unsigned char>(text[at + length]) & 0xC0) == 0x80) ++length;
    return length;
}

} // namespace

std::string without_dates(std::string_view text, std::int64_t wall_ms, const Conditions& conditions) {
    static std::string known_zone;
    static std::int64_t known_minute = -1;
    static std::array<Day, 4> days; // UTC and local, at the beginning and a little later
    const std::string& zone = conditions.zone.empty() ? conditions.zone_file : conditions.zone;
    if (known_minute != wall_ms / 60'000 || known_zone != zone) {
        known_zone = zone;
        known_minute = wall_ms / 60'000;
        days = {local_day(wall_ms, "UTC"), local_day(wall_ms, zone), local_day(wall_ms + 120'000, "UTC"),
                local_day(wall_ms + 120'000, zone)};
    }
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = 0;
         (at = text.find(std::string_view(days[0].year).substr(0, 2), at)) != std::string_view::npos;) {
        const auto matches = [&](const Day& day) -> std::size_t {
            if (text.substr(at, 4) != day.year || (at > 0 && digit(text[at - 1]))) return 0;
            const std::size_t first = separator(text, at + 4);
            if (first == 0 || text.substr(std::min(text.size(), at + 4 + first), 2) != day.month) return 0;
            const std::size_t second = separator(text, at + 6 + first);
            const std::size_t last = at + 6 + first + second;
            if (second == 0 || text.substr(std::min(text.size(), last), 2) != day.day) return 0;
            return last + 2;
        };
        std::size_t end = 0;
        for (const Day& day : days)
            if (end == 0) end = matches(day);
        if (end == 0) {
            ++at;
            continue;
        }
        out += text.substr(done, at - done);
        for (std::size_t i = at, field = 0; i < end; ++i) {
            if (digit(text[i]))
                out += field < 4 ? 'Y' : field < 6 ? 'M' : 'D', ++field;
            else
                out += text[i];
        }
        // "T14:20:05" or " 14:20"
        if (end + 5 < text.size() && (text[end] == 'T' || text[end] == ' ') && digit(text[end + 1]) &&
            text[end + 3] == ':') {
            std::size_t i = end;
            for (; i < text.size() && i < end + 9 && (i == end || digit(text[i]) || text[i] == ':'); ++i)
                out += digit(text[i]) ? 't' : text[i];
            end = i;
        }
        at = done = end;
    }
    if (done == 0) return std::string(text);
    return out += text.substr(done);
}

} // namespace sallyport::lab
