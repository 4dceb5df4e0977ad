// For the tests of this folder: a text with its document, and the texts that every reader must judge alike.
#pragma once

#include "base/buffer.h"
#include "json/document.h"

#include <string>
#include <string_view>

namespace sallyport::json {

struct Parsed {
    Buffer raw;
    Document document;
    Result<void> result;
    explicit Parsed(std::string_view text) : raw(text), result(document.parse(raw.view())) {}
};

// clang-format off
// Every production of RFC 8259, and its near misses.
inline constexpr std::string_view accepted[] = {
    "{}", "[]", "null", "true", "false", "0", "-0", "\"\"", " [] ", "\t\r\n{}\n", "[[],[[]]]", "{\"\":{}}",
    "{\"a\":1,\"a\":2}", "[1,2,3]", "[1 , 2]", "{ \"a\" : [ ] }", "10", "-10", "1.0", "1.50", "-0.1", "0e1", "0E+1",
    "1e-10", "1E5", "123.456e+78", "12345678901234567890", "123456789012345678901234567890", "1e400", "-1e-400",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\u00e9\"", "\"\\u20AC\"", "\"\\ud83d\\ude00\"",
    "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\udc00\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"",
    "\"\\ud800\\ud800\\udc00\"", "\"\x7f\"", "\"\u00e9\u20ac\U0001F600\"", "\"\u2028\u2029\"", "\"\ufeff\"",
    "\"\uffff\"", "\"/\"", "\"'\"", "\"a string of more than thirty-two bytes, so that it spans blocks\"",
    "{\"\\u0061\":1}", "[null,true,false,0,\"\",{},[]]",
};
inline constexpr std::string_view refused[] = {
    "", " ", "\n", "[", "]", "{", "}", "[}", "{]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]",
    "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\":1 \"b\":2}",
    "{\"a\"::1}", "{\"a\":1", "{\"a\":1,", "{null:1}", "{[]:1}", "[1]]", "{}}", "{}{}", "[] []", "1 2", "nullx",
    "null,", "nul", "True", "NULL", "tru", "fals", "undefined", "NaN", "-NaN", "Infinity", "-Infinity", "inf", "+1",
    "01", "-01", "00", "-", "--1", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1E-", "1e1.5", "0x10", "1_000", "1a",
    "1..2", "0.1.2", "\"", "\"a", "'a'", "\"\\", "\"\\\"", "\"\\x41\"", "\"\\a\"", "\"\\'\"", "\"\\u\"", "\"\\u1\"",
    "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\U0041\"", "\"\\ u0041\"", "\"\n\"", "\"\t\"", "\"\x01\"",
    "\"\x1f\"", "\"\r\"", "// c\n1", "/* c */1", "1 // c", "#1", "[1]#", "\ufeff[]", "\xef\xbb\xbf{}", "\u00a0[]",
    "\f[]", "\v[]", "\"\x80\"", "\"\xc3\"", "\"\xc3\x28\"", "\"\xc0\xaf\"", "\"\xe0\x80\xaf\"", "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"", "\"\xf8\x88\x80\x80\x80\"", "\xff", "{\"\xff\":1}", "[1]\xff", "\"a\"\"b\"",
    "[\"a\"\"b\"]", "<a/>", "\\u005b]", "[\\n]",
};
// A NUL can only be written with its length.
inline constexpr std::string_view refused_with_nul[] = {
    {"\0", 1}, {"[]\0", 3}, {"\"\0\"", 3}, {"[\0]", 3}, {"1\0", 2}, {"{\"a\":1\0}", 8},
};
// clang-format on

} // namespace sallyport::json
