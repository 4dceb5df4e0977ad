// What kind of credential a caller brought, told from its shape alone: whether it is a company key, or one that a vendor gave
// to a person or an account, which is refused and never forwarded. The text itself is never logged, kept or shown.
#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::identity {

enum class CredentialKind : std::uint8_t {
    company_key,     // sp_…
    anthropic_key,   // sk-ant-api…, sk-ant-admin…
    anthropic_oauth, // sk-ant-oat…, sk-ant-ort…: a person's subscription
    openai_key,      // sk-…, sk-proj-…, sk-svcacct-…, sess-…
    google_key,      // AIza…, AQ.…
    google_oauth,    // ya29.…
    github_token,    // ghu_, gho_, ghp_, ghs_, ghr_, github_pat_
    jwt,             // three base64url parts, the first of them a JSON object: sign-in of a person (ChatGPT)
    unknown,
};
std::string_view name(CredentialKind);
CredentialKind classify_credential(std::string_view text);
// Every kind but company_key and unknown: given out by a vendor.
bool of_a_vendor(CredentialKind);

} // namespace sallyport::identity
