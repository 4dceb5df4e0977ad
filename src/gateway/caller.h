// Who is calling, from the head of a request: the company key, the credentials brought along, the client, what is claimed about the
// repository. Pure; views the head. Nothing here is trusted beyond what a key proves (law 7).
#pragma once

#include "http/head.h"
#include "identity/client.h"
#include "identity/keys.h"
#include "policy/facts.h"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

struct CallerView {
    identity::KeyCheck key;
    policy::AccountKind account = policy::AccountKind::company;
    std::string_view personal_header; // name of the header that brought a vendor's credential; "?" for the query
    identity::Client client;
    std::array<std::string_view, 4> sessions; // from headers, empty behind the last
    std::string_view session() const { return sessions.front(); }
};

// Errors (invalid, source client): a credential given twice, which two readers could choose between differently.
// `of_connection`: a key that the connection was opened with, for a request that brings none of ours.
Result<CallerView> read_caller(const http::RequestHead& head, const identity::KeyTable& keys, std::int64_t now_wall_ms,
                               std::string_view of_connection = {});

// Repositories claimed by headers, normalised ("git.acme.example/core/engine"), each once, at most claims_max. What was
// claimed beside them: something that cannot be read, which then counts as unknown; or too many, of which one that is left out could
// be the strictest, so that nothing can be decided.
inline constexpr std::size_t claims_max = 8;
struct UnclearClaims {
    bool unreadable = false, too_many = false;
};
void claim(const std::optional<std::string>& repository, std::vector<std::string>& into, UnclearClaims& unclear);
// As a client's own metadata tells them; `is_whole`: it could be read to its end.
void claim_remotes(std::span<const std::string> remotes, bool is_whole, std::vector<std::string>& into,
                   UnclearClaims& unclear);
void claimed_repositories(const http::RequestHead& head, std::vector<std::string>& into, UnclearClaims& unclear);

// Headers that never leave: credentials, ours, and those that choose an account.
bool never_forwarded(const http::FieldName& name);
// Headers that carry a vendor's credential (any case).
bool carries_credential(const http::FieldName& name);
// A company key stands somewhere in it, whatever is around.
bool holds_company_key(std::string_view header_value);
// The query without parameters that carry a credential, byte for byte otherwise. `keep_vendors`: only our own keys are taken out.
std::string query_without_credentials(std::string_view query, bool keep_vendors);
bool query_has_credential(std::string_view query);
bool query_overrides_headers(std::string_view query);

} // namespace sallyport::gateway
