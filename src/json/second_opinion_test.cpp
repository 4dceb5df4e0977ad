// No other reader may see another text: simdjson is the second opinion, on validity and on every value.
#include "json/json_check.h"
#include "json/parsed.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>
#include <regex>
#include <string>

namespace sallyport::json {
namespace {

std::string random_string(std::mt19937& random) {
    static constexpr std::string_view pieces[] = {
        "a",       "some plain text ", "\\n",     "\\\\",    "\\\"",   "\\/",          "\\u0041",    "\\u00e9",
        "\\u20ac", "\\ud83d\\ude00",   "\\ud800", "\\udc00", "\u00e9", "\u65e5\u672c", "\U0001F600", "<&>"};
    std::string text;
    for (auto i = random() % 12; i > 0; --i) text += pieces[random() % std::size(pieces)];
    return text;
}

std::string random_value(std::mt19937& random, int depth) {
    static constexpr std::string_view scalars[] = {"null", "true",  "false",     "0",   "-1",
                                                   "1.0",  "1.5e3", "123456789", "\"\""};
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
    EXPECT_EQ(parsed.result.has_value(), code == simdjson::SUCCESS)
        << text << "\n"
        << simdjson::error_message(code) << "\n"
        << (parsed.result ? "" : parsed.result.error().message);
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

} // namespace
} // namespace sallyport::json
