#include "repo/credential.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace sallyport::repo {
namespace {

namespace fs = std::filesystem;

class CredentialTest : public testing::Test {
protected:
    void TearDown() override { fs::remove(file_); }
    // "user/password", "key" or the error.
    std::string read(std::string_view text, fs::perms mode = fs::perms::owner_read) {
        fs::remove(file_);
        std::ofstream(file_) << text;
        fs::permissions(file_, mode);
        const auto credential = read_credential(file_, "git.acme.example");
        if (!credential) return credential.error().message;
        return credential->key_file.empty() ? credential->user + "/" + std::string(credential->password.reveal())
                                            : "key";
    }
    fs::path file_ = fs::temp_directory_path() / ("sallyport-credential-" + std::to_string(::getpid()));
};

TEST_F(CredentialTest, IsATokenANetrcOrAKey) {
    EXPECT_EQ(read("hunter2\n"), "x-access-token/hunter2");
    EXPECT_EQ(read("machine other login a password b\nmachine git.acme.example\n  login ada\n  password hunter2\n"
                   "machine third login c password d\n"),
              "ada/hunter2");
    EXPECT_EQ(read("machine other login a password b default login x password y"), "x/y");
    EXPECT_EQ(read("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"), "key");
}

TEST_F(CredentialTest, OfAnotherHostOrNoneIsAnErrorThatShowsNothing) {
    for (const std::string_view text : {"machine other login a password hunter2", "hunter2 hunter2", "", "\n",
                                        "machine git.acme.example login hunter2"}) {
        const std::string said = read(text);
        EXPECT_NE(said.find("credential file"), std::string::npos) << said;
        EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
    }
}

TEST_F(CredentialTest, ThatOthersCanReadIsNotTaken) {
    EXPECT_NE(read("hunter2", fs::perms::owner_read | fs::perms::group_read).find("chmod 0600"), std::string::npos);
    EXPECT_NE(read_credential("/nonexistent/file", "h").error().message.find("/nonexistent/file"), std::string::npos);
}

} // namespace
} // namespace sallyport::repo
