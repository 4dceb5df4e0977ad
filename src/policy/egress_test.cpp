#include "policy/egress.h"

#include "policy/document.h"
#include "policy/program.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

std::vector<EgressRule> rules_of(std::string_view text, std::vector<Mistake>* mistakes = nullptr) {
    Reader reader("policy.yaml");
    EXPECT_TRUE(reader.parse(text, 1u << 20));
    auto rules = read_egress(reader, reader.root());
    if (mistakes != nullptr)
        *mistakes = reader.mistakes();
    else
        EXPECT_TRUE(reader.clean()) << reader.mistakes()[0].text();
    return rules;
}

constexpr std::string_view sample = R"(
- { hosts: [ads.acme.example], do: refuse, why: "it only counts people" }
- { id: registry, hosts: [registry.acme.example, "*.acme.example"], do: allow, why: "packages" }
- { id: inside, hosts: [git.other.example], ports: [22, 8443], class: [internal], addresses: [10.1.0.0/16], do: intercept, why: "ours" }
- { id: all, hosts: "*", ports: any, class: open-source, do: allow, why: "open" }
)";

TEST(Egress, TheFirstRuleThatMatchesCounts) {
    const auto rules = rules_of(sample);
    const auto id = [&](Class cls, std::string_view host, std::uint16_t port) {
        const EgressRule* rule = contact_rule(rules, cls, host, port);
        return rule == nullptr ? std::string("none") : rule->id;
    };
    EXPECT_EQ("egress-1", id(Class::internal, "ads.acme.example", 443));
    EXPECT_EQ("egress-1", id(Class::internal, "ads.acme.example", 80)); // what refuses does so at every port
    EXPECT_EQ("registry", id(Class::internal, "a.b.acme.example", 443));
    EXPECT_EQ("none", id(Class::internal, "acme.example", 443));
    EXPECT_EQ("none", id(Class::internal, "evilacme.example", 443));
    EXPECT_EQ("none", id(Class::internal, "registry.acme.example", 80)); // 443 where no port is stated
    EXPECT_EQ("inside", id(Class::internal, "git.other.example", 22));
    EXPECT_EQ("none", id(Class::customer, "git.other.example", 22));
    EXPECT_EQ("all", id(Class::open_source, "198.51.100.7", 25));
    EXPECT_EQ(Contact::intercept, contact_rule(rules, Class::internal, "git.other.example", 8443)->act);
}

TEST(Egress, ANameIsAnsweredWhereSomePortOfItIsOpen) {
    const auto rules = rules_of(R"(
- { hosts: [a.example], ports: [22], do: refuse, why: "no ssh" }
- { hosts: [a.example], do: allow, why: "yes" }
- { hosts: [b.example], do: refuse, why: "no" })");
    EXPECT_EQ(Contact::allow, name_rule(rules, Class::customer, "a.example")->act);
    EXPECT_EQ(Contact::refuse, name_rule(rules, Class::customer, "b.example")->act);
    EXPECT_EQ(nullptr, name_rule(rules, Class::customer, "c.example"));
}

TEST(Egress, KnowsWhichHostsAreOpened) {
    const auto rules = rules_of(sample);
    EXPECT_EQ(std::vector<std::string>{"git.other.example"}, intercepted_hosts(rules, Class::internal));
    EXPECT_TRUE(intercepted_hosts(rules, Class::customer).empty());
    const auto any = rules_of("- { hosts: [a.example, \"*\"], do: intercept, why: x }");
    EXPECT_TRUE(intercepted_hosts(any, Class::internal).empty());
}

TEST(Egress, ASuffixMatchesNoAddress) {
    EXPECT_FALSE(host_matches("*.0.0.1", "127.0.0.1"));
    EXPECT_TRUE(host_matches("127.0.0.1", "127.0.0.1"));
}

TEST(Egress, KnowsHostNames) {
    for (const auto* good :
         {"a", "registry.acme.example", "xn--bcher-kva.example", "_dmarc.example", "1.example", "3com"})
        EXPECT_TRUE(is_host_name(good)) << good;
    const std::string label(63, 'a');
    EXPECT_TRUE(is_host_name(label + "." + label + "." + label + "." + std::string(61, 'a')));
    using namespace std::string_view_literals;
    for (const auto bad : {""sv,
                           "a."sv,
                           ".a"sv,
                           "a..b"sv,
                           "-a"sv,
                           "a-"sv,
                           "A.example"sv,
                           "a b"sv,
                           "a\0b"sv,
                           "a%00"sv,
                           "1.2.3.4"sv,
                           "127.1"sv,
                           "2130706433"sv,
                           "0x7f000001"sv,
                           "a.0x7f"sv,
                           "a@b"sv,
                           "a/b"sv,
                           "a:1"sv,
                           "[a]"sv,
                           "b\xC3\xBC"
                           "cher"sv,
                           "*"sv})
        EXPECT_FALSE(is_host_name(bad)) << bad;
    EXPECT_FALSE(is_host_name(label + "a.example"));
    EXPECT_FALSE(is_host_name(label + "." + label + "." + label + "." + std::string(62, 'a')));
}

TEST(Egress, TellsWhatIsWrongWithARule) {
    const auto sentences = [](std::string_view text) {
        std::vector<Mistake> mistakes;
        rules_of(text, &mistakes);
        std::string all;
        for (const Mistake& mistake : mistakes) all += mistake.text() + "\n";
        return all;
    };
    EXPECT_NE(std::string::npos, sentences("- { hosts: [https://a.example], do: allow, why: x }").find("is no host"));
    EXPECT_NE(std::string::npos, sentences("- { hosts: [a.example], do: alow, why: x }").find("allow"));
    EXPECT_NE(std::string::npos, sentences("- { hosts: [a.example], do: allow }").find("why"));
    EXPECT_NE(std::string::npos, sentences("- { hosts: [], do: allow, why: x }").find("no host"));
    EXPECT_NE(std::string::npos, sentences("- { hosts: [a.example], ports: [0], do: allow, why: x }").find("port"));
    EXPECT_NE(std::string::npos,
              sentences("- { hosts: [a.example], addresses: [10.0.0.1/8], do: allow, why: x }").find("network"));
    EXPECT_NE(std::string::npos,
              sentences("- { hosts: [a.example], addresses: [10.0.0.0/8], do: refuse, why: x }").find("refuses"));
    EXPECT_NE(std::string::npos,
              sentences("- { id: a, hosts: [a], do: allow, why: x }\n- { id: a, hosts: [b], do: allow, why: x }")
                  .find("second"));
    EXPECT_NE(std::string::npos, sentences("a: b").find("egress is a list"));
    EXPECT_NE(std::string::npos, sentences("- { hosts: [a], do: allow, why: \"b\xC3\xBC\" }").find("ASCII"));
}

TEST(Egress, StandsInAPolicyAndNotInAnIncludedFile) {
    const auto loaded =
        load_text("version: 1\nrules: []\negress:\n  - { hosts: [a.example], do: allow, why: x }\n", "policy.yaml");
    ASSERT_TRUE(loaded.policy) << loaded.mistakes[0].text();
    ASSERT_EQ(1u, loaded.policy->program().document.egress.size());
}

} // namespace
} // namespace sallyport::policy
