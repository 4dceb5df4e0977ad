#include "base/network.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Network, ReadsBothFormsOfAnAddressAsOne) {
    EXPECT_EQ(parse_ip_address("192.0.2.7"), parse_ip_address("::ffff:192.0.2.7"));
    EXPECT_EQ("192.0.2.7", parse_ip_address("::ffff:c000:207")->text());
    EXPECT_EQ("2001:db8::7", parse_ip_address("2001:0DB8:0:0::7")->text());
}

TEST(Network, ReadsNoOtherFormsOfAddresses) {
    using namespace std::string_view_literals;
    for (const auto text :
         {""sv, "127.1"sv, "2130706433"sv, "0x7f.0.0.1"sv, "0177.0.0.1"sv, "127.0.0.01"sv, "1.2.3.4.5"sv, "256.0.0.1"sv,
          "[::1]"sv, "fe80::1%eth0"sv, "127.0.0.1\0.example"sv, " 127.0.0.1"sv, "::1 "sv})
        EXPECT_FALSE(parse_ip_address(text)) << text;
}

TEST(Network, HoldsWhatBeginsAsItDoes) {
    const auto ten = parse_network("10.0.0.0/8"), half = parse_network("172.16.0.0/12"),
               one = parse_network("192.0.2.7");
    ASSERT_TRUE(ten && half && one);
    EXPECT_TRUE(ten->holds(*parse_ip_address("10.255.0.1")));
    EXPECT_FALSE(ten->holds(*parse_ip_address("11.0.0.0")));
    EXPECT_TRUE(half->holds(*parse_ip_address("172.31.255.255")));
    EXPECT_FALSE(half->holds(*parse_ip_address("172.32.0.0")));
    EXPECT_TRUE(one->holds(*parse_ip_address("::ffff:192.0.2.7")));
    EXPECT_TRUE(parse_network("fd00::/8")->holds(*parse_ip_address("fdff::1")));
    EXPECT_TRUE(parse_network("0.0.0.0/0")->holds(*parse_ip_address("203.0.113.1")));
    EXPECT_FALSE(parse_network("0.0.0.0/0")->holds(*parse_ip_address("2001:db8::1")));
}

TEST(Network, IsStrictAboutPrefixes) {
    for (const auto* text :
         {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "fd00::/129", "10.0.0.0/-1", "/8"})
        EXPECT_FALSE(parse_network(text)) << text;
}

} // namespace
} // namespace sallyport
