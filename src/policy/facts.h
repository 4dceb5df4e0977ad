// Everything a decision may look at, complete and versioned, and what a decision is. Facts are plain data: they are made by the
// gateway, written into the ledger entry, read back by explain and what-if, and given to decide() unchanged (law 9).
//
// Views must outlive the Facts; a Facts read back from an entry views the entry's text.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport::policy {

inline constexpr int facts_version = 1; // members that came later are missing where they say nothing

// From open to closed; the order is the strictness.
enum class Class : std::uint8_t { open_source, internal, customer, secret_bearing, trade_secret };
inline constexpr std::size_t class_count = 5;
std::string_view name(Class); // "open-source", …

// How we know which repository an exchange belongs to, weakest first.
enum class Evidence : std::uint8_t { none, claimed, bound, observed };
inline constexpr std::size_t evidence_count = 4;
std::string_view name(Evidence);

// What a boundary around the client is worth, as a launcher that the policy trusts measured it; weakest first. docs/boundary.md.
enum class Tier : std::uint8_t { none, c, b, a };
inline constexpr std::size_t tier_count = 4;
std::string_view name(Tier); // "none", "C", "B", "A"

// Whose credential the caller brought: the company's own key, or one that a vendor gave to a person.
enum class AccountKind : std::uint8_t { company, personal };
std::string_view name(AccountKind);

// What the company's own decision point said (AuthZEN, docs/authzen.md). It is asked last and can only refuse.
enum class Pdp : std::uint8_t { not_asked, permitted, denied, unanswered };
std::string_view name(Pdp);

// The kinds of content by reference, in the order of dialect::ReferenceKind; reference_name(i) is the policy's word for bit i.
inline constexpr std::size_t reference_kinds = 8;
std::string_view reference_name(std::size_t kind); // "previous-response", …

// What inspection says of a request's content, as a set: bit finding_bit(kind, confidence). The kinds in the order of
// content::FindingKind, the confidences (low, medium, high) of content::Confidence.
inline constexpr std::size_t finding_kinds = 4, finding_confidences = 3;
inline constexpr std::size_t finding_bits = finding_kinds * finding_confidences;
constexpr std::size_t finding_bit(std::size_t kind, std::size_t confidence) {
    return kind * finding_confidences + confidence;
}

// One that concerns this request: it was granted for the person or team and the repository, and has not ended.
struct Exception {
    std::string_view id;   // "x_…"; "bg_…" where it is a break-glass
    std::string_view rule; // the refuse rule that it suspends, or one of the two words below
};
inline constexpr std::string_view default_refusal = "default"; // what is refused without a rule of its own
inline constexpr std::string_view every_refusal = "*";         // break-glass: every refusal but invariants
inline constexpr std::size_t exceptions_per_request_max = 8;

// A plugin as a request shows it: its name, behind '#' what else it is known by, an MCP server's URL or "sha256:…". Either can
// be missing: "github", "github#https://mcp.example/", "#https://mcp.example/".
struct PluginText {
    std::string_view name, identity;
};
constexpr PluginText plugin_text(std::string_view text) {
    const auto mark = text.find('#');
    return mark == std::string_view::npos ? PluginText{text, {}}
                                          : PluginText{text.substr(0, mark), text.substr(mark + 1)};
}

// What is published of a client's version (docs/advisories.md), as the world of the exchange knows it. `fixed` is the first version
// that is not affected, empty where none is named. Of a client that does not say its version, the first one that there is.
struct Advisory {
    std::string_view id, summary, fixed;
    bool is_known() const { return !id.empty(); }
};

// `references` is a set of kinds of content by reference, bit i = dialect::ReferenceKind(i).
struct Facts {
    std::string_view person; // pseudonym
    std::string_view team;
    std::string_view role;                     // of the key, empty where none
    Class key_max_class = Class::trade_secret; // the caller's key may not be used above it
    std::string_view client;                   // "claude-code"; "unknown" where it does not say
    std::string_view client_version;           // "2.1.330", empty where unknown
    AccountKind account = AccountKind::company;
    std::string_view repository; // normalised "git.acme.example/core/engine", empty where nothing was claimed
    Evidence evidence = Evidence::none;
    // Below the repository, from which content is in the request; empty: not known. They count where the evidence is more than
    // a claim.
    std::span<const std::string_view> paths;
    Class class_floor = Class::open_source; // the conversation's class so far: it never falls
    std::string_view dialect;
    std::string_view model;
    bool generates = true; // false: token counting, or with an empty model a list of models
    std::uint32_t references = 0;
    std::span<const std::string_view> plugins; // MCP servers whose tools the request offers, as plugin_text
    std::int64_t at_ms = 0;                    // wall time of the decision
    std::span<const Exception> exceptions;     // at most exceptions_per_request_max
    Pdp pdp = Pdp::not_asked;
    // What the request claims beside `repository`, normalised, each once; an empty one is a claim that could not be read. Each
    // narrows the decision.
    std::span<const std::string_view> also_claimed;
    std::uint32_t findings = 0; // in its content
    // Of these, what is withheld wherever it may go, since with it the request could not go where the work goes: content of a repository of
    // a class above that of the work. It is not part of what is judged.
    std::uint16_t withheld = 0;
    Tier tier = Tier::none; // none also where it is only claimed
    Advisory advisory;      // that covers the client in this version
};

enum class Decision : std::uint8_t { allow, amend, withhold, refuse };
std::string_view name(Decision);

// Why a request was refused when no upstream was left, most telling first.
enum class RefusedBy : std::uint8_t {
    nothing,          // not refused
    key_class,        // the key's --max-class
    personal_account, // a vendor credential brought along
    client,           // client not listed
    client_version,   // its version is not approved or unknown
    reference,        // content by reference or a vendor-run tool
    rule,             // a refuse rule
    no_rule,          // default deny
    plugin, // an MCP server that is not approved for this class; behind no_rule since entries count on the order
    terms,  // the contract with the vendor is not in force or was not made for the repository's legal entity
    decision_point, // the policy allows it, the company's own decision point did not permit it
    claims,         // each repository that the request names may go somewhere, but nowhere do all of them
    tier,           // the class asks for a boundary of a better tier than the client is known to run in
    advisory,       // one covers this version of the client, and the policy refuses for that
};
std::string_view name(RefusedBy);

// How far a refusal acts. `warn` lets the request through and tells; `observe` lets it through and only records.
enum class Mode : std::uint8_t { enforce, warn, observe };
inline constexpr std::size_t mode_count = 3;
std::string_view name(Mode);

// What is done before a request leaves: a finding's own bytes are replaced, or the whole result, attachment or text it is in, or what is
// hidden in it is taken out; or headers that a rule names are left out.
enum class Amendment : std::uint8_t { redact, withhold, normalise, strip_headers };
std::string_view name(Amendment);
// Which findings, by finding_bit(). With what is withheld nothing else is done.
struct Amendments {
    std::uint16_t redact = 0, withhold = 0, normalise = 0;
    std::uint16_t strip = 0; // rules that leave headers out, by the order in which the policy has such rules
    std::uint16_t any() const { return static_cast<std::uint16_t>(redact | withhold | normalise); } // of findings
    bool none() const { return (any() | strip) == 0; }
    bool operator==(const Amendments&) const = default;
};

inline constexpr std::size_t strip_rules_max = 16; // of a policy
inline constexpr std::size_t plan_upstreams_max = 16;
inline constexpr std::uint16_t no_rule = 0xFFFF;
inline constexpr std::uint8_t no_exception = 0xFF;

// Indexes refer to the policy that decided. Fixed size: decide() does not allocate.
struct Plan {
    Decision decision = Decision::refuse;
    Class effective_class = Class::trade_secret;
    RefusedBy refused_by = RefusedBy::no_rule;
    std::uint16_t rule = no_rule; // the rule that determined the decision
    bool durable_first = false;   // wait for the disk before a byte leaves
    // Let through although the policy is against it, since that is not enforced yet: warn or observe, and why it would be refused.
    Mode mode = Mode::enforce;
    RefusedBy would_refuse = RefusedBy::nothing;
    std::uint16_t would_rule = no_rule;
    std::uint8_t exception = no_exception; // of the facts' exceptions: the one that lets it through
    std::uint8_t upstream_count = 0;
    std::array<std::uint16_t, plan_upstreams_max> upstreams{};      // in the order to try
    std::array<std::uint16_t, plan_upstreams_max> upstream_rules{}; // the rule that allowed each
    std::array<Amendments, plan_upstreams_max> amendments{};        // of what was found, before it goes to each
};

} // namespace sallyport::policy
