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
    const auto used = namer.of("used"), unused = namer.of("unused");
    const std::vector<Found> found = {{FindingKind::secret, Confidence::high, 3, 5, 9}};
    memory.remember(used, found);
    memory.remember(unused, {});
    std::vector<Found> out;
    EXPECT_TRUE(memory.recall(unused, out));
    EXPECT_TRUE(out.empty());
    for (int i = 0; i < 100'000; ++i) {
        memory.remember(namer.of(std::to_string(i)), {});
        out.clear();
        ASSERT_TRUE(memory.recall(used, out)) << i;
        ASSERT_EQ(out, found);
        ASSERT_LE(memory.units(), 1'100U);
    }
    EXPECT_FALSE(memory.recall(unused, out));
}

TEST(UnitMemory, IsOneForAllThreads) {
    const crypto::UnitNamer namer(key, "");
    UnitMemory memory(10'000);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            std::vector<Found> out;
            for (int i = 0; i < 20'000; ++i) {
                const auto name = namer.of(std::to_string(i % 3'000));
                if (!memory.recall(name, out)) memory.remember(name, {{FindingKind::secret, Confidence::low, 0, 0, 1}});
                if (out.size() > 100) out.clear();
            }
        });
    for (std::thread& one : threads) one.join();
    EXPECT_LE(memory.units(), 10'100U);
}

} // namespace
} // namespace sallyport::content
