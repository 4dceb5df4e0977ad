#include "policy/time_window.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

constexpr std::int64_t monday = 1'797'206'400'000, hour = 3'600'000; // 2026-12-14T00:00Z

TEST(TimeWindow, DatesAreReadAtTheOffset) {
    EXPECT_EQ(date_ms("2026-12-14", 0), monday);
    EXPECT_EQ(date_ms("2026-12-14T18:30", 0), monday + 18 * hour + hour / 2);
    EXPECT_EQ(date_ms("2026-12-14", 60), monday - hour);
    EXPECT_EQ(date_ms("2024-02-29", 0), 1'709'164'800'000);
    for (const auto text : {"", "2026-02-29", "2026-13-01", "2026-12-14T24:00", "2026-12-14T", "2026-12-14 18:00",
                            "14d", "2026-12-14T18:30Z", "2026-12-14T1:30", "26-12-14", "2026-12-1x"})
        EXPECT_FALSE(date_ms(text, 0)) << text;
}

TEST(TimeWindow, OffsetsAreRead) {
    EXPECT_EQ(utc_offset("Z"), 0);
    EXPECT_EQ(utc_offset("+01:00"), 60);
    EXPECT_EQ(utc_offset("-05:30"), -330);
    for (const auto text : {"", "1", "+1", "01:00", "+15:00", "+01:60", "CET"}) EXPECT_FALSE(utc_offset(text)) << text;
}

TEST(TimeWindow, AWindowPastMidnightBelongsToTheDayOnWhichItBegins) {
    const TimeWindow nights{week_minutes("22:00-06:00", 1u << 6)}; // Sunday
    EXPECT_TRUE(nights.holds(monday - hour, 0));
    EXPECT_TRUE(nights.holds(monday, 0));
    EXPECT_TRUE(nights.holds(monday + 6 * hour - 1, 0));
    EXPECT_FALSE(nights.holds(monday + 6 * hour, 0));
    EXPECT_FALSE(nights.holds(monday + 22 * hour, 0)) << "that is Monday's night";
    EXPECT_TRUE(nights.holds(monday - 2 * hour, 0));
    EXPECT_FALSE(nights.holds(monday - 2 * hour - 1, 0));
    EXPECT_TRUE(nights.holds(monday - 3 * hour, 60)) << "22:00 at +01:00";
    EXPECT_FALSE(nights.holds(monday + 5 * hour, 60));
}

TEST(TimeWindow, HoursThatAreNoneAreRefused) {
    for (const auto text :
         {"", "8-18", "08:00", "08:00-08:00", "24:00-06:00", "08:00-24:01", "08:60-09:00", "x8:00-09:00"})
        EXPECT_FALSE(week_minutes(text, 0x7F)) << text;
    EXPECT_TRUE(week_minutes("00:00-24:00", 0x7F));
}

TEST(TimeWindow, EveryKindOfMomentHasOne) {
    const OffsetWindow windows[] = {{{week_minutes("08:00-18:00", 0x1F)}, 60},
                                    {{{}, monday, monday + 2 * hour}, 0},
                                    {{{}, monday + 400 * 24 * hour, std::numeric_limits<std::int64_t>::max()}, 0}};
    const auto moments = moments_of(windows);
    // Each minute of two years is like one of them for all windows.
    for (std::int64_t at = monday - 100 * 24 * hour; at < monday + 500 * 24 * hour; at += 60'000) {
        bool like = false;
        for (const auto moment : moments) {
            bool same = true;
            for (const auto& [window, offset] : windows)
                same = same && window.holds(at, offset) == window.holds(moment, offset);
            like = like || same;
        }
        ASSERT_TRUE(like) << at;
    }
    EXPECT_LT(moments.size(), 60u);
    EXPECT_EQ(moments_of({}).size(), 1u);
}

} // namespace
} // namespace sallyport::policy
