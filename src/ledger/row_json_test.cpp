#include "ledger/row_json.h"

#include "base/buffer.h"

#include <gtest/gtest.h>

namespace sallyport::ledger {
namespace {

ExchangeRow exchange() {
    ExchangeRow row;
    row.exchange = "x_1", row.first_entry = 7, row.at_ms = 1'795'000'000'123;
    row.person = "p_a", row.team = "web", row.machine = "m_a", row.session = "s_a", row.key = "k_1";
    row.repository = "git.acme.example/web/\"site\"", row.evidence = "bound", row.effective_class = "internal";
    row.also_claimed = "a/b\nc/d";
    row.client = "claude-code", row.client_version = "2.1.330", row.dialect = "anthropic-messages";
    row.model = "m", row.operation = "generate", row.stream = true;
    row.decision = "refuse", row.rule = "r", row.refused_by = "rule", row.sentence = "Nein: \u00fc\n";
    row.upstream = "u", row.vendor = "v", row.account = "acc", row.attempts = 2, row.status = 451;
    row.ended = "complete", row.stop_reason = "end", row.error = "e", row.sent_bytes = 0, row.total_ms = 12;
    row.repeats = 3;
    return row;
}

template <class Row> std::string json_of(const Row& row) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_members(writer, "k3f9x2ab", row);
    writer.end_object();
    return out;
}

TEST(RowJson, WhatIsWrittenIsReadBack) {
    FileRow file;
    file.repository = "r", file.file = "/src/a.c", file.how = "verified", file.lines = "1-3", file.tool = "Read";
    file.upstream = "u", file.vendor = "v", file.account = "acc", file.client = "c", file.model = "m";
    file.rule = "rule", file.effective_class = "customer", file.persons = 2, file.count = 5, file.characters = 90;
    file.first_ms = 1'000, file.last_ms = 2'000, file.last_entry = 9;
    std::string origin;
    const Buffer page(R"({"entries":[)" + json_of(exchange()) + "," + json_of(ExchangeRow{}) + R"(],"next":"12"})");
    const auto entries = read_page(page.view(), origin);
    ASSERT_TRUE(entries) << entries.error().message;
    EXPECT_EQ(entries->cursor, "12");
    EXPECT_EQ(origin, "k3f9x2ab");
    ASSERT_EQ(entries->rows.size(), 2u);
    EXPECT_EQ(json_of(entries->rows[0]), json_of(exchange()));
    EXPECT_EQ(json_of(entries->rows[1]), json_of(ExchangeRow{}));
    const Buffer left(R"({"files":[)" + json_of(file) + "]}");
    EXPECT_EQ(json_of(read_left(left.view(), origin)->rows.at(0)), json_of(file));
}

TEST(RowJson, AnExchangeIsShownWithItsEntriesOrWithoutTheirText) {
    const Shown shown{exchange(), {{7, R"({"kind":"intent"})"}, {8, ""}}};
    std::string origin;
    const Buffer text(shown_json("k3f9x2ab", shown));
    const auto read = read_shown(text.view(), origin);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(shown_json(origin, *read), std::string(text.view()));
    EXPECT_EQ(read->entries[0].json, R"({"kind":"intent"})");
    EXPECT_EQ(read->entries[1].index, 8u);
}

TEST(RowJson, AnswersOfSomethingElseAreRefused) {
    std::string origin;
    for (const char* text :
         {"", "{", "[]", "{}", R"({"entries":{}})", R"({"entries":[1]})", R"({"entries":[{"at":"yesterday"}]})",
          R"({"entries":[{"id":"no slash"}]})", R"({"entries":[{"status":"200"}]})", R"({"entries":[{"status":1e3}]})",
          R"({"entries":[],"next":7})"}) {
        Buffer padded{std::string_view(text)};
        padded.reserve(1);
        const auto read = read_page(padded.view(), origin);
        ASSERT_FALSE(read) << text;
        EXPECT_NE(read.error().message.find("gateway"), std::string::npos);
    }
}

} // namespace
} // namespace sallyport::ledger
