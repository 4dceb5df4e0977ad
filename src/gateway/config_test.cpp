// sallyport.yaml: what a good one becomes, and where a bad one is wrong.
#include "gateway/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

class Configuration : public testing::Test {
public:
    Configuration() {
        std::string name = testing::TempDir() + "config_XXXXXX";
        folder_ = ::mkdtemp(name.data());
        ::setenv("SALLYPORT_TEST_KEY", "key-from-environment", 1);
        ::setenv("SALLYPORT_TEST_BAD", "two words", 1);
        ::setenv("SALLYPORT_TEST_EMPTY", "", 1);
        ::unsetenv("SALLYPORT_TEST_UNSET");
        write("key", "key-from-file\r\n");
    }
    ~Configuration() override { fs::remove_all(folder_); }
    void write(const char* name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }
    LoadedConfig load(const std::string& text, bool with_secrets = true) const {
        write("sallyport.yaml", text);
        return load_config(folder_ / "sallyport.yaml", with_secrets);
    }
    // "line:column: sentence" of each mistake.
    static std::string shown(const LoadedConfig& loaded) {
        std::string text;
        for (const auto& mistake : loaded.mistakes)
            text +=
                std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " + mistake.sentence + "\n";
        return text;
    }
    fs::path folder_;
};

const std::string minimum = "version: 1\n"
                            "data: data\n"
                            "policy: policy.yaml\n"
                            "listeners:\n"
                            "  - { address: \"127.0.0.1:8080\" }\n"
                            "upstreams:\n"
                            "  one: { url: \"https://api.example\", dialects: [anthropic-messages] }\n";

TEST_F(Configuration, OfTheMinimumHasTheDefaults) {
    const LoadedConfig loaded = load(minimum);
    ASSERT_TRUE(loaded.config) << shown(loaded);
    const Config& config = *loaded.config;
    EXPECT_EQ(config.data, folder_ / "data");
    EXPECT_EQ(config.policy, folder_ / "policy.yaml");
    EXPECT_EQ(config.digest.size(), 64u);
    EXPECT_EQ(config.threads, 0u);
    ASSERT_EQ(config.listeners.size(), 1u);
    EXPECT_EQ(config.listeners[0].address.text(), "127.0.0.1:8080");
    EXPECT_TRUE(config.listeners[0].certificate_file.empty());
    EXPECT_EQ(config.admin.text(), "127.0.0.1:9090");
    EXPECT_EQ(config.timeouts.connect_ms, limits::connect_ms_max);
    EXPECT_EQ(config.request_body_bytes_max, limits::request_body_bytes_max);
    ASSERT_EQ(config.upstreams.size(), 1u);
    const UpstreamConfig& one = config.upstreams[0];
    EXPECT_EQ(one.name, "one");
    EXPECT_TRUE(one.tls);
    EXPECT_EQ(one.where.text(), "api.example:443");
    EXPECT_EQ(one.authority, "api.example");
    EXPECT_EQ(one.base_path, "");
    EXPECT_TRUE(one.credential.empty());
    EXPECT_FALSE(one.proxy);
    EXPECT_FALSE(config.decision_point);
    EXPECT_TRUE(config.ledger.witnesses.empty());
    EXPECT_EQ(config.ledger.cosignatures, 0u);
}

TEST_F(Configuration, ReadsEveryWord) {
    const std::string witness =
        crypto::NoteSigner::generate("w1.acme.example", crypto::NoteAlgorithm::cosignature)->verifier().text();
    const LoadedConfig loaded = load(
        "version: 1\ndata: /var/lib/sallyport\npolicy: /etc/policy.yaml\nthreads: 3\n"
        "listeners:\n  - { address: \"[::1]:0\" }\n  - { address: \"0.0.0.0:8443\", tls: { certificate: c.pem, key: "
        "k.pem } }\n"
        "admin: { address: \"127.0.0.1:1\", hosts: [Admin.Example] }\nproxy: \"http://user:pa%ss@proxy.example:3128\"\n"
        "timeouts: { head: 1s, body_idle: 2s, keep_alive: 3s, write_idle: 4s, connect: 5s, upstream_head: 6m, "
        "upstream_idle: 7m, drain: 250ms }\n"
        "limits: { request_body: 1MiB, decoded_body: 2MiB, buffered_bodies: 1GiB, connections: 10 }\n"
        "upstreams:\n"
        "  a: { url: \"https://API.example:8443/base/\", dialects: [gemini, openai-chat], credential: "
        "\"${env:SALLYPORT_TEST_KEY}\", account: acme-eu,\n"
        "       credential_header: API-Key, ca: ca.pem, strip_headers: [X-Git-Remote] }\n"
        "  b: { url: \"http://10.0.0.1:9000\", dialects: openai-responses, credential: \"${file:key}\", proxy: none }\n"
        "  c: { url: \"http://[::1]\", dialects: [anthropic-messages] }\n"
        "authzen: { url: \"https://pdp.acme.example/authz/\", credential: \"${file:key}\", ca: ca.pem, proxy: none, "
        "timeout: 500ms, remember: 5m }\n"
        "inspection: { rules: acme.toml, personal_data: true, customers: [\"Acme Bank\", 3M] }\n"
        "ledger: { witnesses: [ { url: \"https://w1.acme.example:9103/w/\", key: \"" +
        witness + "\", ca: ca.pem, proxy: none } ], cosignatures: 1, every: 2s, timeout: 3s, cosigned_within: 1h }\n");
    ASSERT_TRUE(loaded.config) << shown(loaded);
    const Config& config = *loaded.config;
    EXPECT_EQ(config.data, "/var/lib/sallyport");
    EXPECT_EQ(config.threads, 3u);
    ASSERT_EQ(config.listeners.size(), 2u);
    EXPECT_EQ(config.listeners[0].address.host, "::1");
    EXPECT_EQ(config.listeners[1].certificate_file, folder_ / "c.pem");
    EXPECT_EQ(config.listeners[1].key_file, folder_ / "k.pem");
    EXPECT_EQ(config.admin_hosts, std::vector<std::string>{"admin.example"});
    EXPECT_EQ(config.rule_files, std::vector{folder_ / "acme.toml"});
    EXPECT_TRUE(config.personal_data);
    EXPECT_EQ(config.customers, (std::vector<std::string>{"Acme Bank", "3M"}));
    EXPECT_EQ(config.timeouts.head_ms, 1000);
    EXPECT_EQ(config.timeouts.upstream_idle_ms, 420'000);
    EXPECT_EQ(config.drain_ms, 250);
    EXPECT_EQ(config.request_body_bytes_max, 1u << 20);
    EXPECT_EQ(config.buffered_bodies_bytes_max, 1u << 30);
    EXPECT_EQ(config.connections_max, 10u);
    ASSERT_EQ(config.upstreams.size(), 3u); // in the operator's order
    const UpstreamConfig &a = config.upstreams[0], &b = config.upstreams[1], &c = config.upstreams[2];
    EXPECT_EQ(a.where.port, 8443);
    EXPECT_EQ(a.authority, "API.example:8443");
    EXPECT_EQ(a.base_path, "/base");
    EXPECT_EQ(a.dialects, (std::vector<dialect::Dialect>{dialect::Dialect::gemini, dialect::Dialect::openai_chat}));
    EXPECT_EQ(a.credential.reveal(), "key-from-environment");
    EXPECT_EQ(a.credential_header, "api-key");
    EXPECT_EQ(a.account, "acme-eu");
    EXPECT_EQ(a.ca_file, folder_ / "ca.pem");
    EXPECT_EQ(a.strip_headers, std::vector<std::string>{"x-git-remote"});
    ASSERT_TRUE(a.proxy && c.proxy);
    EXPECT_EQ(a.proxy->text(), "proxy.example:3128");
    EXPECT_EQ(a.proxy_authorization.reveal(), "Basic dXNlcjpwYSVzcw=="); // base64 of "user:pa%ss"
    EXPECT_FALSE(b.proxy);
    EXPECT_EQ(b.credential.reveal(), "key-from-file");
    EXPECT_EQ(c.where.text(), "[::1]:80");
    EXPECT_NE(a.pool_id, b.pool_id);
    ASSERT_TRUE(config.decision_point);
    const DecisionPointConfig& point = *config.decision_point;
    EXPECT_EQ(point.authority + point.base_path, "pdp.acme.example/authz");
    EXPECT_EQ(point.credential.reveal(), "key-from-file");
    EXPECT_EQ(point.ca_file, folder_ / "ca.pem");
    EXPECT_FALSE(point.proxy);
    EXPECT_EQ(point.timeout_ms, 500);
    EXPECT_EQ(point.remember_ms, 300'000);
    const LedgerConfig& ledger = config.ledger;
    ASSERT_EQ(ledger.witnesses.size(), 1u);
    EXPECT_EQ(ledger.witnesses[0].key.text(), witness);
    EXPECT_EQ(ledger.witnesses[0].authority + ledger.witnesses[0].base_path, "w1.acme.example:9103/w");
    EXPECT_EQ(ledger.witnesses[0].ca_file, folder_ / "ca.pem");
    EXPECT_FALSE(ledger.witnesses[0].proxy);
    EXPECT_EQ(ledger.cosignatures, 1u);
    EXPECT_EQ(ledger.every_ms, 2'000);
    EXPECT_EQ(ledger.timeout_ms, 3'000);
    EXPECT_EQ(ledger.cosigned_within_ms, 3'600'000);
    EXPECT_GT(point.pool_id, c.pool_id); // a reload retires what is below the first upstream's
}

TEST_F(Configuration, SaysHowMuchIsKeptAndWhereTheRestGoes) {
    const LoadedConfig loaded =
        load(minimum + "ledger: { offload: { directory: /mnt/archive, above: 50GiB } }\n"
                       "bodies: { limit: 200GiB, offload: { directory: archive, above: 0 } }\n");
    ASSERT_TRUE(loaded.config) << shown(loaded);
    const Config& config = *loaded.config;
    EXPECT_EQ(config.ledger.offload->directory, "/mnt/archive");
    EXPECT_EQ(config.ledger.offload->above_bytes, 50ULL << 30);
    EXPECT_EQ(config.bodies.limit_bytes, 200ULL << 30);
    EXPECT_EQ(config.bodies.offload->directory, folder_ / "archive");
    EXPECT_EQ(config.bodies.offload->above_bytes, 0u);
    const LoadedConfig none = load(minimum);
    EXPECT_FALSE(none.config->ledger.offload || none.config->bodies.offload || none.config->bodies.limit_bytes != 0);
    for (const auto& [wrong, sentence] : {
             std::pair{"bodies: { limit: 1GiB, offload: { directory: a, above: 1GiB } }\n",
                       "8:18: limit must be above"},
             std::pair{"bodies: { limit: 1KiB }\n", "8:18: limit must be between"},
             std::pair{"bodies: { offload: { above: 1GiB } }\n", "directory"},
             std::pair{"ledger: { offload: { directory: a } }\n", "above"},
             std::pair{"ledger: { offload: { directory: a, above: much } }\n", "8:43: above is a size"},
             std::pair{"ledger: { offload: { directory: a, above: 1, limit: 2 } }\n", "limit"},
         }) {
        const LoadedConfig bad = load(minimum + wrong);
        EXPECT_FALSE(bad.config) << wrong;
        EXPECT_NE(shown(bad).find(sentence), std::string::npos) << shown(bad);
    }
}

TEST_F(Configuration, SaysWhereAdvisoriesLieAndWhoSignsThem) {
    const auto usual = load(minimum).config;
    ASSERT_TRUE(usual);
    EXPECT_EQ(usual->advisories.folder, folder_ / "data/advisories");
    EXPECT_FALSE(usual->advisories.must_exist || usual->advisories.key);
    const std::string key = crypto::NoteSigner::generate("security@acme")->verifier().text();
    const LoadedConfig loaded = load(minimum + "advisories: { folder: bought, key: \"" + key + "\" }\n");
    ASSERT_TRUE(loaded.config) << shown(loaded);
    EXPECT_EQ(loaded.config->advisories.folder, folder_ / "bought");
    EXPECT_TRUE(loaded.config->advisories.must_exist);
    EXPECT_EQ(loaded.config->advisories.key->text(), key);
    EXPECT_TRUE(
        shown(load(minimum + "advisories: { key: somebody }\n")).contains("sallyport policy signer prints one"));
    EXPECT_TRUE(shown(load(minimum + "advisories: { keys: [] }\n")).contains("did you mean 'key'"));
}

TEST_F(Configuration, DigestIsOfItsText) {
    const std::string digest = load(minimum).config->digest;
    EXPECT_EQ(load(minimum).config->digest, digest);
    EXPECT_NE(load(minimum + "# a remark\n").config->digest, digest);
}

TEST_F(Configuration, ChecksReferencesWithoutResolvingThemWhereOnlyPathsAreNeeded) {
    std::string text = minimum;
    text.replace(text.find("dialects"), 0, "credential: \"${env:SALLYPORT_TEST_UNSET}\", ");
    EXPECT_TRUE(load(text, false).config);
    EXPECT_FALSE(load(text, true).config);
    text.replace(text.find("${env"), 27, "sk-ant-secret");
    const LoadedConfig loaded = load(text, false);
    EXPECT_FALSE(loaded.config);
    EXPECT_EQ(shown(loaded).find("sk-ant"), std::string::npos) << shown(loaded); // it may be a secret
}

TEST_F(Configuration, ThatIsNotThereIsNamed) {
    const LoadedConfig loaded = load_config(folder_ / "absent.yaml", true);
    EXPECT_FALSE(loaded.config);
    ASSERT_EQ(loaded.mistakes.size(), 1u);
    EXPECT_NE(loaded.mistakes[0].text().find((folder_ / "absent.yaml").string()), std::string::npos);
}

TEST_F(Configuration, TellsAllMistakesAtOnce) {
    const LoadedConfig loaded = load("version: 2\ndata: data\npolicy: policy.yaml\nlisteners: [ { adress: \"x\" } "
                                     "]\nupstreams: { a: { url: ftp, dialects: [x] } }\n");
    EXPECT_FALSE(loaded.config);
    EXPECT_GE(loaded.mistakes.size(), 4u) << shown(loaded);
    for (const auto& mistake : loaded.mistakes) {
        EXPECT_EQ(mistake.file, (folder_ / "sallyport.yaml").string());
        EXPECT_GT(mistake.line, 0) << mistake.sentence;
        EXPECT_GT(mistake.column, 0) << mistake.sentence;
    }
}

} // namespace
} // namespace sallyport::gateway
