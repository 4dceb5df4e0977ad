#include "content/imports.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::content {
namespace {

std::string without_imports(std::string_view text) {
    Normalised normalised;
    normalise(text, Numbering::left_out, normalised);
    std::vector<ImportLine> imports;
    std::vector<Interval> rest;
    find_imports(text, normalised, imports);
    const Interval all{0, static_cast<std::uint32_t>(normalised.size())};
    subtract_imports(all, all, imports, rest);
    std::string out;
    for (const Interval& one : rest) out += std::string(normalised.text().substr(one.begin, one.size())) + " ";
    return out;
}

TEST(Imports, AreToldApartInEachLanguage) {
    for (const std::string_view text :
         {"import java.util.List;\nimport static org.junit.Assert.*;", "#include <stdio.h>\n# include \"a.h\"",
          "from os import path\nimport sys as system", "from a import (\n    b,\n    c,\n)",
          "use std::io;\npub use a::b;", "use std::{\n    io,\n    fmt,\n};", "import {\n  a,\n  b\n} from 'x'",
          "const fs = require('fs');", "import (\n\t\"fmt\"\n\tx \"net/http\"\n)",
          "\t\"net/http\"\n\tpb \"go.etcd.io/etcd/api/v3\"", "  12\timport a.b.C;\n  13\timport a.b.D;",
          "12→#include <a>\n13→#include <b>", "+import a\n-import b", "package main", "require_relative 'x'",
          "#ifdef __GNUC__\n#pragma once\n#endif", "golang.org/x/net v0.42.0 // indirect\nk8s.io/api v1.2.3 h1:abc=",
          "<dependency>\n  <groupId>a.b</groupId>\n  <artifactId>c</artifactId>\n  <version>1</version>\n</dependency>",
          "extern crate serde;\nmod a;"})
        EXPECT_EQ(without_imports(text), "") << text;
}

TEST(Imports, AreNothingElse) {
    EXPECT_EQ(without_imports("import a\nint secret_function();\nimport b\n"), "intsecretfunction ");
    EXPECT_EQ(without_imports("use the second key\nusing both hands"), "usethesecondkeyusingbothhands ");
    EXPECT_EQ(without_imports("from here on it is ours"), "fromhereonitisours ");
    EXPECT_EQ(without_imports("puts \"a b/c\""), "putsabc ");
    EXPECT_EQ(without_imports("const key = compute();"), "constkeycompute ");
    std::string endless = "import (\n";
    for (int i = 0; i < 200; ++i) endless += "secret" + std::to_string(i) + "\n";
    EXPECT_NE(without_imports(endless).find("secret199"), std::string::npos);
    EXPECT_EQ(without_imports(""), "");
}

// Whoever writes "import" before each line of a file hides nothing: the file has no such word there.
TEST(Imports, CountOnlyWhereTheDocumentHasTheLineToo) {
    Normalised normalised;
    const std::string_view text = "import theSecretAlgorithm(x)\nuse {\nofTheCompany(y)\n}\n";
    normalise(text, Numbering::left_out, normalised);
    std::vector<ImportLine> lines;
    find_imports(text, normalised, lines);
    const auto left_of = [&](std::string_view verified) {
        const auto at = static_cast<std::uint32_t>(normalised.text().find(verified));
        const Interval run{at, at + static_cast<std::uint32_t>(verified.size())};
        std::vector<Interval> out;
        subtract_imports(run, run, lines, out);
        std::uint32_t size = 0;
        for (const Interval& one : out) size += one.size();
        return size;
    };
    EXPECT_EQ(left_of("thesecretalgorithmx"), 19U);
    EXPECT_EQ(left_of("importthesecretalgorithmx"), 0U);
    EXPECT_EQ(left_of("importthesecretalgorithm"), 24U) << "the line goes on otherwise";
    EXPECT_EQ(left_of("ofthecompanyy"), 13U);
    EXPECT_EQ(left_of("useofthecompanyy"), 0U);
}

} // namespace
} // namespace sallyport::content
