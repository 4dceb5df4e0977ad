#include "lab/osv_draft.h"

#include "catalog/advisories.h"

#include <gtest/gtest.h>

namespace sallyport::lab {
namespace {

Inspection inspection(std::string name, std::string version) {
    Inspection out;
    out.package.name = std::move(name);
    out.package.version = std::move(version);
    Finding hidden;
    hidden.text = "a.example,b.example";
    hidden.entries = 147;
    hidden.how = "base64, each byte XOR 0x5b";
    hidden.place = {"cli.js", "", 12};
    Finding choice;
    choice.kind = Kind::look_alike_choice;
    choice.text = "'\u2019\u02bc";
    choice.entries = 3;
    Finding plain;
    plain.text = "only mentioned";
    out.findings = {hidden, choice, plain, choice};
    out.groups = {{Group::Verdict::marker, "a hidden list beside a choice", {0, 1, 3}},
                  {Group::Verdict::mention, "m", {2}}};
    return out;
}

TEST(OsvDraft, is_an_advisory_of_exactly_this_version) {
    const auto text = to_osv(draft_of(inspection("@anthropic-ai/claude-code", "2.1.196"), "{}\n", 1'795'000'000'000));
    auto read = catalog::read_advisories(text);
    ASSERT_TRUE(read) << read.error().message << text;
    const catalog::Advisory& one = read->front();
    EXPECT_TRUE(one.id.starts_with("x_SALLYPORT-2026-")) << one.id;
    EXPECT_EQ(one.evidence->tier, catalog::Tier::measured);
    EXPECT_EQ(one.evidence->report, "sha256:ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356");
    EXPECT_EQ(one.evidence->finding, "a hidden list beside a choice");
    EXPECT_TRUE(one.details.contains("offset 12; base64, each byte XOR 0x5b"));
    EXPECT_FALSE(one.details.contains("only mentioned"));
    const auto all = catalog::Advisories::make(std::move(*read));
    EXPECT_NE((*all)->covering("claude-code", "2.1.196"), nullptr);
    EXPECT_EQ((*all)->covering("claude-code", "2.1.197"), nullptr);
}

TEST(OsvDraft, a_version_for_one_platform_is_the_clients_own) {
    const auto text = to_osv(draft_of(inspection("@openai/codex", "0.169.0-linux-x64"), "{}\n", 1'795'000'000'000));
    const auto all = catalog::Advisories::make(std::move(*catalog::read_advisories(text)));
    EXPECT_NE((*all)->covering("codex", "0.169.0"), nullptr);
}

TEST(OsvDraft, of_a_range_says_where_it_came_and_went) {
    OsvDraft draft = draft_of(inspection("@anthropic-ai/claude-code", "2.1.196"), "{}", 1'795'000'000'000);
    draft.id = "x_ACME-1";
    draft.versions.clear();
    draft.ranges = {{"2.1.91", "2.1.198", ""}, {"2.1.300", "", "2.1.301"}};
    const auto all = catalog::Advisories::make(std::move(*catalog::read_advisories(to_osv(draft))));
    for (const std::string_view version : {"2.1.91", "2.1.197", "2.1.300", "2.1.301"})
        EXPECT_NE((*all)->covering("claude-code", version), nullptr) << version;
    for (const std::string_view version : {"2.1.90", "2.1.198", "2.1.299", "2.1.302"})
        EXPECT_EQ((*all)->covering("claude-code", version), nullptr) << version;
}

TEST(OsvDraft, what_is_concealed_is_named_alike_in_each_version) {
    const auto lines = concealed_in(inspection("a", "1"));
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines, concealed_in(inspection("a", "2")));
    EXPECT_TRUE(lines[0].starts_with("a hidden list of 147 entries, sha256:"));
    EXPECT_EQ(lines[1], "choice of look-alikes: '\u2019\u02bc");
}

} // namespace
} // namespace sallyport::lab
