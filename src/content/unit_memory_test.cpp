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
    const auto knows = [&](const crypto::UnitName& name) {
        return memory.recall(name, 1, out, sources).as != Recalled::As::unknown;
    };
    memory.remember(used, 1, {}, found, {});
    memory.remember(unused, 1, {}, {}, {});
    EXPECT_TRUE(knows(unused));
    EXPECT_TRUE(out.empty());
    for (int i = 0; i < 100'000; ++i) {
        memory.remember(namer.of(std::to_string(i)), 1, {}, {}, {});
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
    for (const auto& name : {left, stayed}) memory.remember(name, 1, {}, {{.rule = 3, .end = 9}}, {});
    for (const auto& name : {left, namer.of("never seen")}) memory.leave(name, {7, 2}, false, {});
    std::vector<Found> out;
    Sources sources;
    EXPECT_EQ(memory.recall(stayed, 2, out, sources).as, Recalled::As::unknown);
    EXPECT_TRUE(out.empty());
    const Recalled known = memory.recall(left, 2, out, sources);
    EXPECT_EQ(known.as, Recalled::As::outdated);
    EXPECT_EQ(known.left.speaker, 7U);
    EXPECT_EQ(known.left.upstreams, 2U);
    memory.leave(left, {8, 4}, false, {});
    EXPECT_EQ(memory.recall(left, 2, out, sources).left.upstreams, 4U) << "of another speaker";
    out.resize(1);
    EXPECT_EQ(out.size(), 1U);
    EXPECT_EQ(memory.recall(left, 1, out, sources).as, Recalled::As::current);
    EXPECT_EQ(memory.units(), 2U);
}

TEST(UnitMemory, IsOneForAllThreads) {
    const crypto::UnitNamer namer(key, "");
    UnitMemory memory(10'000);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            std::vector<Found> out;
            Sources sources;
            for (int i = 0; i < 20'000; ++i) {
                const auto name = namer.of(std::to_string(i % 3'000));
                if (memory.recall(name, 1, out, sources).as == Recalled::As::unknown)
                    memory.remember(name, 1, {}, {{.confidence = Confidence::low, .end = 1}}, {});
                memory.leave(name, {1, 1}, false, {});
                if (out.size() > 100) out.clear();
            }
        });
    for (std::thread& one : threads) one.join();
    EXPECT_LE(memory.units(), 10'100U);
}

} // namespace
} // namespace sallyport::content
