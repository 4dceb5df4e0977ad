// sallyport.yaml: how this installation runs. What is allowed is in policy.yaml. Secrets are references only: ${env:NAME} or
// ${file:path}; a value that looks like a secret itself is a mistake. Paths are relative to the file. Immutable once loaded.
#pragma once

#include "base/network.h"
#include "base/secret.h"
#include "catalog/advisory_files.h"
#include "crypto/note.h"
#include "dialect/dialect.h"
#include "handover/destination.h"
#include "http/client.h"
#include "identity/ledger_key.h"
#include "ledger/offload.h"
#include "policy/mistake.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

struct ListenerConfig {
    net::HostPort address;
    std::string certificate_file; // empty: plain
    std::string key_file;
};

// A host that the gateway calls.
struct HostConfig {
    std::size_t pool_id = 0; // in http::Pool: never used again for another host, also after a reload
    bool tls = false;
    net::HostPort where;
    std::string authority;
    std::string base_path; // "" or "/prefix", without a slash at the end
    Secret credential;     // the company's; may be empty (a local model)
    std::string ca_file;
    std::optional<net::HostPort> proxy;
    Secret proxy_authorization;
};

struct UpstreamConfig : HostConfig {
    std::string name;
    std::vector<dialect::Dialect> dialects;
    std::string credential_header; // lower case; empty: the dialect's own
    std::string account;
    std::vector<std::string> strip_headers; // lower case: never sent to this upstream
};

// The company's own AuthZEN decision point (docs/authzen.md).
struct DecisionPointConfig : HostConfig {
    std::int64_t timeout_ms = limits::pdp_ms;           // of the whole call
    std::int64_t remember_ms = limits::pdp_remember_ms; // 0: not at all
};

// Where the ledger's entries are handed over (docs/handover.md).
struct HandoverConfig : HostConfig {
    std::string name;
    handover::Transport transport = handover::Transport::http;
    handover::Format format = handover::Format::ocsf;
    bool from_start = false;
    std::string credential_header; // lower case; empty: the format's own
    std::int64_t timeout_ms = limits::handover_ms;
    std::filesystem::path file; // of Transport::file
};

// One that says who somebody is: the company's OpenID provider, or a CI system (docs/sign-in.md).
struct IssuerConfig : HostConfig {
    std::string issuer;                           // as tokens name it
    std::vector<HostConfig> further;              // hosts that its metadata may name beside its own
    std::int64_t timeout_ms = limits::witness_ms; // of one call
};

// Signing in at the gateway. `issuer`: index in Config::issuers.
struct SignInConfig {
    std::size_t issuer = 0;
    std::string client_id;
    Secret client_secret; // empty: a public client, held to its word by PKCE alone
    std::string address;  // "https://gateway.example": as browsers and clients reach it; empty: as the request says
    std::string scopes = "openid email offline_access";
    std::string person_claim = "email", groups_claim = "groups";
    std::vector<std::pair<std::string, std::string>>
        teams; // group and team, in the operator's order; empty: everybody may
    std::string max_class = "trade-secret";
    std::int64_t lasts_ms = 12 * 3'600'000LL; // until the person signs in again
    std::vector<std::string> models;          // names that the policy's patterns stand for, to tell clients
};

// A service that comes with a token of its own: no person.
struct WorkloadConfig {
    std::size_t issuer = 0;
    std::string audience, subject; // a pattern: "repo:acme/*"
    std::string team, max_class = "internal";
};

// One that cosigns the ledger's checkpoints (C2SP tlog-witness).
struct WitnessConfig : HostConfig {
    crypto::NoteVerifier key;
};

// Where the ledger's key is, and who vouches for the ledger (docs/witnesses.md).
struct LedgerConfig {
    identity::LedgerKeySource key;        // of a start; a reload changes nothing
    std::vector<WitnessConfig> witnesses; // each of another name
    std::size_t cosignatures = 0;         // that a checkpoint must have; 0: none must, one is enough to be kept
    std::int64_t every_ms = limits::witness_every_ms;
    std::int64_t timeout_ms = limits::witness_ms; // of one call
    std::int64_t cosigned_within_ms = limits::cosigned_within_ms;
    std::optional<ledger::OffloadRule> offload; // where segments go (docs/operations.md)
};

// How much of bodies is kept (docs/operations.md); which, policy.yaml says.
struct BodiesConfig {
    std::uint64_t limit_bytes = 0; // of packs in the data directory: beyond it no more is kept; 0: none
    std::optional<ledger::OffloadRule> offload;
};

// The forward proxy of `sallyport serve` (docs/egress.md).
struct ForwardConfig {
    std::vector<net::HostPort> listen;
    std::string certificate_file, key_file;                     // of its listeners; empty: plain
    std::string authority_certificate_file, authority_key_file; // that intercepts; empty: one made at each start
    std::string ca_file;                                  // trust for hosts that are intercepted; empty: the system's
    std::vector<std::pair<std::string, IpAddress>> names; // that DNS is not asked for
    std::int64_t idle_ms = limits::tunnel_idle_ms_max;
    std::size_t contacts_per_caller_max = limits::tunnels_per_caller_max;
    std::uint64_t contact_bytes_max = UINT64_MAX;
};

struct Config {
    std::filesystem::path file;
    std::string digest; // of its text
    std::filesystem::path data;
    std::filesystem::path policy;
    catalog::AdvisorySource advisories;               // docs/advisories.md
    std::vector<crypto::NoteVerifier> policy_signers; // empty: the policy need not be signed
    std::size_t policy_signatures = 1;                // of different signers
    unsigned threads = 0;                             // 0: one per core
    std::vector<ListenerConfig> listeners;
    net::HostPort admin;
    std::vector<std::string> admin_hosts;  // further names the admin listener may be asked by
    std::vector<UpstreamConfig> upstreams; // in the operator's order of preference
    std::optional<DecisionPointConfig> decision_point;
    std::vector<HandoverConfig> handover;
    LedgerConfig ledger;
    BodiesConfig bodies;
    std::optional<ForwardConfig> forward;
    std::vector<IssuerConfig> issuers;
    std::optional<SignInConfig> sign_in;
    std::vector<WorkloadConfig> workloads;
    Secret directory_token;                        // of the company's directory, for SCIM; empty: it is not listened to
    std::vector<std::filesystem::path> rule_files; // for secrets, in the gitleaks format, beside the program's own
    bool personal_data = false;                    // the pack of cards, account numbers and national numbers, too
    std::vector<std::string> customers;            // names that `repo classify` looks for
    http::Timeouts timeouts;
    std::int64_t drain_ms = limits::drain_ms_max;
    std::size_t request_body_bytes_max = limits::request_body_bytes_max;
    std::size_t decoded_body_bytes_max = limits::decoded_body_bytes_max;
    std::size_t buffered_bodies_bytes_max = limits::buffered_bodies_bytes_max;
    std::size_t connections_max = limits::connections_max;
};

struct LoadedConfig {
    std::shared_ptr<const Config> config; // null where there are mistakes
    std::vector<policy::Mistake> mistakes;
};

// `with_secrets` false: for commands that only need the paths; references are checked, not resolved.
LoadedConfig load_config(const std::filesystem::path& file, bool with_secrets);

} // namespace sallyport::gateway
