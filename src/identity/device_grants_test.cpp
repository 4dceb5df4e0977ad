#include "identity/device_grants.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

using State = DeviceGrants::State;
constexpr std::int64_t now = 1'000'000'000;

SignedIn ada() { return {"ada@acme.example", "web", "internal", Secret("r")}; }

TEST(DeviceGrants, AnApprovedCodeIsGivenOutOnce) {
    DeviceGrants grants;
    const auto opened = grants.open("claude_code", "10.0.0.1", now);
    ASSERT_TRUE(opened);
    EXPECT_EQ(grants.poll(opened->device_code, now).state, State::pending);
    EXPECT_TRUE(grants.approve(opened->user_code, ada(), now));
    EXPECT_FALSE(grants.approve(opened->user_code, ada(), now)) << "by a second person";
    const auto polled = grants.poll(opened->device_code, now + 1);
    EXPECT_EQ(polled.state, State::approved);
    EXPECT_EQ(polled.who.name, "ada@acme.example");
    EXPECT_EQ(polled.client, "claude_code");
    EXPECT_EQ(grants.poll(opened->device_code, now + 2).state, State::expired);
}

TEST(DeviceGrants, PollingTooFastCostsFiveSecondsEachTime) {
    DeviceGrants grants;
    const auto opened = grants.open("", "", now);
    EXPECT_EQ(grants.poll(opened->device_code, now).state, State::pending);
    EXPECT_EQ(grants.poll(opened->device_code, now + 100).state, State::slow_down);
    EXPECT_EQ(grants.poll(opened->device_code, now + 100 + device_interval_ms).state, State::slow_down);
    EXPECT_EQ(grants.poll(opened->device_code, now + 100'000).state, State::pending);
}

TEST(DeviceGrants, ACodeIsVoidAfterTenMinutes) {
    DeviceGrants grants;
    const auto opened = grants.open("", "", now);
    EXPECT_FALSE(grants.begin_visit(opened->user_code, "b", "a", now + device_grant_ms));
    EXPECT_FALSE(grants.approve(opened->user_code, ada(), now + device_grant_ms));
    EXPECT_EQ(grants.poll(opened->device_code, now + device_grant_ms).state, State::expired);
}

TEST(DeviceGrants, ABrowserComesBackOnceAndAsItself) {
    DeviceGrants grants;
    const auto opened = grants.open("", "", now);
    const auto visit = grants.begin_visit(opened->user_code, "browser", "a", now);
    ASSERT_TRUE(visit);
    EXPECT_FALSE(grants.end_visit(visit->state, "another", now));
    EXPECT_FALSE(grants.end_visit(visit->state, "", now));
    const auto ended = grants.end_visit(visit->state, "browser", now);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->user_code, opened->user_code);
    EXPECT_EQ(ended->nonce, visit->nonce);
    EXPECT_FALSE(grants.end_visit(visit->state, "browser", now));
}

TEST(DeviceGrants, WhoGuessesIsBarredForAMinute) {
    DeviceGrants grants;
    const auto opened = grants.open("", "", now);
    for (std::size_t i = 0; i < wrong_codes_a_minute_max; ++i)
        EXPECT_FALSE(grants.begin_visit("BBBB-BBBB", "b", "10.0.0.9", now));
    EXPECT_TRUE(grants.is_barred("10.0.0.9", now));
    EXPECT_FALSE(grants.begin_visit(opened->user_code, "b", "10.0.0.9", now));
    EXPECT_TRUE(grants.begin_visit(opened->user_code, "b", "10.0.0.8", now));
    EXPECT_TRUE(grants.begin_visit(opened->user_code, "b", "10.0.0.9", now + 60'000));
}

TEST(DeviceGrants, OneAddressCannotOpenAll) {
    DeviceGrants grants;
    for (std::size_t i = 0; i < grants_a_minute_max; ++i) EXPECT_TRUE(grants.open("", "10.0.0.9", now));
    EXPECT_FALSE(grants.open("", "10.0.0.9", now));
    EXPECT_TRUE(grants.open("", "10.0.0.8", now));
}

TEST(DeviceGrants, CodesAreTypedInAnyForm) {
    EXPECT_EQ(plain_user_code("wdjb mjht"), "WDJB-MJHT");
    EXPECT_EQ(plain_user_code("WDJBMJHT"), "WDJB-MJHT");
    for (const char* const no : {"", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "WDJB-MJH0"})
        EXPECT_EQ(plain_user_code(no), "");
}

} // namespace
} // namespace sallyport::identity
