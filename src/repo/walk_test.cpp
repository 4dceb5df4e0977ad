#include "repo/walk.h"

#include "repo/folder.h"
#include "repo/left_out.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>

namespace sallyport::repo {
namespace {

namespace fs = std::filesystem;

class WalkTest : public testing::Test {
protected:
    void SetUp() override {
        fs::remove_all(folder_);
        fs::create_directories(work());
        git("init -q -b main");
    }
    void TearDown() override { fs::remove_all(folder_); }
    fs::path work() const { return folder_ / "work"; }

    void git(const std::string& arguments, const std::string& where = "work") const {
        const std::string command =
            "cd '" + (folder_ / where).string() + "' && env -i PATH=/usr/bin:/bin HOME='" + folder_.string() +
            "' GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.example GIT_COMMITTER_NAME=a "
            "GIT_COMMITTER_EMAIL=a@b.example git -c protocol.file.allow=always " +
            arguments + " >/dev/null 2>&1";
        ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }
    void write(const std::string& path, const std::string& text) const {
        fs::create_directories((work() / path).parent_path());
        std::ofstream(work() / path, std::ios::binary) << text;
    }
    void commit(const std::string& path, const std::string& text) const {
        write(path, text);
        git("add -A");
        git("commit -qm x");
    }
    // path -> content
    std::map<std::string, std::string> walk(const WalkOptions& options = {}, const std::string& where = "work") {
        std::map<std::string, std::string> seen;
        const auto repository = Repository::open(folder_ / where);
        EXPECT_TRUE(repository) << repository.error().message;
        if (!repository) return seen;
        const auto walked =
            repository->walk(options, [&](const ObjectId&, std::string_view path, const Read& read) -> Result<void> {
                const auto content = read();
                if (!content) return std::unexpected(content.error());
                seen[std::string(path)].append(*content).append("|");
                return {};
            });
        EXPECT_TRUE(walked) << walked.error().message;
        if (walked) walked_ = *walked;
        return seen;
    }

    fs::path folder_ = fs::temp_directory_path() / ("sallyport-walk-" + std::to_string(::getpid()));
    Walked walked_;
};

using Files = std::map<std::string, std::string>;

TEST_F(WalkTest, TellsTheFilesOfABranchEachWithItsPaths) {
    commit("a.txt", "one\n");
    commit("src/copy.txt", "one\n");
    EXPECT_EQ(walk(), (Files{{"a.txt", "one\n|"}, {"src/copy.txt", "one\n|"}}));
    EXPECT_EQ(walked_.blobs, 1U) << "one content under two paths";
    EXPECT_EQ(walked_.branches, std::vector<std::string>{"main"});
}

TEST_F(WalkTest, TakesBranchesByPatternAndHistoryWhereItIsAsked) {
    commit("a.txt", "first\n");
    commit("a.txt", "second\n");
    git("checkout -qb release/1");
    commit("b.txt", "released\n");
    git("checkout -q main");
    commit("secret.txt", "gone soon\n");
    git("rm -q secret.txt");
    git("commit -qm gone");
    EXPECT_EQ(walk(), (Files{{"a.txt", "second\n|"}}));
    EXPECT_EQ(walk({.branches = {"release/*"}}), (Files{{"a.txt", "second\n|"}, {"b.txt", "released\n|"}}));
    const Files all = walk({.branches = {}, .history = true});
    EXPECT_EQ(all.at("secret.txt"), "gone soon\n|");
    EXPECT_NE(all.at("a.txt").find("first\n|"), std::string::npos);
    const auto none =
        Repository::open(work())->walk({.branches = {"nothing"}}, [](auto&&...) { return Result<void>(); });
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("--branch"), std::string::npos);
}

TEST_F(WalkTest, LeavesOutWhatIsNotTheCompanysAndCountsIt) {
    write("node_modules/x/index.js", "x\n");
    write("package-lock.json", "{}\n");
    write("app.min.js", "x\n");
    fs::create_symlink("/etc/passwd", work() / "link");
    commit("kept.c", "int x;\n");
    EXPECT_EQ(walk(), (Files{{"kept.c", "int x;\n|"}}));
    EXPECT_EQ(walked_.left_out, (std::map<std::string, std::size_t>{
                                    {"vendored", 1}, {"lock file", 1}, {"generated", 1}, {"symbolic link", 1}}));
    write("large.txt", std::string(5'000, 'x'));
    commit("kept.c", "int x;\n\n");
    EXPECT_EQ(walk({.branches = {}, .history = false, .blob_bytes_max = 1'000}).at("large.txt"), "|");
    EXPECT_EQ(walked_.left_out.at("too large"), 1U);
}

TEST_F(WalkTest, OddNamesStayAsTheyAre) {
    commit("line\nbreak.txt", "x\n");
    commit("latin-\xE4.txt", "y\n");
    EXPECT_EQ(walk(), (Files{{"line\nbreak.txt", "x\n|"}, {"latin-\xE4.txt", "y\n|"}}));
}

TEST_F(WalkTest, ABareRepositoryAndItsRemote) {
    commit("a.txt", "one\n");
    git("clone -q --bare work bare.git", ".");
    EXPECT_EQ(walk({}, "bare.git"), (Files{{"a.txt", "one\n|"}}));
    EXPECT_EQ(Repository::open(work())->remote(), "");
    git("remote add origin https://ada:pw@git.acme.example/core/engine.git");
    EXPECT_EQ(Repository::open(work())->remote(), "https://ada:pw@git.acme.example/core/engine.git");
}

TEST_F(WalkTest, WhatIsNotWholeIsAnError) {
    commit("a.txt", "one\n");
    commit("b.txt", "two\n");
    git("clone -q --depth 1 'file://" + work().string() + "' shallow", ".");
    const auto shallow = Repository::open(folder_ / "shallow");
    ASSERT_FALSE(shallow);
    EXPECT_NE(shallow.error().message.find("shallow"), std::string::npos);
    // An object that is missing. (libgit2 1.5 never ends on one that was cut off in the midst of its zlib stream.)
    std::vector<fs::path> blobs;
    for (const auto& one : fs::recursive_directory_iterator(work() / ".git/objects"))
        if (one.is_regular_file() && fs::file_size(one.path()) < 25)
            blobs.push_back(one.path()); // the smallest objects
    ASSERT_GE(blobs.size(), 2U);
    for (const fs::path& one : blobs) fs::remove(one);
    const auto broken = Repository::open(work());
    ASSERT_TRUE(broken);
    const auto walked = broken->walk({}, [](const ObjectId&, std::string_view, const Read& read) -> Result<void> {
        const auto content = read();
        return content ? Result<void>() : std::unexpected(content.error());
    });
    EXPECT_FALSE(walked);
    EXPECT_FALSE(Repository::open(folder_ / "nothing"));
    fs::create_directories(folder_ / "empty");
    git("init -q", "empty");
    EXPECT_FALSE(Repository::open(folder_ / "empty")->walk({}, [](auto&&...) { return Result<void>(); }));
}

TEST_F(WalkTest, AFolderWithoutGit) {
    write("docs/a.md", "text\n");
    write("dist/b.js", "x\n");
    fs::remove_all(work() / ".git");
    fs::create_directory_symlink("/etc", work() / "etc");
    std::string seen;
    const auto walked = walk_folder(work(), 1'000, [&](std::string_view path, std::string_view content) {
        seen += std::string(path) + "=" + std::string(content);
        return Result<void>();
    });
    ASSERT_TRUE(walked) << walked.error().message;
    EXPECT_EQ(seen, "docs/a.md=text\n");
    EXPECT_EQ(walked->left_out.at("symbolic link"), 1U);
}

TEST(LeftOut, ByWhatIsInAFile) {
    EXPECT_EQ(left_out_by_content("int main() {}\n"), "");
    EXPECT_EQ(left_out_by_content(std::string_view("\x7F"
                                                   "ELF\0\0",
                                                   6)),
              "binary");
    EXPECT_EQ(left_out_by_content("// Code generated by protoc. DO NOT EDIT.\n"), "generated");
    EXPECT_EQ(left_out_by_content(std::string(20'000, 'x')), "minified");
    EXPECT_EQ(left_out_by_path("src/vendor/x.c"), "vendored");
    EXPECT_EQ(left_out_by_path("src/vendors.c"), "");
}

} // namespace
} // namespace sallyport::repo
