// AuthZEN Authorization API 1.0 (OpenID Foundation, final January 2026): others ask what the gateway would decide. The same decide()
// as for an exchange, under the policy in force; exceptions are not looked at, since they belong to callers with keys.
// What the members mean: docs/authzen.md. Pure.
#pragma once

#include "base/error.h"
#include "catalog/advisories.h"
#include "policy/document.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::gateway {

inline constexpr std::size_t evaluations_max = 1'000; // in one request
inline constexpr std::size_t evaluation_body_bytes_max = 1u << 20;

// The answer's body. `several`: "evaluations" is read. Errors (invalid, source client): not JSON, a member that is missing, of the
// wrong type or with a word that is not known; nothing was decided then. `body` needs Buffer::padding readable bytes behind it.
Result<std::string> evaluate(const policy::Policy& policy, std::string_view body, bool several, std::int64_t now_ms,
                             const catalog::Advisories& advisories = {});

// The document of /.well-known/authzen-configuration; `base` is the listener's own URL.
std::string authzen_configuration(std::string_view base);

} // namespace sallyport::gateway
