#include "dialect/named_files.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::dialect {
namespace {

std::string in_command(std::string_view command) {
    std::string all;
    files_in_command(command, [&](std::string_view path) { all += (all.empty() ? "" : " ") + std::string(path); });
    return all;
}

std::string in_text(std::string_view text) {
    std::string all;
    files_in_text(text, [&](std::string_view path) { all += (all.empty() ? "" : " ") + std::string(path); });
    return all;
}

TEST(NamedFiles, PlainReadersAreUnderstood) {
    EXPECT_EQ(in_command("cat a.txt b.txt"), "a.txt b.txt");
    EXPECT_EQ(in_command("cat -n 'my file.txt'"), "my file.txt");
    EXPECT_EQ(in_command("head -n 20 a.c && tail -c 5 b.c"), "a.c b.c");
    EXPECT_EQ(in_command("head -20 a.c"), "a.c");
    EXPECT_EQ(in_command("sed -n '1,80p' src/x.cpp"), "src/x.cpp");
    EXPECT_EQ(in_command("sed -n -e '1p' -e 2p x y"), "x y");
    EXPECT_EQ(in_command("nl -ba a.c | sed -n 1,5p"), "a.c");
    EXPECT_EQ(in_command("cd /x; cat a\ncat b"), "a b");
}

TEST(NamedFiles, WhatTheShellWouldExpandIsNotGuessed) {
    EXPECT_EQ(in_command("cat $FILE *.c `which x` ~/y {a,b}"), "");
    EXPECT_EQ(in_command("cat \"$HOME/x\" \"plain\""), "plain");
}

TEST(NamedFiles, RedirectionsAndOtherProgramsNameNothing) {
    EXPECT_EQ(in_command("cat > out.txt"), "");
    EXPECT_EQ(in_command("cat in.txt 2>/dev/null >out"), "in.txt");
    EXPECT_EQ(in_command("rm a.txt; echo cat b.txt; catalog c.txt"), "");
    EXPECT_EQ(in_command(""), "");
    EXPECT_EQ(in_command("cat 'unfinished"), "unfinished");
    EXPECT_EQ(in_command("cat <"), "");
}

TEST(NamedFiles, PatchesAndCodeModeAreUnderstood) {
    EXPECT_EQ(in_text("*** Begin Patch\n*** Add File: a.h\n+x\n*** Delete File: b.h\n*** End Patch"), "a.h b.h");
    EXPECT_EQ(in_text("await tools.exec_command({cmd: 'cat a.txt', workdir: x})"), "a.txt");
    EXPECT_EQ(in_text(R"(exec_command({"cmd":"cat \"b c.txt\""}))"), "b c.txt");
    EXPECT_EQ(in_text("cmd cmd: cmd:cmd: \"cat"), "");
}

} // namespace
} // namespace sallyport::dialect
