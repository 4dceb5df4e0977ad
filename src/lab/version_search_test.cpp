#include "lab/version_search.h"

#include <gtest/gtest.h>

namespace sallyport::lab {
namespace {

constexpr std::string_view mark = "a mark";

// As if versions [from, until) had the finding; how many were inspected.
VersionSearch searched(std::size_t count, std::size_t from, std::size_t until, std::size_t most = 100,
                       std::size_t cannot = SIZE_MAX) {
    VersionSearch search(count, most);
    while (const auto at = search.next()) {
        EXPECT_LT(*at, count);
        EXPECT_EQ(search.found_in(*at), nullptr) << "twice";
        if (*at == cannot)
            search.skip(*at);
        else
            search.tell(*at, *at >= from && *at < until ? std::set<std::string>{std::string(mark)}
                                                        : std::set<std::string>());
        if (search.inspected() > count) break;
    }
    return search;
}

TEST(VersionSearch, what_came_and_went_between_two_that_lack_it_is_found) {
    const auto search = searched(96, 1, 95);
    const auto spans = search.spans();
    ASSERT_EQ(spans.size(), 1u);
    EXPECT_EQ(spans[0].first, 1u);
    EXPECT_EQ(spans[0].last, 94u);
    EXPECT_EQ(spans[0].before, 0u);
    EXPECT_EQ(spans[0].after, 95u);
    EXPECT_LE(search.inspected(), 24u);
}

TEST(VersionSearch, every_stretch_of_an_eighth_or_more_is_found_to_the_version) {
    for (std::size_t count : {1, 2, 3, 9, 40, 97})
        for (std::size_t from = 0; from < count; ++from)
            for (std::size_t until = from + std::max<std::size_t>(1, count / 8) + 1; until <= count; ++until) {
                const auto spans = searched(count, from, until).spans();
                ASSERT_EQ(spans.size(), 1u) << count << ' ' << from << ' ' << until;
                EXPECT_EQ(spans[0].first, from);
                EXPECT_EQ(spans[0].last, until - 1);
            }
}

TEST(VersionSearch, the_limit_is_kept_and_the_ends_come_first) {
    VersionSearch search(50, 2);
    EXPECT_EQ(search.next(), 0u);
    search.tell(0, {});
    EXPECT_EQ(search.next(), 49u);
    search.tell(49, {std::string(mark)});
    EXPECT_FALSE(search.next());
    const auto spans = search.spans();
    ASSERT_EQ(spans.size(), 1u);
    EXPECT_EQ(spans[0].before, 0u);
    EXPECT_FALSE(spans[0].after);
    EXPECT_FALSE(VersionSearch(0, 9).next());
}

TEST(VersionSearch, one_that_cannot_be_inspected_is_gone_around) {
    for (std::size_t cannot = 0; cannot < 20; ++cannot) {
        const auto spans = searched(20, 4, 11, 100, cannot).spans();
        ASSERT_EQ(spans.size(), 1u) << cannot;
        EXPECT_EQ(spans[0].first, cannot == 4 ? 5u : 4u);
        EXPECT_EQ(spans[0].last, cannot == 10 ? 9u : 10u);
    }
}

} // namespace
} // namespace sallyport::lab
