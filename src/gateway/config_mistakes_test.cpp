// One mistake each in an otherwise good sallyport.yaml: it stops the start, with its place and a sentence that helps.
#include "gateway/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

// `good` in the file below becomes `bad`; the mistake is told at that place, with these words in it.
struct Row {
    const char* good;
    const char* bad;
    int line, column;
    const char* words;
};

const std::string file =
    "version: 1\n"                                                                                                // 1
    "data: data\n"                                                                                                // 2
    "policy: policy.yaml\n"                                                                                       // 3
    "threads: 2\n"                                                                                                // 4
    "listeners:\n"                                                                                                // 5
    "  - address: \"127.0.0.1:8080\"\n"                                                                           // 6
    "    tls: { certificate: c.pem, key: k.pem }\n"                                                               // 7
    "admin: { address: \"127.0.0.1:9090\", hosts: [ops.example] }\n"                                              // 8
    "proxy: \"http://proxy.example:3128\"\n"                                                                      // 9
    "timeouts: { head: 30s, drain: 10s }\n"                                                                       // 10
    "limits: { request_body: 64MiB, connections: 100 }\n"                                                         // 11
    "upstreams:\n"                                                                                                // 12
    "  one:\n"                                                                                                    // 13
    "    url: \"https://api.example/v\"\n"                                                                        // 14
    "    dialects: [anthropic-messages, gemini]\n"                                                                // 15
    "    credential: \"${env:SALLYPORT_TEST_KEY}\"\n"                                                             // 16
    "    credential_header: x-key\n"                                                                              // 17
    "    account: acme\n"                                                                                         // 18
    "    strip_headers: [x-git]\n"                                                                                // 19
    "authzen:\n"                                                                                                  // 20
    "  url: \"https://pdp.acme.example\"\n"                                                                       // 21
    "  credential: \"${env:SALLYPORT_TEST_KEY}\"\n"                                                               // 22
    "  timeout: 3s\n"                                                                                             // 23
    "  remember: 0s\n"                                                                                            // 24
    "inspection: { customers: [Acme Bank, 3M] }\n"                                                                // 25
    "handover:\n"                                                                                                 // 26
    "  - name: siem\n"                                                                                            // 27
    "    to: \"https://siem.acme.example\"\n"                                                                     // 28
    "    format: hec\n"                                                                                           // 29
    "    credential: \"${env:SALLYPORT_TEST_KEY}\"\n"                                                             // 30
    "    from: end\n"                                                                                             // 31
    "  - { name: logs, to: \"syslog+tls://logs.example\", format: cef, timeout: 5s }\n"                           // 32
    "  - { name: disk, to: \"file:events.jsonl\", format: ocsf }\n"                                               // 33
    "ledger:\n"                                                                                                   // 34
    "  witnesses:\n"                                                                                              // 35
    "    - url: \"https://w1.acme.example\"\n"                                                                    // 36
    "      key: W1KEY\n"                                                                                          // 37
    "    - { url: \"https://w2.acme.example\", key: W2KEY }\n"                                                    // 38
    "  cosignatures: 2\n"                                                                                         // 39
    "  every: 1s\n"                                                                                               // 40
    "  cosigned_within: 5m\n"                                                                                     // 41
    "  key:\n"                                                                                                    // 42
    "    command: [/usr/bin/age, --decrypt]\n"                                                                    // 43
    "    file: ledger.key.age\n"                                                                                  // 44
    "    environment: [SALLYPORT_TEST_KEY]\n"                                                                     // 45
    "    timeout: 20s\n"                                                                                          // 46
    "forward:\n"                                                                                                  // 47
    "  listen: \"127.0.0.1:3128\"\n"                                                                              // 48
    "  names: { git.acme.example: 10.1.2.3 }\n"                                                                   // 49
    "  idle: 5m\n"                                                                                                // 50
    "  bytes_per_contact: 1GiB\n"                                                                                 // 51
    "sign_in:\n"                                                                                                  // 52
    "  issuer: \"https://idp.acme.example\"\n"                                                                    // 53
    "  client_id: sallyport\n"                                                                                    // 54
    "  address: \"https://gateway.acme.example\"\n"                                                               // 55
    "  teams: { ai: platform }\n"                                                                                 // 56
    "  lasts: 8h\n"                                                                                               // 57
    "  scopes: [openid, groups]\n"                                                                                // 58
    "workloads:\n"                                                                                                // 59
    "  - { issuer: \"https://ci.acme.example\", audience: us, subject: \"repo:acme/*\", max_class: internal }\n"; // 60

std::string made_key(std::string_view name, crypto::NoteAlgorithm algorithm) {
    return crypto::NoteSigner::generate(name, algorithm)->verifier().text();
}
// Verifier keys, whose private halves nobody has.
const std::pair<const char*, std::string> keys[] = {
    {"W1KEY", made_key("w1.acme.example", crypto::NoteAlgorithm::cosignature)},
    {"W2KEY", made_key("w2.acme.example", crypto::NoteAlgorithm::cosignature)},
    {"LOGKEY", made_key("sallyport/k3f9x2ab", crypto::NoteAlgorithm::ed25519)},
};

const Row rows[] = {
    // words and structure
    {"version: 1", "version: 2", 1, 10, "from 1 to 1"},
    {"version: 1", "version: one", 1, 10, "whole number"},
    {"version: 1\n", "", 1, 1, "needs 'version'"},
    {"data: data\n", "", 1, 1, "needs 'data'"},
    {"data: data", "data: ''", 2, 7, "data directory"},
    {"data: data", "data: [a]", 2, 7, "a list"},
    {"policy: policy.yaml\n", "", 1, 1, "needs 'policy'"},
    {"policy:", "polciy:", 3, 1, "did you mean 'policy'"},
    {"threads: 2", "threads: 0", 4, 10, "from 1 to 256"},
    {"threads: 2", "threads: many", 4, 10, "whole number"},
    {"threads: 2", "thread: 2", 4, 1, "did you mean 'threads'"},
    {"threads: 2", "data: again", 4, 1, "data"}, // twice
    {"threads: 2", "threads: *x", 4, 10, ""},
    {"threads: 2", "threads: &x 2", 4, 10, ""},
    {"threads: 2", "threads: !!int 2", 4, 10, ""},
    {"threads: 2", "\tthreads: 2", 4, 1, ""},
    {"threads: 2", "threads: 2: 3", 4, 11, ""},
    // signing in
    {"https://idp.acme.example", "http://idp.acme.example", 53, 11, "asked by https://"},
    {"https://idp.acme.example", "idp.acme.example", 53, 11, "http"},
    {"https://gateway.acme.example", "https://gateway.acme.example/x", 55, 12, "no path"},
    {"{ ai: platform }", "{}", 56, 10, "1 to 1000"},
    {"lasts: 8h", "lasts: 1m", 57, 10, "between"},
    {"[openid, groups]", "[email]", 58, 11, "must hold openid"},
    {"\"repo:acme/*\"", "\"*\"", 60, 65, "which workloads are yours"},
    {"max_class: internal", "max_class: secret", 60, 91, ""},
    {"bytes_per_contact: 1GiB\n", "bytes_per_contact: 1GiB\nscim: { token: \"${env:SALLYPORT_TEST_KEY}\" }\n", 52, 16,
     "at least 24"},
    // the forward proxy
    {"listen: \"127.0.0.1:3128\"", "listn: \"127.0.0.1:3128\"", 48, 3, "did you mean 'listen'"},
    {"\"127.0.0.1:3128\"", "3128", 48, 11, "host:port"},
    {"git.acme.example: 10", "git..example: 10", 49, 12, "no host name"},
    {"10.1.2.3", "10.1.2", 49, 30, "is no address"},
    {"idle: 5m", "idle: 1ms", 50, 9, ""},
    {"1GiB", "10", 51, 22, "at least 1KiB"},
    // listeners
    {"address: \"127.0.0.1:8080\"", "adress: \"127.0.0.1:8080\"", 6, 5, "did you mean 'address'"},
    {"\"127.0.0.1:8080\"", "\"127.0.0.1\"", 6, 14, "host:port"},
    {"\"127.0.0.1:8080\"", "8080", 6, 14, "host:port"},
    {"\"127.0.0.1:8080\"", "\"127.0.0.1:80800\"", 6, 14, "host:port"},
    {"\"127.0.0.1:8080\"", "{}", 6, 14, "a mapping"},
    {"certificate: c.pem, ", "", 7, 10, "needs 'certificate'"},
    {", key: k.pem", "", 7, 10, "needs 'key'"},
    {"tls: { certificate", "tls: { cert: x, certificate", 7, 12, "unknown word 'cert'"},
    {"tls: { certificate: c.pem, key: k.pem }", "tls: yes", 7, 10, "mapping"},
    {"hosts: [ops.example]", "host: [ops.example]", 8, 37, "did you mean 'hosts'"},
    {"\"127.0.0.1:9090\"", "\":9090\"", 8, 19, "host:port"},
    // proxy
    {"http://proxy.example:3128", "proxy.example:3128", 9, 8, "http://"},
    {"http://proxy.example:3128", "https://proxy.example:3128", 9, 8, "TLS is not supported"},
    {"http://proxy.example:3128", "http://:3128", 9, 8, "host and port"},
    // times and sizes
    {"head: 30s", "head: 30", 10, 19, "30s"},
    {"head: 30s", "head: -5s", 10, 19, "30s"},
    {"head: 30s", "head: 0s", 10, 19, "longer than nothing"},
    {"head: 30s", "heads: 30s", 10, 13, "did you mean 'head'"},
    {"drain: 10s", "drain: soon", 10, 31, "time such as"},
    {"64MiB", "64MB", 11, 25, "64MiB"},
    {"64MiB", "1", 11, 25, "between 1KiB and 4GiB"},
    {"64MiB", "5GiB", 11, 25, "between 1KiB and 4GiB"},
    {"connections: 100", "connections: 0", 11, 45, "from 1 to"},
    // upstreams
    {"    url: \"https://api.example/v\"\n", "", 14, 5, "needs 'url'"},
    {"https://api.example/v", "ftp://api.example", 14, 10, "https://"},
    {"https://api.example/v", "HTTPS://api.example", 14, 10, "https://"},
    {"https://api.example/v", "https://", 14, 10, "host and port"},
    {"https://api.example/v", "https://api.example:0", 14, 10, "host and port"},
    {"https://api.example/v", "https://api.example:99999", 14, 10, "host and port"},
    {"https://api.example/v", "https://::1/v", 14, 10, "host and port"},
    {"https://api.example/v", "https://api.example/v?key=x", 14, 10, "plain path"},
    {"https://api.example/v", "https://api.example?key=x", 14, 10, ""},
    {"https://api.example/v", "https://api.example#x", 14, 10, ""},
    {"https://api.example/v", "https://api example", 14, 10, ""},
    {"https://api.example/v", "https://[::1", 14, 10, "host and port"},
    {"https://api.example/v", "https://me:secret@api.example", 14, 10, "'credential'"},
    {"dialects: [anthropic-messages, gemini]", "dialects: [anthropic-messages, gemni]", 15, 36,
     "did you mean 'gemini'"},
    {"dialects: [anthropic-messages, gemini]", "dialects: []", 15, 15, ""}, // an upstream nobody can reach
    {"dialects: [anthropic-messages, gemini]", "dialects: { gemini: true }", 15, 15, "list"},
    {"    dialects: [anthropic-messages, gemini]\n", "", 14, 5, "needs 'dialects'"},
    {"${env:SALLYPORT_TEST_KEY}", "sk-ant-api03-secret", 16, 17, "never the secret itself"},
    {"${env:SALLYPORT_TEST_KEY}", "${env:SALLYPORT_TEST_UNSET}", 16, 17, "SALLYPORT_TEST_UNSET"},
    {"${env:SALLYPORT_TEST_KEY}", "${env:SALLYPORT_TEST_EMPTY}", 16, 17, "not set"},
    {"${env:SALLYPORT_TEST_KEY}", "${env:SALLYPORT_TEST_BAD}", 16, 17, "spaces or control characters"},
    {"${env:SALLYPORT_TEST_KEY}", "${env:}", 16, 17, ""},
    {"${env:SALLYPORT_TEST_KEY}", "${file:absent}", 16, 17, "absent"},
    {"${env:SALLYPORT_TEST_KEY}", "${vault:x}", 16, 17, "${env:NAME}"},
    {"${env:SALLYPORT_TEST_KEY}", "x${env:SALLYPORT_TEST_KEY}", 16, 17, "${env:NAME}"},
    {"credential_header: x-key", "credential_header: \"x key\"", 17, 24, ""}, // no header can have that name
    {"credential_header: x-key", "credential_header: \"x-key:\"", 17, 24, ""},
    {"credential_header: x-key", "credential_headers: x-key", 17, 5, "did you mean 'credential_header'"},
    {"account: acme", "account: \"a c m e\"", 18, 14, "allowed"},
    {"strip_headers: [x-git]", "strip_headers: { x: y }", 19, 20, "list"},
    {"strip_headers: [x-git]", "strip_headers: [\"x git\"]", 19, 21, ""},
    // the decision point
    {"authzen:", "authzn:", 20, 1, "did you mean 'authzen'"},
    {"  url: \"https://pdp.acme.example\"\n", "", 21, 3, "needs 'url'"},
    {"https://pdp.acme.example", "pdp.acme.example", 21, 8, "https://"},
    {"https://pdp.acme.example", "https://me:secret@pdp.acme.example", 21, 8, "'credential'"},
    {"  credential: \"${env:SALLYPORT_TEST_KEY}\"\n  timeout", "  credential: sk-ant-api03-x\n  timeout", 22, 15,
     "never the secret itself"},
    {"timeout: 3s", "timeout: 3", 23, 12, "30s"},
    {"timeout: 3s", "timeout: 0s", 23, 12, "between 1ms and 30s"},
    {"timeout: 3s", "timeout: 31s", 23, 12, "between 1ms and 30s"},
    {"timeout: 3s", "time_out: 3s", 23, 3, "did you mean 'timeout'"},
    {"remember: 0s", "remember: 2h", 24, 13, "between 0ms and 3600s"},
    {"remember: 0s", "cache: 0s", 24, 3, "unknown word 'cache'"},
    // inspection
    {"inspection:", "inspections:", 25, 1, "did you mean 'inspection'"},
    {"customers: [", "customer: [", 25, 15, "did you mean 'customers'"},
    {"Acme Bank, 3M", "Acme Bank, X", 25, 38, "at least 2 letters"},
    {"Acme Bank, 3M", "Acme Bank, {}", 25, 38, "a mapping"},
    {"Acme Bank, 3M", "Acme Bank, \"--\"", 25, 38, "at least 2 letters"},
    {"[Acme Bank, 3M]", "{ Acme Bank: true }", 25, 26, "list"},
    // witnesses
    {"ledger:", "legder:", 34, 1, "did you mean 'ledger'"},
    {"      key: W1KEY\n", "", 36, 7, "needs 'key'"},
    {"    - url: \"https://w1.acme.example\"\n      key", "    - key", 36, 7, "needs 'url'"},
    {"https://w1.acme.example", "w1.acme.example", 36, 12, "https://"},
    {"key: W1KEY", "key: w1.acme.example", 37, 12, "name+id+key; sallyport ledger witness --print-key prints it"},
    {"key: W1KEY", "key: LOGKEY", 37, 12, "of a log, not of a witness"},
    {"key: W2KEY", "key: W1KEY", 38, 46, "two witnesses have the name w1.acme.example"},
    {"cosignatures: 2", "cosignatures: 3", 39, 17, "more cosignatures are asked for than witnesses are named"},
    {"cosignatures: 2", "cosignatures: two", 39, 17, "whole number"},
    {"cosignatures: 2", "cosignature: 2", 39, 3, "did you mean 'cosignatures'"},
    {"every: 1s", "every: 10ms", 40, 10, "between 100ms and 3600s"},
    {"every: 1s", "every: 5m", 39, 17, "must be longer than every"},
    {"cosigned_within: 5m", "cosigned_within: 500ms", 41, 20, "between 1000ms and"},
    // the ledger's key
    {"command: [/usr/bin/age, --decrypt]", "command: [age, --decrypt]", 43, 14, "absolute path of a program"},
    {"command: [/usr/bin/age, --decrypt]", "command: []", 43, 14, "absolute path of a program"},
    {"command: [/usr/bin/age, --decrypt]", "commands: [/usr/bin/age]", 43, 5, "did you mean 'command'"},
    {"    command: [/usr/bin/age, --decrypt]\n    file: ledger.key.age\n", "", 43, 18, "only a command has"},
    {"SALLYPORT_TEST_KEY]\n", "SALLYPORT_TEST_UNSET]\n", 45, 19, "SALLYPORT_TEST_UNSET is not set"},
    {"environment: [SALLYPORT_TEST_KEY]", "environment: [\"A=B\"]", 45, 19, "names of variables"},
    {"timeout: 20s", "timeout: 20", 46, 14, "30s"},
    {"timeout: 20s", "timeout: 20m", 46, 14, "between 100ms and 600s"},
    {"strip_headers: [x-git]", "strip_header: [x-git]", 19, 5, "did you mean 'strip_headers'"},
    // handover
    {"handover:", "hand_over:", 26, 1, "did you mean 'handover'"},
    {"  - name: siem\n    to:", "  - to:", 27, 5, "needs 'name'"},
    {"name: siem", "name: \"../siem\"", 27, 11, "small letters"},
    {"name: siem", "name: Siem", 27, 11, "small letters"},
    {"name: siem", "name: disk", 33, 5, "two destinations with the name"},
    {"https://siem.acme.example", "siem.acme.example", 28, 9, "syslog+tls://"},
    {"https://siem.acme.example", "syslog://siem.acme.example", 28, 9, "syslog+tls://"},
    {"https://siem.acme.example", "https://me:secret@siem.acme.example", 28, 9, "'credential'"},
    {"    format: hec\n", "", 27, 5, "needs 'format'"},
    {"format: hec", "format: hek", 29, 13, "did you mean 'hec'"},
    {"format: hec", "format: cef", 29, 13, "CEF goes by syslog or into a file"},
    {"    credential: \"${env:SALLYPORT_TEST_KEY}\"\n    from", "    credential: sk-ant-api03-x\n    from", 30, 17,
     "never the secret itself"},
    {"from: end", "from: begin", 31, 11, "'from'"},
    {"from: end", "token: x", 31, 5, "unknown word 'token'"},
    {"format: cef", "format: otlp", 32, 60, "by syslog the formats are ocsf and cef"},
    {"syslog+tls://logs.example", "syslog+tls://logs.example/x", 32, 23, "a path"},
    {"timeout: 5s", "credential: \"${env:SALLYPORT_TEST_KEY}\"", 32, 77, "cannot be sent by syslog"},
    {"timeout: 5s", "timeout: 5ms", 32, 74, "between 1000ms and 300s"},
    {"file:events.jsonl", "file:", 33, 23, "names no file"},
    {"format: ocsf }", "format: hec }", 33, 52, "into a file"},
    {"format: ocsf }", "format: ocsf, ca: x }", 33, 62, "says nothing of a file"},
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.bad; }

class Mistake : public testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(Table, Mistake, testing::ValuesIn(rows));

std::string replaced(const Row& row) {
    std::string text = file;
    const std::size_t at = text.find(row.good);
    EXPECT_NE(at, std::string::npos) << row.good;
    return text.replace(at, std::string_view(row.good).size(), row.bad);
}

LoadedConfig load(std::string text) {
    for (const auto& [word, key] : keys)
        for (std::size_t at = 0; (at = text.find(word)) != std::string::npos;)
            text.replace(at, std::string_view(word).size(), key);
    ::setenv("SALLYPORT_TEST_KEY", "key-from-environment", 1);
    ::setenv("SALLYPORT_TEST_BAD", "two words", 1);
    ::setenv("SALLYPORT_TEST_EMPTY", "", 1);
    ::unsetenv("SALLYPORT_TEST_UNSET");
    std::string name = testing::TempDir() + "mistake_XXXXXX";
    const fs::path folder = ::mkdtemp(name.data());
    std::ofstream(folder / "sallyport.yaml", std::ios::binary) << text;
    LoadedConfig loaded = load_config(folder / "sallyport.yaml", true);
    fs::remove_all(folder);
    return loaded;
}

TEST(Mistakes, AreNoneInTheFileThatTheTableBreaks) { EXPECT_TRUE(load(file).config); }

TEST_P(Mistake, IsToldWithItsPlace) {
    const LoadedConfig loaded = load(replaced(GetParam()));
    EXPECT_FALSE(loaded.config) << GetParam().bad;
    std::string all;
    bool told = false;
    for (const auto& mistake : loaded.mistakes) {
        all += std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " + mistake.sentence + "\n";
        told = told || (mistake.line == GetParam().line && mistake.column == GetParam().column &&
                        mistake.sentence.find(GetParam().words) != std::string::npos);
    }
    EXPECT_TRUE(told) << GetParam().bad << ": expected " << GetParam().line << ":" << GetParam().column << " with '"
                      << GetParam().words << "' in\n"
                      << all;
    EXPECT_EQ(all.find("secret@"), std::string::npos) << all; // nothing that may be a secret is shown
    EXPECT_EQ(all.find("api03"), std::string::npos) << all;
}

} // namespace
} // namespace sallyport::gateway
