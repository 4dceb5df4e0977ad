// Ledger entries: what is recorded of an exchange, and their text. docs/formats/ledger.md has the grammar.
//
// An entry is one canonical JSON object (RFC 8785: sorted keys, no spaces), at most limits::entry_bytes_max. It holds no body,
// no key, no name of a person, machine or path: those are pseudonyms. Texts in it should be UTF-8 (lone surrogates survive
// too); other bytes become U+FFFD, so judge facts only after they were made valid.
//
// The structs view memory of whoever fills them; encode() appends without further allocation. An Entry that was read back owns
// its memory, and its Facts can be given to policy::decide() again.
#pragma once

#include "base/error.h"
#include "crypto/crypto.h"
#include "dialect/dialect.h"
#include "policy/facts.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace sallyport::ledger {

inline constexpr int entry_version = 1;
inline constexpr std::size_t unit_kinds = 7;
inline constexpr std::size_t signers_max = 8;     // that an entry names
inline constexpr std::size_t candidates_max = 64; // upstreams one dialect can have in sallyport.yaml

enum class Kind : std::uint8_t { intent, outcome, refusal, repeat, start, stop, act, run };

inline constexpr std::int64_t not_kept = -1, kept_lost = 0;
// Why a body could not be kept: the disk did not take it; as much as sallyport.yaml allows is kept already (bodies: limit).
enum class Lost : std::uint8_t { not_said, disk, limit };
// Bytes that passed, and their digest: SHA-256, or HMAC-SHA-256 where `keyed`. An all-zero digest means "not taken".
struct Body {
    std::uint64_t bytes = 0;
    crypto::Digest digest{};
    bool keyed = false;
    // The chunk of bodies::Writer that tells of which pieces it is; not_kept: it need not be; kept_lost: it could not be, although
    // the policy says so.
    std::int64_t kept = not_kept;
    Lost lost = Lost::not_said; // of kept_lost
};

// A file named in a tool call: `file` is its pseudonym ("f_…").
struct NamedFile {
    std::string_view tool;
    std::string_view file;
};

// What was judged and how: enough to call policy::decide() again and compare.
struct Judgement {
    policy::Facts facts;
    std::span<const std::string_view> candidates; // names, in the order given to decide()
    policy::Decision decision = policy::Decision::refuse;
    policy::Class effective_class = policy::Class::trade_secret;
    policy::RefusedBy refused_by = policy::RefusedBy::nothing;
    std::string_view rule; // its id; empty where none
    bool durable_first = false;
    // Let through although refused, since the refusal is not enforced: how, and why it would be refused (policy::Plan).
    policy::Mode mode = policy::Mode::enforce;
    policy::RefusedBy would_refuse = policy::RefusedBy::nothing;
    std::string_view would_rule;                      // its id; empty where none
    std::string_view exception;                       // the id of the one that let it through; empty where none
    std::span<const std::string_view> upstreams;      // of the plan, in order
    std::span<const std::string_view> upstream_rules; // the rule that allowed each
    std::array<policy::Amendments, policy::plan_upstreams_max> amendments{}; // before it goes to each
    std::string_view policy;                                                 // its digest
    std::uint64_t policy_version = 0;                                        // as signed; 0: not signed
    std::span<const std::string_view> signers;                               // of the policy, at most signers_max
    std::string_view world;                                                  // its digest
};

// What inspection found, without its text: kind, confidence and unit in the words of docs/policy.md and the ledger's format.
struct NamedFinding {
    std::string_view kind, confidence, rule, unit;
    std::uint32_t count = 1;
    std::string_view
        id; // "n_…": of its text, keyed; empty where it has none (a header, an answer, beyond limits::findings_named_max)
    bool alike(const NamedFinding& other) const {
        return kind == other.kind && confidence == other.confidence && rule == other.rule && unit == other.unit &&
               id == other.id;
    }
};

// Content of a repository that was found in the request, compared byte by byte: of which file which lines, and whether they left.
enum class Fate : std::uint8_t { left, withheld };
struct NamedSource {
    std::string_view repository;
    std::string_view file;  // pseudonym of its path
    std::string_view lines; // "101-110,130-140", ascending
    std::uint32_t characters = 0;
    Fate fate = Fate::left;
};

// What a launcher stated of the run that the request came out of; what of it counts, the facts say.
struct NamedBinding {
    std::string_view id; // "b_…"; empty: no binding came
    std::string_view client, version, digest, commit, root, tier;
};

// What the facts leave out about the request.
struct RequestSummary {
    NamedBinding binding;
    dialect::Operation operation = dialect::Operation::generate;
    bool stream = false;
    std::string_view key;                                             // id of the company key
    std::string_view machine;                                         // pseudonym
    std::string_view session;                                         // pseudonym of the client's own conversation id
    std::array<std::uint32_t, unit_kinds> units{};                    // counts by dialect::UnitKind
    std::array<std::uint32_t, dialect::reference_kinds> references{}; // counts by dialect::ReferenceKind
    std::span<const NamedFile> files;
    std::uint64_t files_left_out = 0; // beyond limits::files_per_entry_max
    std::span<const NamedFinding> findings;
    std::span<const NamedFinding> disclosed; // by newer rules, in what had left before they came
    std::span<const NamedFinding> disputed;  // told, not acted on: somebody says that they are none
    std::span<const NamedSource> sources;
    std::uint64_t sources_left_out = 0; // beyond limits::sources_per_entry_max
};

struct UpstreamSummary {
    std::string_view name;
    std::string_view account;
    std::string_view vendor;
    std::string_view hosting;
    std::string_view region;
};

// Before a byte leaves, once per attempt.
struct Intent {
    std::int64_t at_ms = 0;
    std::string_view exchange;
    std::uint32_t attempt = 1; // from 1
    Judgement judgement;
    RequestSummary request;
    UpstreamSummary upstream;
    Body sent;            // what will leave
    bool amended = false; // what came is not what leaves: `received` is recorded as well
    Body received;
};

enum class Ended : std::uint8_t {
    complete,       // the answer's final event or last byte was relayed
    client_left,    // the client went first; the upstream was cancelled
    upstream_cut,   // the answer broke off
    upstream_error, // the upstream could not be reached, or failed before an answer
    timeout,        // a phase took too long
    not_sent,       // the intent stands, but nothing left (its record did not reach the disk in time, or shutdown)
    gateway_error,  // our own fault
};

// After an attempt. Usage and times are -1 where unknown.
struct Outcome {
    std::int64_t at_ms = 0;
    std::string_view exchange;
    std::uint32_t attempt = 1;
    Ended ended = Ended::complete;
    int status = 0; // of the upstream's answer, 0 where there was none
    Body answer;
    std::string_view model;       // as the vendor named it
    std::string_view response_id; // the vendor's
    std::string_view stop_reason;
    std::string_view
        error; // a kind ("overloaded_error", "connect refused"): never the vendor's free text, which may quote
    dialect::Usage usage;
    std::span<const std::string_view> tool_calls; // names
    std::int64_t first_byte_ms = -1;
    std::int64_t total_ms = -1;
    std::span<const NamedFinding> findings; // in what the model wrote
    std::uint64_t restored = 0;             // placeholders that went on as what they stand for: `answer` is what came
};

// Errors of an outcome before a byte of the request was sent.
inline constexpr std::string_view no_connection = "no_connection", nothing_sent = "nothing_sent";
// The attempt came to its end before a byte of the request was sent to anybody.
inline bool reached_nobody(const Outcome& outcome) {
    return outcome.ended == Ended::not_sent || outcome.error == no_connection || outcome.error == nothing_sent;
}

// Nothing left. `judged` is false where the request could not be read so far; then `judgement` is not recorded.
struct Refusal {
    std::int64_t at_ms = 0;
    std::string_view exchange;
    dialect::RefusalKind why = dialect::RefusalKind::policy;
    int status = 0;            // as answered
    std::string_view sentence; // as shown
    bool judged = false;
    Judgement judgement;
    RequestSummary request;
    std::string_view person, team; // pseudonym and team of the caller where not judged
    std::string_view dialect;      // of the endpoint asked where not judged
    Body received;
};

// The client's own repeats of an exchange that was answered from memory, counted since the last such entry.
struct Repeat {
    std::int64_t at_ms = 0;
    std::string_view exchange;
    std::uint32_t count = 1;
    std::int64_t first_ms = 0;
    std::int64_t last_ms = 0;
};

struct Start {
    std::int64_t at_ms = 0;
    std::string_view version; // of the program
    std::string_view policy;  // digest in force
    std::string_view world;
    std::uint64_t torn_bytes = 0; // cut off at recovery: never acknowledged as durable
};

struct Stop {
    std::int64_t at_ms = 0;
    std::string_view reason;
};

// What somebody did to what is kept, beside the gateway, which records it when it runs: an erasure, a hold, a body that was read. At
// least once: the same `id` is the same act.
struct Act {
    std::int64_t at_ms = 0;
    std::string_view id;    // "a_…"
    std::string_view what;  // "erase", "hold", "release", "read-body", …
    std::string_view by;    // pseudonym of a person
    std::string_view why;   // in their words
    std::string_view about; // what it was done to, in words: "repository git.acme.example/web, before 2026-11-01"
};

// Whom a client contacted besides the gateway in one run, by the word of its launcher.
struct NamedHost {
    std::string_view host;
    std::uint64_t contacts = 0, refused = 0, names = 0; // names: asked of DNS only
    std::uint64_t sent_bytes = 0, received_bytes = 0;
};
// What of the policy's `grants` was made use of, and how often.
struct NamedGrant {
    std::string_view id;
    std::uint64_t uses = 0;
};
struct Run {
    std::int64_t at_ms = 0; // of its end
    NamedBinding binding;
    std::string_view person, repository;
    std::uint64_t exchanges = 0;
    std::span<const NamedGrant> grants; // at most policy::grants_max
    std::span<const NamedHost> hosts;
    std::uint64_t hosts_left_out = 0; // beyond limits::hosts_per_entry_max
};

void encode(const Intent&, std::string& out);
void encode(const Outcome&, std::string& out);
void encode(const Refusal&, std::string& out);
void encode(const Repeat&, std::string& out);
void encode(const Start&, std::string& out);
void encode(const Stop&, std::string& out);
void encode(const Act&, std::string& out);
void encode(const Run&, std::string& out);

// An entry read back, with the memory that its views need. Move-only.
class Entry {
public:
    using Content = std::variant<Intent, Outcome, Refusal, Repeat, Start, Stop, Act, Run>; // in the order of Kind
    struct Memory;

    Entry(Content content, std::unique_ptr<Memory> memory);
    Entry(Entry&&) noexcept;
    Entry& operator=(Entry&&) noexcept;
    ~Entry();

    Kind kind() const { return static_cast<Kind>(content_.index()); }
    const Content& content() const { return content_; }
    template <class T> const T* as() const { return std::get_if<T>(&content_); }
    std::string_view exchange() const; // empty for what is about none
    std::int64_t at_ms() const;

private:
    std::unique_ptr<Memory> memory_;
    Content content_;
};

// Reads one entry. Unknown members are skipped (a later version may add some); a wrong type, an unknown word, a missing member
// or an entry_version above ours is an error that says which.
Result<Entry> decode(std::string_view text);

// Only the decisions of entries, one after the other, in memory that is used again: for looking at all of them.
class JudgementReader {
public:
    JudgementReader();
    ~JudgementReader();
    // Of an intent's first attempt or of a refusal that was judged; null where the entry holds none or repeats one (further
    // attempts, and the refusal after the last of them). Valid until the next call.
    Result<const Judgement*> read(std::string_view text);
    std::int64_t at_ms() const { return at_ms_; }

private:
    std::unique_ptr<Entry::Memory> memory_;
    Judgement judgement_;
    std::int64_t at_ms_ = 0;
};
void encode(const Entry& entry, std::string& out);

std::string_view name(Kind);
std::string_view name(Ended);
std::string_view name(dialect::Operation);
std::string_view refusal_word(dialect::RefusalKind);

// "origin/index": the name of an entry outside its ledger.
struct EntryId {
    std::string origin;
    std::uint64_t index = 0;
    std::string text() const { return origin + "/" + std::to_string(index); }
};
Result<EntryId> parse_entry_id(std::string_view text);

} // namespace sallyport::ledger
