#include "gateway/clock_watch.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr std::int64_t second = 1'000, hour = 3'600 * second, day = 24 * hour, now = 20'000 * day;

TEST(ClockWatch, TrustsAClockThatGoesWithTime) {
    ClockWatch watch(now - hour, -1, now, 7 * day);
    for (int i = 1; i <= 100; ++i) EXPECT_EQ(watch.look(now + i * 2 * second, 7 * day + i * 2 * second + i % 7), 0);
    EXPECT_TRUE(watch.is_trusted());
    EXPECT_EQ(watch.waited_ms(8 * day), -1);
    EXPECT_EQ(watch.behind_ms(), 0);
    EXPECT_TRUE(ClockWatch(0, -1, now, 0).is_trusted()); // the first start
}

TEST(ClockWatch, TellsWhereItWasMovedAndIsTrustedAgainAfterADay) {
    for (const std::int64_t by : {2 * hour, -2 * hour, 3'000 * day}) {
        ClockWatch watch(now - hour, -1, now, 0);
        EXPECT_EQ(watch.look(now + 2 * second + by, 2 * second), by);
        EXPECT_FALSE(watch.is_trusted());
        EXPECT_EQ(watch.look(now + 4 * second + by, 4 * second), 0); // told once
        EXPECT_EQ(watch.look(now + day + by, day), 0);
        EXPECT_FALSE(watch.is_trusted());
        EXPECT_EQ(watch.look(now + day + 2 * second + by, day + 2 * second), 0);
        EXPECT_TRUE(watch.is_trusted());
    }
}

TEST(ClockWatch, TellsASmallMoveAndGoesOn) {
    ClockWatch watch(now - hour, -1, now, 0);
    EXPECT_EQ(watch.look(now + 2 * second + 90 * second, 2 * second), 90 * second);
    EXPECT_TRUE(watch.is_trusted());
}

TEST(ClockWatch, HoldsTheStartAgainstWhatWasNotedBefore) {
    const ClockWatch behind(now + 5 * day, -1, now, 0), late(now - 3 * day, -1, now, 0), soon(now - day, -1, now, 0);
    EXPECT_EQ(behind.behind_ms(), 5 * day);
    EXPECT_FALSE(behind.is_trusted());
    EXPECT_FALSE(late.is_trusted());
    EXPECT_EQ(late.behind_ms(), 0);
    EXPECT_TRUE(soon.is_trusted());
}

// A start is no reason to trust it: what was noted before it was wrong stays, and the time that it ran adds up.
TEST(ClockWatch, StartsDoNotMakeItTrusted) {
    std::int64_t waited = -1;
    int starts = 0;
    for (; starts < 100; ++starts) {
        ClockWatch watch(now, waited, now + 3'650 * day, 0);
        watch.look(now + 3'650 * day + hour, hour);
        waited = watch.waited_ms(hour);
        if (watch.is_trusted()) break;
    }
    EXPECT_EQ(starts, 23);
    ClockWatch jumped(now, -1, now, 0); // by less than a pause would tell
    jumped.look(now + day, second);
    EXPECT_FALSE(ClockWatch(now, jumped.waited_ms(2 * second), now + day, 0).is_trusted());
}

} // namespace
} // namespace sallyport::gateway
