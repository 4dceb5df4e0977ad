// What signing in has once for all loops (docs/sign-in.md): who is signed in, which devices wait, what was learnt of issuers. Thread-safe.
#pragma once

#include "base/error.h"
#include "identity/device_grants.h"
#include "identity/provider_words.h"
#include "identity/sessions.h"
#include "identity/web_token.h"
#include "policy/model.h"
#include "store/state.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

// Of one issuer, as it was told at some time.
struct KnownIssuer {
    identity::ProviderMetadata metadata;
    identity::WebKeys keys;
    std::int64_t at_ms = 0; // monotonic
};

// Shared by all loops.
class IssuerMemory {
public:
    std::shared_ptr<const KnownIssuer> find(std::string_view issuer) const;
    void put(std::string_view issuer, std::shared_ptr<const KnownIssuer> known);
    // One that did not answer is not asked again at once, however many wait.
    bool failed_lately(std::string_view issuer, std::int64_t now_ms) const;
    void note_failed(std::string_view issuer, std::int64_t now_ms);

private:
    std::map<std::string, std::int64_t, std::less<>> failed_ms_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const KnownIssuer>, std::less<>> known_;
};

// Sign-ins that are being renewed: the provider's token is good once, too, and one that came twice could end all of them.
class Renewals {
public:
    // Held as long as it lives; false where somebody else renews it.
    class One {
    public:
        One(Renewals& all, std::string session) : all_(all), session_(std::move(session)) {
            const std::scoped_lock lock(all_.mutex_);
            held_ = all_.under_way_.insert(session_).second;
        }
        ~One() {
            const std::scoped_lock lock(all_.mutex_);
            if (held_) all_.under_way_.erase(session_);
        }
        One(const One&) = delete;
        One& operator=(const One&) = delete;
        explicit operator bool() const { return held_; }

    private:
        Renewals& all_;
        std::string session_;
        bool held_ = false;
    };

private:
    std::mutex mutex_;
    std::set<std::string> under_way_;
};

// A client's company settings (a JSON object) for somebody who may ask these models; made by endpoint/, joined by cli/.
using ClientSettings =
    std::function<Result<std::string>(const policy::Document& document, const std::vector<std::string>& models)>;

struct SigningIn {
    identity::Sessions& sessions;
    store::State& state;              // beside the loops only
    const crypto::SealingKey sealing; // of the providers' tokens
    ClientSettings settings;          // of Claude Code; may be empty
    identity::DeviceGrants grants{};
    IssuerMemory issuers{};
    Renewals renewals{};
};

} // namespace sallyport::gateway
