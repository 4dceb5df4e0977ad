#include "gateway/ledger_question.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using What = LedgerQuestion::What;
using identity::Access;

Result<LedgerQuestion> ask(std::string_view path, std::string_view query = {}, std::string_view reason = {}) {
    return read_question(path, query, reason, 1'795'000'000'000);
}
Asker asker(Access access) { return {"k_1", "p_mine", access}; }

TEST(LedgerQuestion, ReadsFiltersAndPages) {
    const auto asked =
        ask("/ledger/entries", "repository=git.acme.example%2Fweb&team=a+b&since=2026-11-01T00:00:00Z&"
                               "file=%2Fsrc%2F%C3%BC.c&finding=github-token&version=2.1&limit=7&cursor=99");
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(asked->filter.repository, "git.acme.example/web");
    EXPECT_EQ(asked->filter.team, "a b");
    EXPECT_EQ(asked->filter.file, "/src/\u00fc.c");
    EXPECT_EQ(asked->filter.client_version, "2.1");
    EXPECT_EQ(asked->filter.from_ms, 1'793'491'200'000);
    EXPECT_EQ(asked->limit, 7u);
    EXPECT_EQ(asked->cursor, "99");
    EXPECT_EQ(ask("/ledger/entries/k3f9/12")->id, "k3f9/12");
    EXPECT_EQ(ask("/ledger/entries/k3f9%2F12/body/request", "reason=case+7")->reason, "case 7");
    EXPECT_EQ(ask("/ledger/entries/12/body/response", "", "case 7")->reason, "case 7");
    EXPECT_EQ(ask("/tile/0/x001/234.p/17")->tile, (tlog::TilePlace{0, 1234, 17}));
    EXPECT_EQ(ask("/tile/entries/000")->what, What::entry_tile);
    EXPECT_EQ(ask("/checkpoint")->what, What::checkpoint);
}

TEST(LedgerQuestion, WhatCouldBeMeantInTwoWaysIsRefused) {
    for (const auto& [path, query] :
         {std::pair{"/ledger/entries", "person=p_a&person=p_b"}, std::pair{"/ledger/entries", "nobody=1"},
          std::pair{"/ledger/entries", "team="}, std::pair{"/ledger/entries", "team=%"},
          std::pair{"/ledger/entries", "team=%4"}, std::pair{"/ledger/entries", "limit=0"},
          std::pair{"/ledger/entries", "limit=1001"}, std::pair{"/ledger/entries", "limit=7x"},
          std::pair{"/ledger/entries", "since=soon"}, std::pair{"/ledger/entries", "person=ada%40acme.example"},
          std::pair{"/ledger/entries", "apart=1"}, std::pair{"/ledger/left", "decision=refuse"},
          std::pair{"/ledger/left", "how=verified"}, std::pair{"/ledger/entries/1/body/request", ""},
          std::pair{"/ledger/entries/1", "reason=x"}, std::pair{"/checkpoint", "a=b"}}) {
        const auto asked = ask(path, query);
        ASSERT_FALSE(asked) << path << "?" << query;
        EXPECT_EQ(asked.error().kind, ErrorKind::invalid);
        EXPECT_EQ(asked.error().source, ErrorSource::client);
    }
    for (const char* path :
         {"/ledger/", "/ledger/entries/", "/ledger/nothing", "/tile/0/1", "/tile/9/000", "/tile/0/000.p/0",
          "/tile/0/000.p/256", "/tile/0/x000/001", "/tile/00/000", "/tile/0/../000", "/tile/entries/"})
        EXPECT_EQ(ask(path).error().kind, ErrorKind::unavailable) << path;
}

TEST(LedgerQuestion, ADeveloperSeesTheirOwn) {
    auto entries = *ask("/ledger/entries");
    ASSERT_TRUE(entitle(entries, asker(Access::developer)));
    EXPECT_EQ(entries.filter.person, "p_mine");
    auto own = *ask("/ledger/left", "repository=a/b&person=p_mine");
    ASSERT_TRUE(entitle(own, asker(Access::developer)));
    EXPECT_EQ(own.filter.person, "p_mine");
    EXPECT_EQ(own.filter.how, "named");
    for (const auto& [path, query] :
         {std::pair{"/ledger/entries", "person=p_other"}, std::pair{"/ledger/left", ""},
          std::pair{"/ledger/left", "repository=a/b&person=p_other"},
          std::pair{"/ledger/entries/1/body/request", "reason=x"}, std::pair{"/tile/entries/000", ""}}) {
        auto asked = *ask(path, query);
        const auto entitled = entitle(asked, asker(Access::developer));
        ASSERT_FALSE(entitled) << path;
        EXPECT_EQ(entitled.error().kind, ErrorKind::refused);
        EXPECT_NE(entitled.error().message.find("takes a key with access auditor"), std::string::npos);
    }
    auto nobody = *ask("/ledger/entries");
    EXPECT_FALSE(entitle(nobody, Asker{"k_1", "", Access::developer})) << "an empty person is not everybody";
    ledger::ExchangeRow row;
    row.exchange = "x_1", row.person = "p_mine", row.evidence = "observed", row.repository = "secret/one";
    row.also_claimed = "my/own";
    EXPECT_TRUE(may_see(row, asker(Access::developer)));
    leave_out_what_is_not_theirs(row, asker(Access::developer));
    EXPECT_EQ(row.repository + row.also_claimed, "");
    row.person = "p_other";
    EXPECT_FALSE(may_see(row, asker(Access::developer)));
    EXPECT_FALSE(may_see(ledger::ExchangeRow{}, Asker{"k_1", "", Access::developer})) << "an act is of nobody";
}

TEST(LedgerQuestion, BodiesAreForAuditorsAndSecurity) {
    for (const Access access : {Access::auditor, Access::security, Access::data_protection}) {
        auto body = *ask("/ledger/entries/1/body/request", "reason=x");
        EXPECT_EQ(entitle(body, asker(access)).has_value(), access != Access::data_protection);
        auto left = *ask("/ledger/left");
        EXPECT_TRUE(entitle(left, asker(access)));
        EXPECT_EQ(left.filter.person + left.filter.how, "");
        auto tile = *ask("/tile/entries/000");
        EXPECT_TRUE(entitle(tile, asker(access)));
    }
}

} // namespace
} // namespace sallyport::gateway
