// Entries for tests, filled in every member. The strings they view are literals or static.
#pragma once

#include "ledger/entry.h"

namespace sallyport::ledger::samples {

inline crypto::Digest digest(char fill) {
    crypto::Digest out;
    out.fill(fill);
    return out;
}

inline Judgement judgement() {
    static constexpr std::string_view plugins[] = {"github-mcp", "jira"};
    static constexpr std::string_view candidates[] = {"anthropic-eu", "local", "backup"};
    static constexpr std::string_view upstreams[] = {"anthropic-eu", "local"};
    static constexpr std::string_view rules[] = {"open-code-any-approved-vendor", "open-code-any-approved-vendor"};
    Judgement out;
    out.facts.person = "p_abcdefghijklmnopqrst";
    out.facts.team = "platform";
    out.facts.key_max_class = policy::Class::customer;
    out.facts.client = "claude-code";
    out.facts.client_version = "2.1.330";
    out.facts.repository = "git.acme.example/core/engine";
    out.facts.evidence = policy::Evidence::claimed;
    out.facts.class_floor = policy::Class::internal;
    out.facts.dialect = "anthropic-messages";
    out.facts.model = "claude-sonnet-4-5";
    out.facts.references = 0b101;
    out.facts.plugins = plugins;
    out.facts.at_ms = 1'795'000'000'122;
    out.facts.pdp = policy::Pdp::permitted;
    out.facts.tier = policy::Tier::a;
    out.facts.advisory = {"x_SALLYPORT-2026-0001", "a concealed list", "2.1.198"};
    out.candidates = candidates;
    out.decision = policy::Decision::allow;
    out.effective_class = policy::Class::internal;
    out.rule = "open-code-any-approved-vendor";
    out.durable_first = true;
    out.upstreams = upstreams;
    out.upstream_rules = rules;
    out.amendments[0] = {.redact = 4, .withhold = 1};
    out.amendments[1] = {.redact = 0, .withhold = 0, .normalise = 56, .strip = 3};
    out.policy = "sha256:00aa";
    out.world = "sha256:00bb";
    return out;
}

inline RequestSummary request() {
    static constexpr NamedFile files[] = {{"Read", "f_aaaaaaaaaaaaaaaaaaaa"}, {"Edit", "f_bbbbbbbbbbbbbbbbbbbb"}};
    RequestSummary out;
    out.binding = {"b_0011223344556677", "claude-code", "2.1.330", "sha256:00cc", "aa", "bb", "A"};
    out.stream = true;
    out.key = "k_0123456789";
    out.machine = "m_abcdefghijklmnopqrst";
    out.session = "s_abcdefghijklmnopqrst";
    out.units = {3, 12, 5, 5, 20, 1, 7};
    out.references = {0, 1, 0, 0, 0, 2, 0, 0};
    static constexpr NamedFinding findings[] = {
        {"secret", "high", "github-token", "tool-result", 2, "n_aaaaaaaaaaaaaaaaaaaa"},
        {"uninspected", "high", "attachment", "attachment", 1, ""}};
    static constexpr NamedFinding disclosed[] = {{"secret", "low", "own", "message", 1, "n_bbbbbbbbbbbbbbbbbbbb"}};
    static constexpr NamedFinding disputed[] = {{"marker", "medium", "zero-width", "other", 3, ""}};
    static constexpr NamedSource sources[] = {
        {"git.acme.example/core/engine", "f_cccccccccccccccccccc", "1-7,9-9", 345, Fate::withheld}};
    out.files = files;
    out.files_left_out = 4;
    out.findings = findings;
    out.disclosed = disclosed;
    out.disputed = disputed;
    out.sources = sources;
    out.sources_left_out = 2;
    return out;
}

inline Intent intent() {
    Intent out;
    out.at_ms = 1'795'000'000'123;
    out.exchange = "x_0123456789abcdef";
    out.attempt = 2;
    out.judgement = judgement();
    out.request = request();
    out.upstream = {"anthropic-eu", "acme-gmbh", "anthropic", "vendor", "eu"};
    out.sent = {204'800, digest('\x11'), false, 4'711};
    out.amended = true;
    out.received = {204'900, digest('\x22'), true};
    return out;
}

inline Outcome outcome() {
    static constexpr std::string_view calls[] = {"Read", "mcp__github__search"};
    Outcome out;
    out.at_ms = 1'795'000'002'000;
    out.exchange = "x_0123456789abcdef";
    out.attempt = 2;
    out.ended = Ended::upstream_cut;
    out.status = 200;
    out.answer = {4'096, digest('\x33'), false, kept_lost, Lost::limit};
    out.model = "claude-sonnet-4-5-20250929";
    out.response_id = "msg_01";
    out.stop_reason = "tool_use";
    out.error = "overloaded_error";
    out.usage = {1, 2, 3, 4};
    out.tool_calls = calls;
    out.first_byte_ms = 312;
    out.total_ms = 1'876;
    return out;
}

inline Run run() {
    static constexpr NamedHost hosts[] = {{"packages.acme.example", 3, 1, 4, 1'000, 200'000},
                                          {"telemetry.example", 0, 7, 0, 0, 0}};
    Run out;
    out.at_ms = 1'795'000'009'000;
    out.binding = request().binding;
    out.person = "p_abcdefghijklmnopqrst";
    out.repository = "git.acme.example/core/engine";
    out.exchanges = 12;
    static constexpr NamedGrant grants[] = {{"dev-server", 3}, {"grant-2", 1}};
    out.grants = grants;
    out.hosts = hosts;
    out.hosts_left_out = 5;
    return out;
}

inline Refusal refusal() {
    Refusal out;
    out.at_ms = 1'795'000'000'200;
    out.exchange = "x_refused";
    out.status = 451;
    out.sentence = "Refused by rule \"trade-secrets-stay-home\":\nclass trade-secret may use local \u2014 only";
    out.judged = true;
    out.judgement = judgement();
    out.judgement.decision = policy::Decision::refuse;
    out.judgement.refused_by = policy::RefusedBy::rule;
    out.request = request();
    out.received = {10, digest('\x44'), false};
    return out;
}

inline Refusal bad_input() {
    Refusal out;
    out.at_ms = 1'795'000'000'300;
    out.exchange = "x_bad";
    out.why = dialect::RefusalKind::invalid;
    out.status = 400;
    out.sentence = "the body is not JSON: 1:17: expected ','";
    out.person = "p_abcdefghijklmnopqrst";
    out.team = "platform";
    out.dialect = "openai-chat";
    out.received = {17, {}, false};
    return out;
}

inline Repeat repeat() { return {1'795'000'009'000, "x_refused", 5, 1'795'000'000'300, 1'795'000'008'000}; }
inline Start start() { return {1'795'000'000'000, "0.1.0", "sha256:00aa", "sha256:00bb", 7}; }
inline Stop stop() { return {1'795'000'100'000, "drained"}; }
inline Act act() {
    return {1'795'000'200'000, "a_1",       "erase",
            "p_dpo",           "ticket 17", "repository git.acme.example/web, before 2026-11-01"};
}

template <class Content> std::string text(const Content& content) {
    std::string out;
    encode(content, out);
    return out;
}

} // namespace sallyport::ledger::samples
