#include "endpoint/vendor_keys.h"

#include "endpoint/known_hosts.h"
#include "endpoint/settings_facts.h"

#include <gtest/gtest.h>

namespace sallyport::endpoint {
namespace {

const std::string random = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kM9n";

std::string kinds(std::string_view text) {
    std::string out;
    for (const FoundKey& key : vendor_keys_in(text)) out += std::string(key.kind) + " ";
    return out;
}

TEST(VendorKeys, AreToldByTheirShape) {
    EXPECT_EQ(kinds("sk-ant-api03-" + random), "anthropic-key ");
    EXPECT_EQ(kinds("x=sk-ant-oat01-" + random + "\n"), "anthropic-sign-in ");
    EXPECT_EQ(kinds("\"sk-proj-" + random + "\",'AIza" + random.substr(0, 35) + "'"), "openai-key google-key ");
    EXPECT_EQ(kinds("https://h/?key=sk-or-v1-" + random), "openrouter-key ");
    EXPECT_EQ(kinds("31msk-ant-api03-" + random), "anthropic-key ") << "behind anything";
}

TEST(VendorKeys, WhatOnlyLooksLikeOneIsNone) {
    EXPECT_EQ(kinds("sk-learn-is-a-library-for-machine-learning-in-python"), "");
    EXPECT_EQ(kinds("sk-ant-... sk-test-0000 sk-proj- AIza AIzaSyShort"), "");
    EXPECT_EQ(kinds("task-" + random + " desk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"), "");
    EXPECT_EQ(kinds("sk-" + std::string(60, 'a')), "");
}

TEST(VendorKeys, AreCutOutOfWhatIsShown) {
    EXPECT_EQ(without_keys("a sk-ant-api03-" + random + " b"), "a … b");
    EXPECT_EQ(without_keys("nothing"), "nothing");
    EXPECT_FALSE(is_literal_key("${env:X_12345678}"));
    EXPECT_FALSE(is_literal_key("$(pass show 12345678)"));
    EXPECT_FALSE(is_literal_key("your-api-key-1234"));
    EXPECT_FALSE(is_literal_key("/run/secrets/key1234"));
    EXPECT_TRUE(is_literal_key("0123456789abcdef0123456789abcdef"));
}

TEST(KnownHosts, AddressesAreReadAndShownWithoutTheirSecrets) {
    EXPECT_EQ(host_of("https://user:pass@API.Example.com.:8443/v1?key=x"), "api.example.com");
    EXPECT_EQ(host_of("http://[2001:db8::7]:80/"), "2001:db8::7");
    EXPECT_EQ(host_of("host:443"), "host");
    EXPECT_EQ(host_of("javascript:alert(1)"), "javascript");
    EXPECT_EQ(host_of("a b"), "");
    EXPECT_EQ(authority_of("https://u@[::1]:8080/x"), "[::1]:8080");
    EXPECT_EQ(authority_of("http://h:99999999"), "h");
    EXPECT_EQ(shown_address("HTTPS://u:secret@h.example/v1/?key=" + random), "https://h.example/v1/");
    EXPECT_EQ(shown_address("https://h.example/s/" + random + "/mcp#x"), "https://h.example/s/…/mcp");
    EXPECT_EQ(shown_address("http://h.example/"), "http://h.example");
    EXPECT_EQ(shown_address("\n"), "(no address)");
}

TEST(KnownHosts, AreToldApart) {
    EXPECT_EQ(kind_of_host("api.anthropic.com"), HostKind::vendor);
    EXPECT_EQ(kind_of_host("xapi.anthropic.com"), HostKind::other);
    EXPECT_EQ(kind_of_host("api.anthropic.com.evil.example"), HostKind::other);
    EXPECT_EQ(kind_of_host("ab.chatgpt.com"), HostKind::service);
    EXPECT_EQ(kind_of_host("chatgpt.com"), HostKind::vendor);
    EXPECT_EQ(kind_of_host("bedrock-runtime.eu-north-1.amazonaws.com"), HostKind::vendor);
    EXPECT_EQ(kind_of_host("openrouter.ai"), HostKind::third_party);
    EXPECT_EQ(kind_of_host("127.0.0.1"), HostKind::local);
    EXPECT_EQ(kind_of_host("172.20.0.1"), HostKind::local);
    EXPECT_EQ(kind_of_host("172.32.0.1"), HostKind::other);
    EXPECT_EQ(kind_of_host("::1"), HostKind::local);
    for (const KnownHost& one : known_hosts()) {
        EXPECT_FALSE(one.tier.empty() || one.source.empty() || one.whose.empty()) << one.pattern;
        const std::string host =
            one.pattern.starts_with('*') ? "x" + std::string(one.pattern.substr(1)) : std::string(one.pattern);
        ASSERT_NE(known_host(host), nullptr) << host;
        EXPECT_EQ(known_host(host)->pattern, one.pattern) << "two rows say something of " << host;
    }
}

TEST(ShownCommand, HoldsNamesAndNothingThatCouldBeSecret) {
    EXPECT_EQ(shown_command({"/usr/bin/npx", "-y", "@acme/server@1.2", "--token", random}),
              "npx @acme/server@1.2 (+3)");
    EXPECT_EQ(shown_command({"docker", "run", "-e", "KEY=" + random, "-i", "ghcr.io/acme/x"}),
              "docker run ghcr.io/acme/x (+3)");
    EXPECT_EQ(shown_command({"server", "--key", "hunter2"}), "server (+2)");
    EXPECT_EQ(shown_command({"server", "hunter2"}), "server (+1)");
    EXPECT_EQ(shown_command({"python3", "-m", "server", "hunter2"}), "python3 server (+2)");
    EXPECT_EQ(shown_command({"curl https://h/?k=" + random}), "…");
    EXPECT_EQ(shown_command({}), "");
}

} // namespace
} // namespace sallyport::endpoint
