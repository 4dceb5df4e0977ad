// policy.yaml as read and checked, before it is compiled: what every other step (program, explanation, invariants, later prove and
// diff) looks at. Plain data, owned by the Program, immutable once loaded.
//
// What is not known never helps: an allow rule needs each of its conditions to hold for sure; a refuse rule, a record rule and an
// invariant hold already where the fact in question is unknown (a client without a version, an upstream without a region).
#pragma once

#include "policy/document.h"
#include "policy/egress.h"
#include "policy/facts.h"
#include "policy/grants.h"
#include "policy/mistake.h"
#include "policy/time_window.h"
#include "policy/version.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sallyport::policy {

inline constexpr std::size_t clients_max = 256;

// A condition that is not stated holds always; one that is stated holds for any of its values. Masks have bit i for value i.
using Mask = std::optional<std::uint32_t>;
using Names = std::optional<std::vector<std::string>>;

// What the document says of an upstream and a rule can ask for, in the order of UpstreamFacts.
enum class UpstreamFact : std::uint8_t { vendor, hosting, region, contract, training, retention, payment };
inline constexpr std::size_t upstream_fact_count = 7;
inline constexpr std::array<std::string_view, upstream_fact_count> upstream_fact_names = {
    "vendor", "hosting", "region", "contract", "training", "retention", "payment"};
const std::string& fact(const UpstreamFacts& upstream, UpstreamFact which);

// The legal entities whose content a request may hold, by index into Document::legal_entities; `also` is the second one where
// a repository is only claimed, else the same: a claim can add an entity to the default one, never replace it.
struct Entities {
    std::uint16_t of = 0;
    std::uint16_t also = 0;
    auto operator<=>(const Entities&) const = default;
};
inline constexpr std::uint16_t entity_not_known = 0;

struct Conditions {
    Mask classes;
    Mask evidence;
    Mask accounts;
    Mask references; // holds when the request has content by at least one of these kinds
    Mask findings;   // holds when at least one of these was found, by finding_bit(); not in a rule that allows
    Names clients;
    std::optional<VersionRange> client_version; // of the one client named in `clients`
    Names teams;
    Names roles;
    Names legal_entities;
    std::optional<TimeWindow> time;
    Names models;  // globs
    Names plugins; // holds when the request offers tools of at least one
    Names upstreams;
    std::array<Names, upstream_fact_count> upstream_facts;
};

// What an allow rule lets through. Not stated: upstreams, models, clients and plugins any; accounts only the company's; references
// every known kind in class open-source, elsewhere none.
struct Allowance {
    Names upstreams;
    Names models;
    Names clients;
    Names plugins; // every plugin of the request must be among them
    Mask accounts;
    Mask references; // every reference of the request must be among them
};

enum class Effect : std::uint8_t { record_only, allow, refuse, amend };

struct Rule {
    std::string id;
    Place place;
    std::string file;
    std::string owner; // whom to ask; empty: the file's
    Effect effect = Effect::record_only;
    Conditions when;
    Allowance allow;      // of an allow rule
    std::string sentence; // of a refuse rule that has its own words
    bool durable_first = false;
    Amendment amendment =
        Amendment::redact;            // of an amend rule: what is done with the findings that its condition names
    std::vector<std::string> headers; // that it strips: patterns in lower case
    std::optional<Mode> mode;         // of a rule that refuses or amends; not stated: the team's or the policy's
    bool is_invariant = false;
    bool tightens() const { return effect != Effect::allow; }
};

struct PathClass {
    std::string match;
    Class cls = Class::trade_secret;
};
struct Repository {
    std::string match;
    Class cls = Class::trade_secret; // as written
    Class strictest =
        Class::trade_secret;      // with its paths: holds where it is not known from which of them the content is
    std::vector<PathClass> paths; // first match wins
    std::string legal_entity;     // empty: the default one; only in the policy itself
    Place place;
};
struct Client {
    std::string name;
    VersionRange versions;
    bool refuses_advisories = false; // a version that one covers
};
struct Plugin {
    std::string name; // "*": any that is not named
    std::uint32_t classes = 0;
    std::vector<std::string> identities; // globs of URLs, and digests "sha256:…"; empty: known by its name alone
};
// How exceptions are granted.
struct ExceptionTerms {
    bool second_person = false;  // each needs the approval of another person
    std::int64_t longest_ms = 0; // 0: any
};
// When a class's entries count as sealed: a checkpoint that covers them has so many cosignatures of witnesses. No part of a decision.
struct Sealing {
    std::array<std::uint8_t, class_count> cosignatures{}; // 0: none are asked for
    std::int64_t within_ms = 0; // longer unsealed: nothing more of that class passes; 0: it does
    bool asked_for() const {
        return std::ranges::any_of(cosignatures, [](std::uint8_t count) { return count != 0; });
    }
};
// What is believed of `sallyport run`, which runs as the person who could forge what it says.
struct Launchers {
    bool trusts_user = false;               // a binding's repository, version and tier count as bound, else as claimed
    Tier lowest = Tier::a;                  // of a boundary in which a client may be started
    std::array<Tier, class_count> needed{}; // by class, of each exchange
};
struct Team {
    std::string name;
    std::optional<Mode> mode; // not stated: the policy's
};
struct Invariant {
    Conditions never;
    Place place;
};

// One file; files[0] is policy.yaml. In each file the first match wins, over the files the strictest: an included file tightens.
struct File {
    std::string name;
    std::string text;
    std::vector<Repository> repositories;
    std::string owner{};
};

struct Document {
    std::vector<File> files;
    Class unknown_repository = Class::customer;
    Class claims_lower_to = Class::customer;
    std::vector<std::string> legal_entities = {""}; // all that are named; [entity_not_known] is none
    std::uint16_t legal_entity = entity_not_known;  // of what says no other
    int utc_offset_minutes = 0;                     // of dates and hours
    std::optional<std::vector<Client>> clients;
    std::vector<UpstreamFacts> upstreams;
    std::optional<std::vector<Plugin>> plugins;
    Mode mode = Mode::enforce; // of every refusal for which neither its rule nor the team says another
    std::vector<Team> teams;
    ExceptionTerms exceptions;
    // Names of tools into whose arguments what was redacted in a request is put back, beside the texts of its answer; nothing: it is not.
    std::optional<std::vector<std::string>> restore_tools;
    // How long bodies are kept of exchanges of each class; 0: only their digests are.
    std::array<std::int64_t, class_count> bodies_kept_ms{};
    Sealing sealing;
    Launchers launchers;
    std::vector<EgressRule> egress; // first match wins; what none matches is refused
    std::vector<Grant> grants;      // what a client may do besides, inside its boundary
    std::vector<Rule> rules;        // behind those of the files one for each invariant
    std::vector<Invariant> invariants;
};

// Rules made of invariants have ids that begin so; no rule of a file may.
inline constexpr std::string_view invariant_rule_prefix = "invariant-";
Mode mode_of(const Document& document, std::string_view team);
Mode mode_of(const Rule& rule, Mode of_team); // of a refuse rule for a team with this mode
bool relaxes(const Document& document);       // some refusal is not enforced
// So that an invariant holds whatever is not enforced or excepted: a rule for each, which acts in those cases only (elsewhere
// it is proven that nothing reaches it).
void add_invariants_as_rules(Document& document);

inline constexpr std::uint32_t class_mask(Class c) { return 1u << static_cast<unsigned>(c); }
bool has(const Names& names, std::string_view name); // stated and among them
// Whether a rule's conditions on the upstream alone hold; `tightens` says how an unknown fact counts (see above).
bool upstream_holds(const Conditions& when, const UpstreamFacts& upstream, bool tightens);
// Whether the terms of the upstream permit content of these entities at this time (facts.h RefusedBy::terms).
bool terms_hold(const Document& document, const UpstreamFacts& upstream, Entities entities, std::int64_t at_ms);
bool serves(const Document& document, const UpstreamFacts& upstream, Entities entities); // of these the entities alone
// An allow rule needs each of the entities to be named; what tightens, one of them or one that is not known.
bool entities_hold(const Document& document, const Names& named, Entities entities, bool tightens);
std::uint16_t entity_of(const Document& document, const Repository* row);
Class class_of_path(const Repository& repository, std::string_view path);
// Kinds of references that an allow rule lets through in a class.
std::uint32_t references_allowed(const Rule& rule, Class cls);
const Client* client_named(const Document& document, std::string_view name);
// What the `plugins` section says of a plugin text: as whom the rules know it (empty: as none), and for which classes it is
// approved (no section: all). One that is known by an identity is found by that; where the request does not show one, by its name.
// Names of plugins are compared with '-' and '_' as one: Codex writes the one for the other.
bool same_plugin(std::string_view a, std::string_view b);
bool has_plugin(const Names& names, std::string_view name); // stated and among them
struct KnownPlugin {
    std::string_view name;
    std::uint32_t classes = 0;
};
KnownPlugin known_plugin(const Document& document, std::string_view text);
bool plugin_approved(const Document& document, std::string_view text, Class cls);

} // namespace sallyport::policy
