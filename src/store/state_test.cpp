#include "store/state.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace sallyport::store {
namespace {

class StateTest : public testing::Test {
protected:
    StateTest() {
        std::string name = testing::TempDir() + "state_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        auto opened = State::open(folder_ / "state.db");
        EXPECT_TRUE(opened) << opened.error().message;
        state_ = std::move(*opened);
    }
    ~StateTest() override {
        state_.reset();
        std::filesystem::remove_all(folder_);
    }
    std::unique_ptr<State> another() { return std::move(*State::open(folder_ / "state.db")); }
    static KeyRecord key(const std::string& id, char digest) {
        return {id, std::string(32, digest), "p_anna", "platform", "customer", "laptop", 1'000, 2'000, 0, "reviewer"};
    }
    bool any_file_holds(std::string_view text) {
        for (const auto& item : std::filesystem::directory_iterator(folder_)) {
            std::ostringstream content;
            content << std::ifstream(item.path(), std::ios::binary).rdbuf();
            if (content.str().find(text) != std::string::npos) return true;
        }
        return false;
    }

    std::filesystem::path folder_;
    std::unique_ptr<State> state_;
};

TEST_F(StateTest, KeepsKeysAcrossAReopen) {
    ASSERT_TRUE(state_->issue_key("r1", key("k_1", '\x01')));
    state_ = another();
    const auto keys = state_->keys();
    ASSERT_EQ(keys->value->size(), 1u);
    const KeyRecord& read = keys->value->front();
    EXPECT_EQ(read.id, "k_1");
    EXPECT_EQ(read.digest, std::string(32, '\x01'));
    EXPECT_EQ(read.person, "p_anna");
    EXPECT_EQ(read.team, "platform");
    EXPECT_EQ(read.role, "reviewer");
    EXPECT_EQ(read.max_class, "customer");
    EXPECT_EQ(read.label, "laptop");
    EXPECT_EQ(read.created_ms, 1'000);
    EXPECT_EQ(read.expires_ms, 2'000);
    EXPECT_EQ(read.revoked_ms, 0);
}

TEST_F(StateTest, IssuesAKeyOncePerRequest) {
    EXPECT_EQ(state_->issue_key("r1", key("k_1", '\x01'))->id, "k_1");
    const auto version = state_->keys()->version;
    EXPECT_EQ(state_->issue_key("r1", key("k_2", '\x02'))->id, "k_1");
    EXPECT_EQ(state_->keys()->version, version);
    EXPECT_EQ(state_->keys()->value->size(), 1u);
    EXPECT_FALSE(state_->issue_key("r2", key("k_1", '\x03'))) << "the id is taken";
    EXPECT_FALSE(state_->issue_key("r2", key("k_3", '\x01'))) << "the digest is taken";
    auto short_digest = key("k_4", '\x04');
    short_digest.digest.pop_back();
    EXPECT_FALSE(state_->issue_key("r3", short_digest));
}

TEST_F(StateTest, RevokesOnceAndKeepsTheFirstTime) {
    ASSERT_TRUE(state_->issue_key("r1", key("k_1", '\x01')));
    EXPECT_EQ(state_->revoke_key("k_1", 500)->revoked_ms, 500);
    EXPECT_EQ(state_->revoke_key("k_1", 900)->revoked_ms, 500);
    const auto missing = state_->revoke_key("k_2", 500);
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("sallyport key list"), std::string::npos);
}

TEST_F(StateTest, TellsOfChangesMadeHereAndElsewhere) {
    auto seen = state_->keys();
    EXPECT_FALSE(state_->keys_if_changed(seen->version)->has_value());

    ASSERT_TRUE(state_->issue_key("r1", key("k_1", '\x01')));
    auto changed = state_->keys_if_changed(seen->version);
    ASSERT_TRUE(changed->has_value());
    EXPECT_EQ((*changed)->value->size(), 1u);
    EXPECT_GT((*changed)->version, seen->version);
    EXPECT_FALSE(state_->keys_if_changed((*changed)->version)->has_value());

    const auto version = (*changed)->version;
    auto command_line = another();
    ASSERT_TRUE(command_line->revoke_key("k_1", 77));
    changed = state_->keys_if_changed(version);
    ASSERT_TRUE(changed->has_value());
    EXPECT_EQ((*changed)->value->front().revoked_ms, 77);

    // Names are no news for those who watch keys.
    const SealedName name{"p_1", NameKind::person, "sealed"};
    ASSERT_TRUE(command_line->remember_names({&name, 1}));
    EXPECT_FALSE(state_->keys_if_changed((*changed)->version)->has_value());
}

TEST_F(StateTest, RemembersANameOnceAndForgetsItsBytes) {
    const std::string secret = "sealed-bytes-of-anna";
    const SealedName first{"p_1", NameKind::person, secret}, second{"p_1", NameKind::person, "other"},
        path{"f_1", NameKind::path, "sealed path"};
    ASSERT_TRUE(state_->remember_names({&first, 1}));
    ASSERT_TRUE(state_->remember_names({&second, 1}));
    ASSERT_TRUE(state_->remember_names({&path, 1}));
    EXPECT_EQ((*state_->sealed_name("p_1"))->sealed, secret);
    EXPECT_EQ(state_->names(NameKind::path)->size(), 1u);
    EXPECT_TRUE(any_file_holds(secret));
    EXPECT_TRUE(*state_->forget_name("p_1"));
    EXPECT_FALSE(*state_->forget_name("p_1"));
    EXPECT_FALSE(state_->sealed_name("p_1")->has_value());
    EXPECT_FALSE(any_file_holds(secret));
    EXPECT_TRUE(state_->sealed_name("f_1")->has_value());
}

TEST_F(StateTest, TakesCommandsFromManyThreadsAndTwoConnections) {
    auto other = another();
    const auto work = [](State& state, char from) {
        for (int i = 0; i < 20; ++i) {
            const SealedName name{std::string(1, from) + std::to_string(i % 5), NameKind::path, "x"};
            EXPECT_TRUE(state.remember_names({&name, 1}));
            EXPECT_TRUE(state.keys_if_changed(0));
        }
    };
    std::thread a([&] { work(*state_, 'a'); }), b([&] { work(*state_, 'b'); }), c([&] { work(*other, 'a'); });
    a.join();
    b.join();
    c.join();
    EXPECT_EQ(state_->names(NameKind::path)->size(), 10u);
}

TEST_F(StateTest, ACopyHoldsAllButTheNames) {
    const std::string secret = "sealed-bytes-of-anna";
    const SealedName name{"p_1", NameKind::person, secret};
    ASSERT_TRUE(state_->remember_names({&name, 1}));
    ASSERT_TRUE(state_->issue_key("r1", key("k_1", '\x01')));
    ASSERT_TRUE(state_->add_act({"a_1", "hold", "p_1", "why", "about", 5'000}));
    const auto copies = folder_ / "copies";
    std::filesystem::create_directory(copies);
    ASSERT_TRUE(state_->copy_to(copies / "state.db"));
    std::ostringstream content;
    content << std::ifstream(copies / "state.db", std::ios::binary).rdbuf();
    EXPECT_EQ(content.str().find(secret), std::string::npos);
    EXPECT_TRUE(any_file_holds(secret));
    const auto copy = State::open(copies / "state.db");
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_EQ((*copy)->keys()->value->size(), 1u);
    EXPECT_FALSE((*copy)->sealed_name("p_1")->has_value());
    EXPECT_EQ((*copy)->acts_since(5'000)->size(), 1u);
    EXPECT_EQ((*copy)->acts_since(5'001)->size(), 0u);
}

TEST_F(StateTest, AKeyHasItsAccessAndADevelopersWhereNobodySaid) {
    ASSERT_TRUE(state_->issue_key("r1", key("k_1", '\x01')));
    KeyRecord auditor = key("k_2", '\x02');
    auditor.access = "auditor";
    ASSERT_TRUE(state_->issue_key("r2", auditor));
    const auto keys = another()->keys();
    EXPECT_EQ(keys->value->at(0).access, "developer");
    EXPECT_EQ(keys->value->at(1).access, "auditor");
}

TEST_F(StateTest, AWishToUnmaskIsApprovedBySomebodyElseOnce) {
    const UnmaskingRecord wish{"u_1", "p_anna", "C-1", "p_a", "auditor", 1'000, "", "", 0};
    ASSERT_EQ(state_->ask_to_unmask(wish, 0)->id, "u_1");
    UnmaskingRecord again = wish;
    again.id = "u_2", again.asked_by = "p_b", again.asked_ms = 1'500;
    EXPECT_EQ(another()->ask_to_unmask(again, 500)->id, "u_1") << "the same case";
    EXPECT_EQ(state_->approve_unmasking("u_1", "p_a", "data-protection", 1'600)->approved_by, "") << "not by who asked";
    EXPECT_EQ(state_->approve_unmasking("u_1", "p_b", "data-protection", 1'700)->approved_by, "p_b");
    EXPECT_EQ(state_->approve_unmasking("u_1", "p_c", "data-protection", 1'800)->approved_by, "p_b") << "stays";
    EXPECT_EQ(state_->ask_to_unmask(again, 1'000)->id, "u_2") << "the old one is over";
    EXPECT_FALSE(state_->approve_unmasking("u_9", "p_b", "data-protection", 1'700));
}

} // namespace
} // namespace sallyport::store
