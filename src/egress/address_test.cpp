#include "egress/address.h"

#include <gtest/gtest.h>

namespace sallyport::egress {
namespace {

TEST(Address, WhatIsNotPublicIsNamed) {
    for (const char* text : {"127.0.0.1",
                             "127.255.255.254",
                             "0.0.0.0",
                             "0.1.2.3",
                             "10.1.2.3",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.168.1.1",
                             "169.254.169.254",
                             "169.254.1.1",
                             "100.64.0.1",
                             "100.100.100.200",
                             "168.63.129.16",
                             "192.0.0.8",
                             "198.18.0.1",
                             "224.0.0.1",
                             "239.255.255.255",
                             "240.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "::7f00:1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "::ffff:169.254.169.254",
                             "64:ff9b::7f00:1",
                             "64:ff9b::808:808",
                             "64:ff9b:1::1",
                             "2002:7f00:1::",
                             "2001::1",
                             "2001:db8::1",
                             "fc00::1",
                             "fd00:ec2::254",
                             "fdff::1",
                             "fe80::1",
                             "fec0::1",
                             "ff02::1",
                             "100::1",
                             "4000::1"})
        EXPECT_NE("", not_public(*parse_ip_address(text))) << text;
    EXPECT_EQ("the address of a cloud's metadata service", not_public(*parse_ip_address("169.254.169.254")));
    EXPECT_EQ("the address of a cloud's metadata service", not_public(*parse_ip_address("fd00:ec2::254")));
}

TEST(Address, WhatIsPublicIsNot) {
    for (const char* text : {"1.1.1.1", "8.8.8.8", "104.16.0.1", "172.15.255.255", "172.32.0.1", "100.63.255.255",
                             "100.128.0.1", "223.255.255.255", "192.0.1.1", "2606:4700::1111", "2a00:1450:4001::1"})
        EXPECT_EQ("", not_public(*parse_ip_address(text))) << text;
}

TEST(Address, ARulePermitsWhatItNames) {
    policy::EgressRule rule;
    EXPECT_TRUE(permitted(rule, *parse_ip_address("1.1.1.1")));
    EXPECT_FALSE(permitted(rule, *parse_ip_address("10.1.2.3")));
    rule.addresses = {*parse_network("10.1.0.0/16")};
    EXPECT_TRUE(permitted(rule, *parse_ip_address("10.1.2.3")));
    EXPECT_TRUE(permitted(rule, *parse_ip_address("::ffff:10.1.2.3")));
    EXPECT_FALSE(permitted(rule, *parse_ip_address("10.2.2.3")));
    EXPECT_FALSE(permitted(rule, *parse_ip_address("169.254.169.254")));
}

} // namespace
} // namespace sallyport::egress
