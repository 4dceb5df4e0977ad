#include "base/utf8.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Utf8, WhatIsWellFormedAndWhatIsNot) {
    for (const std::string_view text :
         {"", "plain", "caf\xC3\xA9", "\xE2\x80\x94", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (const std::string_view text :
         {"\x80", "a\xFF", "\xC0\xAF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x9F\x98"})
        EXPECT_FALSE(is_utf8(text)) << text;
}

} // namespace
} // namespace sallyport
