#include "policy/yaml.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

// The first mistake of a text that is read without asking for anything.
std::string unreadable(std::string_view text) {
    Reader reader("f.yaml");
    EXPECT_FALSE(reader.parse(text, 1 << 20));
    EXPECT_EQ(reader.mistakes().size(), 1u);
    return reader.clean() ? "" : reader.mistakes()[0].text();
}

TEST(Reader, values_keep_their_place) {
    Reader reader("f.yaml");
    ASSERT_TRUE(reader.parse("a: 1\nb:\n  - x\n  - { c: \"y z\" }\n", 1 << 20));
    const auto root = reader.root();
    ASSERT_TRUE(root.is_map());
    ASSERT_EQ(root.size(), 2u);
    EXPECT_EQ(root.key(1), "b");
    EXPECT_EQ(root.key_place(1).line, 2);
    const auto c = root.at(1).at(1).at(0);
    EXPECT_EQ(c.text(), "y z");
    EXPECT_EQ(c.place().line, 4);
    EXPECT_EQ(c.place().column, 10);
}

TEST(Reader, what_could_be_read_in_two_ways_is_refused_with_its_place) {
    EXPECT_EQ(unreadable("a: &x 1\nb: *x\n"), "f.yaml:1:4: an anchor (&name); anchors and aliases are not read");
    EXPECT_EQ(unreadable("a: !!binary aGk=\n"),
              "f.yaml:1:4: a tag (tag:yaml.org,2002:binary); tags are not read, take it out");
    EXPECT_EQ(unreadable("a:\n\tb: 1\n"), "f.yaml:2:1: a tab at the start of a line; YAML indents with spaces");
    EXPECT_EQ(unreadable(std::string_view("a: 1\n\x04"
                                          "b: 2\n")),
              "f.yaml:2:1: control character 0x04; take it out");
    EXPECT_EQ(unreadable(std::string_view("a\0b", 3)), "f.yaml:1:2: control character 0x00; take it out");
    EXPECT_EQ(unreadable("a: \xC3\x28\n"), "f.yaml:1:4: not UTF-8; save the file as UTF-8");
    EXPECT_EQ(unreadable("a: \xED\xA0\x80\n"), "f.yaml:1:4: not UTF-8; save the file as UTF-8");
    EXPECT_EQ(unreadable("\xFF\xFE\x61"), "f.yaml:1:1: not UTF-8; save the file as UTF-8");
    EXPECT_EQ(unreadable("a: 1\n%b: 2\n"), "f.yaml:2:1: a directive (%...); directives are not read, take it out");
    EXPECT_EQ(unreadable("a: 1\n---\nb: 2\n"), "f.yaml:3:1: a second document; one file holds one");
    EXPECT_EQ(unreadable("? [a]\n: 1\n"), "f.yaml:1:3: a key is a single word");
    EXPECT_EQ(unreadable("? {a: b}\n: 1\n"), "f.yaml:1:3: a key is a single word");
}

TEST(Reader, broken_yaml_is_one_mistake_with_its_place) {
    for (const auto text : {"a: [1, 2\n", "a: 'x\n", "a: 'x\n\n  \nb: 1\n \n", "a: \"x\nb: 1\n", "a: }\n", "a: b: c\n",
                            "- a\nb: c\n", "a: \"\\q\"\n", "%YAML 9.9\n---\na\n", "*x"})
        EXPECT_NE(unreadable(text).find("f.yaml:"), std::string::npos) << text;
}

TEST(Reader, a_quote_that_is_never_closed_is_told_where_it_opens) {
    EXPECT_EQ(unreadable("a: 1\nb: \"x\nc: 2\nd: 3\n"), "f.yaml:2:4: this quote (\") is never closed");
    EXPECT_EQ(unreadable("a: [\"b\", 'c]\nd: it's\n"), "f.yaml:1:10: this quote (') is closed only in line 2, and what "
                                                       "follows it there is not readable; is a quote missing?");
    EXPECT_EQ(unreadable("a: \"x\nb: \"y\"\nc: 1\n"), "f.yaml:1:4: this quote (\") is closed only in line 2, and what "
                                                      "follows it there is not readable; is a quote missing?");
    // Quotes in comments, in words and in text blocks open nothing.
    EXPECT_EQ(unreadable("# it's \"\na: it's 5\" # \"\nb: |\n  \"\n  '\nc: 'x\n"),
              "f.yaml:6:4: this quote (') is never closed");
}

TEST(Reader, brackets_and_colons_that_do_not_fit_are_told_where_they_are) {
    EXPECT_EQ(unreadable("version: 1\nrules: { a: b\nc: d\n"), "f.yaml:2:8: this '{' is never closed");
    EXPECT_EQ(unreadable("a: [ { b: \"}]\", c: [1] }\nd: []\n"), "f.yaml:1:4: this '[' is never closed");
    EXPECT_EQ(unreadable("a: it]\nb: ]\n"), "f.yaml:2:4: this ']' closes nothing");
    EXPECT_EQ(unreadable("a:\n - { b: c }}\n"), "f.yaml:2:12: this '}' closes nothing");
    EXPECT_EQ(unreadable("a: b: c\n"), "f.yaml:1:5: a second ':' in one line; put quotes around a text that holds "
                                       "one, or begin a new line");
    EXPECT_EQ(unreadable("a: 1\rb: 2\r"), "f.yaml:1:7: the lines end with a carriage return alone; end them with a "
                                          "line feed");
}

TEST(Reader, a_sign_that_needs_quotes_is_told_with_its_text) {
    constexpr std::string_view why = "; without them '>' has a meaning of its own in YAML";
    EXPECT_EQ(unreadable("a:\n  versions: >=1\n"), "f.yaml:2:13: put quotes around >=1" + std::string(why));
    EXPECT_EQ(unreadable("versions: >=1.2 <2 # ok\n"), "f.yaml:1:11: put quotes around >=1.2 <2" + std::string(why));
    EXPECT_EQ(unreadable("{ a: { versions: >=1 }, b: 1 }\n"), "f.yaml:1:18: put quotes around >=1" + std::string(why));
    EXPECT_EQ(unreadable("model: [*-preview, b]\n"),
              "f.yaml:1:9: put quotes around *-preview; without them '*' has a meaning of its own in YAML");
    EXPECT_EQ(unreadable("team: @web\n"),
              "f.yaml:1:7: put quotes around @web; without them '@' has a meaning of its own in YAML");
}

TEST(Fields, a_required_word_that_is_misspelt_is_one_mistake) {
    Reader reader("f.yaml");
    ASSERT_TRUE(reader.parse("matsch: 1\nother: 2\n", 1 << 20));
    Fields fields(reader, reader.root(), "the file");
    fields.require("match");
    fields.require("class");
    EXPECT_FALSE(fields.finish());
    ASSERT_EQ(reader.mistakes().size(), 3u);
    EXPECT_EQ(reader.mistakes()[0].text(), "f.yaml:1:1: the file needs 'class'");
    EXPECT_EQ(reader.mistakes()[1].text(), "f.yaml:1:1: unknown word 'matsch' in the file; did you mean 'match'?");
    EXPECT_EQ(reader.mistakes()[2].text(), "f.yaml:2:1: unknown word 'other' in the file");
}

TEST(Reader, the_same_mistake_at_the_same_place_is_told_once) {
    Reader reader("f.yaml");
    reader.mistake(Place{1, 2}, "a");
    reader.mistake(Place{1, 2}, "a");
    reader.mistake(Place{1, 3}, "a");
    reader.mistake(Place{1, 2}, "b");
    EXPECT_EQ(reader.mistakes().size(), 3u);
}

TEST(Reader, limits_are_told_and_never_exceeded) {
    EXPECT_NE(unreadable("a: " + std::string(40, '[') + std::string(40, ']')).find("nested deeper than 16 levels"),
              std::string::npos);
    EXPECT_NE(unreadable("a: " + std::string(900, '[') + std::string(900, ']')).find("nested deeper"),
              std::string::npos);
    EXPECT_NE(unreadable("a: " + std::string(yaml_scalar_bytes_max + 1, 'x')).find("a value of 65537 bytes"),
              std::string::npos);
    Reader reader("f.yaml");
    EXPECT_FALSE(reader.parse("a: 1\n", 4));
    EXPECT_EQ(reader.mistakes()[0].text(), "f.yaml: 5 bytes; 4 is the limit for this file");
    // A bomb of aliases costs nothing: the first anchor ends the reading.
    EXPECT_NE(unreadable("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n").find("f.yaml:1:4: an anchor"),
              std::string::npos);
}

TEST(Reader, duplicate_keys_are_mistakes_however_they_are_written) {
    Reader reader("f.yaml");
    EXPECT_TRUE(reader.parse("a: 1\nb: {x: 1, \"\\x78\": 2}\n'a': 2\n", 1 << 20));
    ASSERT_EQ(reader.mistakes().size(), 2u);
    EXPECT_EQ(reader.mistakes()[0].text(), "f.yaml:2:11: 'x' is here twice; the first is in line 2");
    EXPECT_EQ(reader.mistakes()[1].text(), "f.yaml:3:1: 'a' is here twice; the first is in line 1");
}

TEST(Reader, typed_getters_say_what_they_wanted) {
    Reader reader("f.yaml");
    ASSERT_TRUE(
        reader.parse("n: 12\nbig: 99\nb: yes\nt: 30s\nbad: 30 s\ns: 64MiB\nl: [a]\ne: \"\"\nw: alow\nnul:\n", 1 << 20));
    Fields fields(reader, reader.root(), "the file");
    static constexpr std::string_view words[] = {"allow", "refuse"};
    EXPECT_EQ(reader.integer(fields.take("n"), 0, 20, "n"), 12);
    EXPECT_FALSE(reader.integer(fields.take("big"), 0, 20, "big"));
    EXPECT_FALSE(reader.boolean(fields.take("b"), "b"));
    EXPECT_EQ(reader.milliseconds(fields.take("t"), "t"), 30'000);
    EXPECT_FALSE(reader.milliseconds(fields.take("bad"), "bad"));
    EXPECT_EQ(reader.bytes(fields.take("s"), "s"), 64 << 20);
    EXPECT_FALSE(reader.text(fields.take("l"), "l"));
    EXPECT_FALSE(reader.text(fields.take("e"), "e"));
    EXPECT_FALSE(reader.word(fields.take("w"), words, "word"));
    EXPECT_FALSE(reader.text(fields.take("nul"), "nul"));
    EXPECT_FALSE(reader.text(fields.take("absent"), "absent"));
    EXPECT_TRUE(fields.finish());
    ASSERT_EQ(reader.mistakes().size(), 7u);
    EXPECT_EQ(reader.mistakes()[0].text(), "f.yaml:2:6: big is a whole number from 0 to 20, not '99'");
    EXPECT_EQ(reader.mistakes()[1].text(), "f.yaml:3:4: b is true or false, not 'yes'");
    EXPECT_EQ(reader.mistakes()[2].text(), "f.yaml:5:6: bad is a time such as 250ms, 30s, 10m or 24h, not '30 s'");
    EXPECT_EQ(reader.mistakes()[3].text(), "f.yaml:7:4: l is a text here, not a list");
    EXPECT_EQ(reader.mistakes()[4].text(), "f.yaml:8:4: e is a text here, not an empty one");
    EXPECT_EQ(reader.mistakes()[5].text(), "f.yaml:9:4: unknown word 'alow'; did you mean 'allow'?");
    EXPECT_EQ(reader.mistakes()[6].sentence, "nul is a text here, not nothing");
}

TEST(Fields, unknown_words_get_the_nearest_known_one) {
    Reader reader("f.yaml");
    ASSERT_TRUE(reader.parse("listners: 1\n<<: {a: 1}\nlater: 1\n", 1 << 20));
    Fields fields(reader, reader.root(), "the file");
    fields.take("listeners");
    fields.not_yet({"later"});
    fields.require("data");
    EXPECT_FALSE(fields.finish());
    ASSERT_EQ(reader.mistakes().size(), 4u);
    EXPECT_EQ(reader.mistakes()[0].text(), "f.yaml:1:1: the file needs 'data'");
    EXPECT_EQ(reader.mistakes()[1].text(),
              "f.yaml:1:1: unknown word 'listners' in the file; did you mean 'listeners'?");
    EXPECT_EQ(reader.mistakes()[2].text(), "f.yaml:2:1: merge keys (<<) are not read; write the fields out");
    EXPECT_EQ(reader.mistakes()[3].text(), "f.yaml:3:1: 'later' in the file is not supported by this version yet");
}

TEST(Reader, a_flood_of_mistakes_ends_with_one_that_says_so) {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "k" + std::to_string(i) + ": 1\n";
    Reader reader("f.yaml");
    ASSERT_TRUE(reader.parse(text, 1 << 20));
    Fields(reader, reader.root(), "the file").finish();
    ASSERT_EQ(reader.mistakes().size(), mistakes_max + 1);
    EXPECT_NE(reader.mistakes().back().sentence.find("more mistakes"), std::string::npos);
}

} // namespace
} // namespace sallyport::policy
