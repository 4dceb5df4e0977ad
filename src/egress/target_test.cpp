#include "egress/target.h"

#include <gtest/gtest.h>

namespace sallyport::egress {
namespace {

using namespace std::string_view_literals;

TEST(Target, ReadsNamesAndAddressesInTheirUsualForms) {
    const auto name = parse_authority("Packages.Acme.example:443");
    ASSERT_TRUE(name);
    EXPECT_EQ("packages.acme.example", name->host);
    EXPECT_EQ(443, name->port);
    EXPECT_FALSE(name->is_address);
    const auto v4 = parse_authority("192.0.2.7:8443");
    ASSERT_TRUE(v4);
    EXPECT_TRUE(v4->is_address);
    const auto v6 = parse_authority("[2001:DB8:0::1]:443");
    ASSERT_TRUE(v6);
    EXPECT_EQ("[2001:db8::1]:443", v6->text());
    // One address in its IPv6 clothes is the same host to the rules.
    EXPECT_EQ("127.0.0.1", parse_authority("[::ffff:127.0.0.1]:443")->host);
}

TEST(Target, RefusesWhatTwoReadersCouldReadDifferently) {
    for (const auto text : {""sv,
                            ":443"sv,
                            "a"sv,
                            "a:"sv,
                            "a:0"sv,
                            "a:65536"sv,
                            "a:4x"sv,
                            "a:-1"sv,
                            "a:+1"sv,
                            "a:0443"sv,
                            "a:443:443"sv,
                            "a.:443"sv,
                            "a..b:443"sv,
                            ".a:443"sv,
                            "a\0.b:443"sv,
                            "a\0:443"sv,
                            "a%00:443"sv,
                            "a%2e.b:443"sv,
                            "b\xC3\xBC.example:443"sv,
                            "a b:443"sv,
                            "a/b:443"sv,
                            "a\\b:443"sv,
                            "user@a:443"sv,
                            "user:pass@a:443"sv,
                            "a:443@b:80"sv,
                            "127.1:443"sv,
                            "127.0.0.01:443"sv,
                            "0177.0.0.1:443"sv,
                            "0x7f.0.0.1:443"sv,
                            "0x7f000001:443"sv,
                            "2130706433:443"sv,
                            "017700000001:443"sv,
                            "127.0.0.1.:443"sv,
                            "127.0.0.256:443"sv,
                            "1.2.3:443"sv,
                            "[::1:443"sv,
                            "::1:443"sv,
                            "[127.0.0.1]:443"sv,
                            "[a]:443"sv,
                            "[::1]443"sv,
                            "[::1]x:443"sv,
                            "[::1%25lo]:443"sv,
                            "[::1%lo]:443"sv,
                            "[[::1]]:443"sv,
                            "[]:443"sv,
                            "[::1]"sv,
                            "a\r\nb:443"sv,
                            "-a:443"sv,
                            "a?b:443"sv,
                            "a#b:443"sv})
        EXPECT_FALSE(parse_authority(text)) << text;
    const std::string label(63, 'a');
    EXPECT_FALSE(parse_authority(label + "." + label + "." + label + "." + label + ":443")); // 255
    EXPECT_FALSE(parse_authority(label + "a.example:443"));
}

TEST(Target, ReadsAnAbsoluteForm) {
    const auto url = parse_url("http://Plain.test:8080/a/b?c=d");
    ASSERT_TRUE(url);
    EXPECT_EQ("plain.test:8080", url->target.text());
    EXPECT_EQ("/a/b?c=d", url->path_and_query);
    EXPECT_EQ(80, parse_url("HTTP://plain.test")->target.port);
    EXPECT_EQ("/", parse_url("http://plain.test")->path_and_query);
    for (const auto text : {"https://a/"sv, "ftp://a/"sv, "/a"sv, "http:/a"sv, "http://"sv, "http:///a"sv,
                            "http://u@a/"sv, "http://u:p@a/"sv, "http://a?x"sv, "http://a#x"sv, "http://a\\@b/"sv,
                            "http://127.1/"sv, "http://a:0/"sv, "http://a:/"sv, "*"sv, "a:80"sv})
        EXPECT_FALSE(parse_url(text)) << text;
}

TEST(Target, AHostHeaderSaysTheSameOrNot) {
    const Target target{"a.example", 80, false};
    EXPECT_TRUE(same_host("A.example", target, 80));
    EXPECT_TRUE(same_host("a.example:80", target, 80));
    for (const auto text :
         {"b.example"sv, "a.example:81"sv, ""sv, "a.example."sv, "a.example, b.example"sv, "a.example@b"sv})
        EXPECT_FALSE(same_host(text, target, 80)) << text;
    EXPECT_FALSE(same_host("a.example", target, 443));
}

} // namespace
} // namespace sallyport::egress
