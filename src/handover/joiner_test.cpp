// Over a real ledger: what the writer wrote is read, joined and told.
#include "handover/joiner.h"

#include "handover/cursor.h"
#include "handover/tail.h"
#include "ledger/entry_samples_test.h"
#include "ledger/folder_test.h"

#include <gtest/gtest.h>

#include <fstream>

namespace sallyport::handover {
namespace {

namespace samples = ledger::samples;

class JoinerTest : public testing::Test {
protected:
    void SetUp() override {
        auto options = folder_.options();
        options.segment_bytes_max = 20'000; // several segments
        auto opened = ledger::Writer::open(options);
        ASSERT_TRUE(opened) << opened.error().message;
        writer_ = std::move(*opened);
    }
    template <class Content> void append(const Content& content) {
        ledger::Waiter waiter;
        ASSERT_TRUE(writer_->append_durable(samples::text(content), waiter.completion()));
        ASSERT_TRUE(waiter.wait());
        ++durable_;
    }
    void intent(std::string_view exchange) {
        auto one = samples::intent();
        one.exchange = exchange;
        one.attempt = 1;
        append(one);
    }
    void outcome(std::string_view exchange) {
        auto one = samples::outcome();
        one.exchange = exchange;
        one.attempt = 1;
        append(one);
    }

    // Everything from `from` on: "exchange:outcome", "exchange:open", "exchange:refused".
    std::vector<std::string> told(std::uint64_t from) {
        std::vector<std::string> out;
        Tail tail(folder_.ledger());
        Joiner joiner("k3f9x2ab");
        const auto tell = [&](const Event& event) {
            out.push_back(std::string(event.exchange) + (event.kind == Event::Kind::refusal ? ":refused"
                                                         : event.outcome == nullptr         ? ":open"
                                                                                            : ":outcome"));
        };
        EXPECT_TRUE(tail.seek(from));
        while (true) {
            while (joiner.has_abandoned()) EXPECT_TRUE(joiner.tell_abandoned(tell));
            const auto entry = tail.next(durable_);
            EXPECT_TRUE(entry) << entry.error().message;
            if (!entry || !*entry) break;
            const auto read = joiner.read(**entry, tell);
            EXPECT_TRUE(read) << read.error().message;
        }
        oldest_ = joiner.oldest_open();
        return out;
    }

    ledger::LedgerFolder folder_;
    std::unique_ptr<ledger::Writer> writer_;
    std::uint64_t durable_ = 0;
    std::optional<std::uint64_t> oldest_;
};

using Texts = std::vector<std::string>;

TEST_F(JoinerTest, IntentsWaitForTheirOutcome) {
    intent("a");  // 0
    intent("b");  // 1
    outcome("b"); // 2
    append(samples::refusal());
    outcome("a"); // 4
    intent("c");  // 5
    EXPECT_EQ((Texts{"b:outcome", "x_refused:refused", "a:outcome"}), told(0));
    EXPECT_EQ(5u, oldest_);
    // One that began later does not know of what was before.
    EXPECT_EQ((Texts{"x_refused:refused"}), told(2));
}

TEST_F(JoinerTest, AStartEndsWhatWasOpen) {
    intent("a");
    intent("b");
    outcome("b");
    intent("c");
    append(samples::start());
    intent("d");
    EXPECT_EQ((Texts{"b:outcome", "a:open", "c:open"}), told(0));
    EXPECT_EQ(5u, oldest_);
}

TEST_F(JoinerTest, ReadsOverManySegmentsFromAnyPlace) {
    constexpr std::size_t exchanges = 60;
    for (std::size_t i = 0; i < exchanges; ++i) {
        intent("x" + std::to_string(i));
        outcome("x" + std::to_string(i));
    }
    ASSERT_LT(2u, ledger::list_segments(folder_.ledger())->size());
    for (const std::size_t from : {std::size_t{0}, std::size_t{1}, exchanges, 2 * exchanges - 2, 2 * exchanges})
        EXPECT_EQ(exchanges - (from + 1) / 2, told(from).size()) << from;
    Tail tail(folder_.ledger());
    EXPECT_FALSE(tail.seek(2 * exchanges + 1)); // there is none
}

TEST_F(JoinerTest, TellsNothingThatIsNotDurable) {
    intent("a");
    outcome("a");
    Tail tail(folder_.ledger());
    ASSERT_TRUE(tail.seek(0));
    for (const bool there : {true, false}) {
        const auto entry = tail.next(1);
        ASSERT_TRUE(entry);
        EXPECT_EQ(there, entry->has_value());
    }
}

TEST_F(JoinerTest, DamageIsToldWithItsPlace) {
    intent("a");
    outcome("a");
    const auto file = ledger::list_segments(folder_.ledger())->front().path;
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(200).put('#');
    Tail tail(folder_.ledger());
    ASSERT_TRUE(tail.seek(0));
    const auto entry = tail.next(2);
    ASSERT_FALSE(entry);
    EXPECT_NE(std::string::npos, entry.error().message.find("is damaged behind byte 64: entry 0"))
        << entry.error().message;
}

TEST_F(JoinerTest, ACursorComesBackAsItWas) {
    const std::filesystem::path file = folder_.ledger() / "cursor";
    const Cursor cursor{"k3f9x2ab", 1207, 1190};
    EXPECT_FALSE(read_cursor(file)->has_value());
    ASSERT_TRUE(write_cursor(file, cursor));
    EXPECT_EQ(cursor, **read_cursor(file));
    for (const char* bad :
         {"", "{}", "[]", R"({"from":8,"next":7,"origin":"a","v":1})", R"({"from":1,"next":7,"origin":"a","v":2})",
          R"({"from":-1,"next":7,"origin":"a","v":1})", R"({"from":1,"next":7.5,"origin":"a","v":1})"})
        EXPECT_FALSE(parse_cursor(bad, "x")) << bad;
}

} // namespace
} // namespace sallyport::handover
