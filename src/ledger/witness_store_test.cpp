// What a witness keeps: atomic among threads, on the disk before it answers, whatever a crash tears.
#include "ledger/witness_store.h"

#include "base/encoding.h"
#include "base/file.h"
#include "ledger/checkpoint_file.h"
#include "ledger/simulated_disk_test.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <set>
#include <thread>
#include <unistd.h>

namespace sallyport::ledger {
namespace {

namespace fs = std::filesystem;
using crypto::NoteSigner;

// A log of which every size up to 200 and every proof is known; safe for many readers.
class Log200 {
public:
    Log200(const std::string& name, std::string_view history) : signer_(*NoteSigner::generate(name)) {
        for (std::uint64_t i = 0; i < 200; ++i) {
            tree_.add(
                tlog::leaf_hash(std::string(history) + std::to_string(i)),
                [&](unsigned height, std::uint64_t, const tlog::Digest& hash) { levels_[height].push_back(hash); });
            roots_.push_back(tree_.root());
        }
    }
    const NoteSigner& signer() const { return signer_; }
    std::string digest() const { return to_hex(crypto::bytes(crypto::sha256(signer_.verifier().name()))); }
    std::string request(std::uint64_t from, std::uint64_t to) const {
        std::vector<tlog::Digest> proof;
        if (from > 0)
            proof = *tlog::prove_consistency(from, to, [this](unsigned height, std::uint64_t index) {
                return Result<tlog::Digest>(levels_[height].at(index));
            });
        return tlog::encode(
            tlog::AddCheckpoint{from, proof, tlog::signed_by(signer_, {signer_.verifier().name(), to, roots_[to]})});
    }

private:
    NoteSigner signer_;
    tlog::GrowingTree tree_;
    std::vector<std::vector<tlog::Digest>> levels_{64};
    std::vector<tlog::Digest> roots_{tlog::empty_root()};
};

class WitnessStoreTest : public testing::Test {
protected:
    WitnessStoreTest() {
        std::string name = fs::temp_directory_path() / "witness_XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~WitnessStoreTest() override { fs::remove_all(folder_); }

    Result<std::unique_ptr<WitnessStore>> try_open(FileOperations& files = FileOperations::real()) const {
        auto signer = open_witness_key(folder_, "w1.example");
        if (!signer) return std::unexpected(signer.error());
        return WitnessStore::open(folder_, std::move(*signer), {a_.signer().verifier(), b_.signer().verifier()}, quiet_,
                                  files);
    }
    std::unique_ptr<WitnessStore> open(FileOperations& files = FileOperations::real()) const {
        auto store = try_open(files);
        EXPECT_TRUE(store) << store.error().message;
        return std::move(*store);
    }
    static std::uint64_t size(const WitnessStore& store, const Log200& log) {
        const auto note = store.checkpoint(log.digest());
        return note ? tlog::parse_signed_checkpoint(*note)->checkpoint.size : 0;
    }

    fs::path folder_;
    // The long name takes a note over several sectors of the disk: else no power cut could tear it.
    Log200 a_{"a.example/" + std::string(700, 'x'), "a"}, b_{"b.example", "b"};
    Log quiet_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
};

TEST_F(WitnessStoreTest, CosignsAndRemembers) {
    std::string lines;
    {
        const auto store = open();
        EXPECT_FALSE(store->checkpoint(a_.digest()));
        const auto answer = store->add(a_.request(0, 7));
        ASSERT_EQ(answer.status, 200) << answer.body;
        lines = answer.body;
        EXPECT_EQ(store->add(a_.request(0, 9)).status, 409);
        EXPECT_EQ(store->add(a_.request(0, 9)).body, "7\n");
        EXPECT_EQ(store->add(b_.request(0, 3)).status, 200) << "each log has its own";
        EXPECT_EQ(store->add("old 1\n").status, 400);
    }
    const auto store = open();
    EXPECT_EQ(size(*store, a_), 7u);
    EXPECT_EQ(size(*store, b_), 3u);
    const auto note = tlog::parse_signed_checkpoint(*store->checkpoint(a_.digest()));
    ASSERT_TRUE(note);
    const auto signer = open_witness_key(folder_, "");
    EXPECT_EQ(tlog::cosignature_lines(note->note, signer->verifier()), lines) << "the very one that was answered";
    EXPECT_EQ(*tlog::check_signatures(*note, std::vector{a_.signer().verifier(), signer->verifier()}),
              std::vector<std::string>{"w1.example"});
    EXPECT_EQ(store->add(a_.request(7, 200)).status, 200);
    EXPECT_FALSE(store->checkpoint("00")) << "a log that nobody named";
}

// The race of the specification: a smaller size must never follow a larger one that was answered.
TEST_F(WitnessStoreTest, TakesOneStepAtATimeFromManyThreads) {
    const auto store = open();
    constexpr int threads = 8;
    std::array<std::vector<std::pair<std::uint64_t, std::uint64_t>>, threads> taken;
    std::vector<std::thread> running;
    for (int number = 0; number < threads; ++number)
        running.emplace_back([&, number] {
            std::mt19937 random(static_cast<unsigned>(number));
            std::uint64_t known = 0;
            for (int i = 0; i < 2'000 && known < 200; ++i) {
                const std::uint64_t to = std::min<std::uint64_t>(200, known + 1 + random() % 3);
                const auto answer = store->add(a_.request(known, to));
                if (answer.status == 200) taken[static_cast<std::size_t>(number)].emplace_back(known, to);
                known = answer.status == 200 ? to : std::stoull(answer.body);
                if (answer.status != 200 && answer.status != 409) ADD_FAILURE() << answer.status << answer.body;
            }
        });
    for (std::thread& one : running) one.join();
    std::map<std::uint64_t, std::uint64_t> steps;
    for (const auto& of_thread : taken)
        for (const auto& [from, to] : of_thread) EXPECT_TRUE(steps.emplace(from, to).second) << "twice from " << from;
    std::uint64_t at = 0;
    for (const auto& [from, to] : steps) {
        ASSERT_EQ(from, at) << "every step goes on from the one before";
        at = to;
    }
    EXPECT_EQ(at, 200u);
    EXPECT_EQ(size(*store, a_), 200u);
}

TEST_F(WitnessStoreTest, KnowsWhatItAnsweredAfterAPowerCutAtAnyPoint) {
    SimulatedDisk disk;
    {
        const auto store = open(disk);
        std::uint64_t at = 0;
        for (const std::uint64_t next : {3u, 4u, 9u, 9u, 120u, 121u, 200u}) {
            ASSERT_EQ(store->add(a_.request(at, next)).status, 200);
            disk.acknowledged(next);
            at = next;
        }
    }
    struct : FileOperations { // the simulation decides what is durable
        int sync(int) override { return 0; }
        int sync_folder(const fs::path&) override { return 0; }
    } fast;
    const auto& events = disk.events();
    for (const Loss loss : {Loss::everything, Loss::nothing, Loss::torn_sector, Loss::reordered})
        for (std::size_t cut = 0; cut <= events.size(); ++cut)
            for (std::uint32_t seed = 0; seed < 4; ++seed) {
                std::uint64_t acknowledged = 0;
                for (std::size_t i = 0; i < cut; ++i)
                    if (events[i].what == SimulatedDisk::Event::What::acknowledged) acknowledged = events[i].number;
                SimulatedDisk::restore(events, cut, loss, seed, folder_ / "logs");
                const auto store = open(fast);
                ASSERT_GE(size(*store, a_), acknowledged) << "cut behind " << cut << " events, seed " << seed;
                ASSERT_EQ(store->add(a_.request(size(*store, a_), 200)).status, 200) << "and it goes on from there";
            }
}

TEST_F(WitnessStoreTest, AnswersNothingThatADiskDidNotTake) {
    struct Full : FileOperations {
        std::atomic<bool> is_full = false;
        std::ptrdiff_t write(int descriptor, std::string_view bytes, std::uint64_t offset) override {
            if (!is_full) return FileOperations::write(descriptor, bytes, offset);
            errno = ENOSPC;
            return -1;
        }
    } files;
    const auto store = open(files);
    files.is_full = true;
    EXPECT_EQ(store->add(a_.request(0, 3)).status, 503);
    EXPECT_FALSE(store->checkpoint(a_.digest()));
    files.is_full = false;
    ASSERT_EQ(store->add(a_.request(0, 3)).status, 200);
    files.is_full = true;
    EXPECT_EQ(store->add(a_.request(3, 5)).status, 503);
    EXPECT_EQ(store->add(a_.request(5, 6)).body, "3\n");
    files.is_full = false;
    EXPECT_EQ(store->add(a_.request(3, 6)).status, 200);
}

TEST_F(WitnessStoreTest, IsOnesOwn) {
    {
        const auto store = open();
        ASSERT_EQ(store->add(a_.request(0, 3)).status, 200);
        EXPECT_NE(try_open().error().message.find("another witness writes"), std::string::npos);
    }
    EXPECT_NE(open_witness_key(folder_, "w2.example").error().message.find("has the name w1.example"),
              std::string::npos);
    const auto key = folder_ / "witness.key";
    EXPECT_EQ(fs::status(key).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    fs::permissions(key, fs::perms::group_read, fs::perm_options::add);
    EXPECT_NE(try_open().error().message.find("chmod 0600"), std::string::npos);
    fs::remove(key);
    EXPECT_NE(try_open().error().message.find("put the key back"), std::string::npos);
    const auto other = NoteSigner::generate("w1.example", crypto::NoteAlgorithm::cosignature);
    ASSERT_TRUE(replace_file(key, other->text().reveal(), 0600));
    EXPECT_NE(try_open().error().message.find("was not written with the key"), std::string::npos);
}

TEST_F(WitnessStoreTest, StopsWhereBothSlotsAreDamaged) {
    ASSERT_EQ(open()->add(a_.request(0, 3)).status, 200);
    const auto file = folder_ / "logs" / a_.digest();
    ASSERT_EQ(fs::file_size(file), 2 * checkpoint_slot_bytes);
    std::string bytes = *read_file(file, 1u << 20);
    bytes[100] ^= 1;
    ASSERT_TRUE(replace_file(file, bytes, 0600));
    EXPECT_EQ(size(*open(), a_), 3u) << "one of them is enough";
    bytes[checkpoint_slot_bytes + 100] ^= 1;
    ASSERT_TRUE(replace_file(file, bytes, 0600));
    EXPECT_FALSE(try_open()) << "beginning anew would forget";
}

} // namespace
} // namespace sallyport::ledger
