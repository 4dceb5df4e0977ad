#include "identity/credential.h"

#include "identity/keys.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

TEST(Credential, IsToldByItsShape) {
    const std::pair<std::string_view, CredentialKind> shapes[] = {
        {"sk-ant-api03-AAAA", CredentialKind::anthropic_key},
        {"sk-ant-admin01-AAAA", CredentialKind::anthropic_key},
        {"sk-ant-oat01-AAAA", CredentialKind::anthropic_oauth},
        {"sk-ant-ort01-AAAA", CredentialKind::anthropic_oauth},
        {"sk-proj-AAAA", CredentialKind::openai_key},
        {"sk-AAAA", CredentialKind::openai_key},
        {"AIzaSyAAAA", CredentialKind::google_key},
        {"ya29.AAAA", CredentialKind::google_oauth},
        {"ghu_AAAA", CredentialKind::github_token},
        {"gho_AAAA", CredentialKind::github_token},
        {"github_pat_AAAA", CredentialKind::github_token},
        {"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", CredentialKind::jwt},
        {"eyJhbGciOiJSUzI1NiJ9.eyJzdWIi", CredentialKind::unknown},
        {"eyJ hello . there .", CredentialKind::unknown},
        {"sk-", CredentialKind::unknown},
        {"", CredentialKind::unknown},
        {"dummy", CredentialKind::unknown},
    };
    for (const auto& [text, kind] : shapes) {
        EXPECT_EQ(classify_credential(text), kind) << text;
        EXPECT_EQ(of_a_vendor(kind), kind != CredentialKind::unknown);
    }
    EXPECT_EQ(classify_credential(new_company_key().reveal()), CredentialKind::company_key);
    EXPECT_FALSE(of_a_vendor(CredentialKind::company_key));
    EXPECT_EQ(name(CredentialKind::anthropic_oauth), "anthropic-oauth");
    EXPECT_EQ(name(CredentialKind::unknown), "unknown");
}

} // namespace
} // namespace sallyport::identity
