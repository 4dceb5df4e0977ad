#include "store/state.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sallyport::store {
namespace {

class SessionsKept : public testing::Test {
protected:
    SessionsKept() {
        std::string name = testing::TempDir() + "sessions_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        state_ = std::move(*State::open(folder_ / "state.db"));
    }
    ~SessionsKept() override {
        state_.reset();
        std::filesystem::remove_all(folder_);
    }
    static SessionRecord session(const std::string& id, char refresh) {
        SessionRecord out;
        out.id = id;
        out.person = "p_ada";
        out.refresh_digest = std::string(32, refresh);
        out.access_digest = std::string(32, 'a');
        out.created_ms = 1'000;
        out.expires_ms = 10'000;
        return out;
    }
    std::uint64_t version() { return state_->keys()->version; }

    std::filesystem::path folder_;
    std::unique_ptr<State> state_;
};

TEST_F(SessionsKept, ARefreshTokenIsExchangedOnce) {
    ASSERT_TRUE(state_->begin_session(session("s_1", '1')));
    SessionRecord renewed = session("s_1", '2');
    EXPECT_TRUE(*state_->renew_session(std::string(32, '1'), renewed));
    EXPECT_FALSE(*state_->renew_session(std::string(32, '1'), session("s_1", '3')));
    const auto spent = state_->session_of(std::string(32, '1')), good = state_->session_of(std::string(32, '2'));
    ASSERT_TRUE(spent && *spent && good && *good);
    EXPECT_EQ((*spent)->id, "s_1");
    EXPECT_EQ((*spent)->refresh_digest, std::string(32, '2'));
    EXPECT_FALSE(*state_->session_of(std::string(32, '3')));
}

TEST_F(SessionsKept, WhatEndsIsAChangeThatAGatewaySees) {
    ASSERT_TRUE(state_->begin_session(session("s_1", '1')));
    ASSERT_TRUE(state_->begin_session(session("s_2", '2')));
    const std::uint64_t before = version();
    ASSERT_TRUE(state_->end_session("s_1", 2'000));
    EXPECT_GT(version(), before);
    EXPECT_EQ(state_->sessions(3'000)->size(), 1u);
    EXPECT_FALSE(*state_->renew_session(std::string(32, '1'), session("s_1", '3')));
    ASSERT_TRUE(state_->end_sessions_of("p_ada", 2'000));
    EXPECT_TRUE(state_->sessions(3'000)->empty());
    EXPECT_EQ((*state_->session_of(std::string(32, '1')))->ended_ms, 2'000);
}

TEST_F(SessionsKept, OneThatExpiredIsForgottenLater) {
    ASSERT_TRUE(state_->begin_session(session("s_1", '1')));
    EXPECT_TRUE(state_->sessions(10'000)->empty());
    SessionRecord late = session("s_2", '2');
    late.created_ms = 10'001 + 30LL * 24 * 3'600'000;
    late.expires_ms = late.created_ms + 1;
    ASSERT_TRUE(state_->begin_session(late));
    EXPECT_FALSE(*state_->session_of(std::string(32, '1')));
}

TEST_F(SessionsKept, APersonIsDisabledOnce) {
    const std::uint64_t before = version();
    ASSERT_TRUE(state_->put_person({"p_ada", "e-1", 1, 2, 3, true}));
    EXPECT_GT(version(), before);
    ASSERT_TRUE(state_->put_person({"p_ada", "e-2", 9, 4, 0, false}));
    const auto ada = state_->person("p_ada");
    ASSERT_TRUE(ada && *ada);
    EXPECT_EQ((*ada)->created_ms, 1);
    EXPECT_EQ((*ada)->external_id, "e-2");
    EXPECT_EQ((*ada)->disabled_ms, 0);
    EXPECT_FALSE(*state_->person("p_bob"));
    EXPECT_EQ(state_->people()->size(), 1u);
}

} // namespace
} // namespace sallyport::store
