// Broken files: each gets the right line, column and way out, and no policy.
#include "policy/document.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

// What is wrong, one line each, as `policy check` prints it.
std::string mistakes(std::string_view text) {
    const auto loaded = load_text(text, "p.yaml");
    EXPECT_EQ(loaded.policy == nullptr, !loaded.mistakes.empty());
    std::string all;
    for (const auto& mistake : loaded.mistakes) all += (all.empty() ? "" : "\n") + mistake.text();
    return all;
}

struct Case {
    std::string_view text, expected;
};

class BrokenFile : public testing::TestWithParam<Case> {};

TEST_P(BrokenFile, is_told_with_its_place) {
    EXPECT_EQ(mistakes(GetParam().text), GetParam().expected) << GetParam().text;
}

constexpr Case files[] = {
    {"", "p.yaml: the file is a mapping that begins with 'version: 1'"},
    {"- a\n", "p.yaml:1:1: the file is a mapping that begins with 'version: 1'"},
    {"rules: []\n", "p.yaml:1:1: the policy needs 'version'"},
    {"version: 2\n", "p.yaml:1:10: version 2 is not known here; this program reads version 1"},
    {"version: one\n", "p.yaml:1:10: version is a whole number from 0 to 1000000, not 'one'"},
    {"version: 1\nrepositorys: []\n",
     "p.yaml:2:1: unknown word 'repositorys' in the policy; did you mean 'repositories'?"},
    {"version: 1\nversion: 1\n", "p.yaml:2:1: 'version' is here twice; the first is in line 1"},
    {"version: 1\nexceptions: []\n", "p.yaml:2:13: exceptions is a mapping here (name: value)"},
    {"version: 1\ninclude: [ teams/*.yaml ]\n", "p.yaml:2:12: include works only for a policy that is a file"},
    {"version: 1\nunknown_repository: custommer\n", "p.yaml:2:21: unknown class 'custommer'; did you mean 'customer'?"},
    {"version: 1\nclaims_lower_to: [internal]\n", "p.yaml:2:18: class is a text here, not a list"},
    {"version: 1\nrepositories: { a: b }\n", "p.yaml:2:15: repositories is a list of {match, class}"},
    {"version: 1\nrepositories:\n  - { match: \"h/a\" }\n", "p.yaml:3:5: a repository needs 'class'"},
    {"version: 1\nrepositories:\n  - { match: \"h/a\", class: secret }\n",
     "p.yaml:3:28: unknown class 'secret'; known are open-source, internal, customer, secret-bearing, trade-secret"},
    {"version: 1\nrepositories:\n  - { match: \"https://h/a\", class: internal }\n",
     "p.yaml:3:14: repository 'https://h/a' names a scheme; write host and path, as in git.acme.example/core/**"},
    {"version: 1\nrepositories:\n  - { match: \"h/a.git\", class: internal }\n",
     "p.yaml:3:14: repository 'h/a.git' ends with .git; write host and path, as in git.acme.example/core/**"},
    {"version: 1\nrepositories:\n  - { match: \"Git.Acme/a\", class: internal }\n",
     "p.yaml:3:14: repository 'Git.Acme/a' has capitals in its host; write host and path, as in "
     "git.acme.example/core/**"},
    {"version: 1\nrepositories:\n  - { match: \"git@h:a/b\", class: internal }\n",
     "p.yaml:3:14: repository 'git@h:a/b' names a user; write host and path, as in git.acme.example/core/**"},
    {"version: 1\nrepositories:\n  - { match: \"h/a\", clas: internal, class: internal }\n",
     "p.yaml:3:21: unknown word 'clas' in a repository; did you mean 'class'?"},
    {"version: 1\nclients:\n  codex: { versions: \"^0.160\" }\n",
     "p.yaml:3:22: versions '^0.160' is no version; write for example \">=2.1.198\", \">=1.2 <2\" or \"*\""},
    {"version: 1\nclients:\n  codex: { version: \">=1\" }\n",
     "p.yaml:3:12: unknown word 'version' in a client; did you mean 'versions'?"},
    {"version: 1\nclients:\n  codex: { advisories: ignore }\n",
     "p.yaml:3:24: unknown word for advisories 'ignore'; known are refuse"},
    {"version: 1\nclients:\n  codex:\n", "p.yaml:3:3: a client is a mapping here (name: value)"},
    {"version: 1\nclients: [codex]\n", "p.yaml:2:10: clients is a mapping here (name: value)"},
    {"version: 1\nupstreams:\n  eu: { vendor: a }\n", "p.yaml:3:7: an upstream needs 'hosting'"},
    {"version: 1\nupstreams:\n  eu: { vendor: a, hosting: vendr }\n",
     "p.yaml:3:29: unknown hosting 'vendr'; did you mean 'vendor'?"},
    {"version: 1\nupstreams:\n  eu: { vendor: a, hosting: own, retention: \"0 d\" }\n",
     "p.yaml:3:45: retention is '0 d'; letters, digits, '.', '_', '-' and '@' are allowed, at most 64"},
    {"version: 1\nupstreams:\n  eu: { vendor: a, hosting: own, contract: { from: 2026-01-01 } }\n",
     "p.yaml:3:44: a contract needs 'name'"},
    {"version: 1\nupstreams:\n  eu: { vendor: a, hosting: own, contract: { name: c, until: 2026-02-30 } }\n",
     "p.yaml:3:62: '2026-02-30' is no date; write 2026-12-31 or 2026-12-31T18:00 (utc_offset says of which place)"},
    {"version: 1\nupstreams:\n  eu: { vendor: a, hosting: own, contract: { name: c, from: 2026-02-02, until: "
     "2026-02-02 } }\n",
     "p.yaml:3:80: this contract ends before it begins"},
    {"version: 1\nupstreams:\n  eu: { vendor: a, hosting: own, legal_entities: [] }\n",
     "p.yaml:3:50: an empty list serves nobody; name the legal entities of the contract"},
    {"version: 1\nutc_offset: 1\n", "p.yaml:2:13: utc_offset '1' is no offset; write \"+01:00\" or Z"},
    {"version: 1\nrepositories:\n  - { match: h/a, class: internal, paths: { \"/engine\": customer } }\n",
     "p.yaml:3:45: path '/engine' is a pattern below the repository, as in engine/**"},
    {"version: 1\nplugins:\n  p: { classes: internal, url: \"mcp.example\" }\n",
     "p.yaml:3:32: url 'mcp.example' begins with https:// or http://"},
    {"version: 1\nplugins:\n  p: { classes: internal, digest: \"sha256:12\" }\n",
     "p.yaml:3:35: digest 'sha256:12' is not sha256: and 64 hex digits"},
    {"version: 1\nplugins:\n  \"*\": { classes: internal, url: \"https://a/\" }\n",
     "p.yaml:3:34: '*' stands for every plugin that is not named; it has no url or digest"},
    {"version: 1\nplugins:\n  \"a#b\": { classes: internal }\n",
     "p.yaml:3:3: a plugin's name holds no '#'; write url or digest beside its classes"},
    {"version: 1\ninclude: { files: a.yaml, repositories: \"h/*/x\" }\n",
     "p.yaml:2:41: an include's repositories are all below one, as in git.acme.example/web/**\n"
     "p.yaml:2:10: include works only for a policy that is a file"},
    {"version: 1\nplugins:\n  p: {}\n", "p.yaml:3:6: a plugin needs 'classes'"},
    {"version: 1\nplugins:\n  \"p q\": { classes: internal }\n",
     "p.yaml:3:3: 'p q' is no name of a plugin: printable ASCII without blanks, at most 64"},
    {"version: 1\nrules: { id: a }\n", "p.yaml:2:8: rules is a list of {id, when, allow or refuse}"},
    {"version: 1\ninvariants:\n  - never: {}\n", "p.yaml:3:12: an empty never would forbid everything"},
};
INSTANTIATE_TEST_SUITE_P(Sections, BrokenFile, testing::ValuesIn(files));

// A rule at line 6, column 5 of an otherwise good policy.
std::string with_rule(std::string_view rule) {
    return "version: 1\n"
           "clients: { claude-code: { versions: \">=2.1.198\" }, codex: {} }\n"
           "upstreams: { local: { vendor: self, hosting: own }, eu: { vendor: anthropic, hosting: vendor } }\n"
           "plugins: { github-mcp: { classes: internal } }\n"
           "rules:\n  - " +
           std::string(rule) + "\n";
}

class BrokenRule : public testing::TestWithParam<Case> {};

TEST_P(BrokenRule, is_told_with_its_place) {
    EXPECT_EQ(mistakes(with_rule(GetParam().text)), GetParam().expected) << GetParam().text;
}

constexpr Case rules[] = {
    {"a", "p.yaml:6:5: a rule is a mapping: {id, when, allow or refuse}"},
    {"{ refuse: true }", "p.yaml:6:5: a rule needs 'id'"},
    {"{ id: \"a b\", refuse: true }",
     "p.yaml:6:11: a rule's id is 'a b'; letters, digits, '.', '_', '-' and '@' are allowed, at most 64"},
    {"{ id: a }", "p.yaml:6:5: rule 'a' does nothing; give it allow, refuse, amend or record"},
    {"{ id: a, allow: { upstreams: eu }, refuse: true }",
     "p.yaml:6:48: rule 'a' both allows and refuses; make it two rules"},
    {"{ id: a, refuse: false }", "p.yaml:6:22: refuse is true or a sentence; to allow something write allow"},
    {"{ id: a, refuse: \"caf\xC3\xA9\" }",
     "p.yaml:6:22: the sentence of a refuse rule is plain ASCII on one line, at most 200 characters"},
    {"{ id: a, refuse: true, record: durable-first }",
     "p.yaml:6:36: what is refused never leaves; record belongs to what is allowed"},
    {"{ id: a, record: durable }", "p.yaml:6:22: unknown word for record 'durable'; known are durable-first"},
    {"{ id: a, allow: { upstreams: eu }, mode: observe }",
     "p.yaml:6:46: mode belongs to a rule that refuses; how far the default refusal acts says the policy's own mode, "
     "or the team's"},
    {"{ id: invariant-1, refuse: true }",
     "p.yaml:6:11: ids that begin with 'invariant-' are kept for what invariants refuse"},
    {"{ id: a, refuse: true, mode: enforced }", "p.yaml:6:34: unknown mode 'enforced'; did you mean 'enforce'?"},
    {"{ id: a, when: { class: internal }, amend: redact }",
     "p.yaml:6:48: rule 'a' amends what was found; its 'when' needs a 'finding'"},
    {"{ id: a, when: { finding: uninspected }, amend: redact }",
     "p.yaml:6:53: only a secret can be redacted; withhold or refuse what else is found"},
    {"{ id: a, when: { finding: secret }, amend: redact, refuse: true }",
     "p.yaml:6:48: rule 'a' amends and does something else; make it two rules"},
    {"{ id: a, when: { finding: secrets }, refuse: true }",
     "p.yaml:6:31: unknown finding 'secrets'; did you mean 'secret'?"},
    {"{ id: a, when: { confidence: high }, refuse: true }",
     "p.yaml:6:34: confidence says how sure a finding is; write 'finding' beside it"},
    {"{ id: a, when: { finding: secret }, allow: { upstreams: \"*\" } }",
     "p.yaml:6:48: a rule that allows cannot ask for a finding: the more was found, the more would pass"},
    {"{ id: a, when: { classes: internal }, refuse: true }",
     "p.yaml:6:22: unknown word 'classes' in when; did you mean 'class'?"},
    {"{ id: a, when: { class: [] }, refuse: true }", "p.yaml:6:29: an empty list never holds; name at least one class"},
    {"{ id: a, when: { class: [internal, opensource] }, refuse: true }",
     "p.yaml:6:40: unknown class 'opensource'; did you mean 'open-source'?"},
    {"{ id: a, when: { evidence: signed }, refuse: true }",
     "p.yaml:6:32: unknown evidence 'signed'; known are none, claimed, bound, observed"},
    {"{ id: a, when: { client: claude }, refuse: true }", "p.yaml:6:30: client 'claude' is not listed under clients"},
    {"{ id: a, when: { client: claude-cod }, refuse: true }",
     "p.yaml:6:30: client 'claude-cod' is not listed under clients; did you mean 'claude-code'?"},
    {"{ id: a, when: { client: [codex, claude-code], client_version: \"<1\" }, refuse: true }",
     "p.yaml:6:68: client_version needs 'client' beside it, naming the one client whose versions are meant"},
    {"{ id: a, when: { client: codex, client_version: \"<x\" }, refuse: true }",
     "p.yaml:6:53: client_version '<x' is no version; write for example \">=2.1.198\", \">=1.2 <2\" or \"*\""},
    {"{ id: a, when: { hosting: cloudy }, refuse: true }",
     "p.yaml:6:31: unknown hosting 'cloudy'; did you mean 'cloud'?"},
    {"{ id: a, when: { plugin: \"*\" }, refuse: true }", "p.yaml:6:30: plugin '*' is not listed under plugins"},
    {"{ id: a, when: { references: urls }, refuse: true }",
     "p.yaml:6:34: unknown reference 'urls'; did you mean 'url'?"},
    {"{ id: a, allow: { models: x } }",
     "p.yaml:6:21: allow needs 'upstreams'; write upstreams: [\"*\"] where every upstream is meant"},
    {"{ id: a, allow: { upstreams: [locl] } }",
     "p.yaml:6:35: upstream 'locl' is not listed under upstreams; did you mean 'local'?"},
    {"{ id: a, allow: { upstreams: [] } }", "p.yaml:6:34: an empty list never holds; name at least one upstream"},
    {"{ id: a, allow: { upstreams: eu, plugins: [github] } }",
     "p.yaml:6:48: plugin 'github' is not listed under plugins"},
    {"{ id: a, allow: { upstreams: eu, accounts: private } }",
     "p.yaml:6:48: unknown account 'private'; known are company, personal"},
    {"{ id: a, allow: { upstreams: eu, models: \"a b\" } }",
     "p.yaml:6:46: model 'a b' is not printable ASCII without blanks of at most 128 bytes"},
    {"{ id: a, allow: { upstream: eu, upstreams: eu } }",
     "p.yaml:6:23: unknown word 'upstream' in allow; did you mean 'upstreams'?"},
    {"{ id: a, when: { hours: \"8-18\" }, refuse: true }",
     "p.yaml:6:29: hours '8-18' are no part of a day; write \"08:00-18:00\""},
    {"{ id: a, when: { days: [monday] }, refuse: true }",
     "p.yaml:6:29: unknown day 'monday'; known are mon, tue, wed, thu, fri, sat, sun"},
    {"{ id: a, when: { from: 2026-02-02, until: 2026-01-01 }, refuse: true }",
     "p.yaml:6:47: this time ends before it begins, so it never holds"},
    {"{ id: a, when: { legal_entity: acme }, refuse: true }",
     "p.yaml:6:36: no repository or upstream names legal entity 'acme'"},
    {"{ id: a, when: { team: \"web-*\" }, refuse: true }",
     "p.yaml:6:28: 'web-*' is no pattern here: each team is named in full; list them, or leave this out where all are "
     "meant"},
    {"{ id: a, when: { role: [dev, \"*\"] }, refuse: true }",
     "p.yaml:6:34: '*' is no pattern here: each role is named in full; list them, or leave this out where all are "
     "meant"},
    {"{ id: a, when: { client: { x: y } }, refuse: true }", "p.yaml:6:30: client is a list here"},
    {"{ id: a, when: { upstream: [a b] }, refuse: true }",
     "p.yaml:6:33: upstream 'a b' is not printable ASCII without blanks of at most 64 bytes"},
    {"{ id: a, when: { hosting: [] }, refuse: true }",
     "p.yaml:6:31: an empty list never holds; name at least one hosting"},
    {"{ id: a, when: { hosting: \"my own\" }, refuse: true }",
     "p.yaml:6:31: unknown hosting 'my own'; known are own, cloud, vendor"},
    {"{ id: a, allow: true }", "p.yaml:6:21: allow is a mapping here (name: value)"},
    {"{ id: a, refuse: true }\n  - { id: a, refuse: true }",
     "p.yaml:7:5: rule 'a' is here twice; the first is at p.yaml:6"},
};
INSTANTIATE_TEST_SUITE_P(Rules, BrokenRule, testing::ValuesIn(rules));

TEST(BrokenFiles, all_mistakes_are_told_at_once_in_the_order_of_reading) {
    EXPECT_EQ(
        mistakes("version: 1\nunknown_repository: a\nclients: { x: { versions: \"?\" } }\nfoo: 1\n"),
        "p.yaml:2:21: unknown class 'a'; known are open-source, internal, customer, secret-bearing, trade-secret\n"
        "p.yaml:3:27: versions '?' is no version; write for example \">=2.1.198\", \">=1.2 <2\" or \"*\"\n"
        "p.yaml:4:1: unknown word 'foo' in the policy");
}

TEST(BrokenFiles, a_huge_file_is_one_mistake) {
    EXPECT_EQ(mistakes(std::string((10u << 20) + 1, ' ')),
              "p.yaml: 10485761 bytes; 10485760 is the limit for this file");
}

TEST(BrokenFiles, more_rules_or_names_than_the_limits_are_refused) {
    std::string text = "version: 1\nrules:\n";
    for (int i = 0; i < 10'001; ++i) text += "- {id: r" + std::to_string(i) + ", refuse: true}\n";
    EXPECT_EQ(mistakes(text), "p.yaml:3:1: 10001 rules; 10000 is the limit");
    text = "version: 1\nrules:\n";
    for (int i = 0; i < 300; ++i)
        text += "- {id: r" + std::to_string(i) + ", when: {client: c" + std::to_string(i) + "}, refuse: true}\n";
    EXPECT_EQ(mistakes(text), "p.yaml: the policy names too much: at most 256 clients, and names x rules of 64 MiB");
    text = "version: 1\nrules:\n";
    for (int i = 0; i < 9'000; ++i) {
        text += "- {id: r" + std::to_string(i) + ", refuse: true, when: {team: [";
        for (int j = 0; j < 10; ++j) text += "t" + std::to_string(i * 10 + j) + ",";
        text += "]}}\n";
    }
    EXPECT_EQ(mistakes(text), "p.yaml: the policy names too much: at most 256 clients, and names x rules of 64 MiB");
}

} // namespace
} // namespace sallyport::policy
