#include "endpoint/settings.h"

#include <gtest/gtest.h>

namespace sallyport::endpoint {
namespace {

std::string flat(std::string_view text, Form form) {
    const auto settings = read_settings(text, form);
    if (!settings) return "error";
    std::string out;
    for (const FileSetting& one : *settings) {
        for (const std::string& part : one.path) out += part + ".";
        out += "=" + one.value + "@" + std::to_string(one.line) + " ";
    }
    return out;
}

TEST(Settings, OfJsonWithCommentsAndTrailingCommasKeepTheirLines) {
    EXPECT_EQ(flat("{\"a\": {\"b\": [1, \"x\"]},\n \"c\": true}", Form::json), "a.b.0.=1@1 a.b.1.=x@1 c.=true@2 ");
    EXPECT_EQ(flat("{ // one, \"two\"\n \"a\": \"//no /* comment\", /* x\n y */ \"b\": [1, 2, ], }", Form::json),
              "a.=//no /* comment@2 b.0.=1@3 b.1.=2@3 ");
    EXPECT_EQ(flat("{\"a\":{},\"b\":[]}", Form::json), "a.=@1 b.=@1 ");
    EXPECT_EQ(flat("\xEF\xBB\xBF{\"\\u0061\":1}", Form::json), "a.=1@1 ");
    EXPECT_EQ(flat("", Form::json), "");
    EXPECT_EQ(flat("7", Form::json), "");
}

TEST(Settings, ThatAreDamagedAreAnError) {
    for (const std::string_view text : {"{\"a\":", "{\"a\":1} x", "{'a':1}", "{\"a\":1,,}", "/*", "{\"a\"\"b\"}"})
        EXPECT_EQ(flat(text, Form::json), "error") << text;
    for (const std::string_view text : {"a = ", "[x", "a = 1\na = 2", "a = 'x"})
        EXPECT_EQ(flat(text, Form::toml), "error") << text;
    EXPECT_EQ(flat("a: &x 1\nb: *x\n", Form::yaml), "error");
    std::string deep;
    for (int i = 0; i < 200; ++i) deep += "[";
    for (int i = 0; i < 200; ++i) deep += "]";
    EXPECT_EQ(flat(deep, Form::json), "error");
}

TEST(Settings, OfTomlAndYamlAreAsFlat) {
    EXPECT_EQ(flat("a = 'x'\n[b.\"c d\"]\ne = [1, true]\nf = {g = 2.5}\n", Form::toml),
              "a.=x@1 b.c d.e.0.=1@3 b.c d.e.1.=true@3 b.c d.f.g.=2.5@4 ");
    EXPECT_EQ(flat("a: x\nb:\n  - c: 1\n", Form::yaml), "a.=x@1 b.0.c.=1@3 ");
}

std::string assigned(std::string_view text) {
    std::string out;
    for (const Assignment& one : read_shell(text).assignments)
        out += one.name + "=" + one.value + (one.computed ? "?" : "") + "@" + std::to_string(one.line) + " ";
    return out;
}

TEST(Shell, AssignmentsOfAllShellsAreRead) {
    EXPECT_EQ(assigned("A=1\nexport B='x y' C=\"z\" # D=1\n  export E=a\\ b\n"), "A=1@1 B=x y@2 C=z@2 E=a b@3 ");
    EXPECT_EQ(assigned("set -gx A b\nset -Ux B 'c d'\nsetenv C d\nSETUVAR --export E:f\n"),
              "A=b@1 B=c d@2 C=d@3 E=f@4 ");
    EXPECT_EQ(assigned("if true; then export A=1; fi && B=$(x) || export C=\"$D/e\" D='$x'"),
              "A=1@1 B=$(x)?@1 C=$D/e?@1 D=$x@1 ");
    EXPECT_EQ(assigned("declare -x A=1\ntypeset -gx B=2\nA=1 B=2 command C=3\n1A=x\n=y\n"), "A=1@1 B=2@2 A=1@3 B=2@3 ");
    EXPECT_EQ(assigned("A='unclosed\nB=1\n"), "A=unclosed@1 B=1@2 ");
}

TEST(Shell, CommandsOfAliasesAreRead) {
    const auto calls =
        read_shell("alias c='claude --x y'\nalias d=e f='g h'\nalias i 'j k'\nclaude -p a | b\n").invocations;
    ASSERT_EQ(calls.size(), 6u);
    EXPECT_EQ(calls[0].alias, "c");
    EXPECT_EQ(calls[0].words, (std::vector<std::string>{"claude", "--x", "y"}));
    EXPECT_EQ(calls[2].words, (std::vector<std::string>{"g", "h"}));
    EXPECT_EQ(calls[3].words, (std::vector<std::string>{"j", "k"}));
    EXPECT_EQ(calls[4].words, (std::vector<std::string>{"claude", "-p", "a"}));
    EXPECT_EQ(calls[4].line, 4u);
}

} // namespace
} // namespace sallyport::endpoint
