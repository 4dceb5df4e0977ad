// Device authorizations (RFC 8628) that wait for a person, and the browsers that are on their way to the provider and back. In memory only:
// with the process they are gone, and the client says so and begins anew. Thread-safe; pure but for random bytes.
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport::identity {

inline constexpr std::int64_t device_grant_ms = 600'000;
inline constexpr std::int64_t device_interval_ms = 2'000, device_slow_down_ms = 5'000;
inline constexpr std::size_t device_grants_max = 10'000;
inline constexpr std::size_t wrong_codes_a_minute_max = 30; // of one address (RFC 8628 section 5.1)
inline constexpr std::size_t grants_a_minute_max = 120;     // of one address
inline constexpr std::size_t addresses_max = 10'000;

// Whom the provider says the person is, and what follows from it.
struct SignedIn {
    std::string name; // of the person, not a pseudonym
    std::string team, max_class;
    Secret provider_token; // with which the provider is asked again; may be empty
};

class DeviceGrants {
public:
    struct Opened {
        std::string device_code, user_code; // "WDJB-MJHT"
    };
    // Errors (unavailable): too many wait, or come from this address.
    Result<Opened> open(std::string_view client, std::string_view address, std::int64_t now_ms);

    enum class State : std::uint8_t { pending, slow_down, denied, expired, approved };
    struct Polled {
        State state = State::expired; // also of a code that nobody knows
        SignedIn who;                 // approved: given out once
        std::string client;
    };
    Polled poll(std::string_view device_code, std::int64_t now_ms);

    // A browser that typed this code goes to the provider. Nothing where nobody waits with it, or this address guessed too often.
    struct Visit {
        std::string state, nonce, verifier, challenge; // RFC 7636: S256
        std::string user_code;
    };
    std::optional<Visit> begin_visit(std::string_view typed, std::string_view browser, std::string_view address,
                                     std::int64_t now_ms);
    bool is_barred(std::string_view address, std::int64_t now_ms);
    // It comes back, once; nothing where it is another browser.
    std::optional<Visit> end_visit(std::string_view state, std::string_view browser, std::int64_t now_ms);

    bool approve(std::string_view user_code, SignedIn who, std::int64_t now_ms);
    void deny(std::string_view user_code);

private:
    struct Grant {
        std::string device_digest, client;
        State state = State::pending;
        SignedIn who;
        std::int64_t until_ms = 0, next_poll_ms = 0, interval_ms = device_interval_ms;
    };
    struct Journey {
        Visit visit;
        std::string browser;
        std::int64_t until_ms = 0;
    };
    struct Count {
        std::int64_t minute = 0;
        std::size_t wrong = 0, opened = 0;
    };
    void forget_old(std::int64_t now_ms);
    Count& count_of(std::string_view address, std::int64_t now_ms);

    std::mutex mutex_;
    std::map<std::string, Grant, std::less<>> by_user_code_;
    std::unordered_map<std::string, std::string> user_code_of_; // by digest of the device code
    std::map<std::string, Journey, std::less<>> journeys_;      // by state
    std::map<std::string, Count, std::less<>> counts_;          // by address
};

// As somebody types it: any case, with or without the dash. Empty where it is none.
std::string plain_user_code(std::string_view typed);

} // namespace sallyport::identity
