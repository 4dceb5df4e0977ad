#include "content/unit_memory.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace sallyport::content {
namespace {

const std::string key(32, 'k');

TEST(UnitNames, AreOfTheTextTheKeyAndTheContext) {
    const crypto::UnitNamer one(key, "rules 1"), same(key, "rules 1"), other(key, "rules 2"),
        elsewhere(std::string(32, 'x'), "rules 1");
    EXPECT_EQ(one.of("a text"), same.of("a text"));
    EXPECT_NE(one.of("a text"), one.of("a texT"));
    EXPECT_NE(one.of("a text"), other.of("a text"));
    EXPECT_NE(one.of("a text"), elsewhere.of("a text"));
    EXPECT_NE(one.of(""), other.of(""));
}

TEST(UnitMemory, KeepsWhatIsAskedForAndIsBounded) {
    const crypto::UnitNamer namer(key, "");
    UnitMemory memory(1'000);
    std::vector<Found> out;
    Sources sources;
    const auto used = namer.of("used"), unused = namer.of("unused");
    const std::vector<Found> found = {{.confidence = Confidence::high, .rule = 3, .begin = 5, .end = 9}};
    std::vector<Left> lefts;
    const auto knows = [&](const crypto::UnitName& name) {
        return memory.recall(name, 1, 7, out, sources, lefts).known;
    };
    memory.remember(used, 1, found, {});
    memory.remember(unused, 1, {}, {});
    EXPECT_TRUE(knows(unused));
    EXPECT_TRUE(out.empty());
    for (int i = 0; i < 100'000; ++i) {
        memory.remember(namer.of(std::to_string(i)), 1, {}, {});
        out.clear();
        ASSERT_TRUE(knows(used)) << i;
        ASSERT_EQ(out, found);
        ASSERT_LE(memory.units(), 1'100U);
    }
    EXPECT_FALSE(knows(unused));
}

TEST(UnitMemory, UnderNewRulesOnlyWhatHasLeftIsStillKnown) {
    const crypto::UnitNamer namer(key, "");
    UnitMemory memory(1'000);
    const auto left = namer.of("left"), stayed = namer.of("stayed");
    for (const auto& name : {left, stayed}) memory.remember(name, 1, {{.rule = 3, .end = 9}}, {});
    for (const auto& name : {left, namer.of("never seen")}) memory.leave(name, {7, 2, 1, false, false, {}});
    std::vector<Found> out;
    Sources sources;
    std::vector<Left> lefts;
    const auto recall = [&](const crypto::UnitName& name, std::uint64_t epoch, std::uint64_t speaker) {
        out.clear();
        lefts.clear();
        return memory.recall(name, epoch, speaker, out, sources, lefts);
    };
    EXPECT_EQ(recall(left, 1, 7).sequence, 1U);
    EXPECT_FALSE(recall(stayed, 2, 7).known);
    EXPECT_TRUE(out.empty());
    EXPECT_FALSE(recall(left, 2, 7).known);
    EXPECT_EQ(recall(left, 2, 7).sequence, 2U);
    EXPECT_EQ(out.size(), 1U);
    EXPECT_EQ(lefts, (std::vector<Left>{{7, 2, 1, false, false, {}}}));
    EXPECT_TRUE(recall(left, 1, 7).known);
    EXPECT_EQ(recall(left, 1, 8).sequence, 1U);
    EXPECT_TRUE(lefts.empty()) << "of another speaker";
    EXPECT_EQ(memory.units(), 2U);
}

TEST(UnitMemory, KnowsOfEachSpeakerAndUpstreamHowItLeftLast) {
    const crypto::UnitNamer namer(key, "");
    UnitMemory memory(1'000);
    const auto name = namer.of("left");
    memory.remember(name, 1, {}, {});
    memory.leave(name, {7, 1, 1, false, false, {}});
    memory.leave(name, {7, 2, 1, true, false, {}});
    memory.leave(name, {8, 1, 1, true, true, {}});
    memory.leave(name, {7, 1, 2, false, false, {5}});
    const auto lefts_of = [&](std::uint64_t speaker) {
        std::vector<Found> out;
        Sources sources;
        std::vector<Left> lefts;
        memory.recall(name, 1, speaker, out, sources, lefts);
        return lefts;
    };
    EXPECT_EQ(lefts_of(7), (std::vector<Left>{{7, 2, 1, true, false, {}}, {7, 1, 2, false, false, {5}}}));
    EXPECT_EQ(lefts_of(8), (std::vector<Left>{{8, 1, 1, true, true, {}}}));
    for (std::uint64_t speaker = 100; speaker < 100 + UnitMemory::lefts_max; ++speaker)
        memory.leave(name, {speaker, 1, 1, false, false, {}});
    EXPECT_TRUE(lefts_of(7).empty());
    EXPECT_EQ(lefts_of(100).size(), 1U);
}

TEST(UnitMemory, IsOneForAllThreads) {
    const crypto::UnitNamer namer(key, "");
    UnitMemory memory(10'000);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            std::vector<Found> out;
            Sources sources;
            std::vector<Left> lefts;
            for (int i = 0; i < 20'000; ++i) {
                const auto name = namer.of(std::to_string(i % 3'000));
                if (!memory.recall(name, 1 + i / 7'000, 1, out, sources, lefts).known)
                    memory.remember(name, 1 + i / 7'000, {{.confidence = Confidence::low, .end = 1}}, {});
                memory.leave(name, {1, 1, 1, false, false, {}});
                lefts.clear();
                if (out.size() > 100) out.clear();
            }
        });
    for (std::thread& one : threads) one.join();
    EXPECT_LE(memory.units(), 10'100U);
}

} // namespace
} // namespace sallyport::content
