#include "gateway/clock_watch.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr std::int64_t second = 1'000, hour = 3'600 * second, day = 24 * hour, now = 20'000 * day;

TEST(ClockWatch, TrustsAClockThatGoesWithTime) {
    ClockWatch watch(now - hour, now, 7 * day);
    for (int i = 1; i <= 100; ++i) EXPECT_EQ(watch.look(now + i * 2 * second, 7 * day + i * 2 * second + i % 7), 0);
    EXPECT_TRUE(watch.is_trusted(7 * day + hour));
    EXPECT_EQ(watch.behind_ms(), 0);
    EXPECT_TRUE(ClockWatch(0, now, 0).is_trusted(0)); // the first start
}

TEST(ClockWatch, TellsWhereItWasMovedAndWaitsADayBeforeAnythingExpires) {
    for (const std::int64_t by : {2 * hour, -2 * hour, 3'000 * day}) {
        ClockWatch watch(now - hour, now, 0);
        EXPECT_EQ(watch.look(now + 2 * second + by, 2 * second), by);
        EXPECT_FALSE(watch.is_trusted(day - second));
        EXPECT_TRUE(watch.is_trusted(day + 2 * second));
        EXPECT_EQ(watch.look(now + 4 * second + by, 4 * second), 0); // told once
    }
}

TEST(ClockWatch, TellsASmallMoveAndGoesOn) {
    ClockWatch watch(now - hour, now, 0);
    EXPECT_EQ(watch.look(now + 2 * second + 90 * second, 2 * second), 90 * second);
    EXPECT_TRUE(watch.is_trusted(2 * second));
}

TEST(ClockWatch, HoldsTheStartAgainstWhatWasNotedBefore) {
    const ClockWatch behind(now + 5 * day, now, 0), late(now - 40 * day, now, 0), soon(now - 20 * day, now, 0);
    EXPECT_EQ(behind.behind_ms(), 5 * day);
    EXPECT_FALSE(behind.is_trusted(0));
    EXPECT_FALSE(late.is_trusted(0));
    EXPECT_EQ(late.behind_ms(), 0);
    EXPECT_TRUE(soon.is_trusted(0));
}

} // namespace
} // namespace sallyport::gateway
