#include "content/fleet.h"

#include "base/limits.h"
#include "content/masking.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::content {
namespace {

class FleetTest : public testing::Test {
protected:
    std::vector<FleetFinding> see(std::uint64_t machine, std::string_view text, std::string_view version = "2.1.196") {
        std::vector<FleetFinding> found;
        fleet_.observe({"claude-code", version, "system[0]", text, machine}, found);
        return found;
    }
    // Five machines, of which the one at `odd` writes the second text.
    std::vector<FleetFinding> five(std::string_view usual, std::string_view other, std::uint64_t odd) {
        std::vector<FleetFinding> all;
        for (std::uint64_t machine = 0; machine < 5; ++machine)
            for (const FleetFinding& one : see(machine, machine == odd ? other : usual)) all.push_back(one);
        return all;
    }
    Fleet fleet_;
};

const std::string usual_text =
    "You are a coding assistant. Today's date is 2026-11-22.\nUse the tools - read first, then write.\n";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
}

TEST_F(FleetTest, FindsTheOneMachineInFiveWhicheverItIs) {
    for (std::uint64_t odd = 0; odd < 5; ++odd) {
        fleet_ = Fleet();
        const auto found = five(usual_text, replaced(usual_text, "'", "\u02B9"), odd);
        ASSERT_EQ(found.size(), 1U) << odd;
        EXPECT_EQ(found[0].machine, odd);
        EXPECT_EQ(found[0].sentence, 1U);
        EXPECT_EQ(found[0].letter, 5U);
        EXPECT_EQ(found[0].usual, "U+0027 APOSTROPHE");
        EXPECT_EQ(found[0].odd, "U+02B9 MODIFIER LETTER PRIME");
        EXPECT_EQ(found[0].machines, 4U);
        EXPECT_EQ(found[0].machines_like_it, 1U);
        EXPECT_EQ(found[0].place, "system[0]");
    }
}

TEST_F(FleetTest, FindsWhatIsNotSeenOrLooksAlike) {
    const std::pair<std::string_view, std::string_view> changes[] = {{"coding", "cod\u200Bing"},
                                                                     {"coding", "c\u043Eding"},
                                                                     {"-22", "\u221222"},
                                                                     {"tools -", "tools \u2013"},
                                                                     {"a coding", "a  coding"},
                                                                     {"a coding", "a\u00A0coding"},
                                                                     {"first,", "first;"},
                                                                     {"write.\n", "write. \n"},
                                                                     {"assistant. ", "assistant.\u2009"},
                                                                     {"assistant.", "assistant\u2024"},
                                                                     {"You", "\uFEFFYou"},
                                                                     {"write.", "write"},
                                                                     {"Use", "\uFF35se"},
                                                                     {"read", "re\U000E0061ad"}};
    for (const auto& [from, to] : changes) {
        fleet_ = Fleet();
        EXPECT_EQ(five(usual_text, replaced(usual_text, from, to), 2).size(), 1U) << from << " to " << to;
    }
    fleet_ = Fleet();
    const std::string slashes = replaced(usual_text, "2026-11-22", "2026/11/22");
    const auto found = five(usual_text, slashes, 4);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].usual, "U+002D HYPHEN-MINUS");
    EXPECT_EQ(found[0].odd, "U+002F SOLIDUS");
}

TEST_F(FleetTest, IsSilentWhereWordsDiffer) {
    for (const auto& [from, to] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"coding", "writing"}, {"tools", "tool"}, {"first, then", "first or never"}, {"Today", "Tomorrow"}}) {
        fleet_ = Fleet();
        EXPECT_TRUE(five(usual_text, replaced(usual_text, from, to), 1).empty()) << from;
    }
}

TEST_F(FleetTest, IsSilentWhereOnlyVariableThingsDiffer) {
    const std::string one =
        "Directory: /srv/one/app (version 1.2). Session 3f2a9c41-0d5e-4b7a-9c1d-aabbccddeeff by ada@one.example; "
        "see https://one.example/a?b=1. Date 2026-11-22, hash 9f86d081884c7d65.";
    const std::string two =
        "Directory: ~/work-two/x.y (version 3.4). Session deadbeef-cafe-feed-face-abcdefabcdef by bob@two.example; "
        "see https://two.example/. Date 2027-01-02, hash 0a1b2c.";
    EXPECT_TRUE(five(one, two, 3).empty());
}

TEST_F(FleetTest, SaysEachOnceAndKeepsVersionsApart) {
    const std::string other = replaced(usual_text, "'", "\u2019");
    EXPECT_EQ(five(usual_text, other, 0).size(), 1U);
    EXPECT_TRUE(five(usual_text, other, 0).empty());
    EXPECT_TRUE(see(7, other, "2.1.330").empty());
    EXPECT_EQ(see(8, other).size(), 1U); // a second machine of six, that now are two against four
}

TEST_F(FleetTest, IsSilentWithoutAClearMajority) {
    const std::string other = replaced(usual_text, "'", "\u2019");
    for (std::uint64_t machine = 0; machine < 4; ++machine) {
        EXPECT_TRUE(see(machine, usual_text).empty());
        if (machine < 3) EXPECT_TRUE(see(10 + machine, other).empty());
    }
}

TEST_F(FleetTest, IsBounded) {
    std::string words;
    for (std::size_t i = 0; i < limits::fleet_sentences_max + 5'000; i += 1'000) {
        words.clear();
        for (std::size_t k = i; k < i + 1'000; ++k) {
            std::string word = "w";
            for (std::size_t digits = k + 1; digits > 0; digits /= 26) word += static_cast<char>('a' + digits % 26);
            words += word + "\n";
        }
        see(1, words);
    }
    EXPECT_EQ(fleet_.sentences(), limits::fleet_sentences_max);
    EXPECT_TRUE(see(2, std::string(limits::fleet_sentence_bytes_max + 1, 'x')).empty());
    EXPECT_EQ(sentences_of(std::string(10'000, '\n') + std::string("a\n")).size(), 1U);
}

} // namespace
} // namespace sallyport::content
