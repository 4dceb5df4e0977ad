// Bodies come back byte for byte; what a conversation repeats is kept once; what is erased cannot be read.
#include "base/file.h"
#include "bodies/reader.h"
#include "bodies/retention.h"
#include "bodies/writer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

namespace sallyport::bodies {
namespace {

namespace fs = std::filesystem;

class BodiesTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = fs::temp_directory_path() / "bodies_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        open();
    }
    void TearDown() override {
        writer_.reset();
        keys_.reset();
        fs::remove_all(folder_);
    }
    WriterOptions options() const {
        WriterOptions out;
        out.directory = folder_ / "bodies";
        out.origin = "k3f9x2ab";
        out.keys = keys_.get();
        out.wrapping = &wrapping_;
        out.names = &names_;
        out.pack_bytes_max = 10'000;
        out.write_ms = 1;
        return out;
    }
    void open() {
        writer_.reset();
        if (!keys_) keys_ = std::move(*store::BodyKeys::open(folder_ / "body-keys.db"));
        auto opened = Writer::open(options());
        ASSERT_TRUE(opened) << opened.error().message;
        writer_ = std::move(*opened);
    }
    std::uint64_t keep(std::string_view body, const store::BodyPlace& place, std::uint32_t step = 0) const {
        std::vector<std::uint32_t> cuts;
        for (std::uint32_t at = step; step != 0 && at < body.size(); at += step) cuts.push_back(at);
        const auto number = writer_->keep(place, body, cuts);
        EXPECT_TRUE(number) << number.error().message;
        return number.value_or(0);
    }
    Result<std::string> body(std::uint64_t number) const {
        Reader reader(folder_ / "bodies", *keys_, wrapping_);
        return reader.body(number);
    }
    std::uintmax_t disk_bytes() const {
        std::uintmax_t sum = 0;
        for (const auto& one : fs::directory_iterator(folder_ / "bodies")) sum += one.file_size();
        return sum;
    }
    static std::string text(std::size_t bytes, std::uint32_t seed) {
        std::mt19937 random(seed);
        std::string out;
        while (out.size() < bytes) out += "word" + std::to_string(random() % 5'000) + " ";
        out.resize(bytes);
        return out;
    }
    fs::path folder_;
    crypto::SealingKey wrapping_{Secret(std::string(32, 'w'))};
    crypto::UnitNamer names_{std::string(32, 'n'), "pieces"};
    std::unique_ptr<store::BodyKeys> keys_;
    std::unique_ptr<Writer> writer_;
    store::BodyPlace place_ = place_at("git.acme.example/web/site", "p_ada", "internal", 1'700'000'000'000);
};

TEST_F(BodiesTest, ComeBackByteForByteFromAnyPackAndAfterAReopen) {
    std::vector<std::pair<std::uint64_t, std::string>> kept;
    for (std::uint32_t i = 0; i < 60; ++i) {
        const std::string one = i == 0 ? std::string() : text(i * i * 7, i);
        kept.emplace_back(keep(one, place_, i % 3 * 700), one);
        if (i % 15 == 14) open();
    }
    open();
    EXPECT_GT(list_packs(folder_ / "bodies")->size(), 3u);
    for (const auto& [number, one] : kept) {
        const auto back = body(number);
        ASSERT_TRUE(back) << number << back.error().message;
        EXPECT_EQ(*back, one);
    }
}

TEST_F(BodiesTest, AConversationThatGrowsCostsWhatIsNew) {
    std::string conversation = "{\"messages\":[";
    std::vector<std::uint32_t> cuts;
    std::vector<std::pair<std::uint64_t, std::string>> kept;
    std::size_t sent = 0;
    for (std::uint32_t turn = 0; turn < 100; ++turn) {
        cuts.push_back(static_cast<std::uint32_t>(conversation.size()));
        conversation += "{\"role\":\"user\",\"content\":\"" + text(10'000, turn) + "\"},";
        const std::string one = conversation + "{}],\"turn\":" + std::to_string(turn) + "}";
        cuts.push_back(static_cast<std::uint32_t>(conversation.size()));
        const auto number = writer_->keep(place_, one, cuts);
        cuts.pop_back();
        ASSERT_TRUE(number);
        kept.emplace_back(*number, one);
        sent += one.size();
    }
    writer_->close();
    EXPECT_GT(sent, 50'000'000u);
    EXPECT_LT(writer_->figures().new_bytes, 1'100'000u);
    EXPECT_LT(disk_bytes(), 600'000u);
    for (const auto& [number, one] : kept) EXPECT_EQ(body(number).value_or(""), one) << number;
}

TEST_F(BodiesTest, OfOthersAndOtherClassesAreKeptApart) {
    const std::string one = text(5'000, 1);
    keep(one, place_);
    for (const auto& other : {place_at("git.acme.example/web/site", "p_bob", "internal", 1'700'000'000'000),
                              place_at("git.acme.example/other", "p_ada", "internal", 1'700'000'000'000),
                              place_at("git.acme.example/web/site", "p_ada", "customer", 1'700'000'000'000),
                              place_at("git.acme.example/web/site", "p_ada", "internal", 1'800'000'000'000)})
        keep(one, other);
    keep(one, place_);
    writer_->close();
    EXPECT_EQ(writer_->figures().new_bytes, 5 * one.size());
    EXPECT_EQ(keys_->list({})->size(), 5u);
}

TEST_F(BodiesTest, InPartsAsAnAnswerComes) {
    std::string whole;
    std::vector<bodies::Run> parts;
    for (std::uint32_t i = 0; i < 5; ++i) {
        const std::string part = text(3'000, i);
        whole += part;
        parts.push_back(*writer_->keep_part(place_, part));
    }
    whole += "end";
    const auto number = writer_->finish(place_, parts, "end");
    const auto alone = writer_->finish(place_, {}, "short"), empty = writer_->finish(place_, {}, "");
    writer_->close();
    EXPECT_EQ(*body(*number), whole);
    EXPECT_EQ(*body(*alone), "short");
    EXPECT_EQ(*body(*empty), "");
}

TEST_F(BodiesTest, WhatIsErasedCannotBeReadAndSaysSo) {
    const auto other = place_at("git.acme.example/other", "p_ada", "internal", 1'700'000'000'000);
    const auto later = place_at("git.acme.example/web/site", "p_ada", "internal", 1'800'000'000'000);
    const auto gone = keep(text(900, 1), place_), stays = keep(text(900, 1), other), newer = keep(text(900, 1), later);
    writer_->close();
    const auto erased = keys_->erase({.repository = "git.acme.example/web/site",
                                      .person = {},
                                      .effective_class = {},
                                      .before_ms = 1'750'000'000'000},
                                     "by ada, ticket 7", 1'750'000'000'000);
    ASSERT_TRUE(erased) << erased.error().message;
    EXPECT_EQ(erased->erased, 1u);
    const auto now = body(gone);
    ASSERT_FALSE(now);
    EXPECT_EQ(now.error().message, "the body was erased: by ada, ticket 7");
    EXPECT_TRUE(body(stays));
    EXPECT_TRUE(body(newer));
}

TEST_F(BodiesTest, AHoldKeepsWhatWouldBeErased) {
    const auto number = keep(text(900, 1), place_);
    writer_->close();
    ASSERT_TRUE(keys_->hold({.matter = "case-17",
                             .repository = {},
                             .person = "p_ada",
                             .from_ms = 1'699'000'000'000,
                             .to_ms = 0,
                             .since_ms = 1,
                             .released_ms = 0,
                             .by = "p_legal"}));
    auto erased = keys_->erase({}, "all", 2);
    EXPECT_EQ(erased->erased, 0u);
    EXPECT_EQ(erased->held, 1u);
    EXPECT_TRUE(body(number));
    EXPECT_EQ(*keys_->release("case-17", 3), 1u);
    EXPECT_EQ(*keys_->release("case-17", 3), 0u);
    EXPECT_EQ(keys_->erase({}, "all", 4)->erased, 1u);
    EXPECT_FALSE(body(number));
}

TEST_F(BodiesTest, AfterAnErasureNothingRefersToWhatIsGone) {
    const std::string one = text(3'000, 1);
    const auto none = writer_->figures().synced_number;
    keep(one, place_);
    while (writer_->figures().synced_number == none) std::this_thread::yield();
    {
        const auto elsewhere = std::move(*store::BodyKeys::open(folder_ / "body-keys.db"));
        ASSERT_EQ(elsewhere->erase({}, "all", 4)->erased, 1u);
    }
    std::uint64_t number = 0;
    // The writer learns of it with the next group.
    for (int i = 0; i < 2; ++i) {
        number = keep(one, place_);
        while (writer_->figures().synced_number <= number) std::this_thread::yield();
    }
    const auto back = body(number);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, one);
}

TEST_F(BodiesTest, WhatIsOlderThanThePolicySaysGoesWithItsPacks) {
    std::vector<std::uint64_t> old;
    for (std::uint32_t i = 0; i < 3; ++i) {
        old.push_back(keep(text(20'000, i), place_));
        open(); // a pack each
    }
    const auto later = place_at("git.acme.example/web/site", "p_ada", "internal", 1'800'000'000'000);
    const auto newer = keep(text(900, 9), later);
    writer_->close();
    ASSERT_TRUE(keys_->hold({.matter = "m",
                             .repository = {},
                             .person = "p_ada",
                             .from_ms = 0,
                             .to_ms = 0,
                             .since_ms = 1,
                             .released_ms = 0,
                             .by = "p_legal"}));
    const Kept kept[] = {{"internal", 90LL * 86'400'000}, {"customer", 0}};
    std::uint64_t keys_erased = UINT64_MAX;
    auto gone = expire(folder_ / "bodies", *keys_, kept, 1'800'000'000'000, keys_erased);
    EXPECT_EQ(gone->keys, 0u);
    EXPECT_EQ(gone->held, 1u);
    ASSERT_TRUE(keys_->release("m", 2));
    const auto packs = list_packs(folder_ / "bodies")->size();
    gone = expire(folder_ / "bodies", *keys_, kept, 1'800'000'000'000, keys_erased);
    ASSERT_TRUE(gone) << gone.error().message;
    EXPECT_EQ(gone->keys, 1u);
    EXPECT_EQ(gone->packs, 3u);
    EXPECT_EQ(list_packs(folder_ / "bodies")->size(), packs - 3);
    EXPECT_FALSE(body(old.front()));
    EXPECT_TRUE(body(newer));
}

TEST_F(BodiesTest, AnyDamagedByteIsFound) {
    const std::string one = text(700, 1);
    const auto number = keep(one, place_);
    writer_->close();
    const auto path = list_packs(folder_ / "bodies")->front().path;
    const auto whole = *read_file(path, 1u << 20);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        auto damaged = whole;
        damaged[at] ^= 8;
        std::ofstream(path, std::ios::binary) << damaged;
        const auto back = body(number);
        EXPECT_FALSE(back) << at;
    }
}

TEST_F(BodiesTest, ANumberIsNeverGivenTwice) {
    const auto first = keep("a", place_);
    writer_->close();
    const auto path = list_packs(folder_ / "bodies")->front().path;
    fs::resize_file(path, fs::file_size(path) - 3); // as a crash may leave it
    open();
    const auto second = keep("b", place_);
    writer_->close();
    EXPECT_GT(second, first + 1000);
    EXPECT_FALSE(body(first));
    EXPECT_EQ(*body(second), "b");
}

// No room after so many bytes.
class FullDisk : public ledger::FileOperations {
public:
    std::ptrdiff_t write(int descriptor, std::string_view bytes, std::uint64_t offset) override {
        if (is_full) return errno = ENOSPC, -1;
        return FileOperations::write(descriptor, bytes, offset);
    }
    std::atomic<bool> is_full = false;
};

TEST_F(BodiesTest, AFullDiskStopsWhatIsNewAndLosesNothing) {
    FullDisk files;
    auto with = options();
    with.files = &files;
    with.retry_ms = 5;
    writer_.reset();
    writer_ = std::move(*Writer::open(with));
    files.is_full = true;
    const auto number = keep("waits for room", place_);
    while (!writer_->full()) std::this_thread::yield();
    EXPECT_TRUE(writer_->problem().contains("No space left"));
    EXPECT_FALSE(writer_->keep(place_, "refused", {}));
    files.is_full = false;
    while (writer_->full()) std::this_thread::yield();
    const auto next = keep("goes on", place_);
    writer_->close();
    EXPECT_EQ(*body(number), "waits for room");
    EXPECT_EQ(*body(next), "goes on");
}

TEST(Manifest, ComesBackAndRefusesWhatIsNone) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 500; ++i) {
        std::vector<bodies::Run> runs;
        for (std::uint64_t k = random() % 9; k > 0; --k)
            runs.push_back(
                {random() % 1'000, static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random() | 1)});
        std::string encoded;
        encode(runs, 1'000, encoded);
        ASSERT_EQ(*decode_manifest(encoded, 1'000), runs);
        for (std::size_t cut = 0; cut < encoded.size(); ++cut)
            EXPECT_FALSE(decode_manifest(encoded.substr(0, cut), 1'000));
        EXPECT_FALSE(decode_manifest(encoded + '\0', 1'000));
    }
    EXPECT_FALSE(decode_manifest("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 1))
        << "no memory for a count that is a lie";
}

TEST_F(BodiesTest, BeyondTheLimitNothingIsTakenButWhatAMatterHolds) {
    const auto other = place_at("git.acme.example/other", "p_ada", "internal", 1'700'000'000'000);
    const auto kept = keep(text(900, 1), place_);
    EXPECT_GT(kept, 0u);
    writer_->set_room(2'000, 1'999, {});
    EXPECT_EQ(*writer_->keep(place_, "more", {}), 0u);
    EXPECT_EQ(writer_->keep_part(place_, "part")->chunk, 0u);
    EXPECT_EQ(*writer_->finish(place_, {}, "end"), 0u);
    EXPECT_EQ(writer_->figures().over_limit, 3u);
    const store::BodyHold hold{.matter = "m",
                               .repository = "git.acme.example/other",
                               .person = {},
                               .from_ms = 0,
                               .to_ms = 0,
                               .since_ms = 1,
                               .released_ms = 0,
                               .by = "p_legal"};
    writer_->set_room(2'000, 1'999, {hold});
    EXPECT_EQ(*writer_->keep(place_, "more", {}), 0u);
    const auto held = writer_->keep(other, "held", {});
    writer_->set_room(0, 1'999, {});
    const auto again = writer_->keep(place_, "room again", {});
    writer_->close();
    EXPECT_EQ(body(*held).value_or(""), "held");
    EXPECT_EQ(body(*again).value_or(""), "room again");
    EXPECT_EQ(writer_->figures().lost, 0u);
    EXPECT_GT(writer_->figures().folder_bytes, 0u);
}

TEST_F(BodiesTest, AHoldCoversTheSameInMemoryAsInTheDatabase) {
    for (const std::int64_t from_ms :
         {std::int64_t{0}, std::int64_t{1'699'000'000'000}, std::int64_t{1'701'000'000'000}})
        for (const std::int64_t to_ms :
             {std::int64_t{0}, std::int64_t{1'698'000'000'000}, std::int64_t{1'900'000'000'000}}) {
            const store::BodyHold hold{.matter = "m" + std::to_string(from_ms) + "-" + std::to_string(to_ms),
                                       .repository = place_.repository,
                                       .person = {},
                                       .from_ms = from_ms,
                                       .to_ms = to_ms,
                                       .since_ms = 1,
                                       .released_ms = 0,
                                       .by = "p_legal"};
            ASSERT_TRUE(keys_->find_or_make(place_, "sealed", 1));
            ASSERT_TRUE(keys_->hold(hold));
            const auto erased = keys_->erase({}, "all", 2);
            EXPECT_EQ(store::holds(hold, place_), erased->held == 1) << hold.matter;
            ASSERT_TRUE(keys_->release(hold.matter, 3));
            store::BodyHold released = hold;
            released.released_ms = 3;
            EXPECT_FALSE(store::holds(released, place_));
        }
}

TEST_F(BodiesTest, PacksThatWereOffloadedAreReadAndGoWhenNobodyCanReadThem) {
    const fs::path archive = folder_ / "archive";
    fs::create_directory(archive);
    std::vector<std::uint64_t> numbers;
    for (std::uint32_t i = 0; i < 3; ++i) {
        numbers.push_back(keep(text(5'000, i), place_));
        open(); // a pack each
    }
    const auto later = place_at("git.acme.example/web/site", "p_ada", "internal", 1'800'000'000'000);
    numbers.push_back(keep(text(900, 9), later));
    writer_->close();
    const auto before = bytes_of_packs(folder_ / "bodies");
    const auto last = list_packs(folder_ / "bodies")->back().first;
    const auto moved = offload_packs(folder_ / "bodies", {archive, 0}, "k3f9x2ab", [&] { return last; });
    ASSERT_TRUE(moved) << moved.error().message;
    EXPECT_EQ(moved->files, 3u);
    EXPECT_EQ(*bytes_of_packs(folder_ / "bodies") + moved->bytes, *before);
    for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(body(numbers[i]).value_or(""), text(5'000, i));
    open(); // numbers go on behind all that were given
    EXPECT_GT(keep("new", later), numbers.back());
    writer_->close();
    ASSERT_TRUE(keys_->erase({.repository = {}, .person = {}, .effective_class = {}, .before_ms = 1'750'000'000'000},
                             "all", 2));
    std::uint64_t keys_erased = UINT64_MAX;
    fs::rename(archive, folder_ / "away");
    EXPECT_EQ(*remove_unreadable(folder_ / "bodies", *keys_, keys_erased), 0u); // not mounted: another time
    EXPECT_NE(body(numbers[0]).error().message.find("was offloaded to"), std::string::npos);
    fs::rename(folder_ / "away", archive);
    EXPECT_EQ(*remove_unreadable(folder_ / "bodies", *keys_, keys_erased), 3u);
    EXPECT_TRUE(fs::is_empty(archive / "k3f9x2ab" / "bodies"));
    EXPECT_TRUE(ledger::read_offloaded(folder_ / "bodies")->empty());
    EXPECT_TRUE(body(numbers.back()));
}

TEST_F(BodiesTest, NumbersGoOnWhereAllPacksAreElsewhereAndOutOfReach) {
    const fs::path archive = folder_ / "archive";
    fs::create_directory(archive);
    const auto before = keep(text(900, 1), place_);
    while (writer_->figures().synced_number <= before) std::this_thread::yield();
    EXPECT_EQ(offload_packs(folder_ / "bodies", {archive, 0}, "k3f9x2ab", [&] { return writer_->figures().open_pack; })
                  ->files,
              0u);
    writer_->close();
    EXPECT_EQ(offload_packs(folder_ / "bodies", {archive, 0}, "k3f9x2ab")->files, 1u);
    fs::rename(archive, folder_ / "away");
    open();
    const auto after = keep("goes on", place_);
    EXPECT_GT(after, before + 1'000'000);
    writer_->close();
    EXPECT_EQ(body(after).value_or(""), "goes on");
    fs::rename(folder_ / "away", archive);
    EXPECT_EQ(body(before).value_or(""), text(900, 1));
}

} // namespace
} // namespace sallyport::bodies
