#include "identity/sessions.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

constexpr std::int64_t now = 1'000'000'000;

class SignedInTable : public testing::Test {
protected:
    KeyTable table(std::unordered_set<std::string> disabled = {}) {
        store::KeyRecord key;
        key.id = "k_1";
        key.person = "p_ada";
        key.digest = crypto::bytes(mac_.of(key_.reveal()));
        key.revoked_ms = revoked_ms_;
        auto list = std::make_shared<const store::KeyList>(store::KeyList{key});
        return KeyTable(mac_, {std::move(list), 1}, sessions_, std::move(disabled));
    }
    void sign_in() {
        session_->id = "s_1";
        session_->person = "p_ada";
        session_->team = "web";
        EXPECT_TRUE(sessions_.put(sessions_.digest_of(token_.reveal()), session_, now + 1'000, now));
    }
    crypto::Mac mac_{Secret("a key of the installation")};
    Sessions sessions_{mac_};
    Secret key_ = new_company_key(), token_ = new_company_key();
    std::shared_ptr<Session> session_ = std::make_shared<Session>();
    std::int64_t revoked_ms_ = 0;
};

TEST_F(SignedInTable, ATokenIsGoodAtOnceAndUntilItExpires) {
    const KeyTable before = table();
    EXPECT_EQ(before.check(token_.reveal(), now).problem, KeyProblem::unknown);
    sign_in();
    const KeyCheck check = before.check(token_.reveal(), now);
    EXPECT_EQ(check.problem, KeyProblem::none);
    EXPECT_EQ(check.caller.key_id, "s_1");
    EXPECT_EQ(check.caller.team, "web");
    EXPECT_EQ(before.check(token_.reveal(), now + 1'000).problem, KeyProblem::sign_in_expired);
    EXPECT_EQ(before.since(check), KeyProblem::none) << "what runs is not ended by it";
}

TEST_F(SignedInTable, AnEndedSessionIsOutAtOnce) {
    sign_in();
    const KeyTable one = table();
    const KeyCheck check = one.check(token_.reveal(), now);
    sessions_.end("s_1");
    EXPECT_EQ(one.check(token_.reveal(), now).problem, KeyProblem::signed_out);
    EXPECT_EQ(one.since(check), KeyProblem::signed_out);
}

TEST_F(SignedInTable, ADisabledPersonIsOutWithWhateverTheyCome) {
    sign_in();
    const KeyTable enabled = table(), disabled = table({"p_ada"});
    for (const Secret* const one : {&key_, &token_}) {
        const KeyCheck check = enabled.check(one->reveal(), now);
        EXPECT_EQ(check.problem, KeyProblem::none);
        EXPECT_EQ(disabled.check(one->reveal(), now).problem, KeyProblem::disabled);
        EXPECT_EQ(disabled.since(check), KeyProblem::disabled);
    }
}

TEST_F(SignedInTable, ARevokedKeyEndsWhatRuns) {
    const KeyTable before = table();
    const KeyCheck check = before.check(key_.reveal(), now);
    revoked_ms_ = now;
    EXPECT_EQ(table().since(check), KeyProblem::revoked);
}

TEST_F(SignedInTable, AWorkloadsTokenIsKnownByItself) {
    const std::string token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    EXPECT_FALSE(table().knows_token(token));
    EXPECT_EQ(table().check(token, now).problem, KeyProblem::malformed);
    session_->id = "w_1";
    EXPECT_TRUE(sessions_.put(sessions_.digest_of(token), session_, now + 1'000, now));
    EXPECT_TRUE(table().knows_token(token));
    EXPECT_EQ(table().check(token, now).caller.key_id, "w_1");
}

} // namespace
} // namespace sallyport::identity
