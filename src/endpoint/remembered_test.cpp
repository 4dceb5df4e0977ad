// What was remembered comes back under its whole key only, and damage is forgotten.
#include "endpoint/remembered.h"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace sallyport::endpoint {
namespace {

namespace fs = std::filesystem;

TEST(RememberedTest, ComesBackUnderItsKeyOnly) {
    const fs::path folder = fs::temp_directory_path() / ("remembered-" + std::to_string(::getpid()));
    const Remembered known(folder / "deep");
    EXPECT_FALSE(known.get("tier", "kernel 6.1"));
    known.put("tier", "kernel 6.1", "A");
    EXPECT_EQ("A", known.get("tier", "kernel 6.1"));
    EXPECT_FALSE(known.get("tier", "kernel 6.2"));
    EXPECT_FALSE(known.get("digest", "kernel 6.1"));
    known.put("tier", "kernel 6.1", "C");
    EXPECT_EQ("C", known.get("tier", "kernel 6.1"));
    for (const auto& file : fs::directory_iterator(folder / "deep")) {
        EXPECT_EQ(fs::perms::owner_read | fs::perms::owner_write, file.status().permissions());
        for (const char* damaged : {"", "kernel 6.1", "kernel 6.1\n", "kernel 6.10\nA\n", "kernel 6.1\nA"}) {
            std::ofstream(file.path()) << damaged;
            EXPECT_FALSE(known.get("tier", "kernel 6.1")) << damaged;
        }
    }
    fs::remove_all(folder);
    Remembered("/proc/nowhere").put("tier", "k", "A"); // not even a complaint
}

} // namespace
} // namespace sallyport::endpoint
