// The ledger as a transparency log: what is signed, and what is refused at a start.
#include "ledger/notary.h"

#include "base/file.h"
#include "ledger/folder_test.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>

namespace sallyport::ledger {
namespace {

namespace fs = std::filesystem;

std::string entry_at(std::size_t i) { return "{\"entry\":" + std::to_string(i) + "}"; }

class NotaryTest : public testing::Test {
protected:
    WriterOptions options() const {
        auto out = folder_.options();
        out.segment_bytes_max = 5'000;
        return out;
    }
    // Opens, appends up to `size` entries in all, closes.
    void grow(std::size_t size) {
        auto writer = Writer::open(options());
        ASSERT_TRUE(writer) << writer.error().message;
        for (std::size_t i = (*writer)->recovery().next_index; i < size; ++i)
            ASSERT_TRUE((*writer)->append(entry_at(i)));
    }
    std::string refusal() const {
        const auto writer = Writer::open(options());
        return writer ? std::string() : writer.error().message;
    }
    tlog::SignedCheckpoint checkpoint() const {
        const auto read = read_checkpoint(checkpoint_path(folder_.ledger()));
        EXPECT_TRUE(read && *read);
        return (*read)->signed_checkpoint;
    }
    static tlog::Digest root_of_first(std::size_t size) {
        tlog::GrowingTree tree;
        for (std::size_t i = 0; i < size; ++i)
            tree.add(tlog::leaf_hash(entry_at(i)), [](unsigned, std::uint64_t, const tlog::Digest&) {});
        return tree.root();
    }
    void flip(const fs::path& file, std::streamoff at) const {
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekg(at);
        const char was = static_cast<char>(bytes.get());
        bytes.seekp(at);
        bytes.put(static_cast<char>(was ^ 1));
    }
    LedgerFolder folder_;
};

TEST_F(NotaryTest, SignsWhatWasWritten) {
    for (const std::size_t size : {0u, 1u, 255u, 256u, 257u, 700u, 700u}) {
        grow(size);
        const auto signed_one = checkpoint();
        EXPECT_EQ(signed_one.checkpoint.origin, "sallyport/k3f9x2ab");
        EXPECT_EQ(signed_one.checkpoint.size, size);
        EXPECT_EQ(signed_one.checkpoint.root, root_of_first(size)) << size;
        EXPECT_TRUE(tlog::check_signatures(signed_one, std::vector{LedgerFolder::signer()->verifier()}));
    }
    EXPECT_GT(list_segments(folder_.ledger())->size(), 2u);
    TreeReader tree(folder_.ledger());
    for (std::uint64_t index = 0; index < 700; index += 33) {
        const auto proof = tlog::prove_inclusion(index, 700, tree.hashes());
        ASSERT_TRUE(proof) << proof.error().message;
        EXPECT_TRUE(
            tlog::verify_inclusion(index, 700, tlog::leaf_hash(entry_at(index)), *proof, checkpoint().checkpoint.root));
    }
}

TEST_F(NotaryTest, SignsWhatIsDurableWhileTheWriterRuns) {
    auto writer = Writer::open(options());
    ASSERT_TRUE(writer);
    std::size_t next = 0;
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 100; ++i) ASSERT_TRUE((*writer)->append(entry_at(next++)));
        while ((*writer)->figures().signed_index < next) std::this_thread::yield();
        const auto signed_one = checkpoint();
        EXPECT_EQ(signed_one.checkpoint.size, next);
        EXPECT_EQ(signed_one.checkpoint.root, root_of_first(next));
    }
}

TEST_F(NotaryTest, MakesTheTreeAnewWhereItsFilesAreGoneOrDamaged) {
    grow(700);
    fs::remove(tree_file(folder_.ledger(), 0));
    grow(701);
    EXPECT_EQ(checkpoint().checkpoint.root, root_of_first(701));
    fs::resize_file(tree_file(folder_.ledger(), 1), 32);
    grow(702);
    EXPECT_EQ(checkpoint().checkpoint.root, root_of_first(702));
    flip(tree_file(folder_.ledger(), 1), 40);
    grow(703);
    EXPECT_EQ(checkpoint().checkpoint.root, root_of_first(703));
}

TEST_F(NotaryTest, TakesUpALedgerThatHadNoTree) {
    grow(300);
    for (const char* name : {"tree-0", "tree-1", "checkpoint"}) fs::remove(folder_.ledger() / name);
    grow(301);
    EXPECT_EQ(checkpoint().checkpoint.root, root_of_first(301));
}

TEST_F(NotaryTest, RefusesALedgerThatWasCutShort) {
    grow(200);
    const auto last = list_segments(folder_.ledger())->back().path;
    fs::copy_file(last, folder_.ledger() / "copy");
    fs::resize_file(last, segment_header_bytes);
    EXPECT_NE(refusal().find("cut short: its signed checkpoint is of 200 entries"), std::string::npos) << refusal();
    fs::rename(folder_.ledger() / "copy", last);
    EXPECT_EQ(refusal(), "");
}

TEST_F(NotaryTest, RefusesALedgerThatWasWrittenAnew) {
    grow(200);
    const auto before = read_file(checkpoint_path(folder_.ledger()), 1u << 20);
    fs::remove_all(folder_.ledger());
    auto writer = Writer::open(options());
    for (std::size_t i = 0; i < 200; ++i) ASSERT_TRUE((*writer)->append(entry_at(i == 17 ? 18 : i)));
    (*writer)->close();
    ASSERT_TRUE(replace_file(checkpoint_path(folder_.ledger()), *before, 0600));
    EXPECT_NE(refusal().find("was changed"), std::string::npos) << refusal();
}

TEST_F(NotaryTest, RefusesACheckpointOfAnotherKeyOrLog) {
    grow(3);
    auto other = options();
    other.signer = std::make_shared<const crypto::NoteSigner>(*crypto::NoteSigner::generate("sallyport/k3f9x2ab"));
    auto opened = Writer::open(other);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("signed by none of the log's keys"), std::string::npos);
    other.earlier_keys = {LedgerFolder::signer()->verifier()};
    EXPECT_TRUE(Writer::open(other)) << "the key was changed";
    other.signer = std::make_shared<const crypto::NoteSigner>(*crypto::NoteSigner::generate("sallyport/another"));
    EXPECT_NE(Writer::open(other).error().message.find("not of this one"), std::string::npos);
}

TEST_F(NotaryTest, RefusesWhereTheCheckpointIsGoneOrBothItsSlotsAreDamaged) {
    grow(3);
    const auto path = checkpoint_path(folder_.ledger());
    const auto whole = read_file(path, 1u << 20);
    ASSERT_EQ(whole->size(), 2 * checkpoint_slot_bytes);
    flip(path, 20);
    EXPECT_NE((*read_checkpoint(checkpoint_path(folder_.ledger())))->damage, "");
    EXPECT_EQ(refusal(), "") << "the other slot holds one";
    EXPECT_EQ((*read_checkpoint(checkpoint_path(folder_.ledger())))->damage, "")
        << "and the damaged one was written anew";
    ASSERT_TRUE(replace_file(path, *whole, 0600));
    flip(path, 20);
    flip(path, checkpoint_slot_bytes + 20);
    EXPECT_NE(refusal().find("holds no checkpoint"), std::string::npos) << refusal();
    fs::remove(path);
    EXPECT_NE(refusal().find("is missing, but the ledger had one"), std::string::npos) << refusal();
}

// Fails writes to one kind of the ledger's derived files.
class NoRoom : public FileOperations {
public:
    explicit NoRoom(std::string kind) : kind_(std::move(kind)) {}
    int create(const std::filesystem::path& file) override { return opened(file, FileOperations::create(file)); }
    int open(const std::filesystem::path& file) override { return opened(file, FileOperations::open(file)); }
    std::ptrdiff_t write(int descriptor, std::string_view bytes, std::uint64_t offset) override {
        if (is_full && descriptor == descriptor_) return errno = ENOSPC, -1;
        if (descriptor == descriptor_ && bytes.size() > 1 && (++writes_ % 2) == 0) return errno = EINTR, -1;
        return FileOperations::write(descriptor,
                                     descriptor == descriptor_ ? bytes.substr(0, bytes.size() / 2 + 1) : bytes, offset);
    }
    std::atomic<bool> is_full = false;

private:
    int opened(const std::filesystem::path& file, int descriptor) {
        if (file.string().contains(kind_)) descriptor_ = descriptor;
        return descriptor;
    }
    std::string kind_;
    std::atomic<int> descriptor_ = -1;
    std::uint64_t writes_ = 0;
};

TEST_F(NotaryTest, WithoutRoomForTreeOrCheckpointNothingNewIsTakenAndNothingIsLost) {
    for (const std::string kind : {"tree-0", "checkpoint"}) {
        fs::remove_all(folder_.ledger());
        grow(1);
        NoRoom files(kind);
        auto with = options();
        with.files = &files;
        with.retry_ms = 1;
        auto writer = Writer::open(with);
        ASSERT_TRUE(writer) << writer.error().message;
        files.is_full = true;
        std::size_t next = 1;
        Waiter waiter;
        ASSERT_TRUE((*writer)->append_durable(entry_at(next++), waiter.completion()));
        EXPECT_TRUE(waiter.wait()) << "the entry itself is on the disk";
        while (!(*writer)->full()) std::this_thread::yield();
        EXPECT_FALSE((*writer)->append(entry_at(next)));
        EXPECT_TRUE((*writer)->health().sentence.contains("signing a checkpoint")) << (*writer)->health().sentence;
        files.is_full = false;
        while ((*writer)->full()) std::this_thread::yield();
        ASSERT_TRUE((*writer)->append(entry_at(next++)));
        (*writer)->close();
        EXPECT_EQ(checkpoint().checkpoint.size, next) << kind;
        EXPECT_EQ(checkpoint().checkpoint.root, root_of_first(next)) << kind;
        grow(next + 1);
    }
}

TEST_F(NotaryTest, EveryByteOfTheCheckpointFileIsChecked) {
    grow(3);
    const auto path = checkpoint_path(folder_.ledger());
    const auto whole = read_file(path, 1u << 20);
    for (std::size_t at = 0; at < whole->size(); at += at < 400 || at > checkpoint_slot_bytes + 400 ? 7 : 1'001) {
        auto changed = *whole;
        changed[at] ^= 4;
        ASSERT_TRUE(replace_file(path, changed, 0600));
        const auto read = read_checkpoint(checkpoint_path(folder_.ledger()));
        ASSERT_TRUE(read) << at;
        EXPECT_NE((*read)->damage, "") << at;
    }
}

} // namespace
} // namespace sallyport::ledger
