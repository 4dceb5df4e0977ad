#include "content/alignment.h"

#include "content/intervals.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace sallyport::content {
namespace {

std::string letters(unsigned seed, std::size_t count) {
    std::mt19937 random(seed);
    std::string text(count, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    return text;
}

TEST(Alignment, ARunReachesToWhereTheTextsDiffer) {
    const std::string common = letters(1, 101);
    const std::string query = letters(2, 40) + "1" + common + "2", document = letters(3, 70) + "3" + common + "4";
    for (std::uint32_t at = 0; at < 101; at += 10) {
        const SharedRun run = exact_run(query, document, 41 + at, 71 + at);
        EXPECT_EQ(run.query, 41u);
        EXPECT_EQ(run.document, 71u);
        EXPECT_EQ(run.size, 101u);
    }
    EXPECT_EQ(exact_run(query, document, 0, 0).size, 0u);
    EXPECT_EQ(exact_run(query, document, 1'000, 1'000).size, 0u);
}

TEST(Alignment, AChainGoesOnBehindGapsOfDifferentLength) {
    const std::string a = letters(1, 50), b = letters(2, 60), c = letters(3, 30);
    const std::string query = a + "oldname" + b + "x" + c, document = a + "new" + b + "renamedidentifier" + c;
    const SharedRun seed = exact_run(query, document, 60, 56);
    ASSERT_EQ(seed.size, 60u);
    std::vector<SharedRun> runs;
    extend(query, document, seed, runs);
    ASSERT_EQ(runs.size(), 3u);
    EXPECT_EQ(runs[0].size, 50u);
    EXPECT_EQ(runs[2].query_end(), query.size());
    EXPECT_EQ(runs[2].document_end(), document.size());
    for (const SharedRun& run : runs)
        EXPECT_EQ(query.substr(run.query, run.size), document.substr(run.document, run.size));
}

TEST(Alignment, AGapThatIsTooWideEndsTheChain) {
    const std::string a = letters(1, 50), b = letters(2, 60);
    const std::string query = a + letters(4, gap_bytes_max + 1) + b, document = a + letters(5, 3) + b;
    std::vector<SharedRun> runs;
    extend(query, document, exact_run(query, document, 0, 0), runs);
    EXPECT_EQ(runs.size(), 1u);
}

TEST(Intervals, WhatIsTakenAwayLeavesPieces) {
    std::vector<Interval> taken{{30, 40}, {5, 10}, {8, 12}, {12, 14}, {50, 50}};
    join(taken);
    EXPECT_EQ(taken, (std::vector<Interval>{{5, 14}, {30, 40}}));
    std::vector<Interval> left;
    subtract({0, 35}, taken, left);
    EXPECT_EQ(left, (std::vector<Interval>{{0, 5}, {14, 30}}));
    left.clear();
    subtract({6, 13}, taken, left);
    EXPECT_TRUE(left.empty());
    subtract({14, 20}, taken, left);
    EXPECT_EQ(left, (std::vector<Interval>{{14, 20}}));
}

TEST(Intervals, OnlyDifferentOwnersShare) {
    EXPECT_TRUE(shared_by({{{0, 10}, 1}, {{0, 10}, 1}}, 2).empty());
    EXPECT_EQ(shared_by({{{0, 10}, 1}, {{5, 20}, 2}, {{8, 9}, 3}}, 2), (std::vector<Interval>{{5, 10}}));
    EXPECT_EQ(shared_by({{{0, 10}, 1}, {{10, 20}, 1}, {{5, 15}, 2}}, 2), (std::vector<Interval>{{5, 15}}));
}

} // namespace
} // namespace sallyport::content
