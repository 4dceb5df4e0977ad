#include "json/writer.h"

#include "base/buffer.h"
#include "json/document.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace sallyport::json {
namespace {

TEST(Writer, WritesMembersInTheOrderOfTheCalls) {
    std::string out;
    Writer w(out);
    w.begin_object();
    w.member("b", 1);
    w.member("a", "x");
    w.begin_array("list");
    w.element("one");
    w.element(std::int64_t{2});
    w.begin_object();
    w.end_object();
    w.end_array();
    w.begin_object("inner");
    w.member("t", true);
    w.member_null("n");
    w.end_object();
    w.member_raw("raw", "[1.0]");
    w.end_object();
    EXPECT_EQ(out, R"({"b":1,"a":"x","list":["one",2,{}],"inner":{"t":true,"n":null},"raw":[1.0]})");
}

TEST(Writer, WritesTheWholeRangeOfIntegers) {
    std::string out;
    Writer w(out);
    w.begin_object();
    w.member("min", std::numeric_limits<std::int64_t>::min());
    w.member("max", std::numeric_limits<std::uint64_t>::max());
    w.end_object();
    EXPECT_EQ(out, R"({"min":-9223372036854775808,"max":18446744073709551615})");
}

TEST(Writer, EscapesWhatMustBeEscapedAndNothingElse) {
    std::string out;
    Writer w(out);
    w.begin_object();
    w.member("k\"", std::string_view("a\"b\\c\n\x01/\u00e9<"));
    w.end_object();
    const Buffer raw(out);
    Document document;
    ASSERT_TRUE(document.parse(raw.view())) << out;
    std::string scratch;
    EXPECT_EQ(document.text(document.find(0, "k\""), scratch), std::string_view("a\"b\\c\n\x01/\u00e9<"));
    EXPECT_NE(out.find("\u00e9<"), std::string::npos) << out;
}

TEST(Writer, WhatIsNotUtf8IsReplacedSoThatTheResultIsJson) {
    std::string out;
    Writer w(out);
    w.begin_object();
    w.member("k", std::string_view("a\xff\xc3(\xed\xa0\x80z"));
    w.end_object();
    const Buffer raw(out);
    Document document;
    ASSERT_TRUE(document.parse(raw.view())) << out;
    EXPECT_NE(out.find("\ufffd"), std::string::npos);
}

TEST(Writer, AppendsToWhatIsThere) {
    std::string out = "x=";
    Writer w(out);
    w.begin_array();
    w.element_raw("{}");
    w.element_raw("[]");
    w.end_array();
    EXPECT_EQ(out, "x=[{},[]]");
}

} // namespace
} // namespace sallyport::json
