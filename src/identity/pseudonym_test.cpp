#include "identity/pseudonym.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <thread>

namespace sallyport::identity {
namespace {

class PseudonymTest : public testing::Test {
protected:
    PseudonymTest() {
        std::string name = testing::TempDir() + "pseudonym_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        state_ = std::move(*store::State::open(folder_ / "state.db"));
    }
    ~PseudonymTest() override {
        state_.reset();
        std::filesystem::remove_all(folder_);
    }
    static InstallationKeys keys(const std::string& root) {
        const Secret secret(root);
        return {crypto::derive(secret, "a"), crypto::derive(secret, "b"), crypto::derive(secret, "c"),
                crypto::derive(secret, "d"), crypto::derive(secret, "e"), crypto::derive(secret, "f")};
    }
    std::filesystem::path folder_;
    std::unique_ptr<store::State> state_;
    Pseudonyms pseudonyms_{keys("root")};
};

TEST_F(PseudonymTest, HidesTheNameAndShowsTheKind) {
    const Pseudonym person = pseudonyms_.of(NameKind::person, "anna@acme.example");
    EXPECT_EQ(person.view().size(), Pseudonym::characters);
    EXPECT_TRUE(person.view().starts_with("p_"));
    EXPECT_TRUE(pseudonyms_.of(NameKind::machine, "anna@acme.example").view().starts_with("m_"));
    EXPECT_TRUE(pseudonyms_.of(NameKind::path, "anna@acme.example").view().starts_with("f_"));
    EXPECT_TRUE(pseudonyms_.of(NameKind::session, "anna@acme.example").view().starts_with("s_"));
    EXPECT_NE(pseudonyms_.of(NameKind::machine, "anna@acme.example").view().substr(2), person.view().substr(2));
    EXPECT_EQ(person.view().substr(2).find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string_view::npos);
    EXPECT_TRUE(pseudonyms_.of(NameKind::person, "").view().empty());
}

TEST_F(PseudonymTest, IsTheSameEachTimeAndInEachThreadAndDiffersByInstallation) {
    const std::string first(pseudonyms_.of(NameKind::person, "anna").view());
    for (int i = 0; i < 2'000; ++i)
        static_cast<void>(pseudonyms_.of(NameKind::path, "src/" + std::to_string(i) + ".cpp"));
    EXPECT_EQ(pseudonyms_.of(NameKind::person, "anna").view(), first);
    std::thread([&] { EXPECT_EQ(pseudonyms_.of(NameKind::person, "anna").view(), first); }).join();
    EXPECT_EQ(Pseudonyms(keys("root")).of(NameKind::person, "anna").view(), first);
    EXPECT_NE(Pseudonyms(keys("other")).of(NameKind::person, "anna").view(), first);
    const std::string long_name(500, 'x');
    EXPECT_EQ(pseudonyms_.of(NameKind::path, long_name).view(),
              std::string(pseudonyms_.of(NameKind::path, long_name).view()));
}

TEST_F(PseudonymTest, DoesNotCollide) {
    std::set<std::string> seen;
    for (int i = 0; i < 20'000; ++i)
        EXPECT_TRUE(seen.emplace(pseudonyms_.of(NameKind::path, std::to_string(i)).view()).second);
}

TEST_F(PseudonymTest, LeadsBackToItsNameUntilThatIsForgotten) {
    const std::string anna(pseudonyms_.remember(NameKind::person, "anna@acme.example").view());
    const std::string file(pseudonyms_.remember(NameKind::path, "src/engine/secret.cpp").view());
    EXPECT_FALSE(pseudonyms_.name_of(*state_, anna)->has_value()) << "not stored yet";
    ASSERT_TRUE(pseudonyms_.keep_names(*state_));
    EXPECT_EQ(pseudonyms_.name_of(*state_, anna)->value(), "anna@acme.example");
    EXPECT_EQ(pseudonyms_.name_of(*state_, file)->value(), "src/engine/secret.cpp");
    ASSERT_TRUE(state_->forget_name(anna));
    EXPECT_FALSE(pseudonyms_.name_of(*state_, anna)->has_value());
    // Seen again in the same run, it is not stored again behind the back of who erased it.
    static_cast<void>(pseudonyms_.remember(NameKind::person, "anna@acme.example"));
    ASSERT_TRUE(pseudonyms_.keep_names(*state_));
    EXPECT_FALSE(pseudonyms_.name_of(*state_, anna)->has_value());
}

TEST_F(PseudonymTest, SealedNamesOpenOnlyInTheirPlaceAndInstallation) {
    const std::string anna(pseudonyms_.of(NameKind::person, "anna").view());
    store::SealedName sealed{anna, NameKind::person, pseudonyms_.seal(NameKind::person, anna, "anna")};
    EXPECT_EQ(sealed.sealed.find("anna"), std::string::npos);
    EXPECT_EQ(*pseudonyms_.unseal(sealed), "anna");
    EXPECT_FALSE(Pseudonyms(keys("other")).unseal(sealed));
    sealed.pseudonym = pseudonyms_.of(NameKind::person, "berta").view();
    const auto moved = pseudonyms_.unseal(sealed);
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().message.find("anna"), std::string::npos);
}

} // namespace
} // namespace sallyport::identity
