#include "egress/names.h"

#include <gtest/gtest.h>

namespace sallyport::egress {
namespace {

using namespace std::string_literals;

std::string wire(std::string_view name) {
    std::string out;
    while (!name.empty()) {
        const std::size_t dot = std::min(name.find('.'), name.size());
        out += static_cast<char>(dot);
        out += name.substr(0, dot);
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    return out + '\0';
}
std::string question(std::string_view name, int type = 1, const std::string& behind = {}, int additional = 0) {
    return "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00"s + static_cast<char>(additional) + wire(name) + '\0' +
           static_cast<char>(type) + "\0\x01"s + behind;
}
int code(const std::string& reply) { return reply.size() < 12 ? -1 : reply[3] & 0x0F; }
int answers(const std::string& reply) { return reply[7]; }

struct Names : testing::Test {
    std::unique_ptr<Receipts> receipts = *Receipts::open({}, Secret(std::string(32, 'k')));
    std::vector<policy::EgressRule> rules = {
        {"r", {"registry.example", "*.packages.example"}, {443}, 31, {}, policy::Contact::allow, "packages"},
        {"n", {"ads.example"}, {}, 31, {}, policy::Contact::refuse, "it counts people"}};
    NameAnswerer answerer{rules, policy::Class::internal, {{"gateway.test", ipv4(0x7F000001)}}, *receipts};
};

TEST_F(Names, AnAllowedNameHasAnAddressOfItsOwnThatStays) {
    const std::string first = answerer.answer(question("Registry.Example"));
    EXPECT_EQ(0, code(first));
    ASSERT_EQ(1, answers(first));
    EXPECT_EQ("\x12\x34"s, first.substr(0, 2));
    EXPECT_EQ("\xC6\x12\0\x01"s, first.substr(first.size() - 4));
    const std::string other = answerer.answer(question("a.packages.example"));
    EXPECT_EQ("\xC6\x12\0\x02"s, other.substr(other.size() - 4));
    EXPECT_EQ(first, answerer.answer(question("Registry.Example")));
    EXPECT_EQ("a.packages.example", answerer.name_of(*parse_ip_address("198.18.0.2")));
    EXPECT_EQ("", answerer.name_of(*parse_ip_address("198.18.0.3")));
    EXPECT_EQ("", answerer.name_of(*parse_ip_address("198.17.0.1")));
}

TEST_F(Names, OfANameThatExistsOtherTypesHaveNoData) {
    for (const int type : {28, 16, 15, 65, 255}) {
        const std::string reply = answerer.answer(question("registry.example", type));
        EXPECT_EQ(0, code(reply));
        EXPECT_EQ(0, answers(reply));
    }
}

TEST_F(Names, WhatNoRuleAllowsDoesNotExistAndIsSeen) {
    for (const auto* name : {"evil.example", "ads.example", "c2VjcmV0.x.evil.example", "packages.example"})
        EXPECT_EQ(3, code(answerer.answer(question(name)))) << name;
    EXPECT_EQ(1u, receipts->hosts().at("c2vjcmv0.x.evil.example").refused);
    EXPECT_EQ("it counts people", receipts->hosts().at("ads.example").reason);
    EXPECT_EQ(0u, receipts->hosts().count("registry.example"));
}

TEST_F(Names, AFixedNameHasItsAddress) {
    const std::string reply = answerer.answer(question("gateway.test"));
    EXPECT_EQ("\x7F\0\0\x01"s, reply.substr(reply.size() - 4));
}

TEST_F(Names, OddQuestionsAreAnsweredWithAnErrorOrNotAtAll) {
    const std::string good = question("registry.example");
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_NE(0, code(answerer.answer(good.substr(0, size)))) << size;
    std::string is_answer = good;
    is_answer[2] = '\x81';
    EXPECT_EQ("", answerer.answer(is_answer));
    std::string update = good;
    update[2] = '\x28';
    EXPECT_EQ(4, code(answerer.answer(update)));
    std::string chaos = good;
    chaos.back() = 3;
    EXPECT_EQ(5, code(answerer.answer(chaos)));
    EXPECT_EQ(1, code(answerer.answer(good + "x"))); // something behind it
    const std::string opt = "\0\0\x29\x04\xD0\0\0\0\0\0\0"s;
    EXPECT_EQ(0, code(answerer.answer(question("registry.example", 1, opt, 1))));
    EXPECT_EQ(1, code(answerer.answer(question("registry.example", 1, opt + "x", 1))));
    EXPECT_EQ(1, code(answerer.answer(good.substr(0, 12) + "\xC0\x0C\0\x01\0\x01"s))); // a pointer to itself
    EXPECT_EQ(1, code(answerer.answer(good.substr(0, 12) + "\x03"
                                                           "a.b\0\0\x01\0\x01"s)));
    EXPECT_EQ(1, code(answerer.answer(question(std::string(63, 'a') + "." + std::string(63, 'a') + "." +
                                               std::string(63, 'a') + "." + std::string(63, 'a')))));
    EXPECT_EQ(3, code(answerer.answer(good.substr(0, 12) + "\x03"
                                                           "a\0b\0\0\x01\0\x01"s))); // NUL in a label: no host name
    EXPECT_EQ("", answerer.answer(""));
}

} // namespace
} // namespace sallyport::egress
