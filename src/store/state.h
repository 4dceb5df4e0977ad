// What an installation must remember: company keys (digests only) and, in names.db beside it, sealed names. Commands are named by intent and
// idempotent: doing one twice, also from two processes or after a crash, is doing it once.
//
// Thread-safe (one connection behind a lock). The gateway and the command line open the same file at once. Commands wait for
// the disk: call them beside the loops, never on one.
#pragma once

#include "base/error.h"
#include "store/snapshot.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::store {

// Times are wall milliseconds; 0 means never. `digest` is the keyed digest of the key, 32 bytes; the key itself is nowhere.
struct KeyRecord {
    std::string id; // "k_…", shown in lists and entries
    std::string digest;
    std::string person; // pseudonym
    std::string team;
    std::string max_class; // a class's name as in policy.yaml
    std::string label;     // what the key is for
    std::int64_t created_ms = 0;
    std::int64_t expires_ms = 0;
    std::int64_t revoked_ms = 0;
    std::string role;                 // what the person does, for rules; empty: none
    std::string access = "developer"; // what the person may see of the ledger: a word of identity/access.h
};
using KeyList = std::vector<KeyRecord>; // in order of creation

// Somebody may do for a while what the policy refuses. `person` (pseudonym) or `team`: the other one is empty.
struct ExceptionRecord {
    std::string id; // "x_…", or "bg_…" where it is a break-glass
    std::string person, team;
    std::string repository; // a pattern
    std::string rule;       // as policy::Exception::rule
    std::string reason;
    std::string granted_by, approved_by; // pseudonyms of persons; not approved yet: empty
    std::int64_t granted_ms = 0;
    std::int64_t until_ms = 0; // it ends then by itself
    std::int64_t revoked_ms = 0;
    bool needs_approval = false; // by a second person, before it holds
};
using ExceptionList = std::vector<ExceptionRecord>; // in order of granting

// Somebody says that a finding is none: of these very bytes by this rule. It ends by itself.
struct DisputeRecord {
    std::string finding; // "n_…"
    std::string rule;    // its id
    std::string reason;
    std::string by; // pseudonym of a person
    std::int64_t disputed_ms = 0;
    std::int64_t until_ms = 0;
    std::int64_t withdrawn_ms = 0;
};
using DisputeList = std::vector<DisputeRecord>; // in order of time

inline constexpr std::size_t act_bytes_max = 8'192;
// What somebody did to what is kept, for the gateway to record in the ledger.
struct ActRecord {
    std::string id;   // "a_…"
    std::string what; // "erase", "hold", …
    std::string by;   // pseudonym of a person
    std::string why, about;
    std::int64_t at_ms = 0;
};

// Two people open a name together, for a case: one asks, the other approves (identity/unmask.h).
struct UnmaskingRecord {
    std::string id; // "u_…"
    std::string pseudonym;
    std::string case_number;
    std::string asked_by, asked_access; // pseudonym of a person, and in which role
    std::int64_t asked_ms = 0;
    std::string approved_by, approved_access; // not approved yet: empty
    std::int64_t approved_ms = 0;
};

// Somebody signed in, or was disabled, or is told of by the company's directory (SCIM). The pseudonym is of the name that they sign in with.
struct PersonRecord {
    std::string person;
    std::string external_id; // of the directory
    std::int64_t created_ms = 0, changed_ms = 0;
    std::int64_t disabled_ms = 0; // since when nothing of theirs is let through; 0: it is
    bool is_provisioned = false;  // the directory knows them
};

// A sign-in: a person at one client. Digests as of keys; the tokens themselves are nowhere.
struct SessionRecord {
    std::string id; // "si_…", stands where a key's id does
    std::string person, team, role, max_class;
    std::string client;         // that signed in, as it says
    std::string refresh_digest; // of the refresh token that is good now
    std::string spent_digest;   // of the one before: whoever comes with it again is not the only one who has it
    std::string access_digest;
    std::string provider_token; // sealed; empty: the provider gave none
    std::int64_t created_ms = 0, access_expires_ms = 0;
    std::int64_t expires_ms = 0; // it ends then by itself
    std::int64_t ended_ms = 0;
};

// How far a ledger had been signed when it was noted last.
struct NotedLedger {
    std::string name; // the log's, another one in each epoch
    std::uint64_t entries = 0;
    std::string root;            // of these, 32 bytes
    std::int64_t at_ms = 0;      // 0: the clock was not trusted, the time before stays
    std::int64_t waited_ms = -1; // since the clock is not trusted; -1: it is
};

// Of sessions (the clients' own ids of conversations) no name is kept; they have pseudonyms only.
enum class NameKind : std::uint8_t { person = 1, machine = 2, path = 3, session = 4 };

struct SealedName {
    std::string pseudonym;
    NameKind kind = NameKind::person;
    std::string sealed; // opaque here; identity/ seals and opens
};

class State {
public:
    static Result<std::unique_ptr<State>> open(const std::filesystem::path& file);
    ~State();

    // `request` names the wish: the same request again returns the key that was made for it, and changes nothing.
    Result<KeyRecord> issue_key(std::string_view request, const KeyRecord& key);
    // `id` must exist; a key revoked before keeps its first time. Returns the key.
    Result<KeyRecord> revoke_key(std::string_view id, std::int64_t at_ms);

    // The same request again returns the exception that was granted for it.
    Result<ExceptionRecord> grant_exception(std::string_view request, const ExceptionRecord& exception);
    // By another person than who granted it; approved before: stays as it is.
    Result<ExceptionRecord> approve_exception(std::string_view id, std::string_view person);
    Result<ExceptionRecord> revoke_exception(std::string_view id, std::int64_t at_ms);
    Result<ExceptionList> exceptions();

    // Disputed again, it is another one beside those before.
    Result<DisputeRecord> dispute(const DisputeRecord& dispute);
    // All of the finding that are in force; the newest is returned.
    Result<DisputeRecord> withdraw_dispute(std::string_view finding, std::int64_t at_ms);
    Result<DisputeList> disputes();

    // An act comes before what it is about: it is on the disk when this returns. The same id again changes nothing. Invalid where its
    // texts have more than act_bytes_max together: escaped, it might be no entry.
    Result<void> add_act(const ActRecord& act);
    Result<std::vector<ActRecord>> unrecorded_acts(); // in order
    Result<void> act_recorded(std::string_view id);
    Result<std::vector<ActRecord>> acts_since(std::int64_t at_ms); // recorded or not, in order

    // What is known of a person is replaced; nothing changes where nothing does. Counts as a change of keys.
    Result<void> put_person(const PersonRecord& person);
    Result<std::optional<PersonRecord>> person(std::string_view pseudonym);
    Result<std::vector<PersonRecord>> people(); // by pseudonym

    Result<void> begin_session(const SessionRecord& session);
    // Takes the tokens of `session` in place of those that hold `refresh_digest`; false where that is not the good one (any more).
    Result<bool> renew_session(std::string_view refresh_digest, const SessionRecord& session);
    // By its refresh token, good or spent.
    Result<std::optional<SessionRecord>> session_of(std::string_view refresh_digest);
    // Of one, or of all of a person; counts as a change of keys.
    Result<void> end_session(std::string_view id, std::int64_t at_ms);
    Result<void> end_sessions_of(std::string_view person, std::int64_t at_ms);
    Result<std::vector<SessionRecord>> sessions(std::int64_t now_ms); // neither ended nor expired

    // It never becomes less.
    Result<void> note_ledger(const NotedLedger& noted);
    Result<std::optional<NotedLedger>> noted_ledger(std::string_view name);
    Result<std::vector<NotedLedger>> noted_ledgers(); // of all epochs

    // The newest wish for the same pseudonym and case that was asked after `since_ms`; where there is none, this one becomes it.
    Result<UnmaskingRecord> ask_to_unmask(const UnmaskingRecord& wish, std::int64_t since_ms);
    // By another person than who asked; otherwise, and approved before, it stays as it is.
    Result<UnmaskingRecord> approve_unmasking(std::string_view id, std::string_view person, std::string_view access,
                                              std::int64_t at_ms);

    // Their version counts the changes of exceptions and disputes too: all say what is let through.
    Result<Snapshot<KeyList>> keys();
    // nullopt where nothing changed since `version`; costs some microseconds then. For polling each limits::key_poll_ms.
    Result<std::optional<Snapshot<KeyList>>> keys_if_changed(std::uint64_t version);

    // Names known already stay as they are. One transaction for the batch.
    Result<void> remember_names(std::span<const SealedName> names);
    Result<std::optional<SealedName>> sealed_name(std::string_view pseudonym);
    // Overwrites and removes; true where it was there. The pseudonym stays in entries, nobody can open it any more.
    Result<bool> forget_name(std::string_view pseudonym);
    Result<std::vector<SealedName>> names(NameKind kind);

    // Everything of one moment but the names, into a file that is not there yet, for a backup. Not synced.
    Result<void> copy_to(const std::filesystem::path& file);

private:
    struct Inside;
    explicit State(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

} // namespace sallyport::store
