// Company keys: "sp_" + 30 base62 characters of randomness (178 bits) + 6 base62 characters of CRC-32 (IEEE) over what stands
// before, so that a scanner knows one from its text alone and a typing slip is told from an unknown key.
// Kept is HMAC-SHA-256 under the installation's key "key-digests"; the key is shown once and is nowhere.
//
// KeyTable is immutable and shared by all threads; a new one replaces it when store::State tells of a change.
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "identity/access.h"
#include "store/state.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace sallyport::identity {

inline constexpr std::string_view key_prefix = "sp_";
inline constexpr std::size_t key_random_characters = 30;
inline constexpr std::size_t key_checksum_characters = 6;
inline constexpr std::size_t key_characters = 3 + key_random_characters + key_checksum_characters;

Secret new_company_key();
std::string new_key_id(); // "k_" + 10 base62 characters
// The shape and the checksum are right; says nothing about whether it was issued.
bool is_company_key(std::string_view text);

struct Session;
class Sessions;

// Whom a key stands for. Views hold as long as the KeyTable, and the session where there is one.
struct Caller {
    std::string_view key_id;
    std::string_view person; // pseudonym
    std::string_view team;
    std::string_view max_class; // a class's name as in policy.yaml
    std::string_view role;
    Access access = Access::developer;
};

enum class KeyProblem : std::uint8_t {
    none,
    missing,   // no key came
    malformed, // not a company key at all, or its checksum is wrong
    unknown,   // well formed, never issued here
    revoked,
    expired,
    disabled,   // the person is, with whatever they come
    signed_out, // a sign-in that was ended
    sign_in_expired,
};
std::string_view name(KeyProblem);
// "the company key was revoked; ask for a new one with: sallyport key issue": for the refusal.
std::string_view sentence(KeyProblem);

struct KeyCheck {
    KeyProblem problem = KeyProblem::unknown;
    Caller caller;                            // also filled for revoked, expired and what follows
    std::shared_ptr<const Session> session{}; // that the caller views, where it is no key
};

class KeyTable {
public:
    KeyTable() = default;
    // `digests`: the Mac under InstallationKeys::key_digests; it must outlive the table.
    KeyTable(const crypto::Mac& digests, store::Snapshot<store::KeyList> keys);
    // The same, with who is signed in (it outlives the table) and the persons who are disabled.
    KeyTable(const crypto::Mac& digests, store::Snapshot<store::KeyList> keys, const Sessions& sessions,
             std::unordered_set<std::string> disabled);

    // Nanoseconds for a wrong shape, about a microsecond (one HMAC) otherwise; no allocation.
    KeyCheck check(std::string_view presented, std::int64_t now_ms) const;
    // A token of another shape that was verified: a workload's.
    bool knows_token(std::string_view presented) const;
    // Whether who was let in with this is cut off meanwhile: revoked, disabled or signed out. That a key or a token expired ends
    // nothing that runs.
    KeyProblem since(const KeyCheck& let_in) const;
    std::uint64_t version() const { return keys_.version; }
    std::size_t size() const { return by_digest_.size(); }

private:
    // Digests are uniform: their first bytes are a hash.
    struct First {
        std::size_t operator()(const crypto::Digest& digest) const;
    };
    const crypto::Mac* digests_ = nullptr;
    store::Snapshot<store::KeyList> keys_;
    KeyCheck check_session(const crypto::Digest& digest, std::int64_t now_ms) const;
    bool is_disabled(std::string_view person) const;
    std::unordered_map<crypto::Digest, std::uint32_t, First> by_digest_;
    std::unordered_map<std::string_view, std::uint32_t> by_id_;
    const Sessions* sessions_ = nullptr;
    std::unordered_set<std::string> disabled_; // pseudonyms
};

} // namespace sallyport::identity
