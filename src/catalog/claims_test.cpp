#include "catalog/claims.h"

#include "base/clock.h"
#include "catalog/claims_text.h"
#include "catalog/clients.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::catalog {
namespace {

TEST(Claims, what_is_shipped_is_whole) {
    const auto read = read_claims(built_in_claims[0].text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->size(), claims().size());
    for (const Claim& one : claims()) {
        const bool known =
            client_named(one.about) != nullptr || std::ranges::find(vendors(), one.about) != vendors().end();
        EXPECT_TRUE(known) << one.about;
        EXPECT_GT(parse_time(one.date, 0), 0) << one.date;
        EXPECT_FALSE(one.says.empty() || one.source.empty() || one.topic.empty());
        EXPECT_TRUE(one.address.empty() || one.address.starts_with("https://"));
    }
}

TEST(Claims, each_client_has_what_an_approver_asks_for) {
    for (const Client& client : clients())
        for (const std::string_view topic : {"release-notes", "package", "off-switch", "managed-settings"})
            EXPECT_TRUE(std::ranges::any_of(
                claims(), [&](const Claim& one) { return one.about == client.name && one.topic == topic; }))
                << client.name << ' ' << topic;
    EXPECT_TRUE(notes_address("claude-code").ends_with("CHANGELOG.md"));
    EXPECT_EQ(notes_address("codex"), "");
}

TEST(Claims, one_without_tier_source_or_date_is_none) {
    constexpr std::string_view good =
        R"([{"about":"codex","topic":"t","says":"s","tier":"measured","source":"o","date":"2026-11-22"}])";
    EXPECT_TRUE(read_claims(good));
    for (const std::string_view gone : {"about", "topic", "says", "tier", "source", "date"}) {
        std::string text(good);
        text.replace(text.find(gone), gone.size(), "other");
        EXPECT_FALSE(read_claims(text)) << gone;
    }
    std::string text(good);
    text.replace(text.find("measured"), 8, "certain!");
    EXPECT_FALSE(read_claims(text));
    EXPECT_FALSE(read_claims("{}"));
}

} // namespace
} // namespace sallyport::catalog
