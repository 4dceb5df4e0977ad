#include "policy/decide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sallyport::policy {
namespace {

constexpr std::string_view acceptance = R"(
version: 1
repositories:
  - { match: "github.com/acme/website", class: open-source }
  - { match: "git.acme.example/core/**", class: trade-secret }
  - { match: "git.acme.example/**", class: internal }
clients:
  claude-code: { versions: ">=2.1.198" }
  codex: {}
  gemini-cli: {}
upstreams:
  anthropic-eu: { vendor: anthropic, hosting: vendor }
  local: { vendor: self, hosting: own }
plugins:
  github-mcp: { classes: [open-source, internal] }
rules:
  - { id: inside, when: { class: [open-source, internal] }, allow: { upstreams: [anthropic-eu, local] } }
  - { id: trade-secrets-stay-home, when: { class: trade-secret }, allow: { upstreams: [local], models: ["qwen-*"], clients: [claude-code, codex] } }
  - { id: no-preview, when: { model: "*-preview" }, refuse: "Preview models are not approved" }
  - { id: no-night, when: { team: night }, refuse: true }
)";

class Explain : public testing::Test {
protected:
    void SetUp() override {
        const auto loaded = load_text(acceptance, "p.yaml");
        for (const auto& mistake : loaded.mistakes) ADD_FAILURE() << mistake.text();
        policy_ = loaded.policy;
        facts_.client = "claude-code";
        facts_.client_version = "2.1.330";
        facts_.model = "claude-opus-4";
        facts_.repository = "git.acme.example/core/engine";
        facts_.evidence = Evidence::claimed;
    }
    std::string said() { return sentence(*policy_, facts_, decide(*policy_, facts_, candidates_), candidates_); }
    std::string change() { return smallest_change(*policy_, facts_, candidates_); }

    std::shared_ptr<const Policy> policy_;
    Facts facts_;
    std::vector<std::uint16_t> candidates_{0, 1};
};

TEST_F(Explain, the_sentence_names_class_evidence_request_way_out_and_rule) {
    candidates_ = {0};
    EXPECT_EQ(
        said(),
        "Sallyport refused this request: repository class trade-secret (claimed git.acme.example/core/engine) may "
        "not go to anthropic-eu with model claude-opus-4. Allowed instead: local (models qwen-*). Rule: "
        "trade-secrets-stay-home.");
    EXPECT_EQ(change(), "rule 'trade-secrets-stay-home' would allow it to anthropic-eu: allows model qwen-*, this is "
                        "'claude-opus-4'; allows upstream local, this is anthropic-eu");
}

TEST_F(Explain, an_allowed_request_has_no_sentence) {
    facts_.repository = "git.acme.example/web";
    facts_.evidence = Evidence::bound;
    EXPECT_EQ(said(), "");
    EXPECT_EQ(change(), "");
}

TEST_F(Explain, each_reason_says_what_to_do_next) {
    facts_.client_version = "2.1.100";
    EXPECT_EQ(
        said(),
        "Sallyport refused this request: client claude-code 2.1.100 is not approved. Approved versions: >=2.1.198. "
        "Install one of them and try again.");
    facts_.client_version = "";
    EXPECT_EQ(
        said(),
        "Sallyport refused this request: client claude-code without a version is not approved. Approved versions: "
        ">=2.1.198. Install one of them and try again.");
    facts_.client = "cursor";
    EXPECT_EQ(said(),
              "Sallyport refused this request: client cursor is not approved. Approved clients: claude-code, codex or "
              "gemini-cli.");
    EXPECT_EQ(change(), "list client 'cursor' under clients");
    facts_.client = "gemini-cli";
    facts_.model = "qwen-3";
    EXPECT_EQ(
        said(),
        "Sallyport refused this request: repository class trade-secret (claimed git.acme.example/core/engine) may "
        "not go to anthropic-eu or local with model qwen-3. For trade-secret only these clients are allowed: "
        "claude-code or codex.");
    facts_.client = "codex";
    facts_.key_max_class = Class::internal;
    EXPECT_EQ(said(),
              "Sallyport refused this request: repository class trade-secret (claimed git.acme.example/core/engine) is "
              "above internal, the highest class that this key may be used for. Use a key issued for trade-secret, or "
              "work in another repository.");
}

TEST_F(Explain, accounts_references_and_plugins_have_sentences_of_their_own) {
    facts_.model = "qwen-3";
    facts_.account = AccountKind::personal;
    EXPECT_EQ(
        said(),
        "Sallyport refused this request: a personal vendor account or subscription may not be used for repository "
        "class trade-secret (claimed git.acme.example/core/engine). Use your Sallyport key alone; the gateway adds "
        "the company's account.");
    facts_.account = AccountKind::company;
    facts_.references = 0b1100000;
    EXPECT_NE(said().find(
                  "content by reference or a vendor-run tool (url or vendor-tool), which is not allowed for repository "
                  "class trade-secret"),
              std::string::npos);
    facts_.references = 0;
    const std::string_view plugins[] = {"github-mcp"};
    facts_.plugins = plugins;
    EXPECT_EQ(said(),
              "Sallyport refused this request: plugin github-mcp is not approved for repository class trade-secret "
              "(claimed git.acme.example/core/engine). Switch the plugin off for this work and try again.");
    EXPECT_EQ(change(), "without plugin github-mcp, which is not approved for trade-secret");
}

TEST_F(Explain, a_refuse_rule_speaks_in_its_own_words) {
    facts_.repository = "git.acme.example/web";
    facts_.evidence = Evidence::bound;
    facts_.model = "claude-5-preview";
    EXPECT_EQ(
        said(),
        "Sallyport refused this request: Preview models are not approved. This is repository class internal (bound "
        "git.acme.example/web). Rule: no-preview.");
    facts_.model = "claude-5";
    facts_.team = "night";
    EXPECT_EQ(said(),
              "Sallyport refused this request: repository class internal (bound git.acme.example/web) may not go to "
              "anthropic-eu or local. Rule: no-night.");
    EXPECT_EQ(change(), "rule 'no-night' would have to stop refusing it: a refuse always beats an allow");
}

TEST_F(Explain, where_the_class_comes_from_is_said) {
    facts_.repository = "github.com/acme/website";
    EXPECT_NE(said().find("repository class customer (claimed github.com/acme/website; a claim alone cannot lower it)"),
              std::string::npos)
        << said();
    facts_.evidence = Evidence::none;
    EXPECT_NE(said().find("repository class customer (no repository is known)"), std::string::npos) << said();
    facts_.evidence = Evidence::bound;
    facts_.class_floor = Class::trade_secret;
    EXPECT_NE(said().find("repository class trade-secret (this conversation already held such content)"),
              std::string::npos)
        << said();
}

TEST_F(Explain, the_sentence_is_one_short_line_of_ascii_whatever_is_asked) {
    const std::string odd = "x\n\x01\xC3\xA9\x1B[31m" + std::string(5000, 'y');
    facts_.repository = facts_.model = facts_.client_version = facts_.team = odd;
    const std::string_view plugins[] = {odd};
    for (const auto client : {std::string_view("claude-code"), std::string_view("codex"), std::string_view(odd)})
        for (const bool with_plugin : {false, true})
            for (const std::uint32_t references : {0u, 0xFFFFFFFFu})
                for (const auto account : {AccountKind::company, AccountKind::personal})
                    for (const auto evidence : {Evidence::none, Evidence::claimed, Evidence::bound}) {
                        facts_.client = client;
                        facts_.plugins = with_plugin ? std::span<const std::string_view>(plugins)
                                                     : std::span<const std::string_view>();
                        facts_.references = references;
                        facts_.account = account;
                        facts_.evidence = evidence;
                        const auto text = said();
                        EXPECT_FALSE(text.empty());
                        EXPECT_LE(text.size(), sentence_bytes_max);
                        EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; })) << text;
                    }
}

TEST_F(Explain, the_trace_names_the_condition_that_failed) {
    const auto rules = trace(*policy_, facts_, candidates_);
    ASSERT_EQ(rules.size(), 4u);
    EXPECT_FALSE(rules[0].matched);
    EXPECT_EQ(rules[0].why, "needs class open-source or internal, this is trade-secret");
    EXPECT_EQ(rules[1].why, "allows model qwen-*, this is 'claude-opus-4'");
    EXPECT_EQ(rules[2].why, "needs model *-preview, this is 'claude-opus-4'");
    EXPECT_EQ(rules[3].why, "needs team night, this is none");
    facts_.model = "qwen-3";
    EXPECT_EQ(trace(*policy_, facts_, candidates_)[1].why, "allows it to local");
    EXPECT_FALSE(trace(*policy_, facts_, {})[1].matched);
}

} // namespace
} // namespace sallyport::policy
