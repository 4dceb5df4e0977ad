// The tree, the text in it, and the way back from decoded text to raw bytes.
#include "json/document.h"

#include "json/json_check.h"
#include "json/parsed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace sallyport::json {
namespace {

TEST(Tree, SpansAreExact) {
    const Parsed parsed(R"( {"a": [1, "x\n", {}], "b":null} )");
    ASSERT_TRUE(parsed.result);
    const Document& d = parsed.document;
    ASSERT_EQ(d.nodes().size(), 6u);
    EXPECT_EQ(d.raw_value(0), R"({"a": [1, "x\n", {}], "b":null})");
    EXPECT_EQ(d.raw_key(1), "a");
    EXPECT_EQ(d.raw_value(1), R"([1, "x\n", {}])");
    EXPECT_EQ(d.raw_value(2), "1");
    EXPECT_EQ(d.raw_value(3), "x\\n");
    EXPECT_TRUE(d[3].escaped);
    EXPECT_EQ(d.raw_value(4), "{}");
    EXPECT_EQ(d.first_child(4), no_node);
    EXPECT_EQ(d.raw_key(5), "b");
    EXPECT_EQ(d[5].kind, Kind::null);
    EXPECT_EQ(d[1].end_node, 5u);
    EXPECT_EQ(d.next_sibling(1), 5u);
    EXPECT_EQ(d.next_sibling(5), no_node);
    EXPECT_EQ(d.next_sibling(0), no_node);
    fuzz::check_tree(d);
}

TEST(Tree, ADocumentIsReused) {
    Document document;
    const Buffer first(R"({"a":[1,2,3]})");
    const Buffer second("7");
    const Buffer broken("[1,");
    ASSERT_TRUE(document.parse(first.view()));
    ASSERT_TRUE(document.parse(second.view()));
    EXPECT_EQ(document.nodes().size(), 1u);
    EXPECT_FALSE(document.parse(broken.view()));
    EXPECT_TRUE(document.nodes().empty());
}

TEST(Text, EscapesAreDecoded) {
    std::string scratch;
    const Parsed parsed(
        R"(["\"\\\/\b\f\n\r\t","\u0041\u00e9\u20AC\ud83d\ude00","plain","\ud800","\udc00\ud800",12.50])");
    ASSERT_TRUE(parsed.result);
    const Document& d = parsed.document;
    EXPECT_EQ(d.text(1, scratch), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(d.text(2, scratch), "A\u00e9\u20ac\U0001F600");
    EXPECT_EQ(d.text(3, scratch), "plain");
    EXPECT_EQ(d.text(3, scratch).data(), d.raw_value(3).data()) << "nothing is copied where nothing is escaped";
    EXPECT_EQ(d.text(4, scratch), "\xed\xa0\x80"); // WTF-8
    EXPECT_EQ(d.text(5, scratch), "\xed\xb0\x80\xed\xa0\x80");
    EXPECT_EQ(d.text(6, scratch), "12.50");
}

TEST(Members, AreFoundByTheirDecodedKey) {
    const Parsed parsed(R"({"\u006dodel":"x","n\u0061m\u0065":1,"a":{"model":2},"":3})");
    ASSERT_TRUE(parsed.result);
    const Document& d = parsed.document;
    EXPECT_EQ(d.find(0, "model"), 1u);
    EXPECT_EQ(d.find(0, "name"), 2u);
    EXPECT_EQ(d.find(0, ""), d.nodes().size() - 1);
    EXPECT_EQ(d.find(0, "mode"), no_node);
    EXPECT_EQ(d.find(0, "models"), no_node);
    EXPECT_EQ(d.find(1, "model"), no_node) << "a string has no members";
    EXPECT_FALSE(d.key_is(0, "")) << "the root has no key";
    EXPECT_TRUE(d.text_is(1, "x"));
    EXPECT_FALSE(d.text_is(2, "1")) << "a number is no text";
}

TEST(Members, TheLastOfSeveralIsFoundAndFindOnceRefuses) {
    const Parsed parsed("{\"a\":1,\n\"\\u0061\":2,\"b\":3}");
    ASSERT_TRUE(parsed.result);
    EXPECT_EQ(parsed.document.find(0, "a"), 2u);
    const auto once = parsed.document.find_once(0, "a");
    ASSERT_FALSE(once);
    EXPECT_EQ(once.error().kind, ErrorKind::invalid);
    EXPECT_EQ(once.error().source, ErrorSource::client);
    EXPECT_NE(once.error().message.find("\"a\" stands twice in one object, at 1:3 and 2:2"), std::string::npos)
        << once.error().message;
    EXPECT_EQ(parsed.document.find_once(0, "b").value(), 3u);
    EXPECT_EQ(parsed.document.find_once(0, "c").value(), no_node);
}

TEST(SpanMap, CutsDecodedTextOutOfTheRawBytes) {
    const std::string_view raw = R"(a\nsecret=\u0078y\ud83d\ude00z)";
    std::string decoded;
    std::vector<SpanPair> map;
    unescape(raw, decoded, &map);
    ASSERT_EQ(decoded, "a\nsecret=xy\U0001F600z");
    const auto cut = [&](std::string_view part) {
        const auto at = static_cast<std::uint32_t>(decoded.find(part));
        const std::uint32_t begin = raw_offset(map, at);
        return raw.substr(begin, raw_offset(map, at + static_cast<std::uint32_t>(part.size())) - begin);
    };
    EXPECT_EQ(cut("secret"), "secret");
    EXPECT_EQ(cut("=xy"), R"(=\u0078y)");
    EXPECT_EQ(cut("\U0001F600"), R"(\ud83d\ude00)");
    EXPECT_EQ(cut("\n"), R"(\n)");
    // The middle of a character that was an escape belongs to the whole escape.
    const auto middle = static_cast<std::uint32_t>(decoded.find("\U0001F600")) + 2;
    EXPECT_EQ(raw.substr(raw_offset(map, middle), 6), R"(\ud83d)");
}

std::string random_string(std::mt19937& random) {
    static constexpr std::string_view pieces[] = {
        "a",       "some plain text ", "\\n",     "\\\\",    "\\\"",   "\\/",          "\\u0041",    "\\u00e9",
        "\\u20ac", "\\ud83d\\ude00",   "\\ud800", "\\udc00", "\u00e9", "\u65e5\u672c", "\U0001F600", "<&>"};
    std::string text;
    for (auto i = random() % 12; i > 0; --i) text += pieces[random() % std::size(pieces)];
    return text;
}

TEST(SpanMap, HoldsForRandomStrings) {
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) fuzz::check_map(random_string(random));
}

TEST(Fuzz, TheCorpusHolds) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SALLYPORT_SOURCE_DIR "/test/fuzz/corpus/json")) {
        std::ifstream in(entry.path(), std::ios::binary);
        fuzz::check_json(std::string(std::istreambuf_iterator<char>(in), {}));
        ++files;
    }
    EXPECT_GE(files, 12u);
}

} // namespace
} // namespace sallyport::json
