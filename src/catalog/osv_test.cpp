#include "catalog/osv.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sallyport::catalog {
namespace {

constexpr std::string_view package = R"("package":{"ecosystem":"npm","name":"@anthropic-ai/claude-code"})";

std::string about(std::string_view affected, std::string_view more = "") {
    return fmt::format(
        R"({{"schema_version":"1.7.3","id":"x_T-1","modified":"2026-11-28T18:00:00Z",{}"affected":[{{{},{}}}]}})", more,
        package, affected);
}
std::string events(std::string_view list, std::string_view type = "SEMVER") {
    return about(fmt::format(R"("ranges":[{{"type":"{}","events":[{}]}}])", type, list));
}

// The one package of the one advisory.
Affected read(const std::string& text) {
    const auto found = read_advisories(text);
    EXPECT_TRUE(found) << (found ? "" : found.error().message) << text;
    return found && found->size() == 1 && found->front().affected.size() == 1 ? found->front().affected.front()
                                                                              : Affected{};
}
std::string problem(const std::string& text) {
    const auto found = read_advisories(text);
    return found ? "none" : found.error().message;
}

TEST(Osv, ranges_cover_what_the_schema_says) {
    struct Row {
        std::string_view events, covered, free;
    };
    static constexpr Row rows[] = {
        {R"({"introduced":"2.1.91"},{"fixed":"2.1.198"})", "2.1.91 2.1.197 2.1.197.1 2.1.198-beta.1",
         "2.1.90 2.1.91-beta 2.1.198 2.1.198+build 2.2"},
        {R"({"introduced":"2.1.91"},{"last_affected":"2.1.197"})", "2.1.91 2.1.197 2.1.197+x 2.1.100",
         "2.1.198-alpha 2.1.197.0.1"},
        {R"({"introduced":"0"})", "0.0.0-alpha 0 1 999", ""},
        {R"({"introduced":"0"},{"fixed":"1"})", "0 0.9 1-rc", "1.0.0 2"},
        {R"({"fixed":"2"},{"introduced":"1"},{"introduced":"3"},{"fixed":"4"})", "1 1.9 3 3.9", "0.9 2 2.9 4"},
        {R"({"introduced":"1"},{"fixed":"1"})", "1 2", "0.9"}, // who says both means that it is affected
        {R"({"introduced":"1"},{"limit":"2"})", "1 1.9", "0 2 3"},
        {R"({"introduced":"1"},{"limit":"2"},{"limit":"*"})", "1 2 3", "0"},
    };
    for (const Row& row : rows)
        for (const std::string_view type : {"SEMVER", "ECOSYSTEM"}) {
            const Affected affected = read(events(row.events, type));
            const auto each = [&](std::string_view list, bool expected) {
                while (!list.empty()) {
                    const auto end = std::min(list.find(' '), list.size());
                    EXPECT_EQ(affected.covers(list.substr(0, end)), expected) << list.substr(0, end) << row.events;
                    list.remove_prefix(std::min(end + 1, list.size()));
                }
            };
            each(row.covered, true);
            each(row.free, false);
            EXPECT_FALSE(affected.covers("latest"));
            EXPECT_FALSE(affected.covers(""));
        }
}

TEST(Osv, versions_named_one_by_one_are_added_to_the_ranges) {
    const Affected affected = read(about(
        R"("versions":["1.0.0","3.0.0-rc.1"],"ranges":[{"type":"SEMVER","events":[{"introduced":"2"},{"fixed":"2.1"}]}])"));
    for (const std::string_view one : {"1.0.0", "1", "v1.0.0", "3.0.0-rc.1", "2.0.5"})
        EXPECT_TRUE(affected.covers(one));
    for (const std::string_view one : {"1.0.1", "3.0.0", "2.1"}) EXPECT_FALSE(affected.covers(one));
}

TEST(Osv, what_it_says_beside_is_kept) {
    const auto found = read_advisories(about(R"("versions":["1"])", R"("summary":"a \"list\"","details":"long",
        "aliases":["CVE-2026-1"],"withdrawn":"2026-11-29T00:00:00.5Z","unknown":{"a":1},
        "database_specific":{"sallyport":{"tier":"measured","report":"sha256:00","finding":"a list"}},)"));
    ASSERT_TRUE(found) << found.error().message;
    const Advisory& one = found->front();
    EXPECT_EQ(one.id, "x_T-1");
    EXPECT_EQ(one.summary, "a \"list\"");
    EXPECT_EQ(one.aliases, std::vector<std::string>{"CVE-2026-1"});
    EXPECT_TRUE(one.withdrawn());
    ASSERT_TRUE(one.evidence);
    EXPECT_EQ(one.evidence->tier, Tier::measured);
    EXPECT_EQ(one.evidence->report, "sha256:00");
    EXPECT_EQ(one.text.front(), '{');
    EXPECT_EQ(read_advisories("[" + one.text + "," + one.text + "]")->size(), 2u);
}

TEST(Osv, other_ecosystems_and_null_lists_are_passed_over) {
    const auto none =
        read_advisories(R"({"id":"GHSA-x","modified":"2026-11-28T18:00:00Z","affected":null,"aliases":null})");
    ASSERT_TRUE(none) << none.error().message;
    EXPECT_TRUE(none->front().affected.empty());
    const auto other = read_advisories(R"({"id":"GHSA-x","modified":"2026-11-28T18:00:00Z","affected":[
        {"package":{"ecosystem":"PyPI","name":"x"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"1!2"}]}]}]})");
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_TRUE(other->front().affected.empty());
}

TEST(Osv, what_is_not_understood_as_a_whole_is_refused) {
    EXPECT_EQ(problem("[1]"), "1:2: an advisory is an object");
    EXPECT_EQ(problem("{}"), "1:1: its id is missing or holds more than letters, digits and -._");
    EXPECT_EQ(problem(R"({"id":"../x","modified":"2026-11-28T18:00:00Z"})"),
              "1:1: its id is missing or holds more than letters, digits and -._");
    EXPECT_EQ(problem(R"({"id":"x"})"), "1:1: it does not say when it was modified");
    EXPECT_EQ(problem(R"({"id":"x","modified":"yesterday"})"),
              "1:23: modified is not a time such as 2026-11-28T18:00:00Z");
    EXPECT_EQ(problem(R"({"id":"x","schema_version":"2.0.0","modified":"2026-11-28T18:00:00Z"})"),
              "1:1: schema_version is 2.0.0; this program reads version 1");
    EXPECT_TRUE(problem(events(R"({"fixed":"1"})")).ends_with("a range begins with an event `introduced`"));
    EXPECT_TRUE(problem(events(R"({"introduced":"1"},{"fixed":"2"},{"last_affected":"3"})"))
                    .ends_with("a range has `fixed` or `last_affected`, not both"));
    EXPECT_TRUE(problem(events(R"({"introduced":"1","fixed":"2"})"))
                    .ends_with("an event is one of introduced, fixed, last_affected and limit"));
    EXPECT_TRUE(problem(events(R"({"introduced":"latest"})")).ends_with("'latest' is no version"));
    EXPECT_TRUE(problem(events(R"({"introduced":"1"})", "GIT")).ends_with("and not the versions of the package"));
    EXPECT_TRUE(problem(events(R"({"introduced":"1"})", "OTHER")).ends_with("is SEMVER, ECOSYSTEM or GIT"));
    EXPECT_TRUE(problem(about(R"("versions":[])")).ends_with("neither ranges nor versions"));
    EXPECT_TRUE(problem(about(R"("versions":["1"])", R"("withdrawn":"x",)")).contains("withdrawn is not a time"));
    // Two readers must not see two advisories.
    EXPECT_TRUE(problem(about(R"("versions":["1"],"versions":["2"])")).contains("versions"));
    EXPECT_TRUE(problem(about(R"("versions":["1"])", R"("withdrawn":null,"withdrawn":"2026-11-28T18:00:00Z",)"))
                    .contains("withdrawn"));
    EXPECT_TRUE(problem(about(R"("versions":["1"])", R"("database_specific":{"sallyport":{"tier":"sure"}},)"))
                    .contains("its tier is measured"));
}

} // namespace
} // namespace sallyport::catalog
