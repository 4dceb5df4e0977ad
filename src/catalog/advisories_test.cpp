#include "catalog/advisories.h"

#include "base/limits.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sallyport::catalog {
namespace {

std::string advisory(std::string_view id, std::string_view ranges, std::string_view modified = "2026-11-28T18:00:00Z",
                     std::string_view more = "", std::string_view package = "@anthropic-ai/claude-code") {
    return fmt::format(
        R"({{"id":"{}","modified":"{}","summary":"about {}",{}"affected":[{{"package":{{"ecosystem":"npm",)"
        R"("name":"{}"}},"ranges":[{{"type":"SEMVER","events":[{}]}}]}}]}})",
        id, modified, id, more, package, ranges);
}
std::string span(std::string_view from, std::string_view fixed) {
    return fmt::format(R"({{"introduced":"{}"}},{{"fixed":"{}"}})", from, fixed);
}
std::shared_ptr<const Advisories> made(std::initializer_list<std::string> texts) {
    std::vector<Advisory> all;
    for (const std::string& text : texts) {
        auto read = read_advisories(text);
        EXPECT_TRUE(read) << read.error().message;
        all.push_back(std::move(read->front()));
    }
    auto out = Advisories::make(std::move(all));
    EXPECT_TRUE(out) << out.error().message;
    return *out;
}
std::string_view id_of(const Covering* covering) { return covering == nullptr ? std::string_view() : covering->id; }

TEST(Advisories, what_covers_a_version_is_told_with_the_version_that_mends_it) {
    const auto all = made({advisory("a", span("2.1.91", "2.1.198")),
                           advisory("b", span("1", "2"), "2026-11-28T18:00:00Z", "", "opencode-ai")});
    const Covering* found = all->covering("claude-code", "2.1.196");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->id, "a");
    EXPECT_EQ(found->summary, "about a");
    EXPECT_EQ(found->fixed, "2.1.198");
    for (const std::string_view free : {"2.1.90", "2.1.198", "3"})
        EXPECT_EQ(all->covering("claude-code", free), nullptr);
    EXPECT_EQ(id_of(all->covering("opencode", "1.5")), "b");
    EXPECT_EQ(all->covering("codex", "1.5"), nullptr);
    EXPECT_EQ(all->covering("unknown", ""), nullptr);
}

TEST(Advisories, packages_for_one_platform_are_the_client_too) {
    const auto all =
        made({advisory("a", span("2", "3"), "2026-11-28T18:00:00Z", "", "@anthropic-ai/claude-code-linux-x64"),
              advisory("b", span("2", "3"), "2026-11-28T18:00:00Z", "", "opencode-plugins"),
              advisory("c", span("2", "3"), "2026-11-28T18:00:00Z", "", "@anthropic-ai/claude-codes")});
    EXPECT_EQ(id_of(all->covering("claude-code", "2")), "a");
    EXPECT_EQ(all->covering("opencode", "2"), nullptr);
    EXPECT_EQ(client_of_package("opencode-linux-x64")->name, "opencode");
    EXPECT_EQ(version_without_platform("0.169.0-linux-x64"), "0.169.0");
    EXPECT_EQ(version_without_platform("0.170.0-alpha.3-darwin-arm64"), "0.170.0-alpha.3");
    EXPECT_EQ(version_without_platform("0.170.0-alpha.3"), "0.170.0-alpha.3");
}

TEST(Advisories, a_client_that_does_not_say_its_version_may_be_affected) {
    const auto all = made({advisory("a", span("2.1.91", "2.1.198"))});
    EXPECT_EQ(id_of(all->covering("claude-code", "")), "a");
    EXPECT_EQ(id_of(all->covering("claude-code", "latest")), "a");
    EXPECT_EQ(all->covering("gemini-cli", ""), nullptr);
}

TEST(Advisories, a_withdrawn_one_covers_nothing_and_the_one_modified_last_counts) {
    const std::string withdrawn = R"("withdrawn":"2026-11-29T00:00:00Z",)";
    const auto all =
        made({advisory("a", span("1", "2")), advisory("a", span("1", "2"), "2026-11-30T00:00:00Z", withdrawn),
              advisory("b", span("3", "4")), advisory("b", span("5", "6"), "2026-11-01T00:00:00Z")});
    EXPECT_EQ(all->all().size(), 2u);
    EXPECT_EQ(all->covering("claude-code", "1"), nullptr);
    EXPECT_EQ(id_of(all->covering("claude-code", "3")), "b");
    EXPECT_EQ(all->covering("claude-code", "5"), nullptr);
    EXPECT_TRUE(all->named("a")->withdrawn());
    EXPECT_EQ(all->covering("claude-code", ""), all->covering("claude-code", "x"));
}

TEST(Advisories, what_mends_is_a_version_that_no_other_covers) {
    const auto all =
        made({advisory("a", span("1", "2")), advisory("b", span("1.5", "3")), advisory("c", span("3", "4"))});
    EXPECT_EQ(all->covering("claude-code", "1.6")->fixed, "4");
    EXPECT_EQ(all->covering("claude-code", "1.4")->fixed, "4"); // 2 and 3 are covered by others
    const auto open = made({advisory("a", R"({"introduced":"1"},{"last_affected":"2"})")});
    EXPECT_EQ(open->covering("claude-code", "2")->fixed, "");
    EXPECT_EQ(open->covering("claude-code", "2.0.1"), nullptr);
}

TEST(Advisories, summaries_are_one_short_line) {
    const auto all = made({advisory("a", span("1", "2"), "2026-11-28T18:00:00Z",
                                    fmt::format(R"("x":"","details":"{}",)", std::string(300, 'x')))});
    auto read = read_advisories(fmt::format(
        R"({{"id":"b","modified":"2026-11-28T18:00:00Z","summary":"a\n\u001bé{}","affected":[{{"package":{{"ecosystem":"npm","name":"opencode-ai"}},"versions":["1"]}}]}})",
        std::string(300, 'x')));
    ASSERT_TRUE(read) << read.error().message;
    const auto one = Advisories::make(std::move(*read));
    const auto summary = (*one)->covering("opencode", "1")->summary;
    EXPECT_LE(summary.size(), 160u);
    EXPECT_TRUE(summary.starts_with("a?")) << summary;
    EXPECT_TRUE(std::ranges::all_of(summary, [](char c) { return c >= 0x20 && c < 0x7F; }));
}

TEST(Advisories, too_many_for_one_client_are_told) {
    std::vector<Advisory> many;
    for (std::size_t i = 0; i <= limits::advisories_per_client_max; ++i)
        many.push_back(read_advisories(advisory(fmt::format("a{}", i), span("1", "2")))->front());
    const auto refused = Advisories::make(std::move(many));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
}

// The list by which a version is looked up against the reading of each advisory, one by one.
TEST(Advisories, the_list_says_what_the_advisories_say) {
    std::mt19937 random(20261128);
    const auto below = [&](unsigned end) { return static_cast<unsigned>(random() % end); };
    const auto version = [&] {
        std::string text = fmt::format("{}.{}", below(3), below(4));
        return below(4) == 0 ? text + fmt::format("-rc.{}", below(3)) : text;
    };
    for (int round = 0; round < 300; ++round) {
        std::vector<Advisory> all;
        for (unsigned i = 0, count = 1 + below(5); i < count; ++i) {
            std::string events = fmt::format(R"({{"introduced":"{}"}})", below(5) == 0 ? "0" : version());
            for (unsigned k = below(4); k-- > 0;)
                events += fmt::format(R"(,{{"{}":"{}"}})", below(2) == 0 ? "introduced" : "fixed", version());
            if (below(5) == 0) events += fmt::format(R"(,{{"limit":"{}"}})", below(3) == 0 ? "*" : version());
            auto read = read_advisories(advisory(fmt::format("a{}", i), events));
            ASSERT_TRUE(read) << read.error().message;
            if (below(3) == 0) read->front().affected.front().versions.push_back(version());
            all.push_back(std::move(read->front()));
        }
        const auto compiled = Advisories::make(all);
        ASSERT_TRUE(compiled);
        for (int k = 0; k < 60; ++k) {
            const std::string asked = version();
            const auto expected = (*compiled)->all_covering("claude-code", asked);
            const Covering* const found = (*compiled)->covering("claude-code", asked);
            ASSERT_EQ(id_of(found), expected.empty() ? std::string_view() : std::string_view(expected.front()->id))
                << asked;
            if (found != nullptr && !found->fixed.empty()) {
                EXPECT_TRUE(compare_versions(found->fixed, asked) > 0);
                EXPECT_EQ((*compiled)->covering("claude-code", found->fixed), nullptr);
            }
        }
    }
}

} // namespace
} // namespace sallyport::catalog
