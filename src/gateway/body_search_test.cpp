// Words are found in kept bodies wherever they stand in a text, once for what a conversation repeats, and not in what was erased.
#include "gateway/body_search.h"

#include "bodies/writer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

class BodySearchTest : public testing::Test {
protected:
    BodySearchTest() {
        std::string name = fs::temp_directory_path() / "search_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        keys_ = std::move(*store::BodyKeys::open(folder_ / "body-keys.db"));
        bodies::WriterOptions options;
        options.directory = folder_ / "bodies";
        options.origin = "k3f9x2ab";
        options.keys = keys_.get();
        options.wrapping = &wrapping_;
        options.names = &names_;
        writer_ = std::move(*bodies::Writer::open(options));
    }
    ~BodySearchTest() override {
        writer_.reset();
        keys_.reset();
        fs::remove_all(folder_);
    }
    ledger::Body keep(const std::string& body, std::vector<std::uint32_t> cuts = {}) {
        const auto number = writer_->keep(place_, body, cuts);
        EXPECT_TRUE(number);
        return {body.size(), crypto::sha256(body), false, static_cast<std::int64_t>(*number)};
    }
    bodies::Reader& reader() {
        if (writer_) writer_->close();
        writer_.reset();
        if (!reader_) reader_ = std::make_unique<bodies::Reader>(folder_ / "bodies", *keys_, wrapping_);
        return *reader_;
    }
    bool requested(const ledger::Body& body, const std::vector<std::string>& words) {
        return BodySearch(reader(), words).in_request(body);
    }
    bool answered(const ledger::Body& body, const std::vector<std::string>& words) {
        return BodySearch(reader(), words).in_response(body, dialect::Dialect::anthropic_messages);
    }

    fs::path folder_;
    crypto::SealingKey wrapping_{Secret(std::string(32, 'w'))};
    crypto::UnitNamer names_{std::string(32, 'n'), "pieces"};
    std::unique_ptr<store::BodyKeys> keys_;
    std::unique_ptr<bodies::Writer> writer_;
    std::unique_ptr<bodies::Reader> reader_;
    store::BodyPlace place_ = bodies::place_at("git.acme.example/web/site", "p_ada", "internal", 1'700'000'000'000);
};

TEST_F(BodySearchTest, ReadsEscapesAlsoThoseOfArguments) {
    const auto body = keep(
        R"({"a":"The \"Price\"\nlist of \u00fcber","b":"{\"path\":\"C:\\\\new\\\\x.c\",\"say\":\"tab\\there\"}"})");
    EXPECT_TRUE(requested(body, {"the \"price\"\nLIST", "\u00fcber"}));
    EXPECT_TRUE(requested(body, {"tab\there"}));
    EXPECT_TRUE(requested(body, {"c:\\new\\x.c"}));
    EXPECT_FALSE(requested(body, {"price", "nowhere"}));
}

TEST_F(BodySearchTest, PutsTheEventsOfAStreamTogether) {
    const auto delta = [](const std::string& text) {
        return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
               "\"text_delta\",\"text\":\"" +
               text + "\"}}\n\n";
    };
    const auto body = keep(delta("a ze") + delta("bra is str") + delta("iped"));
    const auto whole = keep(R"({"type":"message","content":[{"type":"text","text":"a zebra"}]})");
    const auto plain = keep("Bad gateway: zebra"), odd = keep("\x1f\x8b\x08 zebra");
    EXPECT_TRUE(answered(body, {"zebra", "striped"}));
    EXPECT_FALSE(answered(body, {"tiger"}));
    EXPECT_TRUE(answered(whole, {"zebra"}));
    EXPECT_TRUE(answered(plain, {"zebra"}));
    BodySearch search(reader(), std::vector<std::string>{"zebra"});
    EXPECT_FALSE(search.in_response(odd, std::nullopt));
    EXPECT_EQ(search.figures().unread, 1u) << "what cannot be read is told, not passed over";
}

TEST_F(BodySearchTest, OpensWhatAConversationRepeatsOnce) {
    std::string conversation = "{\"messages\":[";
    std::vector<std::uint32_t> cuts;
    std::vector<ledger::Body> turns;
    for (int turn = 0; turn < 20; ++turn) {
        cuts.push_back(static_cast<std::uint32_t>(conversation.size()));
        conversation += "\"" + std::string(3'000, static_cast<char>('a' + turn)) + (turn == 7 ? " zebra" : "") + "\",";
        auto with_end = cuts;
        with_end.push_back(static_cast<std::uint32_t>(conversation.size()));
        turns.push_back(keep(conversation + "0]}", with_end));
    }
    BodySearch search(reader(), std::vector<std::string>{"zebra"});
    for (std::size_t turn = 0; turn < turns.size(); ++turn)
        EXPECT_EQ(search.in_request(turns[turn]), turn >= 7) << turn;
    EXPECT_GT(search.figures().bytes, 600'000u);
    EXPECT_LT(search.figures().bytes_read, 150'000u);
}

TEST_F(BodySearchTest, WhatWasNotKeptOrIsErasedIsCounted) {
    const auto body = keep(R"({"a":"zebra"})");
    ASSERT_TRUE(requested(body, {"zebra"}));
    BodySearch search(*reader_, std::vector<std::string>{"zebra"});
    EXPECT_FALSE(search.in_request({5, {}, false, ledger::not_kept}));
    EXPECT_FALSE(search.in_request({5, {}, false, ledger::kept_lost}));
    ASSERT_EQ(keys_->erase({.repository = place_.repository, .person = {}, .effective_class = {}}, "over", 1)->erased,
              1u);
    reader_->forget_keys();
    EXPECT_FALSE(search.in_request(body));
    EXPECT_EQ(search.figures().missing, 2u);
    EXPECT_EQ(search.figures().unread, 1u);
}

} // namespace
} // namespace sallyport::gateway
