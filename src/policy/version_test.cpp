#include "policy/version.h"

#include <gtest/gtest.h>

#include <iterator>

namespace sallyport::policy {
namespace {

TEST(Version, order_is_numeric_and_a_pre_release_is_below_its_release) {
    static constexpr std::string_view ordered[] = {"0.9.99",
                                                   "0.10.0-alpha",
                                                   "0.10.0-alpha.1",
                                                   "0.10.0-alpha.beta",
                                                   "0.10.0-beta",
                                                   "0.10.0-beta.2",
                                                   "0.10.0-beta.11",
                                                   "0.10.0-rc.1",
                                                   "0.10.0",
                                                   "0.10.0.1",
                                                   "0.169.0",
                                                   "1.0.0",
                                                   "2.1.198",
                                                   "2.1.330",
                                                   "2.1.99999999999999999999999"};
    for (std::size_t i = 0; i < std::size(ordered); ++i) {
        ASSERT_TRUE(is_version(ordered[i])) << ordered[i];
        for (std::size_t j = 0; j < std::size(ordered); ++j) {
            EXPECT_EQ(compare_versions(ordered[i], ordered[j]), i <=> j) << ordered[i] << " " << ordered[j];
            EXPECT_EQ(compare_versions(VersionKey(ordered[i]), VersionKey(ordered[j])), i <=> j) << ordered[i];
        }
    }
}

TEST(Version, missing_parts_are_zero_and_build_metadata_does_not_count) {
    EXPECT_EQ(compare_versions("2.1", "2.1.0"), std::strong_ordering::equal);
    EXPECT_EQ(compare_versions("v2.1.0+linux", "2.1.0"), std::strong_ordering::equal);
    EXPECT_EQ(compare_versions("2.01", "2.1"), std::strong_ordering::equal);
    EXPECT_EQ(compare_versions("2.1.0-rc.1+a-b", "2.1.0-rc.1"), std::strong_ordering::equal);
}

TEST(Version, what_is_no_version_is_told_apart) {
    for (const auto text :
         {"", "v", "latest", "2.", ".2", "2..1", "2.x", "2.1-", "2.1-a..b", "2.1+", "2.1 ", "-1", "2,1"})
        EXPECT_FALSE(is_version(text)) << text;
    EXPECT_FALSE(is_version(std::string(version_bytes_max + 1, '1')));
}

bool accepts(std::string_view range, std::string_view version) {
    const auto parsed = parse_range(range);
    EXPECT_TRUE(parsed.has_value()) << range;
    return parsed && parsed->accepts(version);
}

TEST(VersionRange, comparators_are_joined_by_and_and_by_or) {
    EXPECT_TRUE(accepts(">=2.1.198", "2.1.330"));
    EXPECT_FALSE(accepts(">=2.1.198", "2.1.197"));
    EXPECT_FALSE(accepts(">=2.1.198", "2.1.198-beta.1"));
    EXPECT_TRUE(accepts(">=1.2 <2", "1.9"));
    EXPECT_FALSE(accepts(">=1.2 <2", "2"));
    EXPECT_TRUE(accepts(">=1.2,<2", "1.2"));
    EXPECT_TRUE(accepts(">= 1.2, < 2", "1.2.1"));
    EXPECT_TRUE(accepts("2.1.330", "2.1.330"));
    EXPECT_FALSE(accepts("=2.1.330", "2.1.331"));
    EXPECT_TRUE(accepts("<1 || >2 <=3", "2.5"));
    EXPECT_TRUE(accepts("<1||>2 <=3", "0.5"));
    EXPECT_FALSE(accepts("<1 || >2 <=3", "1.5"));
}

TEST(VersionRange, only_a_star_accepts_a_version_that_is_not_known) {
    EXPECT_TRUE(accepts("*", ""));
    EXPECT_TRUE(accepts("* || >=2", "garbage"));
    EXPECT_FALSE(accepts(">=0", ""));
    EXPECT_FALSE(accepts(">=0", "latest"));
}

TEST(VersionRange, what_is_no_range_is_refused_with_the_reason) {
    for (const auto text : {"", " ", ">=", ">= ", ">=x", "=>1", "1 ||", "|| 1", "^1.2", "~1", ">=1 <", "1.2.*", ">==1"})
        EXPECT_FALSE(parse_range(text).has_value()) << text;
    EXPECT_NE(parse_range("^1.2").error().find("'^1.2' is no version"), std::string::npos);
}

TEST(VersionRange, OneWhoseEndsExcludeEachOtherMatchesNoVersion) {
    for (const auto none : {">=2 <1", "<1 >=2", ">1 <1", ">=1 <1", "=1 =2", "1 2", "=1 >1", ">=2.0.0 <2.0.0-rc.1",
                            ">=2 <1 || >3 <=3", "* >=2 <1"})
        EXPECT_TRUE(parse_range(none)->accepts_none()) << none;
    for (const auto some : {"*", "1", ">=1 <=1", ">=1 <2", ">=2 <1 || 3", "<1", ">=2.0.0-rc.1 <2.0.0", ">=1.0 <=1"})
        EXPECT_FALSE(parse_range(some)->accepts_none()) << some;
}

} // namespace
} // namespace sallyport::policy
