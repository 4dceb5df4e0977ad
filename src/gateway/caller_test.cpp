// Who is calling: keys, credentials brought along, claims about repositories.
#include "gateway/caller.h"

#include "crypto/crypto.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sallyport::gateway {
namespace {

using identity::KeyProblem;
using policy::AccountKind;

class Callers : public testing::Test {
public:
    Callers() {
        store::KeyList list(2);
        const std::string_view keys[] = {key_, other_};
        for (std::size_t i = 0; i < 2; ++i) {
            list[i].id = i == 0 ? "k_one" : "k_two";
            list[i].digest = crypto::bytes(mac_.of(keys[i]));
        }
        table_ = identity::KeyTable(mac_, {std::make_shared<const store::KeyList>(std::move(list)), 1});
    }
    const http::RequestHead& head(std::string_view lines, std::string_view target = "/v1/messages") {
        bytes_ = "POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
        const auto parsed = http::parse_request_head(bytes_, head_);
        EXPECT_TRUE(parsed) << bytes_ << parsed.error().message;
        return head_;
    }
    Result<CallerView> read(std::string_view lines, std::string_view target = "/v1/messages") {
        return read_caller(head(lines, target), table_, 1000);
    }

    const crypto::Mac mac_{Secret("an installation's key for digests")};
    const std::string key_{identity::new_company_key().reveal()}, other_{identity::new_company_key().reveal()};
    identity::KeyTable table_;
    std::string bytes_;
    http::RequestHead head_;
};

TEST_F(Callers, MayPresentTheirKeyInAnyOfTheUsualPlaces) {
    for (const std::string& lines :
         {"x-sallyport-key: " + key_, "X-API-Key: " + key_, "authorization: Bearer " + key_,
          "Authorization: bearer   " + key_, "Authorization: " + key_, "x-goog-api-key: " + key_, "api-key: " + key_,
          "x-sallyport-key: " + key_ + "\r\nAuthorization: Bearer " + key_}) {
        const auto caller = read(lines + "\r\n");
        ASSERT_TRUE(caller) << lines;
        EXPECT_EQ(caller->key.problem, KeyProblem::none) << lines;
        EXPECT_EQ(caller->key.caller.key_id, "k_one") << lines;
        EXPECT_EQ(caller->account, AccountKind::company) << lines;
    }
    std::string encoded = "%73%70_" + key_.substr(3); // "sp_"
    for (const std::string& query :
         {"key=" + key_, "a=b&key=" + key_ + "&c", "KEY=" + key_, "k%65y=" + encoded, "a;key=" + key_ + ";b"}) {
        const auto caller = read("", "/v1beta/models/m:generateContent?" + query);
        ASSERT_TRUE(caller) << query;
        EXPECT_EQ(caller->key.caller.key_id, "k_one") << query;
    }
}

TEST_F(Callers, WithoutAGoodKeyAreToldWhatIsWrong) {
    EXPECT_EQ(read("")->key.problem, KeyProblem::missing);
    EXPECT_EQ(read("Authorization: Bearer\r\nx-api-key: \r\n")->key.problem, KeyProblem::missing);
    EXPECT_EQ(read("x-sallyport-key: " + std::string(identity::new_company_key().reveal()) + "\r\n")->key.problem,
              KeyProblem::unknown);
    std::string slip = key_;
    slip.back() = slip.back() == 'a' ? 'b' : 'a';
    EXPECT_EQ(read("x-sallyport-key: " + slip + "\r\n")->key.problem, KeyProblem::malformed);
    EXPECT_EQ(read("x-sallyport-key: sk-ant-api03-x\r\n")->key.problem, KeyProblem::malformed);
    EXPECT_NE(read("x-api-key: " + slip + "\r\n")->key.problem, KeyProblem::none);
    EXPECT_NE(read("", "/?key=")->key.problem, KeyProblem::none);
    EXPECT_NE(read("", "/?monkey=" + key_)->key.problem, KeyProblem::none); // not a name of a credential
    EXPECT_NE(read("x-other: " + key_ + "\r\n")->key.problem, KeyProblem::none);
}

// Which of two would the next reader take?
TEST_F(Callers, WithTwoCredentialsInOnePlaceAreRefused) {
    for (const std::string& lines :
         {"x-sallyport-key: " + key_ + "\r\nX-Sallyport-Key: " + key_, "x-api-key: " + key_ + "\r\nx-api-key: " + key_,
          "x-api-key: " + key_ + "\r\nX-API-KEY: sk-ant-api03-x",
          "Authorization: Bearer " + key_ + "\r\nauthorization: Basic x",
          "x-sallyport-key: " + key_ + "\r\nx-api-key: " + other_,
          "x-api-key: " + other_ + "\r\nAuthorization: Bearer " + key_,
          "x-goog-api-key: " + other_ + "\r\nx-sallyport-key: " + key_}) {
        const auto caller = read(lines + "\r\n");
        ASSERT_FALSE(caller) << lines;
        EXPECT_EQ(caller.error().kind, ErrorKind::invalid);
        EXPECT_EQ(caller.error().source, ErrorSource::client);
        EXPECT_EQ(caller.error().message.find("sp_"), std::string::npos) << caller.error().message;
    }
    for (const std::string& query : {"key=" + key_ + "&key=" + key_, "key=" + key_ + ";k%65y=x",
                                     std::string("key=a&access_token=b"), "key=" + key_ + "&KEY="}) {
        EXPECT_FALSE(read("", "/?" + query)) << query;
    }
    EXPECT_FALSE(read("x-api-key: " + other_ + "\r\n", "/?key=" + key_));
    EXPECT_TRUE(read("x-api-key: " + key_ + "\r\n", "/?key=" + key_));
}

TEST_F(Callers, WhoBringAVendorsCredentialUseAPersonalAccount) {
    const std::string jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
    const std::pair<std::string, std::string> table[] = {
        {"x-api-key: sk-ant-api03-abc", "x-api-key"},
        {"Authorization: Bearer sk-ant-oat01-abc", "Authorization"},
        {"authorization: bearer sk-proj-abc", "authorization"},
        {"Authorization: Bearer " + jwt, "Authorization"},
        {"x-goog-api-key: AIzaSyabc", "x-goog-api-key"},
        {"Authorization: Bearer ya29.abc", "Authorization"},
        {"Authorization: Bearer gho_abc", "Authorization"},
        {"api-key: sk-abc", "api-key"},
    };
    for (const auto& [line, header] : table) {
        const auto alone = read(line + "\r\n");
        ASSERT_TRUE(alone) << line;
        EXPECT_EQ(alone->account, AccountKind::personal) << line;
        EXPECT_EQ(alone->personal_header, header);
        EXPECT_NE(alone->key.problem, KeyProblem::none) << line;
        const auto beside = read(line + "\r\nx-sallyport-key: " + key_ + "\r\n");
        ASSERT_TRUE(beside) << line;
        EXPECT_EQ(beside->account, AccountKind::personal) << line;
        EXPECT_EQ(beside->key.caller.key_id, "k_one") << line;
    }
    const auto in_query = read("x-sallyport-key: " + key_ + "\r\n", "/?key=AIzaSyabc");
    ASSERT_TRUE(in_query);
    EXPECT_EQ(in_query->account, AccountKind::personal);
    EXPECT_EQ(in_query->personal_header, "?");
    EXPECT_EQ(read("Authorization: Bearer dummy\r\nx-sallyport-key: " + key_ + "\r\n")->account,
              AccountKind::company); // clients insist on some key
}

TEST_F(Callers, TellTheirClientAndSession) {
    const auto claude = read("User-Agent: claude-cli/2.1.330 (external, cli)\r\nX-Claude-Code-Session-Id: 5f2c\r\n");
    ASSERT_TRUE(claude);
    EXPECT_EQ(claude->client.name, "claude-code");
    EXPECT_EQ(claude->client.version, "2.1.330");
    EXPECT_EQ(claude->session(), "5f2c");
    EXPECT_EQ(read("session-id: abc\r\n")->session(), "abc");
    EXPECT_EQ(read("x-session-id: abc\r\n")->session(), "abc");
    EXPECT_EQ(read("")->session(), "");
    EXPECT_EQ(read("")->client.name, "unknown");
}

TEST(Headers, ThatAreOursOrCarryCredentialsNeverLeave) {
    for (const char* name :
         {"x-sallyport-key", "X-Sallyport-Repository", "x-sallyport-anything", "Authorization", "x-api-key",
          "X-Goog-Api-Key", "api-key", "Cookie", "OpenAI-Organization", "openai-project", "chatgpt-account-id",
          "x-goog-user-project", "anthropic-organization-id", "x-amz-security-token"})
        EXPECT_TRUE(never_forwarded(name)) << name;
    for (const char* name : {"anthropic-version", "anthropic-beta", "user-agent", "content-type", "accept-encoding",
                             "x-stainless-lang", "originator", "x-sallyport", "x-request-id", "api-keys"})
        EXPECT_FALSE(never_forwarded(name)) << name;
    for (const char* name : {"authorization", "X-API-KEY", "x-goog-api-key", "Api-Key"})
        EXPECT_TRUE(carries_credential(name)) << name;
    const std::string key(identity::new_company_key().reveal());
    EXPECT_TRUE(holds_company_key("Token " + key) && holds_company_key("Bearer x, Bearer " + key + ", y"));
    EXPECT_FALSE(holds_company_key("Bearer sp_") || holds_company_key(""));
    for (const char* name : {"x-sallyport-key", "cookie", "x-api-keys", ""})
        EXPECT_FALSE(carries_credential(name)) << name;
}

TEST_F(Callers, ClaimRepositoriesInHeaders) {
    const auto claims = [this](const std::string& lines, bool& unreadable) {
        std::vector<std::string> into;
        UnclearClaims unclear;
        claimed_repositories(head(lines), into, unclear);
        unreadable = unclear.unreadable;
        EXPECT_EQ(unclear.too_many, lines.contains("host/r8")) << lines;
        return into;
    };
    using Claims = std::vector<std::string>;
    bool unreadable = false;
    EXPECT_EQ(claims("", unreadable), Claims{});
    EXPECT_FALSE(unreadable);
    EXPECT_EQ(claims("X-Sallyport-Repository: git@Git.Acme.example:core/engine.git\r\nx-sallyport-repository: "
                     "https://git.acme.example/core/engine\r\n"
                     "x-sallyport-repository: github.com/acme/website\r\n",
                     unreadable),
              (Claims{"git.acme.example/core/engine", "github.com/acme/website"}));
    EXPECT_FALSE(unreadable);
    for (const char* bad : {"", "a b", "https://", "git.acme.example/../core", "git.acme.example/a%2fb"}) {
        EXPECT_EQ(claims("x-sallyport-repository: " + std::string(bad) + "\r\n", unreadable), Claims{}) << bad;
        EXPECT_TRUE(unreadable) << bad;
    }
    std::string many;
    for (int i = 0; i < 9; ++i) many += "x-sallyport-repository: host/r" + std::to_string(i) + "\r\n";
    EXPECT_EQ(claims(many, unreadable).size(), 8u);
    EXPECT_FALSE(unreadable);
    const std::string codex = "x-codex-turn-metadata: ";
    EXPECT_EQ(
        claims(
            codex +
                R"({"turn_id":"t","workspaces":{"/a":{"associated_remote_urls":{"origin":"https://git.acme.example/core/engine.git","fork":"git@host:x/y"}},)"
                R"("/b":{"latest_git_commit_hash":"0"},"/c":{"associated_remote_urls":{"origin":"https:\/\/host\/x\/y"}}}})"
                "\r\n",
            unreadable),
        (Claims{"host/x/y", "git.acme.example/core/engine"}));
    EXPECT_FALSE(unreadable);
    EXPECT_EQ(claims(codex + "{}\r\n", unreadable), Claims{});
    EXPECT_FALSE(unreadable);
    for (const char* bad :
         {"", "x", "{\"workspaces\":", R"({"workspaces":{"/a":{"associated_remote_urls":{"origin":"not a remote"}}}})",
          R"({"workspaces":{"/a":{"associated_remote_urls":{"origin":5}}}})"}) {
        EXPECT_EQ(claims(codex + std::string(bad) + "\r\n", unreadable), Claims{}) << bad;
        EXPECT_TRUE(unreadable) << bad;
    }
}

struct QueryRow {
    const char* query;
    const char* company; // what is left for a company account
    const char* personal;
};

TEST_F(Callers, CredentialsAreTakenOutOfTheQueryAndNothingElse) {
    const QueryRow table[] = {
        {"", "", ""},
        {"beta=true", "beta=true", "beta=true"},
        {"alt=sse&key=AIza1", "alt=sse", "alt=sse&key=AIza1"},
        {"key=AIza1&alt=sse", "alt=sse", "key=AIza1&alt=sse"},
        {"a=1&key=AIza1&b=2", "a=1&b=2", "a=1&key=AIza1&b=2"},
        {"a=1;key=x;b=2", "a=1;b=2", "a=1;key=x;b=2"},
        {"a=1&key=x;b=2", "a=1;b=2", "a=1&key=x;b=2"},
        {"key=x", "", "key=x"},
        {"key", "", "key"},
        {"key=", "", "key="},
        {"KEY=x&Key=y&a", "a", "KEY=x&Key=y&a"},
        {"k%65y=x&a", "a", "k%65y=x&a"},
        {"%6B%65%79=x&a", "a", "%6B%65%79=x&a"},
        {"%24key=x&$key=y&a", "a", "%24key=x&$key=y&a"},
        {"access_token=x&api_key=y&api-key=z&oauth_token=w&a=b", "a=b",
         "access_token=x&api_key=y&api-key=z&oauth_token=w&a=b"},
        {"access%5ftoken=x&a=b", "a=b", "access%5ftoken=x&a=b"},
        {"keys=x&mykey=y&key2=z&ke=a&key%00=b", "keys=x&mykey=y&key2=z&ke=a&key%00=b",
         "keys=x&mykey=y&key2=z&ke=a&key%00=b"},
        {"a=key=x&b=%26key=y", "a=key=x&b=%26key=y", "a=key=x&b=%26key=y"},
        {"k%6=x&%=y&key%=z", "k%6=x&%=y&key%=z", "k%6=x&%=y&key%=z"},
        {"&&a&&", "&&a&&", "&&a&&"},
        {"a&&key=1&&b", "a&&&b", "a&&key=1&&b"},
        {"a=%20+x%2F&key=1", "a=%20+x%2F", "a=%20+x%2F&key=1"},
    };
    for (const QueryRow& row : table) {
        EXPECT_EQ(query_without_credentials(row.query, false), row.company) << row.query;
        EXPECT_EQ(query_without_credentials(row.query, true), row.personal) << row.query;
        EXPECT_EQ(query_has_credential(row.query), std::string_view(row.query) != row.company) << row.query;
    }
    for (const std::string& name :
         {"key=", "K%45Y=", "access_token=", "key=Bearer%20", "key=%73%70_"}) { // our own key goes to nobody
        const std::string value = name.ends_with("_") ? key_.substr(3) : key_;
        EXPECT_EQ(query_without_credentials("a=1&" + name + value, true), "a=1") << name;
    }
}

} // namespace
} // namespace sallyport::gateway
