#include "repo/clone.h"

#include "repo/walk.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <unistd.h>

namespace sallyport::repo {
namespace {

namespace fs = std::filesystem;

class CloneTest : public testing::Test {
protected:
    void SetUp() override {
        options_.bytes_max = 1u << 30;
        fs::remove_all(folder_);
        fs::create_directories(folder_ / "work");
        git("init -q -b main");
        commit("a.txt", "one\n");
    }
    void TearDown() override { fs::remove_all(folder_); }
    void git(const std::string& arguments) const {
        const std::string command =
            "cd '" + (folder_ / "work").string() + "' && env -i PATH=/usr/bin:/bin HOME='" + folder_.string() +
            "' GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.example GIT_COMMITTER_NAME=a "
            "GIT_COMMITTER_EMAIL=a@b.example git " +
            arguments + " >/dev/null 2>&1";
        ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }
    void commit(const std::string& path, const std::string& text) const {
        std::ofstream(folder_ / "work" / path, std::ios::binary) << text;
        git("add -A");
        git("commit -qm x");
    }
    Result<Cloned> bring() const {
        const auto url = read_git_url("file://" + (folder_ / "work").string());
        if (!url) return std::unexpected(url.error());
        return bring_clone(*url, clone(), options_);
    }
    std::set<std::string> files(const std::vector<std::string>& branches = {}) const {
        std::set<std::string> seen;
        const auto repository = Repository::open(clone());
        EXPECT_TRUE(repository) << repository.error().message;
        if (!repository) return seen;
        const auto walked = repository->walk({.branches = branches},
                                             [&](const ObjectId&, std::string_view path, const Read&) -> Result<void> {
                                                 seen.emplace(path);
                                                 return {};
                                             });
        EXPECT_TRUE(walked) << walked.error().message;
        return seen;
    }
    fs::path clone() const { return folder_ / "clones" / "c"; }

    fs::path folder_ = fs::temp_directory_path() / ("sallyport-clone-" + std::to_string(::getpid()));
    CloneOptions options_;
};

using Names = std::set<std::string>;

TEST_F(CloneTest, HoldsTheBranchesPrivatelyAndNothingIsCheckedOut) {
    git("branch release");
    const auto cloned = bring();
    ASSERT_TRUE(cloned) << cloned.error().message;
    EXPECT_TRUE(cloned->is_new);
    EXPECT_EQ(files(), (Names{"a.txt"}));
    EXPECT_EQ(files({"release"}), (Names{"a.txt"}));
    for (const fs::path& private_one : {clone(), clone().parent_path()})
        EXPECT_EQ(fs::status(private_one).permissions(), fs::perms::owner_all) << private_one;
    EXPECT_FALSE(fs::exists(clone() / "a.txt"));
    EXPECT_FALSE(fs::exists(clone().string() + ".part"));
}

TEST_F(CloneTest, IsBroughtUpToDateWithBranchesThatWentAndHistoryThatWasRewritten) {
    git("branch gone");
    ASSERT_TRUE(bring());
    commit("b.txt", "two\n");
    git("branch -D gone");
    const auto second = bring();
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_FALSE(second->is_new);
    EXPECT_EQ(files(), (Names{"a.txt", "b.txt"}));
    git("reset -q --hard HEAD~1");
    commit("c.txt", "three\n");
    git("branch -m main trunk");
    const auto third = bring();
    ASSERT_TRUE(third) << third.error().message;
    EXPECT_EQ(files(), (Names{"a.txt", "c.txt"})) << "HEAD follows";
    EXPECT_EQ(files({"*"}), (Names{"a.txt", "c.txt"})) << "main and gone are no more";
}

TEST_F(CloneTest, ThatIsEndedLeavesNothing) {
    options_.why_end = [](const Arrived&) { return std::string("it was ended by a test"); };
    const auto cloned = bring();
    ASSERT_FALSE(cloned);
    EXPECT_NE(cloned.error().message.find("cannot be cloned: it was ended by a test"), std::string::npos)
        << cloned.error().message;
    EXPECT_TRUE(fs::is_empty(folder_ / "clones"));
}

TEST_F(CloneTest, BeyondTheLimitIsNotTaken) {
    options_.bytes_max = 1;
    const auto cloned = bring();
    ASSERT_FALSE(cloned);
    EXPECT_NE(cloned.error().message.find("limit"), std::string::npos) << cloned.error().message;
    EXPECT_TRUE(fs::is_empty(folder_ / "clones"));
}

TEST_F(CloneTest, WhatAKilledOneLeftIsTakenAway) {
    fs::create_directories(clone().string() + ".part/objects");
    ASSERT_TRUE(bring());
    EXPECT_FALSE(fs::exists(clone().string() + ".part"));
}

TEST_F(CloneTest, OfWhatIsNotThereIsAnError) {
    fs::remove_all(folder_ / "work");
    EXPECT_FALSE(bring());
    EXPECT_TRUE(fs::is_empty(folder_ / "clones"));
}

} // namespace
} // namespace sallyport::repo
