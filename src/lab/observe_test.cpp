#include "lab/observe.h"

#include "lab/body_places.h"
#include "lab/channels.h"
#include "lab/tls_hello.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::lab {

namespace {

constexpr std::int64_t noon_ms = 1'795'867'200'000; // 2026-11-28T12:00:00Z

std::string value_of(const std::vector<BodyPlace>& places, std::string_view path) {
    for (const BodyPlace& one : places)
        if (one.path == path) return one.value;
    return "absent";
}

Observations observed(const std::string& sent, const std::string& host) {
    Recording recording;
    recording.began_ms = noon_ms;
    recording.connections.push_back({.host = host,
                                     .address = "198.18.0.1",
                                     .port = 443,
                                     .tls = true,
                                     .hello = {},
                                     .sent = sent,
                                     .arrived = {{0, 1}},
                                     .problem = {}});
    const Conditions conditions;
    return observe(recording, conditions, match(recording, conditions, nullptr));
}

} // namespace

TEST(Bodies, LeavesAreRawAndOrderIsAPlace) {
    const auto places =
        places_of_body(R"({"b":1.0,"a":"\u0041","tools":[{"name":"x"},{"name":"y"}],"n":[1,2]})", false);
    EXPECT_EQ(value_of(places, "$.b"), "1.0");
    EXPECT_EQ(value_of(places, "$.a"), "\"\\u0041\"");
    EXPECT_EQ(value_of(places, "$ keys"), "b a tools n");
    EXPECT_EQ(value_of(places, "$.tools order"), "x y");
    EXPECT_EQ(value_of(places, "$.tools[y].name"), "\"y\"");
    EXPECT_EQ(value_of(places, "$.n length"), "2");
}

TEST(Bodies, JsonInsideOfStringsIsOpened) {
    const auto places = places_of_body(R"({"user":"{\"id\":7}","more":"eyJmb3JtIjoiYiJ9"})", false);
    EXPECT_EQ(value_of(places, "$.user ⟩ $.id"), "7");
    EXPECT_EQ(value_of(places, "$.more ⟩ $.form"), "\"b\"");
}

TEST(Bodies, BatchesAreSetsWhateverTheirOrder) {
    const auto one = places_of_body(R"({"events":[{"v":1,"e":"b"},{"v":1,"e":"a"}]})", true);
    EXPECT_EQ(value_of(one, "$.events[*].v"), "1");
    EXPECT_EQ(value_of(one, "$.events[*].e"), "\"a\"\n\"b\"");
}

TEST(Bodies, WhiteSpaceIsAPlaceOfItsOwn) {
    EXPECT_NE(value_of(places_of_body(R"({"a": 1})", false), " white space"),
              value_of(places_of_body(R"({"a":1})", false), " white space"));
    EXPECT_EQ(value_of(places_of_body("no JSON ", false), "text"), "no JSON ");
}

TEST(Runs, HeadersKeepOrderAndCaseAndTheGatewayIsCalledSo) {
    const auto seen = observed("POST /v1/x/0f3a9c7712?b=1&a=2 HTTP/1.1\r\nHost: gateway.acme.example\r\nX-Key:  "
                               "k\r\nContent-Length: 2\r\n\r\n{}",
                               "gateway.acme.example");
    const std::string name = "POST gateway /v1/x/*";
    EXPECT_EQ(seen.at(name + " › header order").value, "host x-key content-length");
    EXPECT_EQ(seen.at(name + " › header names").value, "Content-Length Host X-Key");
    EXPECT_EQ(seen.at(name + " › header x-key").value, "  k");
    EXPECT_EQ(seen.at(name + " › query names").value, "b a");
    EXPECT_EQ(seen.at(name + " › framing").value, "length");
    EXPECT_EQ(seen.at(name + " › header x-key").host, "gateway");
}

TEST(Runs, WhatIsNoRequestIsKeptAsItIs) {
    const auto requests = read_requests("GET / HTTP/1.1\r\n\r\nnonsense");
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[1].method, "?");
    EXPECT_EQ(requests[1].body, "nonsense");
}

TEST(Dates, AreMaskedDigitByDigitByBothZones) {
    Conditions conditions;
    EXPECT_EQ(without_dates("on 2026-11-28.", noon_ms, conditions), "on YYYY-MM-DD.");
    EXPECT_EQ(without_dates("on 2026/11/28", noon_ms, conditions), "on YYYY/MM/DD");
    EXPECT_EQ(without_dates("on 2026\u201011\u201028", noon_ms, conditions), "on YYYY\u2010MM\u2010DD");
    EXPECT_EQ(without_dates("2026-11-28T12:00:01Z", noon_ms, conditions), "YYYY-MM-DDTtt:tt:ttZ");
    EXPECT_EQ(without_dates("2025-11-28, 20261128, 12026-11-28", noon_ms, conditions),
              "2025-11-28, 20261128, 12026-11-28");
    const std::int64_t evening_ms = noon_ms + 8 * 3'600'000; // already the 29th there
    conditions.zone = "Asia/Shanghai";
    EXPECT_EQ(without_dates("2026-11-29", evening_ms, conditions), "YYYY-MM-DD");
}

TEST(Natures, AreToldApart) {
    const Variation variation{"time zone (TZ)", "Asia/Shanghai", {{Aspect::zone, "Asia/Shanghai"}}};
    const auto nature = [&](const char* before, const char* after) {
        Difference one;
        one.deviation.before = before;
        one.deviation.after = after;
        return nature_of(one, variation);
    };
    EXPECT_EQ(nature("'", "\u2019"), Nature::look_alike);
    EXPECT_EQ(nature("'", "\\u2019"), Nature::look_alike);
    EXPECT_EQ(nature("", "\u200b"), Nature::unseen);
    EXPECT_EQ(nature("-", "/"), Nature::form);
    EXPECT_EQ(nature("1", "1.0"), Nature::form);
    EXPECT_EQ(nature("short", "brief"), Nature::words);
    EXPECT_EQ(nature("x", "f74272e9f1ad"), Nature::words);
    EXPECT_EQ(with_code_points("a\u2019"), "a[U+2019: e28099]");
}

TEST(Spellings, HoldTheUsualFormsLongestFirst) {
    const Variation host{"host", "x", {{Aspect::base, "https://gateway.acme.cn"}}};
    const auto all = spellings(host);
    for (const char* one : {"https://gateway.acme.cn", "gateway.acme.cn", "Z2F0ZXdheS5hY21lLmNu"})
        EXPECT_NE(std::ranges::find(all, one), all.end()) << one;
    EXPECT_EQ(host_of("https://a.example:8080/x"), "a.example");
}

} // namespace sallyport::lab
