#include "policy/format.h"

#include "base/file.h"
#include "policy/format_check.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <random>

namespace sallyport::policy {
namespace {

// As formatted, or the mistake.
std::string formatted(std::string_view text) {
    const auto result = format(text, "f.yaml");
    return result ? *result : result.error().text();
}

struct Pair {
    std::string_view what, before, after;
};

constexpr Pair pairs[] = {
    {"nothing", "", ""},
    {"blanks and line ends", "\n\na: 1  \r\nb: 2\t\r\n\r\n\r\n\r\nc: 3", "a: 1\nb: 2\n\nc: 3\n"},
    {"a byte order mark",
     "\xEF\xBB\xBF"
     "a:  1",
     "\xEF\xBB\xBF"
     "a: 1\n"},
    {"mappings", "a:\n    b:\n       c:   1\n       d : 2\n    \"e\":\t3\n",
     "a:\n  b:\n    c: 1\n    d: 2\n  \"e\": 3\n"},
    {"lists below a key", "a:\n- 1\n-   2\nb:\n      - 3\n", "a:\n  - 1\n  - 2\nb:\n  - 3\n"},
    {"lists of mappings and lists", "-   a: 1\n    b: 2\n-\n   c: 3\n- -  4\n  -   5\n",
     "- a: 1\n  b: 2\n-\n  c: 3\n- - 4\n  - 5\n"},
    {"flow", "a: {b: 1,c : [ x,\"y\" , 'z' ],d: { },e: [  ]}\nf: {\"g\":1, h: , i}\n",
     "a: { b: 1, c: [x, \"y\", 'z'], d: {}, e: [] }\nf: { \"g\": 1, h: , i }\n"},
    {"flow over lines", "a: [ x,\n\n\n        y, # one\n  # two\n{ b: 1,\nc: 2 } ]\nd: {\ne: [\n1\n]}\n",
     "a: [x,\n\n  y,  # one\n  # two\n  { b: 1,\n    c: 2 }]\nd: {\n  e: [\n    1\n  ] }\n"},
    {"comments", "#!a\n##\n#b\na: 1 #c\nb: '#' # d\n#\n", "#!a\n##\n# b\na: 1  # c\nb: '#'  # d\n#\n"},
    {"comments go with the line below or the block above",
     "# a\na:\n# b\n- c: 1\n     # in it\n  # before d\n  d: 2\n  # behind d\n# e\ne: 3\n  # far\n",
     "# a\na:\n  # b\n  - c: 1\n    # in it\n    # before d\n    d: 2\n    # behind d\n# e\ne: 3\n# far\n"},
    {"text blocks move as a whole",
     "a:\n- |  #c\n   x  \n\n     y\n   # no comment\n- b: >-\n     z\n\n\nc: |+\n x\n\n\nd: 1\n",
     "a:\n  - |  # c\n     x  \n\n       y\n     # no comment\n  - b: >-\n       z\n\nc: |+\n x\n\n\nd: 1\n"},
    {"texts over lines", "a:\n- \"x  \n\n\n   y\"  \n- one\n  two\n\n\n  three   #c\n- 'it''s\n\n    so'\n",
     "a:\n  - \"x  \n\n\n     y\"\n  - one\n    two\n\n\n    three  # c\n  - 'it''s\n\n      so'\n"},
    {"a value below its key", "a:\n      b\n      c\nd:\n   {e: 1}\n", "a:\n  b\n  c\nd:\n  { e: 1 }\n"},
    {"signs inside texts", "a: b:c-d#e {f} [g] - h\ni: http://x:1/?q=1\nj: -1\n- : k\n",
     "f.yaml:4:1: not readable as YAML: end of map not found"},
    {"signs inside texts, read", "a:   b:c-d#e {f} [g] - h\ni: http://x:1/?q=1\nj: -1\n",
     "a: b:c-d#e {f} [g] - h\ni: http://x:1/?q=1\nj: -1\n"},
    {"marks of a document", "---   #x\na:  1\n...\n", "---  # x\na: 1\n...\n"},
    {"JSON", "{\"a\":[1,{\"b\":null}],\n\"c\":\"d\"\n}\n", "{ \"a\": [1, { \"b\": null }],\n  \"c\": \"d\"\n}\n"},
    {"comments alone", "  #a\n\n\n   #b", "# a\n\n# b\n"},
};

TEST(Format, EachFormIsBroughtIntoOne) {
    for (const auto& [what, before, after] : pairs) {
        SCOPED_TRACE(what);
        EXPECT_EQ(formatted(before), after);
        fuzz::check_format(before);
    }
}

TEST(Format, WhatCannotBeReadIsToldWithItsPlace) {
    EXPECT_EQ(formatted("a: [1\n"), "f.yaml:1:4: this '[' is never closed");
    EXPECT_EQ(formatted("a: 1\n\tb: 2\n"), "f.yaml:2:1: a tab at the start of a line; YAML indents with spaces");
    EXPECT_EQ(formatted("a: &x 1\n"), "f.yaml:1:4: an anchor (&name); anchors and aliases are not read");
    EXPECT_EQ(formatted("a: 1\nb: !x 1\n"), "f.yaml:2:4: a tag (!x); tags are not read, take it out");
}

TEST(Format, WhatCannotBeLaidOutSafelyIsToldWithItsPlace) {
    EXPECT_EQ(formatted("a: 1\n? b\n: 2\n"), "f.yaml:2:1: a key behind '?' is not laid out; write 'key: value'");
    EXPECT_EQ(formatted("--- a\n"), "f.yaml:1:5: the document begins beside '---'; put it on a line of its own");
    EXPECT_EQ(formatted("a: 1\nb: 2\r\r\n"), "f.yaml:2:5: a carriage return that ends no line; take it out");
    EXPECT_EQ(formatted("a: ! 'x'\n"), "f.yaml:1:4: anchors, aliases and tags are not laid out; take them out");
}

TEST(Format, TheFirstLineThatDiffersIsFound) {
    EXPECT_EQ(first_difference("a\nb\n", "a\nb\n"), 0);
    EXPECT_EQ(first_difference("a\nb\n", "a\nc\n"), 2);
    EXPECT_EQ(first_difference("a", "a\n"), 1);
    EXPECT_EQ(first_difference("a\n\n", "a\n"), 2);
}

// --- Over all YAML of this repository, and what chance makes of it.

std::vector<std::string> texts() {
    std::vector<std::string> all;
    for (const auto folder : {"examples", "test/schema/broken", "test/fuzz/corpus/policy", "test/fuzz/corpus/cases",
                              "test/fuzz/corpus/format"})
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(std::filesystem::path(SALLYPORT_SOURCE_DIR) / folder))
            if (entry.is_regular_file())
                if (auto text = read_file(entry.path(), 1 << 20); text && text->size() < 20'000)
                    all.push_back(std::move(*text));
    return all;
}

TEST(Format, TheExamplesAreInThisForm) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::filesystem::path(SALLYPORT_SOURCE_DIR) / "examples"))
        if (entry.path().extension() == ".yaml") {
            const auto text = read_file(entry.path(), 1 << 20);
            EXPECT_EQ(formatted(*text), *text) << entry.path();
        }
}

std::string mutated(std::string text, std::mt19937& chance) {
    static constexpr std::array<std::string_view, 27> pieces = {
        " ", "  ", "\n", "\n\n", "\r\n",   "\t",     "#",  " #x", "- ",     ": ",    ":", "{",   "}",      "[",
        "]", ",",  "'",  "\"",   ": |\n ", ": >-\n", "? ", "a",   "\n  - ", "\n# c", "*", "&a ", "\n---\n"};
    const auto any = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(chance);
    };
    for (auto left = 1 + any(4); left > 0 && !text.empty(); --left) {
        const auto at = any(text.size());
        const auto start = text.rfind('\n', at) + 1, end = std::min(text.find('\n', at), text.size() - 1) + 1;
        switch (start < end ? any(5) : 0) {
        case 0: text.insert(at, pieces[any(pieces.size())]); break;
        case 1: text.erase(at, 1 + any(3)); break;
        case 2: text.insert(start, any(6), ' '); break;
        case 3: text.insert(any(text.size()), text.substr(start, end - start)); break;
        default: text.erase(start, std::min(text.find_first_not_of(' ', start), end) - start); break;
        }
    }
    return text;
}

TEST(Format, KeepsTheMeaningOfWhateverItTakesAndIsDoneAtOnce) {
    std::mt19937 chance(20261127);
    std::size_t taken = 0, readable = 0;
    const auto all = texts();
    ASSERT_GT(all.size(), 200u);
    for (const auto& text : all)
        for (int round = 0; round < 60; ++round) {
            const auto result = fuzz::check_format(round == 0 ? text : mutated(text, chance));
            readable += result.is_readable ? 1 : 0;
            taken += result.is_taken ? 1 : 0;
        }
    EXPECT_GT(readable, 4'000u);
    EXPECT_GT(taken * 100, readable * 98)
        << "of what can be read, this much is formatted: " << taken << " of " << readable;
}

} // namespace
} // namespace sallyport::policy
