#include "base/clock.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

constexpr std::int64_t now = 1'795'382'199'123; // 2026-11-22T21:16:39.123Z

TEST(Time, IsWrittenAsRfc3339) {
    EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(now), "2026-11-22T21:16:39.123Z");
    EXPECT_EQ(rfc3339(951'782'400'007), "2000-02-29T00:00:00.007Z");
}

TEST(Time, OfADateIsItsMidnight) {
    EXPECT_EQ(parse_time("1970-01-01", now), 0);
    EXPECT_EQ(parse_time("2026-11-22", now), 1'795'305'600'000);
    EXPECT_EQ(parse_time("2024-02-29", now), 1'709'164'800'000);
}

TEST(Time, OfASpanCountsBackFromNow) {
    EXPECT_EQ(parse_time("0s", now), now);
    EXPECT_EQ(parse_time("90s", now), now - 90'000);
    EXPECT_EQ(parse_time("15m", now), now - 900'000);
    EXPECT_EQ(parse_time("24h", now), now - 86'400'000);
    EXPECT_EQ(parse_time("7d", now), now - 604'800'000);
}

TEST(Time, IsReadWithASecondsPrecision) {
    EXPECT_EQ(parse_time("2026-11-22T21:16:39Z", now), now - 123);
    EXPECT_EQ(parse_time("1970-01-01T00:00:01Z", now), 1000);
}

// `ledger list --since` with a time copied from an entry must not miss that entry, nor show one before it.
TEST(Time, ReadsBackWhatItWrote) {
    for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{1}, now, now + 876, std::int64_t{951'782'400'007}})
        EXPECT_EQ(parse_time(rfc3339(ms), now), ms) << rfc3339(ms);
}

TEST(Time, RefusesWhatIsNone) {
    for (const char* text : {"",
                             "x",
                             "7",
                             "7w",
                             "7dd",
                             "-7d",
                             "d",
                             "yesterday",
                             "2026",
                             "2026-11",
                             "2026-11-22x",
                             "2026-13-01",
                             "2026-00-01",
                             "2026-01-00",
                             "2026-01-32",
                             "2026-11-22T",
                             "2026-11-22T10:00",
                             "2026-11-22T10:00:00",
                             "2026-11-22T10:00:00.",
                             "2026-11-22T10:00:00.12",
                             "2026-11-22T10:00:00Zx",
                             "2026-11-22 10:00:00Z"})
        EXPECT_EQ(parse_time(text, now), -1) << text;
}

// A typing slip must be told, not turned into another day.
TEST(Time, RefusesDaysAndHoursThatDoNotExist) {
    for (const char* text : {"2026-02-30", "2025-02-29", "2026-04-31", "2026-11-22T24:00:00Z", "2026-11-22T10:60:00Z",
                             "2026-11-22T10:00:61Z", "2026-11-22T-1:00:00Z", "2026-11-22T10:00:00.Z"})
        EXPECT_EQ(parse_time(text, now), -1) << text;
}

TEST(Time, OfTheMonotonicClockNeverRunsBack) {
    std::int64_t last_us = monotonic_us();
    std::int64_t last_ms = monotonic_ms();
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t us = monotonic_us();
        const std::int64_t ms = monotonic_ms();
        EXPECT_GE(us, last_us);
        EXPECT_GE(ms, last_ms);
        last_us = us;
        last_ms = ms;
    }
}

} // namespace
} // namespace sallyport
