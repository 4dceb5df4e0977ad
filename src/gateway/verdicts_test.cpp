#include "gateway/verdicts.h"

#include <gtest/gtest.h>

#include <thread>

namespace sallyport::gateway {
namespace {

using policy::Class;
constexpr std::int64_t now = 1'000'000;
constexpr std::int64_t day_ms = 24 * 3'600'000;

TEST(Conversation, IsToldByKeyAndSession) {
    const auto one = Verdicts::conversation("k_a", "session");
    EXPECT_NE(one, 0u);
    EXPECT_EQ(one, Verdicts::conversation("k_a", "session"));
    EXPECT_NE(one, Verdicts::conversation("k_b", "session")); // another's session of the same name is another
    EXPECT_NE(one, Verdicts::conversation("k_a", "session2"));
    EXPECT_NE(Verdicts::conversation("x", "y"), Verdicts::conversation("y", "x"));
    EXPECT_EQ(Verdicts::conversation("k_a", ""), 0u);
}

TEST(Floor, RisesAndNeverFallsWithinAConversation) {
    Verdicts verdicts;
    EXPECT_EQ(verdicts.class_floor(7, now), Class::open_source);
    verdicts.raise_floor(7, Class::customer, now);
    EXPECT_EQ(verdicts.class_floor(7, now), Class::customer);
    verdicts.raise_floor(7, Class::internal, now);
    EXPECT_EQ(verdicts.class_floor(7, now), Class::customer);
    verdicts.raise_floor(7, Class::trade_secret, now);
    verdicts.raise_floor(7, Class::open_source, now);
    EXPECT_EQ(verdicts.class_floor(7, now), Class::trade_secret);
    EXPECT_EQ(verdicts.class_floor(7 + 16, now), Class::open_source); // its neighbour in the same shard
}

TEST(Floor, OfNoConversationIsNone) {
    Verdicts verdicts;
    verdicts.raise_floor(0, Class::trade_secret, now);
    EXPECT_EQ(verdicts.class_floor(0, now), Class::open_source);
}

TEST(Floor, LastsAWorkingDayFromItsLastUse) {
    Verdicts verdicts;
    verdicts.raise_floor(7, Class::customer, now);
    EXPECT_EQ(verdicts.class_floor(7, now + day_ms - 1), Class::customer);
    EXPECT_EQ(verdicts.class_floor(7, now + day_ms + 1), Class::open_source);
    verdicts.raise_floor(7, Class::customer, now + day_ms - 1);
    EXPECT_EQ(verdicts.class_floor(7, now + 2 * day_ms - 2), Class::customer);
}

TEST(Floor, OfManyConversationsStaysBounded) {
    Verdicts verdicts;
    constexpr std::uint64_t conversations = limits::verdicts_remembered_max + 3000; // all of one shard
    for (std::uint64_t i = 1; i <= conversations; ++i) verdicts.raise_floor(i * 16, Class::customer, now);
    std::size_t remembered = 0;
    for (std::uint64_t i = 1; i <= conversations; ++i)
        remembered += verdicts.class_floor(i * 16, now) == Class::customer ? 1 : 0;
    EXPECT_LE(remembered, limits::verdicts_remembered_max);
    EXPECT_GE(remembered, limits::verdicts_remembered_max / 2); // full is no reason to forget all
}

// Whoever works now is remembered; what was used longest ago goes.
TEST(Floor, OfManyConversationsKeepsTheLatest) {
    Verdicts verdicts;
    constexpr std::uint64_t conversations = limits::verdicts_remembered_max + 100;
    for (std::uint64_t i = 1; i <= conversations; ++i)
        verdicts.raise_floor(i * 16, Class::customer, now + static_cast<std::int64_t>(i));
    std::size_t fallen = 0;
    for (std::uint64_t i = conversations - 1000; i <= conversations; ++i)
        fallen += verdicts.class_floor(i * 16, now) == Class::customer ? 0 : 1;
    EXPECT_EQ(fallen, 0u);
}

// In a full table a conversation that goes on must not lose what it had.
TEST(Floor, OfAConversationThatGoesOnIsNotForgottenInAFullTable) {
    Verdicts verdicts;
    for (std::uint64_t i = 1; i <= limits::verdicts_remembered_max; ++i)
        verdicts.raise_floor(i * 16, Class::trade_secret, now);
    for (std::uint64_t i = 1; i <= limits::verdicts_remembered_max; ++i)
        verdicts.raise_floor(i * 16, Class::internal, now + 1);
    std::size_t fallen = 0;
    for (std::uint64_t i = 1; i <= limits::verdicts_remembered_max; ++i)
        fallen += verdicts.class_floor(i * 16, now + 1) == Class::trade_secret ? 0 : 1;
    EXPECT_EQ(fallen, 0u);
}

TEST(Floor, ThatRanOutMakesRoom) {
    Verdicts verdicts;
    for (std::uint64_t i = 1; i <= limits::verdicts_remembered_max; ++i)
        verdicts.raise_floor(i * 16, Class::customer, now);
    const std::int64_t later = now + day_ms + 1;
    for (std::uint64_t i = 1; i <= 1000; ++i) verdicts.raise_floor((1'000'000 + i) * 16, Class::internal, later);
    for (std::uint64_t i = 1; i <= 1000; ++i)
        EXPECT_EQ(verdicts.class_floor((1'000'000 + i) * 16, later), Class::internal);
}

TEST(Repeat, OfARefusalIsTheSameExchangeWithACount) {
    Verdicts verdicts;
    EXPECT_EQ(verdicts.repeat_of(42, "x-1", now), std::nullopt);
    EXPECT_TRUE(verdicts.take_repeats().empty()); // the first one is no repeat
    for (int i = 0; i < 30; ++i) EXPECT_EQ(verdicts.repeat_of(42, "x-" + std::to_string(i + 2), now + i), "x-1");
    EXPECT_EQ(verdicts.repeat_of(43, "x-99", now), std::nullopt); // other content
    const auto repeats = verdicts.take_repeats();
    ASSERT_EQ(repeats.size(), 1u);
    EXPECT_EQ(repeats[0].exchange, "x-1");
    EXPECT_EQ(repeats[0].count, 30u);
    EXPECT_LE(repeats[0].first_wall_ms, repeats[0].last_wall_ms);
    EXPECT_GT(repeats[0].first_wall_ms, 0);
}

TEST(Repeat, IsCountedOnceEach) {
    Verdicts verdicts;
    verdicts.repeat_of(1, "a", now);
    verdicts.repeat_of(1, "b", now);
    EXPECT_EQ(verdicts.take_repeats().size(), 1u);
    EXPECT_TRUE(verdicts.take_repeats().empty());
    verdicts.repeat_of(1, "c", now);
    verdicts.repeat_of(1, "d", now);
    const auto again = verdicts.take_repeats();
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].count, 2u);
}

TEST(Repeat, IsANewRefusalOnceTheOldOneRanOut) {
    Verdicts verdicts;
    verdicts.repeat_of(1, "a", now);
    EXPECT_EQ(verdicts.repeat_of(1, "b", now + limits::verdict_ms_max), "a");
    EXPECT_EQ(verdicts.repeat_of(1, "c", now + 3 * limits::verdict_ms_max), std::nullopt);
    EXPECT_EQ(verdicts.repeat_of(1, "d", now + 3 * limits::verdict_ms_max), "c");
}

TEST(Repeat, TableStaysBounded) {
    Verdicts verdicts;
    constexpr std::uint64_t most = limits::verdicts_remembered_max / 16; // of one shard
    constexpr std::uint64_t refusals = most + 500;
    for (std::uint64_t i = 1; i <= refusals; ++i) EXPECT_EQ(verdicts.repeat_of(i * 16, "x", now), std::nullopt);
    std::size_t remembered = 0;
    for (std::uint64_t i = refusals; i > 0; --i)
        remembered += verdicts.repeat_of(i * 16, "y", now).value_or("y") == "x" ? 1 : 0;
    EXPECT_LE(remembered, most);
}

TEST(Repeat, OfManyRefusalsKeepsTheLatest) {
    Verdicts verdicts;
    constexpr std::uint64_t refusals = limits::verdicts_remembered_max / 16 + 500;
    for (std::uint64_t i = 1; i <= refusals; ++i)
        EXPECT_EQ(verdicts.repeat_of(i * 16, "x", now + static_cast<std::int64_t>(i)), std::nullopt);
    std::size_t forgotten = 0;
    for (std::uint64_t i = refusals - 100; i <= refusals; ++i)
        forgotten += verdicts.repeat_of(i * 16, "y", now + static_cast<std::int64_t>(refusals)) == "x" ? 0 : 1;
    EXPECT_EQ(forgotten, 0u);
}

TEST(Verdicts, MayBeAskedByAllLoopsAtOnce) {
    Verdicts verdicts;
    constexpr int threads = 4, each = 2000;
    std::vector<std::thread> loops;
    std::atomic<std::uint32_t> taken = 0, firsts = 0;
    for (int t = 0; t < threads; ++t)
        loops.emplace_back([&] {
            for (std::uint64_t i = 0; i < each; ++i) {
                if (!verdicts.repeat_of(i % 50, "x", now)) ++firsts;
                verdicts.raise_floor(1 + i % 50, i % 2 == 0 ? Class::trade_secret : Class::internal, now);
                if (i % 100 == 0)
                    for (const auto& repeats : verdicts.take_repeats()) taken += repeats.count;
            }
        });
    for (std::thread& loop : loops) loop.join();
    for (const auto& repeats : verdicts.take_repeats()) taken += repeats.count;
    EXPECT_EQ(firsts, 50u);
    EXPECT_EQ(taken, static_cast<std::uint32_t>(threads * each) - 50u); // none is lost, none counted twice
    for (std::uint64_t i = 1; i <= 50; i += 2) EXPECT_EQ(verdicts.class_floor(i, now), Class::trade_secret) << i;
}

} // namespace
} // namespace sallyport::gateway
