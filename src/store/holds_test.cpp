#include "store/holds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <unistd.h>

namespace sallyport::store {
namespace {

TEST(HoldWords, ComeBack) {
    for (const BodyHold& hold :
         {BodyHold{"case-17", "git.acme.example/web/site", "", 0, 0},
          BodyHold{"a, matter from x, to y", "git.acme.example/a, b", "p_abc", 1'764'547'200'000, 1'767'225'600'000},
          BodyHold{"m", "", "p_abc", 0, 1'767'225'600'000}, BodyHold{"m", "", "p_abc", 1'764'547'200'000, 0}}) {
        const auto back = hold_from_words(words_of(hold));
        ASSERT_TRUE(back) << words_of(hold);
        EXPECT_EQ(back->matter, hold.matter);
        EXPECT_EQ(back->repository, hold.repository);
        EXPECT_EQ(back->person, hold.person);
        EXPECT_EQ(back->from_ms, hold.from_ms);
        EXPECT_EQ(back->to_ms, hold.to_ms);
    }
    EXPECT_FALSE(hold_from_words(""));
    EXPECT_FALSE(hold_from_words("repository x, before 90d"));
}

class OpenBodyKeys : public testing::Test {
protected:
    OpenBodyKeys() : folder_(std::filesystem::temp_directory_path() / ("holds-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_ / "bodies");
        state_ = std::move(*State::open(folder_ / "state.db"));
    }
    ~OpenBodyKeys() override {
        state_.reset();
        std::filesystem::remove_all(folder_);
    }
    void act(const char* id, const char* what, const BodyHold& hold, std::int64_t at_ms) {
        ASSERT_TRUE(state_->add_act({id, what, "p_by", "why", words_of(hold), at_ms}));
    }
    std::size_t held() {
        const auto keys = open_body_keys(folder_ / "body-keys.db", folder_ / "bodies", *state_);
        if (!keys) return 99;
        const auto all = (*keys)->holds();
        return all ? static_cast<std::size_t>(
                         std::ranges::count_if(*all, [](const BodyHold& one) { return one.released_ms == 0; }))
                   : 99;
    }
    std::filesystem::path folder_;
    std::unique_ptr<State> state_;
};

TEST_F(OpenBodyKeys, AnOlderCopyGetsItsHoldsBack) {
    act("a_1", "hold", {"one", "git.acme.example/web/site", ""}, 1'000);
    act("a_2", "hold", {"two", "", "p_ada"}, 2'000);
    act("a_3", "release", {"one", "", ""}, 3'000);
    EXPECT_EQ(held(), 1u);
    EXPECT_EQ(held(), 1u) << "each once";
    act("a_4", "hold", {"one", "git.acme.example/web/site", ""}, 4'000);
    EXPECT_EQ(held(), 2u) << "held again";
}

TEST_F(OpenBodyKeys, AreNotMadeAnewWhereBodiesNeedThem) {
    EXPECT_EQ(held(), 0u);
    for (const char* file : {"body-keys.db", "body-keys.db-wal", "body-keys.db-shm"})
        std::filesystem::remove(folder_ / file);
    std::ofstream(folder_ / "bodies" / "00000000000000000001.pack") << "x";
    const auto keys = open_body_keys(folder_ / "body-keys.db", folder_ / "bodies", *state_);
    ASSERT_FALSE(keys);
    EXPECT_NE(keys.error().message.find("put it back from the backup of the keys"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "body-keys.db"));
}

} // namespace
} // namespace sallyport::store
