#include "identity/installation.h"

#include "base/file.h"
#include "crypto/crypto.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::identity {
namespace {

class InstallationTest : public testing::Test {
protected:
    InstallationTest() {
        std::string name = testing::TempDir() + "installation_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        data_ = folder_ / "deep" / "data";
    }
    ~InstallationTest() override { std::filesystem::remove_all(folder_); }
    static unsigned mode(const std::filesystem::path& path) {
        struct stat status{};
        EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 07777;
    }
    std::filesystem::path folder_, data_;
};

TEST_F(InstallationTest, IsMadeAtFirstUseForItsOwnerOnly) {
    const auto installation = Installation::open(data_, Tenancy::gateway);
    ASSERT_TRUE(installation) << installation.error().message;
    EXPECT_TRUE(installation->created());
    EXPECT_EQ(mode(data_), 0700u);
    EXPECT_EQ(mode(installation->ledger_directory()), 0700u);
    for (const auto& item : std::filesystem::directory_iterator(data_)) {
        if (item.is_regular_file()) {
            EXPECT_EQ(mode(item.path()), 0600u) << item.path();
        }
    }
    EXPECT_EQ(read_file(data_ / "installation.key", 100)->size(), 32u);
    EXPECT_EQ(installation->origin().size(), 8u);
}

TEST_F(InstallationTest, KeepsItsKeysAndNameAndOthersHaveTheirOwn) {
    std::string origin, pseudonyms;
    {
        const auto first = Installation::open(data_, Tenancy::gateway);
        origin = first->origin();
        pseudonyms = first->keys().pseudonyms.reveal();
        EXPECT_NE(first->keys().pseudonyms.reveal(), first->keys().sealing.reveal());
        EXPECT_NE(first->keys().key_digests.reveal(), first->keys().unit_names.reveal());
    }
    const auto again = Installation::open(data_, Tenancy::visitor);
    EXPECT_FALSE(again->created());
    EXPECT_EQ(again->origin(), origin);
    EXPECT_EQ(again->keys().pseudonyms.reveal(), pseudonyms);
    const auto other = Installation::open(folder_ / "other", Tenancy::visitor);
    EXPECT_NE(other->origin(), origin);
    EXPECT_NE(other->keys().pseudonyms.reveal(), pseudonyms);
}

TEST_F(InstallationTest, IsWrittenByOneGatewayAtATime) {
    auto first = Installation::open(data_, Tenancy::gateway);
    const auto second = Installation::open(data_, Tenancy::gateway);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another gateway writes " + data_.string()), std::string::npos);
    EXPECT_TRUE(Installation::open(data_, Tenancy::visitor));
    Installation moved = std::move(*first);
    EXPECT_FALSE(Installation::open(data_, Tenancy::gateway));
    {
        const Installation gone = std::move(moved);
    }
    EXPECT_TRUE(Installation::open(data_, Tenancy::gateway));
}

TEST_F(InstallationTest, RefusesFilesThatOthersCanRead) {
    {
        ASSERT_TRUE(Installation::open(data_, Tenancy::visitor));
    }
    ASSERT_EQ(::chmod((data_ / "installation.key").c_str(), 0640), 0);
    const auto open_key = Installation::open(data_, Tenancy::visitor);
    ASSERT_FALSE(open_key);
    EXPECT_NE(open_key.error().message.find("chmod 0600 " + (data_ / "installation.key").string()), std::string::npos);
    ASSERT_EQ(::chmod((data_ / "installation.key").c_str(), 0600), 0);
    ASSERT_EQ(::chmod(data_.c_str(), 0755), 0);
    EXPECT_FALSE(Installation::open(data_, Tenancy::visitor));
}

TEST_F(InstallationTest, DoesNotReplaceALostOrDamagedKey) {
    {
        ASSERT_TRUE(Installation::open(data_, Tenancy::visitor));
    }
    std::filesystem::resize_file(data_ / "installation.key", 31);
    EXPECT_FALSE(Installation::open(data_, Tenancy::visitor));
    std::filesystem::remove(data_ / "installation.key");
    std::ofstream(data_ / "state.db") << "x";
    const auto lost = Installation::open(data_, Tenancy::visitor);
    ASSERT_FALSE(lost);
    EXPECT_NE(lost.error().message.find("installation.key is missing"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(data_ / "installation.key"));
    std::ofstream(data_ / "origin") << "Not A Name";
    std::filesystem::remove(data_ / "state.db");
    EXPECT_FALSE(Installation::open(data_, Tenancy::visitor));
}

TEST_F(InstallationTest, TwoFirstStartsMakeOneKey) {
    for (int i = 0; i < 8; ++i)
        if (::fork() == 0) {
            const auto installation = Installation::open(data_, Tenancy::visitor);
            if (!installation) ::_exit(1);
            const auto tag = crypto::Mac(installation->keys().pseudonyms).of("x")[0] + installation->origin();
            std::ofstream(folder_ / ("seen" + std::to_string(i))) << tag;
            ::_exit(0);
        }
    int status = 0;
    while (::wait(&status) > 0) EXPECT_EQ(status, 0);
    const auto first = read_file(folder_ / "seen0", 100);
    for (int i = 1; i < 8; ++i) EXPECT_EQ(read_file(folder_ / ("seen" + std::to_string(i)), 100).value(), *first);
}

} // namespace
} // namespace sallyport::identity
