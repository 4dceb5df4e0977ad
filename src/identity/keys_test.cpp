#include "identity/keys.h"

#include <gtest/gtest.h>

#include <set>

namespace sallyport::identity {
namespace {

class KeysTest : public testing::Test {
protected:
    store::KeyRecord record(const Secret& key, const std::string& id) const {
        return {id, std::string(crypto::bytes(mac_.of(key.reveal()))), "p_anna", "platform", "customer", "", 1'000, 0,
                0,      "reviewer"};
    }
    KeyTable table(store::KeyList list) const {
        return KeyTable(mac_, {std::make_shared<const store::KeyList>(std::move(list)), 7});
    }
    crypto::Mac mac_{Secret("installation")};
    Secret key_ = new_company_key();
};

TEST_F(KeysTest, AreRecognisedByTheirTextAlone) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const Secret key = new_company_key();
        EXPECT_EQ(key.reveal().size(), key_characters);
        EXPECT_TRUE(is_company_key(key.reveal()));
        EXPECT_TRUE(seen.emplace(key.reveal()).second);
    }
    EXPECT_FALSE(is_company_key(""));
    EXPECT_FALSE(is_company_key("sp_"));
    EXPECT_FALSE(is_company_key("sk-ant-api03-abc"));
    EXPECT_FALSE(is_company_key(std::string(key_.reveal()) + "x"));
}

// The checksum is CRC-32 as zlib computes it: crc32(b"sp_" + b"0" * 30) == 3657961344, base62 "3zYQqW".
TEST_F(KeysTest, HaveAChecksumThatAnyoneCanCompute) {
    const std::string body = "sp_" + std::string(30, '0');
    EXPECT_TRUE(is_company_key(body + "3zYQqW"));
}

TEST_F(KeysTest, WithOneCharacterWrongAreNotKeys) {
    const std::string good(key_.reveal());
    for (std::size_t i = 0; i < good.size(); ++i)
        for (const char c : {'0', 'Z', 'q', '_', '\0'}) {
            std::string bad = good;
            bad[i] = c;
            EXPECT_EQ(is_company_key(bad), bad == good) << i;
        }
}

TEST_F(KeysTest, LeadToTheirCaller) {
    const Secret other = new_company_key();
    const auto keys = table({record(other, "k_1"), record(key_, "k_2")});
    EXPECT_EQ(keys.size(), 2u);
    EXPECT_EQ(keys.version(), 7u);
    const auto check = keys.check(key_.reveal(), 5'000);
    EXPECT_EQ(check.problem, KeyProblem::none);
    EXPECT_EQ(check.caller.key_id, "k_2");
    EXPECT_EQ(check.caller.person, "p_anna");
    EXPECT_EQ(check.caller.team, "platform");
    EXPECT_EQ(check.caller.role, "reviewer");
    EXPECT_EQ(check.caller.max_class, "customer");
}

TEST_F(KeysTest, AreRefusedWithTheReason) {
    auto expired = record(key_, "k_1");
    expired.expires_ms = 5'000;
    EXPECT_EQ(table({expired}).check(key_.reveal(), 4'999).problem, KeyProblem::none);
    EXPECT_EQ(table({expired}).check(key_.reveal(), 5'000).problem, KeyProblem::expired);
    EXPECT_EQ(table({expired}).check(key_.reveal(), 5'000).caller.key_id, "k_1");
    auto revoked = expired;
    revoked.revoked_ms = 1;
    EXPECT_EQ(table({revoked}).check(key_.reveal(), 0).problem, KeyProblem::revoked);
    EXPECT_EQ(table({expired}).check(new_company_key().reveal(), 0).problem, KeyProblem::unknown);
    EXPECT_EQ(table({expired}).check("", 0).problem, KeyProblem::missing);
    EXPECT_EQ(table({expired}).check("hello", 0).problem, KeyProblem::malformed);
    EXPECT_EQ(KeyTable().check(key_.reveal(), 0).problem, KeyProblem::unknown);
    for (const auto problem :
         {KeyProblem::missing, KeyProblem::malformed, KeyProblem::unknown, KeyProblem::revoked, KeyProblem::expired})
        EXPECT_NE(sentence(problem).find("sallyport key issue"), std::string_view::npos) << name(problem);
}

TEST_F(KeysTest, OfAnotherInstallationAreUnknown) {
    const crypto::Mac other{Secret("other installation")};
    auto foreign = record(key_, "k_1");
    foreign.digest = crypto::bytes(other.of(key_.reveal()));
    EXPECT_EQ(table({foreign}).check(key_.reveal(), 0).problem, KeyProblem::unknown);
}

// CVE-2026-35030: a cache keyed by a prefix of the credential let one caller be another.
TEST_F(KeysTest, ThatShareAPrefixAreDifferentCallers) {
    const auto keys = table({record(key_, "k_1")});
    const Secret other = new_company_key();
    const std::string mixed = std::string(key_.reveal().substr(0, 20)) + std::string(other.reveal().substr(20));
    EXPECT_NE(keys.check(mixed, 0).problem, KeyProblem::none);
}

} // namespace
} // namespace sallyport::identity
