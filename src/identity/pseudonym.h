// Pseudonyms of persons, machines, paths and sessions: a kind's letter and 20 base32 characters (100 bits) of HMAC-SHA-256 over kind and
// name under the installation's key "pseudonyms": "p_k3f9x2abq7…". The same name has the same pseudonym as long as the key lives;
// without the key it cannot be guessed from a list of names. The names themselves are kept sealed, apart and erasable.
//
// Thread-safe. Each thread has a small cache, so that a name seen lately costs no HMAC.
#pragma once

#include "crypto/crypto.h"
#include "identity/installation.h"
#include "store/state.h"

#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sallyport::identity {

using store::NameKind;

// Fixed size, so that an exchange holds some without allocation.
class Pseudonym {
public:
    static constexpr std::size_t characters = 22;
    Pseudonym() = default;
    Pseudonym(NameKind kind, const crypto::Digest& mac);
    std::string_view view() const { return {text_.data(), used_}; } // empty where default made
    operator std::string_view() const { return view(); }

private:
    std::array<char, characters> text_{};
    std::uint8_t used_ = 0;
};

class Pseudonyms {
public:
    explicit Pseudonyms(const InstallationKeys& keys);

    // An empty name has an empty pseudonym. No allocation where the cache knows the name.
    Pseudonym of(NameKind kind, std::string_view name) const;
    // The same, and the name is noted for keep_names() unless that was done lately.
    Pseudonym remember(NameKind kind, std::string_view name);

    // Seals what was noted since the last call and stores it; beside the loops. On an error the names stay noted.
    Result<void> keep_names(store::State& state);
    // The name behind a pseudonym; nullopt where it is not there or was erased.
    Result<std::optional<std::string>> name_of(store::State& state, std::string_view pseudonym) const;

    std::string seal(NameKind kind, std::string_view pseudonym, std::string_view name) const;
    Result<std::string> unseal(const store::SealedName& sealed) const;

private:
    struct Noted {
        Pseudonym pseudonym;
        NameKind kind;
        std::string name;
    };
    crypto::Mac mac_;
    crypto::SealingKey sealing_;
    std::uint64_t number_; // tells the caches of two objects apart
    std::mutex mutex_;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    std::unordered_set<std::string, Hash, std::equal_to<>> lately_; // look-ups do not allocate
    std::vector<Noted> noted_;
};

} // namespace sallyport::identity
