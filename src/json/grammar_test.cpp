// What is accepted, what is refused, and where.
#include "base/limits.h"
#include "json/parsed.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::json {
namespace {

bool accepts(std::string_view text) { return Parsed(text).result.has_value(); }

std::string error_of(std::string_view text) {
    const Parsed parsed(text);
    return parsed.result ? "" : parsed.result.error().message;
}

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
    EXPECT_EQ(error_of(std::string(10'000, ' ') + "\"\u00e9\u00e9\xed\xa0\x80\""),
              "The JSON text is not valid UTF-8 at 1:10006.");
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

} // namespace
} // namespace sallyport::json
