#include "endpoint/network_logs.h"

#include <gtest/gtest.h>

namespace sallyport::endpoint {
namespace {

constexpr std::int64_t now = 1'795'860'000'000; // 2026-11-28

std::string read(LogKind kind, std::initializer_list<std::string_view> lines) {
    LogReader reader(kind, now);
    std::string out;
    for (const std::string_view line : lines) {
        LogLine found;
        switch (reader.read(line, found)) {
        case LineKind::host:
            out +=
                found.host + "<" + found.source + "@" + std::to_string(found.at_ms) + (found.blocked ? "!" : "") + " ";
            break;
        case LineKind::nothing: out += "- "; break;
        case LineKind::addresses_only: out += "addresses "; break;
        case LineKind::damaged: out += "damaged "; break;
        }
    }
    return out;
}

TEST(NetworkLogs, ZeekFollowsItsHeader) {
    EXPECT_EQ(
        read(LogKind::zeek, {"1.0\ta\tb", "#separator \\x09", "#fields\tts\tid.orig_h\tserver_name",
                             "1790000000.5\t10.0.0.5\tAPI.x.com", "1790000000\t10.0.0.5\t-", "1790000000\t10.0.0.5",
                             "#fields\tserver_name\tts\tid.orig_h", "y.com\t1790000000\t::1"}),
        "damaged - - api.x.com<10.0.0.5@1790000000500 - damaged - y.com<::1@1790000000000 ");
    EXPECT_EQ(read(LogKind::zeek, {"#separator \\x2c", "#fields,ts,id.orig_h,query", "1790000000,10.0.0.5,x.com",
                                   "#separator \\xzz", "#separator"}),
              "- - x.com<10.0.0.5@1790000000000 damaged - ");
    EXPECT_EQ(
        read(LogKind::zeek, {"{\"ts\":1790000000.0,\"id.orig_h\":\"10.0.0.5\",\"host\":\"x.com:80\"}",
                             "{\"ts\":\"2026-09-21T14:13:20.000Z\",\"id.orig_h\":\"10.0.0.5\",\"query\":\"y.com\"}",
                             "{\"ts\":\"never\",\"id.orig_h\":\"10.0.0.5\"}", "{}", "{"}),
        "x.com<10.0.0.5@1790000000000 y.com<10.0.0.5@1790000000000 damaged damaged damaged ");
}

TEST(NetworkLogs, SquidInBothForms) {
    EXPECT_EQ(read(LogKind::squid,
                   {"1790000000.123     45 10.0.0.5 TCP_DENIED/403 39 CONNECT x.com:443 - HIER_NONE/- text/html",
                    "10.0.0.5 - - [21/Sep/2026:16:13:20 +0200] \"GET http://u:p@x.com/ HTTP/1.1\" 200 1 TCP_MISS:X",
                    "1790000000.123 45 10.0.0.5 TCP_MISS/200 39 GET error:invalid-request - -/- -",
                    "10.0.0.5 - - [21/Sep/2026:16:13:20 +0200] \"GET", "word"}),
              "x.com<10.0.0.5@1790000000123! x.com<10.0.0.5@1790000000000 - damaged damaged ");
}

TEST(NetworkLogs, DnsOfThreeServers) {
    EXPECT_EQ(
        read(LogKind::dns,
             {"Sep 21 14:13:20 dnsmasq[1]: query[AAAA] X.com from 10.0.0.5",
              "Dec 21 14:13:20 dnsmasq[1]: query[A] x.com from 10.0.0.5", "Sep 21 14:13:20 dnsmasq[1]: query[A] x.com",
              "[1790000000] unbound[1:0] info: 10.0.0.5 x.com. A IN", "[1790000000] unbound[1:0] info: start",
              "21-Sep-2026 14:13:20.000 client @0x1 10.0.0.5#5 (x.com): query: x.com IN A + (10.0.0.1)",
              "kernel: something"}),
        "x.com<10.0.0.5@1790000000000 x.com<10.0.0.5@1766326400000 damaged x.com<10.0.0.5@1790000000000 - "
        "x.com<10.0.0.5@1790000000000 damaged ");
}

TEST(NetworkLogs, WhatTheGatewayAndApprovedHostsDoIsCountedApart) {
    LogTally tally({"*.approved.openai.azure.com"}, {"10.0.0.9:443"}, "");
    const auto add = [&](const char* host, const char* source) {
        tally.add(LineKind::host, {host, source, 1'000, false, false});
    };
    add("api.openai.com", "10.0.0.5");
    add("api.openai.com", "10.0.0.9");
    add("x.approved.openai.azure.com", "10.0.0.5");
    add("x.other.openai.azure.com", "10.0.0.5");
    add("example.com", "10.0.0.5");
    EXPECT_EQ(tally.hosts().size(), 2u);
    EXPECT_EQ(tally.hosts().at("api.openai.com").contacts, 1u);
    EXPECT_EQ(tally.from_gateway, 1u);
    EXPECT_EQ(tally.allowed, 1u);
    EXPECT_EQ(tally.unrelated, 1u);
}

} // namespace
} // namespace sallyport::endpoint
