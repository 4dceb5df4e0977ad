#include "identity/unmask.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sallyport::identity {
namespace {

constexpr std::int64_t now = 1'795'000'000'000, hour = 3'600'000;

class UnmaskTest : public testing::Test {
protected:
    UnmaskTest() {
        std::string name = testing::TempDir() + "unmask_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        state_ = std::move(*store::State::open(folder_ / "state.db"));
        keys_.pseudonyms = Secret("p");
        keys_.sealing = Secret(std::string(32, 's'));
        pseudonyms_ = std::make_unique<Pseudonyms>(keys_);
        ada_ = pseudonyms_->remember(NameKind::person, "ada@acme.example").view();
        EXPECT_TRUE(pseudonyms_->keep_names(*state_));
    }
    ~UnmaskTest() override {
        state_.reset();
        std::filesystem::remove_all(folder_);
    }
    static Caller caller(const char* person, Access access) { return {"k_1", person, {}, {}, {}, access}; }
    Result<Unmasking> ask(const Caller& who, std::string_view number = "C-1", std::int64_t at = now) {
        return unmask(*state_, *pseudonyms_, who, ada_, number, at);
    }
    std::string acts() {
        std::string out;
        for (const auto& act : *state_->unrecorded_acts()) out += act.what + " by " + act.by + ", " + act.why + "; ";
        return out;
    }

    const Caller auditor_ = caller("p_auditor", Access::auditor), guard_ = caller("p_guard", Access::data_protection);
    std::filesystem::path folder_;
    std::unique_ptr<store::State> state_;
    InstallationKeys keys_;
    std::unique_ptr<Pseudonyms> pseudonyms_;
    std::string ada_;
};

TEST_F(UnmaskTest, TwoPeopleOpenANameForACaseAndItIsRecorded) {
    EXPECT_FALSE(ask(auditor_)->name);
    EXPECT_FALSE(ask(auditor_)->name) << "not by asking twice";
    EXPECT_EQ(ask(guard_)->name, "ada@acme.example");
    EXPECT_EQ(ask(auditor_, "C-1", now + 23 * hour)->name, "ada@acme.example");
    EXPECT_EQ(acts(),
              "ask-unmask by p_auditor, case C-1; unmask by p_guard, case C-1; unmask by p_auditor, case C-1; ");
    EXPECT_EQ(state_->unrecorded_acts()->at(1).about, "pseudonym " + ada_ + ", with p_auditor");
}

TEST_F(UnmaskTest, WhicheverAsksFirst) {
    EXPECT_FALSE(ask(guard_)->name);
    EXPECT_EQ(ask(caller("p_security", Access::security))->name, "ada@acme.example");
}

TEST_F(UnmaskTest, NotByOnePersonNorByTwoOfOneRole) {
    EXPECT_FALSE(ask(auditor_)->name);
    const auto twice = ask(caller("p_auditor", Access::data_protection));
    EXPECT_TRUE(!twice || !twice->name) << "a second key of the same person";
    const auto second = ask(caller("p_auditor2", Access::security));
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("data-protection"), std::string::npos);
    EXPECT_FALSE(ask(caller("p_dev", Access::developer)));
    EXPECT_FALSE(ask(guard_, "C-2")->name) << "another case";
    EXPECT_EQ(acts(), "ask-unmask by p_auditor, case C-1; ask-unmask by p_guard, case C-2; ");
}

TEST_F(UnmaskTest, ItEndsAfterADay) {
    EXPECT_FALSE(ask(auditor_)->name);
    EXPECT_FALSE(ask(guard_, "C-1", now + 24 * hour)->name) << "too late: asks anew";
    EXPECT_EQ(ask(auditor_, "C-1", now + 25 * hour)->name, "ada@acme.example");
    EXPECT_FALSE(ask(auditor_, "C-1", now + 49 * hour)->name);
}

TEST_F(UnmaskTest, NobodyElseSeesWhatTwoOpened) {
    EXPECT_FALSE(ask(auditor_)->name);
    EXPECT_TRUE(ask(guard_)->name);
    EXPECT_FALSE(ask(caller("p_other", Access::auditor)));
    EXPECT_FALSE(ask(caller("p_other", Access::data_protection)));
}

TEST_F(UnmaskTest, ANameThatWasErasedIsGone) {
    EXPECT_FALSE(ask(auditor_)->name);
    EXPECT_TRUE(*state_->forget_name(ada_));
    const auto opened = ask(guard_);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("erased"), std::string::npos);
}

TEST_F(UnmaskTest, OddWishesAreRefused) {
    for (const std::string_view number : {std::string_view(""), std::string_view("a\nb"), std::string_view("\0", 1)})
        EXPECT_EQ(ask(auditor_, number).error().kind, ErrorKind::invalid);
    EXPECT_EQ(ask(auditor_, std::string(101, 'x')).error().kind, ErrorKind::invalid);
    EXPECT_FALSE(unmask(*state_, *pseudonyms_, auditor_, "ada@acme.example", "C-1", now));
    EXPECT_EQ(acts(), "");
}

} // namespace
} // namespace sallyport::identity
