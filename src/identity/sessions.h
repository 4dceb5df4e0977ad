// Who is signed in: access tokens that the gateway gave out (each of the shape of a company key, so that whatever finds and strips those
// finds and strips these), and tokens of workloads that were verified. What must outlive the process is in store::State; this is the part
// that every exchange asks. Thread-safe: it changes while exchanges ask it, so that a token is good as soon as it is given out and
// void as soon as its session is ended.
#pragma once

#include "crypto/crypto.h"
#include "identity/keys.h"

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace sallyport::identity {

inline constexpr std::size_t sessions_max = 200'000; // tokens: two of a session while it is renewed

// A sign-in. Who holds it may view its texts.
struct Session {
    std::string id; // "si_…", or "w_…" of a workload; stands where a key's id does
    std::string person, team, role, max_class;
    std::atomic<bool> ended = false;
    Caller caller() const { return {id, person, team, max_class, role, Access::developer}; }
};

class Sessions {
public:
    // `digests`: the Mac under InstallationKeys::key_digests; it must outlive this.
    explicit Sessions(const crypto::Mac& digests) : digests_(&digests) {}

    crypto::Digest digest_of(std::string_view token) const { return digests_->of(token); }
    // False where there are too many: nobody signs in then, and who is signed in stays so.
    bool put(const crypto::Digest& token, std::shared_ptr<Session> session, std::int64_t expires_ms,
             std::int64_t now_ms);
    void end(std::string_view id);
    void end_of(std::string_view person);
    void end_of(const std::unordered_set<std::string>& people);
    std::shared_ptr<Session> by_id(std::string_view id) const;

    struct Found {
        std::shared_ptr<const Session> session; // null: no such token
        std::int64_t expires_ms = 0;
    };
    Found find(const crypto::Digest& token) const;

private:
    struct First {
        std::size_t operator()(const crypto::Digest& digest) const;
    };
    struct Entry {
        std::shared_ptr<Session> session;
        std::int64_t expires_ms = 0;
    };
    const crypto::Mac* digests_;
    mutable std::shared_mutex mutex_;
    std::unordered_map<crypto::Digest, Entry, First> by_token_;
};

} // namespace sallyport::identity
