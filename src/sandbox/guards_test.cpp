#include "sandbox/guards.h"

#include "sandbox/boundary_fixture.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <unistd.h>

namespace sallyport::sandbox {
namespace {

// A workspace with a guarded file, of which the program inside tries to change something until somebody outside says that it is enough.
class Guarded : public ::testing::Test, protected BoundaryFolder {
protected:
    void SetUp() override {
        if (const std::string why = make(); !why.empty()) GTEST_SKIP() << why;
        work_ = folder_ / "work";
        std::filesystem::create_directories(work_ / ".git/hooks");
        put("config", "first");
    }
    // As git does.
    void put(const std::string& name, const std::string& text) {
        std::ofstream(work_ / ".git" / (name + ".lock")) << text << "\n";
        std::filesystem::rename(work_ / ".git" / (name + ".lock"), work_ / ".git" / name);
    }
    Result<Boundary> started(const std::string& script) {
        BoundarySpec spec = plain();
        spec.directory = work_;
        spec.command = {"/bin/sh", "-c", script};
        for (const char* folder : {"", ".git"})
            spec.places.push_back({Place::Kind::read_write, *folder ? work_ / folder : work_, {}});
        for (const char* one : {".git/config", ".git/hooks"})
            spec.places.push_back({Place::Kind::read_only, work_ / one, {}});
        auto boundary = Boundary::prepare(spec);
        EXPECT_TRUE(boundary) << boundary.error().message;
        if (boundary) EXPECT_TRUE(boundary->begin());
        return boundary;
    }
    bool until(const std::filesystem::path& file) {
        for (int i = 0; i < 1'000 && !std::filesystem::exists(file); ++i) ::usleep(10'000);
        return std::filesystem::exists(file);
    }
    std::filesystem::path work_;
};

TEST_F(Guarded, AFileThatWasReplacedOutsideIsGuardedAnew) {
    auto boundary =
        started("echo evil 2>/dev/null > .git/config && exit 1; touch begun; while ! test -e go; do sleep 0.01; done; "
                "sleep 0.2; for i in 1 2 3; do echo evil > .git/config && exit 2; mv .git/config .git/x && exit 3; "
                "echo evil > .git/c; mv .git/c .git/config && exit 4; rm -f .git/config && exit 5; done 2>/dev/null; "
                "echo evil 2>/dev/null > .git/hooks/pre-commit && exit 6; cp .git/config seen; exit 0");
    ASSERT_TRUE(boundary && until(work_ / "begun"));
    for (int i = 0; i < 20; ++i) put("config", "outside " + std::to_string(i));
    std::filesystem::rename(work_ / ".git/hooks", work_ / ".git/hooks.old");
    std::filesystem::create_directory(work_ / ".git/hooks.new");
    std::filesystem::rename(work_ / ".git/hooks.new", work_ / ".git/hooks");
    std::ofstream(work_ / "go") << "";
    EXPECT_EQ(boundary->wait(), 0);
    EXPECT_EQ(text_of(work_ / ".git/config"), "outside 19\n");
    EXPECT_EQ(text_of(work_ / "seen"), "outside 19\n");
    std::vector<std::string> changed;
    for (const auto& one : boundary->changed()) {
        EXPECT_FALSE(one.was_used);
        changed.push_back(one.path);
    }
    EXPECT_EQ(changed, (std::vector<std::string>{work_ / ".git/config", work_ / ".git/hooks"}));
}

TEST_F(Guarded, AFolderThatHoldsOneIsReplacedOutside) {
    auto boundary =
        started("touch begun; while ! test -e go; do sleep 0.01; done; sleep 0.2; "
                "echo evil 2>/dev/null > .git/config && exit 1; echo evil 2>/dev/null > .git/hooks/x && exit 2; "
                "mv .git .evil 2>/dev/null && exit 3; echo fine > .git/index; exit 0");
    ASSERT_TRUE(boundary && until(work_ / "begun"));
    std::filesystem::rename(work_ / ".git", folder_ / "before");
    std::filesystem::create_directories(work_ / "fresh/hooks");
    std::ofstream(work_ / "fresh/config") << "cloned anew\n";
    std::filesystem::rename(work_ / "fresh", work_ / ".git");
    std::ofstream(work_ / "go") << "";
    EXPECT_EQ(boundary->wait(), 0);
    EXPECT_EQ(text_of(work_ / ".git/config"), "cloned anew\n");
    EXPECT_EQ(text_of(work_ / ".git/index"), "fine\n");
}

// The moment between is there: whoever waits for it in a loop gets in at some time, and is ended then.
TEST_F(Guarded, WhoeverUsesTheMomentIsEnded) {
    std::size_t used = 0, evil = 0;
    for (int round = 0; round < 6; ++round) {
        put("config", "first");
        std::filesystem::remove(work_ / "begun");
        auto boundary = started("touch begun; exec python3 -c '\nimport os\nheld = []\nwhile True:\n"
                                "  try: held.append(os.open(\".git/config\", os.O_WRONLY | os.O_APPEND)); "
                                "os.write(held[-1], b\"evil\\n\")\n  except OSError: pass\n'");
        ASSERT_TRUE(boundary && until(work_ / "begun"));
        ::usleep(150'000);
        bool was_used = false;
        for (int i = 0; i < 400 && !was_used; ++i) { // and at last only waits for what is under way
            if (i < 300) put("config", "outside " + std::to_string(i));
            ::usleep(i < 300 ? 1'000 : 5'000);
            for (const auto& one : boundary->changed()) was_used = was_used || one.was_used;
        }
        if (!was_used) {
            // Then nothing was written either, in none of the many moments.
            EXPECT_EQ(text_of(work_ / ".git/config").find("evil"), std::string::npos);
        } else {
            EXPECT_EQ(boundary->wait(), 128 + SIGKILL);
        }
        used += was_used;
        evil += text_of(work_ / ".git/config").find("evil") != std::string::npos;
    }
    std::printf("got in and was ended in %zu of 6 rounds of up to 300 moments, wrote in %zu\n", used, evil);
    EXPECT_LE(evil, used);
}

} // namespace
} // namespace sallyport::sandbox
