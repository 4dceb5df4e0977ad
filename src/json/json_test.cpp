// What is accepted, what is refused and where, and that no other reader would see another text: simdjson is the second opinion.
#include "json/document.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "../../test/fuzz/check_json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <regex>
#include <string>
#include <vector>

namespace sallyport::json {
namespace {

struct Parsed {
    Buffer raw;
    Document document;
    Result<void> result;
    explicit Parsed(std::string_view text) : raw(text), result(document.parse(raw.view())) {}
};

bool accepts(std::string_view text) { return Parsed(text).result.has_value(); }

std::string error_of(std::string_view text) {
    const Parsed parsed(text);
    return parsed.result ? "" : parsed.result.error().message;
}

using namespace std::string_view_literals;

// Every production of RFC 8259, and its near misses.
constexpr std::string_view accepted[] = {
    "{}", "[]", "null", "true", "false", "0", "-0", "\"\"", " [] ", "\t\r\n{}\n", "[[],[[]]]", "{\"\":{}}", "{\"a\":1,\"a\":2}",
    "[1,2,3]", "[1 , 2]", "{ \"a\" : [ ] }", "10", "-10", "1.0", "1.50", "-0.1", "0e1", "0E+1", "1e-10", "1E5", "123.456e+78",
    "12345678901234567890", "123456789012345678901234567890", "1e400", "-1e-400",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\u00e9\"", "\"\\u20AC\"", "\"\\ud83d\\ude00\"", "\"\\u0000\"",
    "\"\\ud800\"", "\"\\udc00\"", "\"\\udc00\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\\udc00\"",
    "\"\x7f\"", "\"\u00e9\u20ac\U0001F600\"", "\"\u2028\u2029\"", "\"\ufeff\"", "\"\uffff\"", "\"/\"", "\"'\"",
    "\"a string of more than thirty-two bytes, so that it spans blocks\"",
    "{\"\\u0061\":1}", "[null,true,false,0,\"\",{},[]]",
};
constexpr std::string_view refused[] = {
    "", " ", "\n", "[", "]", "{", "}", "[}", "{]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", "{,}", "{\"a\"}",
    "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\":1 \"b\":2}", "{\"a\"::1}", "{\"a\":1", "{\"a\":1,",
    "{null:1}", "{[]:1}", "[1]]", "{}}", "{}{}", "[] []", "1 2", "nullx", "null,", "nul", "True", "NULL", "tru", "fals", "undefined", "NaN",
    "-NaN", "Infinity", "-Infinity", "inf", "+1", "01", "-01", "00", "-", "--1", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1E-",
    "1e1.5", "0x10", "1_000", "1a", "1..2", "0.1.2", "\"", "\"a", "'a'", "\"\\", "\"\\\"", "\"\\x41\"", "\"\\a\"", "\"\\'\"",
    "\"\\u\"", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\U0041\"", "\"\\ u0041\"", "\"\n\"", "\"\t\"", "\"\x01\"",
    "\"\x1f\"", "\"\r\"", "// c\n1", "/* c */1", "1 // c", "#1", "[1]#", "\ufeff[]", "\xef\xbb\xbf{}", "\u00a0[]", "\f[]", "\v[]",
    "\"\x80\"", "\"\xc3\"", "\"\xc3\x28\"", "\"\xc0\xaf\"", "\"\xe0\x80\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xf8\x88\x80\x80\x80\"",
    "\xff", "{\"\xff\":1}", "[1]\xff", "\"a\"\"b\"", "[\"a\"\"b\"]", "<a/>", "\\u005b]", "[\\n]",
};
// A NUL can only be written with its length.
constexpr std::string_view refused_with_nul[] = {"\0"sv, "[]\0"sv, "\"\0\""sv, "[\0]"sv, "1\0"sv, "{\"a\":1\0}"sv};

TEST(Grammar, AcceptsEveryProduction) {
    for (const std::string_view text : accepted) EXPECT_TRUE(accepts(text)) << text << ": " << error_of(text);
}

TEST(Grammar, RefusesEveryNearMiss) {
    for (const std::string_view text : refused) EXPECT_FALSE(accepts(text)) << text;
    for (const std::string_view text : refused_with_nul) EXPECT_FALSE(accepts(text)) << text;
}

// A string's end, an escape and an error are found at every position of the blocks that the scanner looks at.
TEST(Grammar, BlockBoundariesDoNotMatter) {
    for (std::size_t before = 0; before < 70; ++before) {
        const std::string padding(before, 'x');
        EXPECT_TRUE(accepts("\"" + padding + "\""));
        EXPECT_TRUE(accepts("\"" + padding + "\\n\""));
        EXPECT_TRUE(accepts("\"" + padding + "\\\\\""));
        EXPECT_TRUE(accepts("\"" + padding + "\\ud83d\\ude00\\\"\""));
        EXPECT_FALSE(accepts("\"" + padding + "\\\""));
        EXPECT_FALSE(accepts("\"" + padding + "\\u12\""));
        EXPECT_FALSE(accepts("\"" + padding + "\x1f\""));
        EXPECT_FALSE(accepts("\"" + padding));
        EXPECT_FALSE(accepts("\"" + padding + "\\"));
    }
}

// What lies behind the text (an old, longer one in the same buffer) is not read as part of it.
TEST(Grammar, NothingBehindTheTextCounts) {
    const Buffer raw("\"abc\" ,\"def\"]");
    Document document;
    EXPECT_TRUE(document.parse(raw.view().substr(0, 5)));
    EXPECT_FALSE(document.parse(raw.view().substr(0, 4)));
    EXPECT_FALSE(document.parse(raw.view().substr(0, 7)));
}

TEST(Errors, SayWhereAndWhat) {
    EXPECT_EQ(error_of("{\n  \"a\": 1,\n  b\n}"), "The JSON text is not readable at 3:3: expected a key in quotes.");
    EXPECT_EQ(error_of("[1 2]"), "The JSON text is not readable at 1:4: expected ',' or ']'.");
    EXPECT_EQ(error_of("[]x"), "The JSON text is not readable at 1:3: expected nothing behind the value.");
    EXPECT_EQ(error_of("{\"a\":\"\xff\"}"), "The JSON text is not valid UTF-8 at 1:7.");
    EXPECT_EQ(error_of(std::string(10'000, ' ') + "\"\u00e9\u00e9\xed\xa0\x80\""), "The JSON text is not valid UTF-8 at 1:10006.");
    const Parsed parsed("nope");
    EXPECT_EQ(parsed.result.error().kind, ErrorKind::invalid);
    EXPECT_EQ(parsed.result.error().source, ErrorSource::client);
}

TEST(Limits, DepthIsBoundedWithoutRecursion) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_TRUE(accepts(nested(limits::json_depth_max)));
    const std::string deeper = nested(limits::json_depth_max + 1);
    const Parsed parsed(deeper);
    ASSERT_FALSE(parsed.result);
    EXPECT_EQ(parsed.result.error().kind, ErrorKind::too_large);
    EXPECT_FALSE(accepts(std::string(1'000'000, '[')));
    EXPECT_FALSE(accepts(std::string(1'000'000, '{')));
    // Depth is not the number of containers.
    std::string wide = "[";
    for (int i = 0; i < 1000; ++i) wide += "[],{},";
    EXPECT_TRUE(accepts(wide + "0]"));
}

TEST(Limits, ValuesAreBounded) {
    std::string text = "[0";
    for (std::size_t i = 2; i < limits::json_nodes_max; ++i) text += ",0";
    EXPECT_TRUE(accepts(text + "]"));
    const std::string more = text + ",0]";
    const Parsed parsed(more);
    ASSERT_FALSE(parsed.result);
    EXPECT_EQ(parsed.result.error().kind, ErrorKind::too_large);
}

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
    const Parsed parsed(R"(["\"\\\/\b\f\n\r\t","\u0041\u00e9\u20AC\ud83d\ude00","plain","\ud800","\udc00\ud800",12.50])");
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
    static constexpr std::string_view pieces[] = {"a", "some plain text ", "\\n", "\\\\", "\\\"", "\\/", "\\u0041", "\\u00e9", "\\u20ac",
                                                  "\\ud83d\\ude00", "\\ud800", "\\udc00", "\u00e9", "\u65e5\u672c", "\U0001F600", "<&>"};
    std::string text;
    for (auto i = random() % 12; i > 0; --i) text += pieces[random() % std::size(pieces)];
    return text;
}

TEST(SpanMap, HoldsForRandomStrings) {
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) fuzz::check_map(random_string(random));
}

std::string random_value(std::mt19937& random, int depth) {
    static constexpr std::string_view scalars[] = {"null", "true", "false", "0", "-1", "1.0", "1.5e3", "123456789", "\"\""};
    static constexpr std::string_view spaces[] = {"", "", "", " ", "\n  ", "\t"};
    const auto space = [&] { return std::string(spaces[random() % std::size(spaces)]); };
    const auto kind = random() % (depth > 0 ? 8 : 4);
    if (kind < 2) return std::string(scalars[random() % std::size(scalars)]);
    if (kind < 4) return '"' + random_string(random) + '"';
    const bool object = kind < 6;
    std::string text = object ? "{" : "[";
    const auto count = random() % 5;
    for (std::size_t i = 0; i < count; ++i) {
        if (i != 0) text += ',';
        text += space();
        if (object) text += "\"k" + std::to_string(i) + "\"" + space() + ":" + space();
        text += random_value(random, depth - 1) + space();
    }
    return text + (object ? "}" : "]");
}

// What simdjson refuses and we accept on purpose: lone surrogates (vendors take them) and numbers beyond its types.
// Each is believed only where the text shows such a thing.
bool differs_on_purpose(simdjson::error_code code, std::string_view text) {
    static const std::regex huge("[0-9]{19}|[eE][+-]?[0-9]{3}");
    if (code == simdjson::STRING_ERROR) return text.contains("\\ud");
    return code == simdjson::NUMBER_ERROR && std::regex_search(text.begin(), text.end(), huge);
}

// 0: both refuse, 1: both accept, 2: differs on purpose; a disagreement fails.
int compare(simdjson::dom::parser& oracle, const std::string& text) {
    const Parsed parsed(text);
    const auto code = oracle.parse(text).error();
    if (parsed.result && code != simdjson::SUCCESS && differs_on_purpose(code, text)) return 2;
    EXPECT_EQ(parsed.result.has_value(), code == simdjson::SUCCESS) << text << "\n" << simdjson::error_message(code) << "\n" << error_of(text);
    return parsed.result ? 1 : 0;
}

TEST(SecondOpinion, AgreesOnTheTables) {
    simdjson::dom::parser oracle;
    for (const std::string_view text : accepted) compare(oracle, std::string(text));
    // simdjson passes over a byte order mark; we do not.
    for (const std::string_view text : refused)
        if (!text.starts_with("\xef\xbb\xbf")) compare(oracle, std::string(text));
    for (const std::string_view text : refused_with_nul) compare(oracle, std::string(text));
}

void expect_same(const Document& d, NodeIndex n, simdjson::dom::element element, std::string& scratch) {
    switch (element.type()) {
    case simdjson::dom::element_type::STRING: EXPECT_EQ(d.text(n, scratch), element.get_string().value()); break;
    case simdjson::dom::element_type::OBJECT: {
        NodeIndex child = d.first_child(n);
        for (const auto& [key, value] : element.get_object().value()) {
            ASSERT_NE(child, no_node);
            EXPECT_EQ(d.key(child, scratch), key);
            expect_same(d, child, value, scratch);
            child = d.next_sibling(child);
        }
        EXPECT_EQ(child, no_node);
        break;
    }
    case simdjson::dom::element_type::ARRAY: {
        NodeIndex child = d.first_child(n);
        for (const simdjson::dom::element value : element.get_array().value()) {
            ASSERT_NE(child, no_node);
            expect_same(d, child, value, scratch);
            child = d.next_sibling(child);
        }
        EXPECT_EQ(child, no_node);
        break;
    }
    case simdjson::dom::element_type::BOOL: EXPECT_EQ(d.raw_value(n) == "true", element.get_bool().value()); break;
    case simdjson::dom::element_type::NULL_VALUE: EXPECT_EQ(d[n].kind, Kind::null); break;
    default: EXPECT_EQ(d[n].kind, Kind::number);
    }
}

TEST(SecondOpinion, ReadsTheSameValues) {
    std::mt19937 random(11);
    simdjson::dom::parser oracle;
    int compared = 0;
    for (int i = 0; i < 3000; ++i) {
        const std::string text = random_value(random, 5);
        if (compare(oracle, text) != 1) continue;
        const Parsed parsed(text);
        std::string scratch;
        expect_same(parsed.document, 0, oracle.parse(text).value(), scratch);
        fuzz::check_tree(parsed.document);
        ++compared;
    }
    EXPECT_GT(compared, 1000);
}

TEST(SecondOpinion, AgreesOnMutations) {
    static constexpr std::string_view bytes = "{}[]\",:\\ut0123e+-. \n\x01\xc3\xa9\xff/";
    std::mt19937 random(13);
    simdjson::dom::parser oracle;
    int counts[3] = {};
    for (int i = 0; i < 60'000; ++i) {
        std::string text = random_value(random, 4);
        for (auto edits = 1 + random() % 3; edits > 0 && !text.empty(); --edits) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
            case 0: text[at] = bytes[random() % bytes.size()]; break;
            case 1: text.erase(at, 1); break;
            case 2: text.insert(at, 1, bytes[random() % bytes.size()]); break;
            default: text.resize(at); break;
            }
        }
        if (text.starts_with("\xef\xbb\xbf")) continue;
        ++counts[compare(oracle, text)];
    }
    EXPECT_GT(counts[0], 10'000);
    EXPECT_GT(counts[1], 3'000);
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
