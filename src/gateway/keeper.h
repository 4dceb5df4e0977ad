// Keeps the world current: loads it at start, polls the keys, loads it anew at a reload. A file with mistakes leaves the world in
// force as it is and says so (log, /readyz). Runs on the control thread; publishes to every lane through `publish`.
#pragma once

#include "base/log.h"
#include "crypto/crypto.h"
#include "gateway/world.h"
#include "identity/sessions.h"
#include "store/state.h"

#include <functional>
#include <memory>
#include <string>

namespace sallyport::gateway {

// A policy, and who signed it where that is asked for.
struct SignedPolicy {
    std::shared_ptr<const policy::Policy> policy;
    policy::Signature signature;
};

class Keeper {
public:
    using Publish = std::function<void(std::shared_ptr<const World>)>;
    Keeper(const Log& log, store::State& state, const crypto::Mac& key_digests, identity::Sessions& sessions,
           std::filesystem::path policies, std::filesystem::path code_index, std::atomic<std::int64_t>& confirmed_ms)
        : log_(log), state_(state), key_digests_(key_digests), sessions_(sessions), policies_(std::move(policies)),
          code_index_(std::move(code_index)), confirmed_ms_(confirmed_ms) {}

    // The first world. Where its policy cannot be taken, one that refuses everything and says so.
    Result<std::shared_ptr<const World>> first(std::shared_ptr<const Config> config);
    void publish_to(Publish publish) { publish_ = std::move(publish); }

    void poll_keys();
    void poll_code(); // whether something was indexed
    void reload();

    const World& world() const { return *world_; }
    std::uint64_t reloads_failed() const { return reloads_failed_; }
    const std::string& last_problem() const {
        return last_problem_;
    } // of the last reload, or the start; empty where it went well

private:
    Result<void> make(std::shared_ptr<const Config> config, SignedPolicy policy,
                      std::shared_ptr<const content::Rules> rules,
                      std::shared_ptr<const catalog::Advisories> advisories, std::string problem);
    // Those in force where nothing of them changed.
    Result<std::shared_ptr<const content::Rules>> load_rules(const Config& config);
    Result<void> load_code();
    // Those in force where nothing of them changed.
    Result<std::shared_ptr<const catalog::Advisories>> load_advisories(const Config& config) const;
    // With the company's code, as open or not as the policy says.
    std::shared_ptr<const content::Rules> with_code(std::shared_ptr<const content::Rules> rules,
                                                    const policy::Policy& policy) const;

    const Log& log_;
    store::State& state_;
    const crypto::Mac& key_digests_;
    identity::Sessions& sessions_;
    std::filesystem::path
        policies_; // each policy that was in force is kept here, so that its decisions can be repeated
    std::filesystem::path code_index_;
    std::shared_ptr<const content::CodeIndex> code_;
    std::uint64_t code_failed_ = 0; // the generation that could not be loaded
    std::atomic<std::int64_t>& confirmed_ms_;
    Publish publish_;
    std::shared_ptr<const World> world_;
    std::shared_ptr<const content::Rules> rules_; // last loaded
    std::string rules_text_;                      // that they were made of
    std::uint64_t keys_version_ = 0;
    std::uint64_t reloads_failed_ = 0;
    std::string last_problem_;
};

// Where the main file of a policy that was in force is kept.
std::filesystem::path kept_policy_file(const std::filesystem::path& policies, std::string_view digest);

// Every mistake as a line.
std::string lines_of(std::span<const policy::Mistake> mistakes);

} // namespace sallyport::gateway
