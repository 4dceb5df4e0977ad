#include "endpoint/git_guards.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::endpoint {
namespace {

namespace fs = std::filesystem;

class GitGuards : public testing::Test {
protected:
    GitGuards() {
        char made[] = "/var/tmp/git-guards-XXXXXX";
        work_ = ::mkdtemp(made);
        state_ = work_.string() + ".state";
    }
    ~GitGuards() override {
        fs::remove_all(work_);
        fs::remove_all(state_);
    }
    void write(const fs::path& path, const std::string& text) {
        fs::create_directories((work_ / path).parent_path());
        std::ofstream(work_ / path) << text;
    }
    std::vector<std::string> guarded() {
        std::vector<std::string> out;
        const auto found = guarded_by_git(work_);
        EXPECT_TRUE(found);
        if (found)
            for (const fs::path& one : *found) out.push_back(one.string());
        std::ranges::sort(out);
        return out;
    }
    fs::path work_, state_;
};

TEST_F(GitGuards, WhatGitObeysOfARepositoryItsSubmodulesAndWorktrees) {
    write(".git/HEAD", "ref: refs/heads/main\n");
    write(".git/config", "[core]\n");
    write(".git/hooks/pre-commit.sample", "");
    write(".git/modules/deep/lib/HEAD", "");
    write(".git/modules/deep/lib/config", "[core]\n\tworktree = ../../../../lib\n");
    write(".git/worktrees/linked/HEAD", "");
    write(".git/worktrees/linked/commondir", "../..\n");
    write("lib/.git", "gitdir: ../.git/modules/deep/lib\n");
    EXPECT_EQ(guarded(), (std::vector<std::string>{".git/config", ".git/hooks", ".git/modules/deep/lib/config",
                                                   ".git/worktrees/linked/commondir", "lib/.git"}));
    {
        const MadeForRun made(work_, state_);
        EXPECT_EQ(guarded(), (std::vector<std::string>{".git/commondir", ".git/config", ".git/hooks",
                                                       ".git/modules/deep/lib/commondir",
                                                       ".git/modules/deep/lib/config", ".git/modules/deep/lib/hooks",
                                                       ".git/worktrees/linked/commondir", "lib/.git"}));
    }
    EXPECT_FALSE(fs::exists(work_ / ".git/commondir"));
    EXPECT_FALSE(fs::exists(work_ / ".git/modules/deep/lib/hooks"));
    EXPECT_TRUE(fs::exists(work_ / ".git/hooks/pre-commit.sample"));
    EXPECT_TRUE(fs::exists(work_ / ".git/worktrees/linked/commondir"));
}

TEST_F(GitGuards, WhatSeveralRunsShareGoesWithTheLastOfThem) {
    write(".git/HEAD", "");
    auto first = std::make_unique<MadeForRun>(work_, state_);
    auto second = std::make_unique<MadeForRun>(work_, state_);
    first.reset();
    EXPECT_TRUE(fs::exists(work_ / ".git/commondir") && fs::exists(work_ / ".git/hooks"));
    auto third = std::make_unique<MadeForRun>(work_, state_);
    second.reset();
    EXPECT_TRUE(fs::exists(work_ / ".git/commondir") && fs::exists(work_ / ".git/hooks"));
    third.reset();
    EXPECT_FALSE(fs::exists(work_ / ".git/commondir") || fs::exists(work_ / ".git/hooks"));
}

TEST_F(GitGuards, WhatARunLeftThatWasKilledGoesWithTheNext) {
    write(".git/HEAD", "");
    if (const pid_t child = ::fork(); child == 0) {
        const MadeForRun made(work_, state_);
        ::_exit(0); // without its end
    } else {
        ::waitpid(child, nullptr, 0);
    }
    EXPECT_TRUE(fs::exists(work_ / ".git/commondir"));
    {
        const MadeForRun made(work_, state_);
    }
    EXPECT_FALSE(fs::exists(work_ / ".git/commondir") || fs::exists(work_ / ".git/hooks"));
}

TEST_F(GitGuards, WhatThePersonHasIsNotTakenAway) {
    write(".git/HEAD", "");
    fs::create_directories(work_ / ".git/hooks");
    {
        const MadeForRun made(work_, state_);
    }
    EXPECT_TRUE(fs::exists(work_ / ".git/hooks"));
    EXPECT_FALSE(fs::exists(work_ / ".git/commondir"));
}

TEST_F(GitGuards, TheFileOfALinkedWorktree) {
    write(".git", "gitdir: /elsewhere/.git/worktrees/x\n");
    EXPECT_EQ(guarded(), std::vector<std::string>{".git"});
    const MadeForRun made(work_, state_);
    EXPECT_EQ(guarded(), std::vector<std::string>{".git"});
}

TEST_F(GitGuards, TheRepositoryOfALinkedWorktreeIsTheOneThatKnowsIt) {
    const fs::path main = work_ / "main", linked = work_ / "linked", other = work_ / "other";
    write("main/.git/HEAD", "ref: refs/heads/main\n");
    write("main/.git/worktrees/x/HEAD", "");
    write("main/.git/worktrees/x/commondir", "../..\n");
    write("linked/.git", "gitdir: " + (main / ".git/worktrees/x").string() + "\n");
    EXPECT_EQ(repository_of_worktree(linked), ""); // it does not know it
    write("main/.git/worktrees/x/gitdir", (linked / ".git").string() + "\n");
    EXPECT_EQ(repository_of_worktree(linked), fs::canonical(main));
    write("linked/.git", "gitdir: ../main/.git/worktrees/x\n");
    EXPECT_EQ(repository_of_worktree(linked), fs::canonical(main));
    write("other/.git", "gitdir: " + (main / ".git/worktrees/x").string() + "\n");
    EXPECT_EQ(repository_of_worktree(other), ""); // it is another's
    write("main/.git/worktrees/x/commondir", "/elsewhere\n");
    EXPECT_EQ(repository_of_worktree(linked), "");
    EXPECT_EQ(repository_of_worktree(main), "");
}

TEST_F(GitGuards, AWorkingCopyElsewhereIsNotLedTo) {
    write(".git/HEAD", "");
    write(".git/modules/x/HEAD", "");
    write(".git/modules/x/config", "[core]\n worktree = ../../../../outside\n");
    EXPECT_EQ(guarded(), std::vector<std::string>{".git/modules/x/config"});
    EXPECT_TRUE(git_folders(work_ / "nothing")->empty());
}

TEST_F(GitGuards, MoreThanCanBeGuardedIsAnError) {
    write(".git/HEAD", "");
    for (int i = 0; i < 201; ++i) write(".git/modules/m" + std::to_string(i) + "/HEAD", "");
    EXPECT_FALSE(git_folders(work_));
    EXPECT_FALSE(guarded_by_git(work_));
}

} // namespace
} // namespace sallyport::endpoint
