#include "ledger/query.h"

#include "ledger/checkpoint_file.h"
#include "ledger/entry_samples_test.h"
#include "ledger/folder_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <fstream>

namespace sallyport::ledger {
namespace {

constexpr std::int64_t day = 86'400'000;

// Writes entries of a few shapes and asks about them.
class QueryTest : public testing::Test {
protected:
    WriterOptions options() const {
        auto out = folder_.options();
        out.segment_bytes_max = 20'000; // several segments
        return out;
    }
    template <class Content> void append(const Content& content) {
        ASSERT_TRUE(writer_->append(samples::text(content)));
    }
    void open_writer() {
        auto opened = Writer::open(options());
        ASSERT_TRUE(opened) << opened.error().message;
        writer_ = std::move(*opened);
    }
    // An exchange that was sent at `at` and answered.
    void sent(const std::string& exchange, std::int64_t at,
              std::string_view repository = "git.acme.example/core/engine",
              std::span<const std::string_view> also_claimed = {}) {
        auto intent = samples::intent();
        intent.exchange = exchange;
        intent.attempt = 1;
        intent.at_ms = at;
        intent.judgement.facts.repository = repository;
        intent.judgement.facts.also_claimed = also_claimed;
        append(intent);
        auto outcome = samples::outcome();
        outcome.exchange = exchange;
        outcome.attempt = 1;
        outcome.at_ms = at + 10;
        outcome.ended = Ended::complete;
        append(outcome);
    }
    Query query() {
        writer_.reset(); // flush
        auto opened = Query::open(folder_.ledger(), folder_.index());
        EXPECT_TRUE(opened) << opened.error().message;
        const auto updated = opened->update();
        EXPECT_TRUE(updated) << updated.error().message;
        return std::move(*opened);
    }

    LedgerFolder folder_;
    std::unique_ptr<Writer> writer_;
};

TEST_F(QueryTest, JoinsTheEntriesOfAnExchange) {
    open_writer();
    append(samples::start());
    auto first = samples::intent();
    first.exchange = "x_1";
    first.attempt = 1;
    first.upstream.name = "anthropic-us";
    append(first);
    auto failed = samples::outcome();
    failed.exchange = "x_1";
    failed.attempt = 1;
    failed.ended = Ended::upstream_error;
    append(failed);
    auto second = samples::intent();
    second.exchange = "x_1";
    append(second);
    append(samples::refusal());
    auto done = samples::outcome();
    done.exchange = "x_1";
    done.ended = Ended::complete;
    append(done);
    append(samples::repeat());
    append(samples::repeat());

    auto asked = query();
    const auto page = asked.list({}, "", 10);
    ASSERT_EQ(page->rows.size(), 2u);
    EXPECT_TRUE(page->cursor.empty());
    const ExchangeRow& refused = page->rows[0];
    EXPECT_EQ(refused.exchange, "x_refused");
    EXPECT_EQ(refused.decision, "refuse");
    EXPECT_EQ(refused.refused_by, "rule");
    EXPECT_EQ(refused.repeats, 10);
    EXPECT_EQ(refused.status, 451);
    EXPECT_EQ(refused.sentence, samples::refusal().sentence);
    const ExchangeRow& row = page->rows[1];
    EXPECT_EQ(row.exchange, "x_1");
    EXPECT_EQ(row.first_entry, 1u);
    EXPECT_EQ(row.last_entry, 5u);
    EXPECT_EQ(row.attempts, 2);
    EXPECT_EQ(row.upstream, "anthropic-eu");
    EXPECT_EQ(row.ended, "complete");
    EXPECT_EQ(row.status, 200);
    EXPECT_EQ(row.person, "p_abcdefghijklmnopqrst");
    EXPECT_EQ(row.client_version, "2.1.330");
    EXPECT_EQ(row.effective_class, "internal");
    EXPECT_EQ(row.input_tokens, 1);

    const auto shown = asked.show("x_1");
    ASSERT_TRUE(shown) << shown.error().message;
    ASSERT_EQ(shown->entries.size(), 4u);
    EXPECT_EQ(shown->entries[1].index, 2u);
    EXPECT_EQ(shown->entries[3].json, samples::text(done));
    EXPECT_EQ(asked.show("3")->exchange.exchange, "x_1");
    EXPECT_EQ(asked.show("k3f9x2ab/4")->exchange.exchange, "x_refused");
    EXPECT_EQ(asked.show("0")->entries.front().json, samples::text(samples::start()));
    EXPECT_FALSE(asked.show("other/4"));
    EXPECT_FALSE(asked.show("99"));
    EXPECT_FALSE(asked.show("x_none"));
    EXPECT_FALSE(asked.show(""));
}

TEST_F(QueryTest, PagesThroughAListThatGrows) {
    open_writer();
    for (int i = 0; i < 25; ++i) sent("x_" + std::to_string(i), 1'000 + i);
    auto asked = query();
    std::vector<std::string> seen;
    std::string cursor;
    do {
        const auto page = asked.list({}, cursor, 10);
        ASSERT_TRUE(page);
        for (const auto& row : page->rows) seen.push_back(row.exchange);
        cursor = page->cursor;
        open_writer();
        sent("x_new" + std::to_string(seen.size()), 5'000);
        asked = query();
    } while (!cursor.empty());
    ASSERT_EQ(seen.size(), 25u);
    for (int i = 0; i < 25; ++i) EXPECT_EQ(seen[i], "x_" + std::to_string(24 - i));
    EXPECT_FALSE(asked.list({}, "next", 10));
}

TEST_F(QueryTest, FiltersByEachFieldAndTime) {
    open_writer();
    sent("x_a", 1'000);
    sent("x_b", 2'000, "github.com/acme/website");
    append(samples::bad_input());
    auto asked = query();
    const auto names = [&](const ExchangeFilter& filter) {
        std::string out;
        for (const auto& row : asked.list(filter, "", 10)->rows) out += row.exchange + " ";
        return out;
    };
    EXPECT_EQ(names({.repository = "github.com/acme/website"}), "x_b ");
    EXPECT_EQ(names({.person = "p_abcdefghijklmnopqrst"}), "x_bad x_b x_a ");
    EXPECT_EQ(names({.person = "p_other"}), "");
    EXPECT_EQ(names({.decision = "refuse"}), "x_bad ");
    EXPECT_EQ(names({.from_ms = 1'500, .to_ms = 2'500}), "x_b ");
    EXPECT_EQ(names({.to_ms = 2'000}), "x_a ");
    EXPECT_EQ(names({.client = "claude-code", .client_version = "2.1.330", .upstream = "anthropic-eu"}), "x_b x_a ");
    EXPECT_EQ(names({.dialect = "openai-chat"}), "x_bad ");
    EXPECT_EQ(names({.team = "platform", .effective_class = "internal", .account = "acme-gmbh"}), "x_b x_a ");
    EXPECT_EQ(names({.rule = "' OR 1=1 --"}), "");
}

TEST_F(QueryTest, FindsAnExchangeByEachRepositoryThatItNames) {
    constexpr std::array<std::string_view, 2> others = {"git.acme.example/a", "git.acme.example/ab"};
    open_writer();
    sent("x_a", 1'000, "git.acme.example/core/engine", others);
    sent("x_b", 2'000, "git.acme.example/ab");
    auto asked = query();
    const auto count = [&](std::string_view repository) {
        return asked.list({.repository = std::string(repository)}, "", 10)->rows.size();
    };
    EXPECT_EQ(count("git.acme.example/core/engine"), 1u);
    EXPECT_EQ(count("git.acme.example/a"), 1u);
    EXPECT_EQ(count("git.acme.example/ab"), 2u);
    EXPECT_EQ(count("git.acme.example/"), 0u);
    EXPECT_EQ(asked.list({.repository = "git.acme.example/a"}, "", 10)->rows.front().also_claimed,
              "git.acme.example/a\ngit.acme.example/ab");
    EXPECT_EQ(asked.left({.repository = "git.acme.example/a"}, "", 10)->rows.size(), 2u);
}

TEST_F(QueryTest, TellsWhichFilesWereNamedToWhomAndWhen) {
    open_writer();
    sent("x_a", 10 * day + 5);
    sent("x_b", 10 * day + 9);
    sent("x_c", 12 * day);
    sent("x_d", 12 * day, "github.com/acme/website");
    append(samples::refusal()); // names files, but nothing left
    auto asked = query();
    const auto rows = asked.left({.repository = "git.acme.example/core/engine"}, "", 100);
    ASSERT_EQ(rows->rows.size(), 2u);
    const FileRow& row = rows->rows.front();
    EXPECT_EQ(row.file, "f_aaaaaaaaaaaaaaaaaaaa");
    EXPECT_EQ(row.tool, "Read");
    EXPECT_EQ(row.count, 3);
    EXPECT_EQ(row.first_ms, 10 * day + 5);
    EXPECT_EQ(row.last_ms, 12 * day);
    EXPECT_EQ(row.upstream, "anthropic-eu");
    EXPECT_EQ(row.vendor, "anthropic");
    EXPECT_EQ(row.client, "claude-code");
    EXPECT_EQ(
        asked.left({.from_ms = 12 * day, .repository = "git.acme.example/core/engine"}, "", 100)->rows.front().count,
        1);
    EXPECT_EQ(asked.left({.to_ms = 11 * day}, "", 100)->rows.front().count, 2);
    EXPECT_EQ(asked.left({}, "", 3)->rows.size(), 3u);
}

TEST_F(QueryTest, WhatReachedNobodyDidNotLeave) {
    open_writer();
    const auto tried = [&](const std::string& exchange, std::uint32_t attempt, std::string_view upstream) {
        auto intent = samples::intent();
        intent.exchange = exchange;
        intent.attempt = attempt;
        intent.upstream.name = upstream;
        append(intent);
    };
    const auto ended = [&](const std::string& exchange, std::uint32_t attempt, Ended how, std::string_view error) {
        auto outcome = samples::outcome();
        outcome.exchange = exchange;
        outcome.attempt = attempt;
        outcome.ended = how;
        outcome.error = error;
        append(outcome);
    };
    const auto upstreams = [&](Query& asked) {
        std::string out;
        for (const FileRow& row : asked.left({.file = "f_aaaaaaaaaaaaaaaaaaaa"}, "", 100)->rows)
            out += row.upstream + " " + std::to_string(row.count) + ", ";
        return out;
    };
    tried("x_a", 1, "down"), ended("x_a", 1, Ended::upstream_error, no_connection);
    tried("x_a", 2, "broken"), ended("x_a", 2, Ended::upstream_error, "no_answer"); // may have read it
    tried("x_a", 3, "good"), ended("x_a", 3, Ended::complete, "");
    tried("x_b", 1, "late");
    auto asked = query();
    EXPECT_EQ(upstreams(asked), "broken 1, good 1, late 1, "); // "late" is under way
    EXPECT_EQ(upstreams(asked), "broken 1, good 1, late 1, "); // asking counts nothing

    open_writer();
    ended("x_b", 1, Ended::timeout, no_connection);
    tried("x_c", 1, "crashed");
    tried("x_d", 1, "good");
    asked = query();
    EXPECT_EQ(upstreams(asked), "broken 1, crashed 1, good 2, ");
    open_writer();
    append(samples::start()); // behind a crash: what became of it nobody knows
    ended("x_e", 1, Ended::not_sent, "");
    asked = query();
    EXPECT_EQ(upstreams(asked), "broken 1, crashed 1, good 2, ");
    ASSERT_TRUE(asked.reindex());
    EXPECT_EQ(upstreams(asked), "broken 1, crashed 1, good 2, ");
}

TEST_F(QueryTest, FindsExchangesByWhatTheirEntriesName) {
    open_writer();
    append(samples::refusal());
    sent("x_a", 1'000);
    auto other = samples::intent();
    other.exchange = "x_b";
    other.request.files = {};
    other.request.findings = {};
    append(other);
    auto asked = query();
    const auto names = [&](const ExchangeFilter& filter) {
        std::string out;
        for (const auto& row : asked.list(filter, "", 10)->rows) out += row.exchange + " ";
        return out;
    };
    EXPECT_EQ(names({.file = "f_bbbbbbbbbbbbbbbbbbbb"}), "x_a x_refused ");
    EXPECT_EQ(names({.file = "f_cccccccccccccccccccc"}), "x_b x_a x_refused ")
        << "found in it, although it did not leave";
    EXPECT_EQ(names({.file = "f_bbbbbbbbbbbbbbbbbbbb", .finding = "github-token"}), "x_a x_refused ");
    EXPECT_EQ(names({.finding = "zero-width"}), "x_b x_a x_refused ") << "disputed";
    EXPECT_EQ(names({.to_ms = 5'000, .file = "f_bbbbbbbbbbbbbbbbbbbb"}), "x_a ");
    EXPECT_EQ(names({.repository = "git.acme.example/core/engine", .finding = "github-token"}), "x_a x_refused ");
    EXPECT_EQ(names({.finding = "no-rule"}), "");
    const auto first = asked.list({.file = "f_bbbbbbbbbbbbbbbbbbbb"}, "", 1);
    EXPECT_EQ(asked.list({.file = "f_bbbbbbbbbbbbbbbbbbbb"}, first->cursor, 1)->rows.front().exchange, "x_refused");
}

TEST_F(QueryTest, SumsOfFilesAreThoseOfTheirDaysAndPersons) {
    open_writer();
    auto intent = samples::intent();
    std::deque<std::string> texts;
    for (int i = 0; i < 60; ++i) {
        intent.exchange = texts.emplace_back("x_" + std::to_string(i));
        intent.attempt = 1;
        intent.at_ms = (i % 5) * day + i;
        intent.judgement.facts.person = texts.emplace_back("p_" + std::to_string(i % 3));
        intent.judgement.facts.team = i % 3 == 0 ? "red" : "blue";
        const NamedSource source{"git.acme.example/other", "f_dddddddddddddddddddd",
                                 texts.emplace_back(std::to_string(1 + i % 4) + "-" + std::to_string(3 + i % 4)), 100,
                                 Fate::left};
        intent.request.sources = {&source, 1};
        append(intent);
        if (i == 30) { // the second half comes to an index that holds the first one
            [[maybe_unused]] const auto first_half = query();
            open_writer();
        }
    }
    auto asked = query();
    const auto one = [&](ExchangeFilter filter) {
        filter.file = "f_dddddddddddddddddddd";
        return asked.left(filter, "", 10)->rows;
    };
    ASSERT_EQ(one({}).size(), 1u);
    EXPECT_EQ(one({})[0].persons, 3);
    EXPECT_EQ(one({})[0].count, 60);
    EXPECT_EQ(one({})[0].lines, "1-6");
    EXPECT_EQ(one({})[0].last_ms, 4 * day + 59);
    EXPECT_EQ(one({.from_ms = 0, .to_ms = 0, .person = "p_1"})[0].count, 20);
    EXPECT_EQ(one({.person = "p_1"})[0].persons, 1);
    EXPECT_EQ(one({.team = "blue"})[0].persons, 2);
    EXPECT_EQ(one({.team = "blue"})[0].count, 40);
    EXPECT_EQ(one({.from_ms = 4 * day, .person = "p_1"})[0].count, 4);
    EXPECT_TRUE(one({.person = "p_9"}).empty());
    EXPECT_TRUE(one({.from_ms = 9 * day}).empty());
    std::int64_t apart = 0;
    for (const auto& row : asked.left({.file = "f_dddddddddddddddddddd"}, "", 10, true)->rows) apart += row.count;
    EXPECT_EQ(apart, 60);
    EXPECT_EQ(asked.left({.file = "f_dddddddddddddddddddd"}, "", 10, true)->rows.size(), 4u);
}

TEST_F(QueryTest, PagesOfFilesHoldWhileTheLedgerGrowsAndInAnIndexThatIsBuiltAnew) {
    open_writer();
    for (int i = 0; i < 20; ++i) sent("x_" + std::to_string(i), i, "git.acme.example/r" + std::to_string(10 + i));
    auto asked = query();
    std::vector<std::string> seen;
    std::string cursor;
    for (int page_number = 0;; ++page_number) {
        const auto page = asked.left({}, cursor, 7);
        ASSERT_TRUE(page) << page.error().message;
        for (const FileRow& row : page->rows) seen.push_back(row.repository + row.file);
        cursor = page->cursor;
        if (cursor.empty()) break;
        open_writer();
        for (int i = 0; i < 20; ++i) // again what is there, and something before all of it
            sent("x_" + std::to_string(page_number) + "_" + std::to_string(i), 100,
                 "git.acme.example/r" + std::to_string(10 + i));
        sent("x_early" + std::to_string(page_number), 100, "git.acme.example/a" + std::to_string(page_number));
        asked = query();
        if (page_number == 1) {
            ASSERT_TRUE(asked.reindex());
        }
    }
    EXPECT_EQ(seen.size(), 40u) << "two files each";
    EXPECT_TRUE(std::ranges::is_sorted(seen));
    EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
    for (const char* odd : {"next", "MA", "MTph", "OTk6YQ", "!"}) EXPECT_FALSE(asked.left({}, odd, 7)) << odd;
}

TEST_F(QueryTest, AnUpdateThatIsNotGivenTheTimeGoesOnWithTheNext) {
    open_writer();
    for (int i = 0; i < 12'000; ++i) sent("x_" + std::to_string(i), i);
    writer_.reset();
    auto opened = Query::open(folder_.ledger(), folder_.index());
    const auto part = opened->update(1);
    ASSERT_TRUE(part) << part.error().message;
    EXPECT_FALSE(part->is_complete);
    EXPECT_EQ(part->entries, 20'000u);
    EXPECT_TRUE(opened->update(60'000)->is_complete);
    EXPECT_EQ(opened->list({}, "", 1)->rows.front().exchange, "x_11999");
}

TEST_F(QueryTest, RebuiltEqualsIncremental) {
    const auto everything = [](Query& asked) {
        std::string out;
        for (const auto& row : asked.list({}, "", 1'000)->rows) {
            out += row.exchange + row.upstream + row.ended + row.sentence + std::to_string(row.repeats) +
                   std::to_string(row.at_ms) + std::to_string(row.first_entry) + "-" + std::to_string(row.last_entry) +
                   "\n";
            for (const auto& entry : asked.show(row.exchange)->entries) out += entry.json;
        }
        for (const auto& row : asked.left({}, "", 1'000)->rows)
            out += row.file + row.repository + std::to_string(row.count) + std::to_string(row.first_ms) +
                   std::to_string(row.last_ms);
        return out;
    };
    for (int step = 0; step < 6; ++step) {
        open_writer();
        for (int i = 0; i < 7; ++i) sent("x_" + std::to_string(step) + "_" + std::to_string(i), step * day + i);
        if (step == 1) append(samples::refusal());
        if (step > 1) append(samples::repeat());
        auto asked = query();
        EXPECT_EQ(asked.update()->entries, 0u) << "nothing new";
    }
    auto asked = query();
    const std::string incremental = everything(asked);
    const auto rebuilt = asked.reindex();
    EXPECT_TRUE(rebuilt->rebuilt);
    EXPECT_EQ(rebuilt->entries, rebuilt->next_index);
    EXPECT_EQ(everything(asked), incremental);
    auto discarded = Query::discard_and_open(folder_.ledger(), folder_.index());
    ASSERT_TRUE(discarded->update());
    EXPECT_EQ(everything(*discarded), incremental);
    EXPECT_GT(list_segments(folder_.ledger())->size(), 2u);
}

TEST_F(QueryTest, ReadsWhileTheGatewayWrites) {
    open_writer();
    auto opened = Query::open(folder_.ledger(), folder_.index());
    EXPECT_EQ(opened->update()->entries, 0u);
    for (int i = 0; i < 50; ++i) {
        Waiter waiter;
        auto intent = samples::intent();
        const std::string exchange = "x_" + std::to_string(i);
        intent.exchange = exchange;
        ASSERT_TRUE(writer_->append_durable(samples::text(intent), waiter.completion()));
        ASSERT_TRUE(waiter.wait());
        ASSERT_EQ(opened->update()->entries, 1u);
        EXPECT_EQ(opened->show(exchange)->entries.size(), 1u);
    }
}

TEST_F(QueryTest, WaitsForAFrameThatIsNotWholeAndReportsDamage) {
    open_writer();
    for (int i = 0; i < 3; ++i) sent("x_" + std::to_string(i), i);
    writer_.reset();
    const auto last = list_segments(folder_.ledger())->back().path;
    const auto whole = std::filesystem::file_size(last);
    std::ofstream(last, std::ios::binary | std::ios::app) << std::string_view("\x50\0\0\0abcd{\"at\"", 13);
    auto asked = query();
    EXPECT_EQ(asked.update()->next_index, 6u);
    std::filesystem::resize_file(last, whole);

    std::fstream bytes(last, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(segment_header_bytes + 20);
    bytes.put('#');
    bytes.close();
    const auto damaged = asked.reindex();
    ASSERT_FALSE(damaged);
    EXPECT_NE(damaged.error().message.find(last.string() + " at offset 64"), std::string::npos)
        << damaged.error().message;
}

TEST_F(QueryTest, ReadsSegmentsOfManyMegabytes) {
    auto large = folder_.options();
    writer_ = std::move(*Writer::open(large));
    const std::string sentence(50'000, 's');
    for (int i = 0; i < 200; ++i) {
        auto refusal = samples::bad_input();
        const std::string exchange = "x_" + std::to_string(i);
        refusal.exchange = exchange;
        refusal.sentence = sentence;
        append(refusal);
    }
    writer_.reset();
    auto asked = Query::open(folder_.ledger(), folder_.index());
    EXPECT_EQ(asked->update()->entries, 200u);
    EXPECT_EQ(asked->show("x_199")->exchange.sentence, sentence);
    EXPECT_EQ(list_segments(folder_.ledger())->size(), 1u);
}

TEST_F(QueryTest, StartsAnewWhenACrashTookBackWhatWasIndexed) {
    open_writer();
    sent("x_kept", 1);
    writer_.reset();
    const auto last = list_segments(folder_.ledger())->back().path;
    const auto kept = std::filesystem::file_size(last);
    const auto checkpoint = checkpoint_path(folder_.ledger()), copy = folder_.ledger() / "copy";
    std::filesystem::copy_file(checkpoint, copy);
    open_writer();
    sent("x_lost", 2);
    query();
    std::filesystem::resize_file(last, kept); // what was not synced yet is in no checkpoint either
    std::filesystem::rename(copy, checkpoint);
    open_writer();
    sent("x_other", 3);
    sent("x_more", 4);
    auto asked = query();
    EXPECT_FALSE(asked.show("x_lost"));
    EXPECT_EQ(asked.show("2")->exchange.exchange, "x_other");
    EXPECT_EQ(asked.list({}, "", 10)->rows.size(), 3u);
}

} // namespace
} // namespace sallyport::ledger
