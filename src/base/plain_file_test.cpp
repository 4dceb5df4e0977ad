#include "base/plain_file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport {
namespace {

TEST(PlainFile, IsOpenedAndNothingElseIsWaitedFor) {
    std::string name = std::filesystem::temp_directory_path() / "plain_file_XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(name.data());
    std::ofstream(folder / "plain") << "text";
    std::filesystem::create_symlink(folder / "plain", folder / "link");
    std::filesystem::create_symlink("/dev/zero", folder / "device");
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    for (const char* one : {"plain", "link"}) {
        const auto opened = open_plain_file(folder / one);
        ASSERT_TRUE(opened) << one;
        ::close(*opened);
    }
    for (const char* one : {"pipe", "device", ""}) {
        const auto opened = open_plain_file(folder / one);
        const int reason = errno;
        ASSERT_FALSE(opened) << one;
        EXPECT_EQ(reason, 0) << one;
        EXPECT_TRUE(opened.error().message.ends_with("is no plain file")) << opened.error().message;
    }
    EXPECT_FALSE(open_plain_file(folder / "none"));
    EXPECT_EQ(errno, ENOENT);
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace sallyport
