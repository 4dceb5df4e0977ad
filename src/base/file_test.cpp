#include "base/file.h"

#include "base/buffer.h"
#include "base/secret.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

class File : public testing::Test {
protected:
    File() {
        std::string name = testing::TempDir() + "file_XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~File() override { fs::remove_all(folder_); }
    fs::path in_folder(const char* name) const { return folder_ / name; }
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }
    static unsigned mode_of(const fs::path& path) {
        struct stat status{};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        return status.st_mode & 0777u;
    }
    fs::path folder_;
};

TEST_F(File, IsReadBackAsItWasWritten) {
    const std::string content = std::string("bytes\0of any kind\n", 18) + std::string(100'000, '\xFF');
    ASSERT_TRUE(replace_file(in_folder("key"), content, 0600));
    const auto read = read_file(in_folder("key"), content.size());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, content);
    EXPECT_EQ(mode_of(in_folder("key")), 0600u);
    EXPECT_EQ(entries(), 1u); // the draft is gone
}

TEST_F(File, IsReplacedAsAWhole) {
    ASSERT_TRUE(replace_file(in_folder("a"), "a longer old content", 0644));
    std::ifstream reader(in_folder("a"));
    ASSERT_TRUE(replace_file(in_folder("a"), "new", 0600));
    EXPECT_EQ(*read_file(in_folder("a"), 100), "new");
    EXPECT_EQ(mode_of(in_folder("a")), 0600u);
    const std::string seen(std::istreambuf_iterator<char>(reader), {});
    EXPECT_EQ(seen, "a longer old content"); // who had it open still sees the old one, whole
    ASSERT_TRUE(replace_file(in_folder("a"), "", 0600));
    EXPECT_EQ(*read_file(in_folder("a"), 100), "");
}

TEST_F(File, ThatIsRewrittenKeepsItsModeAndTheLinkThatLedToIt) {
    ASSERT_TRUE(replace_file(in_folder("a"), "old", 0600));
    fs::permissions(in_folder("a"), fs::perms(0664)); // more than a umask would leave
    fs::create_symlink("a", in_folder("link"));
    ASSERT_TRUE(rewrite_file(in_folder("link"), "new"));
    EXPECT_EQ(*read_file(in_folder("a"), 100), "new");
    EXPECT_EQ(mode_of(in_folder("a")), 0664u);
    EXPECT_TRUE(fs::is_symlink(in_folder("link")));
    EXPECT_EQ(entries(), 2u);
    const auto missing = rewrite_file(in_folder("missing"), "x");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
}

// What a crash left behind must not lend its wider mode to a key.
TEST_F(File, HasItsModeEvenWhereADraftWasLeftBehind) {
    std::ofstream(in_folder(".key.sallyport-draft")) << "half a ke";
    fs::permissions(in_folder(".key.sallyport-draft"), fs::perms(0666));
    ASSERT_TRUE(replace_file(in_folder("key"), "secret", 0600));
    EXPECT_EQ(*read_file(in_folder("key"), 100), "secret");
    EXPECT_EQ(mode_of(in_folder("key")), 0600u);
    EXPECT_EQ(entries(), 1u);
}

TEST_F(File, LeavesAloneWhatSomebodyNamedLikeADraft) {
    std::ofstream(in_folder("policy.yaml.new")) << "next week's";
    ASSERT_TRUE(replace_file(in_folder("policy.yaml"), "a", 0600));
    ASSERT_TRUE(rewrite_file(in_folder("policy.yaml"), "b"));
    EXPECT_EQ(*read_file(in_folder("policy.yaml.new"), 100), "next week's");
}

TEST_F(File, KeepsItsOldContentWhereTheNewCannotBeWritten) {
    ASSERT_TRUE(replace_file(in_folder("a"), "old", 0600));
    fs::create_directory(in_folder(".a.sallyport-draft")); // in the draft's way
    const auto replaced = replace_file(in_folder("a"), "new", 0600);
    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error().kind, ErrorKind::io);
    EXPECT_NE(replaced.error().message.find(in_folder(".a.").string()), std::string::npos);
    EXPECT_EQ(*read_file(in_folder("a"), 100), "old");
}

TEST_F(File, ThatCannotBeReadIsNamedInTheSentence) {
    const auto missing = read_file(in_folder("missing"), 100);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::io);
    EXPECT_NE(missing.error().message.find(in_folder("missing").string()), std::string::npos);
    EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
    EXPECT_FALSE(read_file(folder_, 100));
    EXPECT_FALSE(replace_file(folder_ / "no" / "folder", "x", 0600));
}

TEST_F(File, IsNotReadBeyondItsBound) {
    ASSERT_TRUE(replace_file(in_folder("a"), "0123456789", 0600));
    EXPECT_TRUE(read_file(in_folder("a"), 10));
    const auto read = read_file(in_folder("a"), 9);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::too_large);
    const auto endless = read_file("/dev/zero", 1000);
    ASSERT_FALSE(endless);
    EXPECT_EQ(endless.error().kind, ErrorKind::too_large);
}

TEST(BufferOfBytes, GrowsKeepsAndConsumes) {
    Buffer buffer;
    EXPECT_TRUE(buffer.empty());
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string piece(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
        buffer.append(piece);
        expected += piece;
    }
    EXPECT_EQ(buffer.view(), expected);
    buffer.consume(100);
    EXPECT_EQ(buffer.view(), expected.substr(100));
    Buffer moved = std::move(buffer);
    EXPECT_EQ(moved.view(), expected.substr(100));
    moved.consume(moved.size());
    EXPECT_TRUE(moved.empty());
}

TEST(BufferOfBytes, HasReadablePaddingBehindItsRoom) {
    Buffer buffer(10);
    buffer.append("0123456789");
    ASSERT_EQ(buffer.room().size(), buffer.capacity() - 10);
    unsigned sum = 0; // AddressSanitizer watches
    for (std::size_t i = 0; i < Buffer::padding; ++i)
        sum += static_cast<unsigned char>(buffer.data()[buffer.capacity() + i]);
    EXPECT_EQ(sum, 0u);
}

TEST(SecretText, IsGoneFromWhereItWasMovedFrom) {
    Secret first("a value long enough to live on the heap, where moving steals it");
    const Secret second = std::move(first);
    EXPECT_TRUE(first.empty()); // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_EQ(second.reveal(), "a value long enough to live on the heap, where moving steals it");
    Secret third;
    third = second;
    EXPECT_EQ(third.reveal(), second.reveal());
}

} // namespace
} // namespace sallyport
