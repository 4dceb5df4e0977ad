#include "gateway/config.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "gateway/url.h"
#include "policy/yaml.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>

namespace sallyport::gateway {

namespace {

using policy::Fields;
using policy::Node;
using policy::Reader;

constexpr std::size_t config_bytes_max = 1u << 20;
constexpr std::size_t secret_bytes_max = 64 * 1024;
constexpr std::size_t customers_max = 10'000;
constexpr std::size_t customer_bytes_max = 128;

class Loader {
public:
    Loader(Reader& reader, std::filesystem::path folder, bool with_secrets)
        : reader_(reader), folder_(std::move(folder)), with_secrets_(with_secrets) {}

    void load(Config& config) {
        Fields fields(reader_, reader_.root(), "sallyport.yaml");
        [[maybe_unused]] const auto version =
            reader_.integer(fields.require("version"), 1, 1, "the version of sallyport.yaml (this program reads 1)");
        config.data = path(fields.require("data"), "the data directory");
        config.policy = path(fields.require("policy"), "the policy file");
        for (const auto item : reader_.list(fields.take("policy_signers"), "policy_signers"))
            if (const auto text = reader_.text(item, "a signer")) {
                auto verifier = crypto::NoteVerifier::parse(*text);
                if (verifier)
                    config.policy_signers.push_back(std::move(*verifier));
                else
                    reader_.mistake(item, verifier.error().message + "; sallyport policy signer prints one");
            }
        const auto needed = fields.take("policy_signatures");
        if (const auto count = reader_.integer(needed, 1, 100, "policy_signatures")) {
            config.policy_signatures = static_cast<std::size_t>(*count);
            if (config.policy_signatures > config.policy_signers.size())
                reader_.mistake(needed, "more signatures are asked for than signers are named under policy_signers");
        }
        if (const auto threads = reader_.integer(fields.take("threads"), 1, 256, "the number of threads"))
            config.threads = static_cast<unsigned>(*threads);
        load_listeners(fields.require("listeners"), config);
        load_admin(fields.take("admin"), config);
        proxy_node_ = fields.take("proxy");
        load_timeouts(fields.take("timeouts"), config);
        load_limits(fields.take("limits"), config);
        load_upstreams(fields.require("upstreams"), config);
        load_decision_point(fields.take("authzen"), config);
        load_ledger(fields.take("ledger"), config.ledger);
        load_inspection(fields.take("inspection"), config);
        fields.finish();
    }

private:
    std::filesystem::path path(Node node, std::string_view what) {
        const auto text = reader_.text(node, what);
        return text ? folder_ / *text : std::filesystem::path();
    }

    std::optional<net::HostPort> address(Node node, std::string_view what) {
        const auto text = reader_.text(node, what);
        if (!text) return std::nullopt;
        const auto where = net::parse_host_port(*text);
        if (!where) {
            reader_.mistake(node, where.error().message);
            return std::nullopt;
        }
        return *where;
    }

    // ${env:NAME} or ${file:path}; anything else is a mistake, since it would be a secret in a file that is reviewed and copied.
    Secret secret(Node node, std::string_view what) {
        const auto text = reader_.text(node, what);
        if (!text) return {};
        std::string_view reference = *text;
        const bool is_env = reference.starts_with("${env:") && reference.ends_with('}');
        const bool is_file = reference.starts_with("${file:") && reference.ends_with('}');
        if (!is_env && !is_file) {
            reader_.mistake(node, std::string(what) +
                                      " must be a reference, ${env:NAME} or ${file:path}, never the secret itself");
            return {};
        }
        reference.remove_prefix(is_env ? 6 : 7);
        reference.remove_suffix(1);
        if (!with_secrets_) return {};
        if (is_env) {
            const char* value = std::getenv(std::string(reference).c_str());
            if (value == nullptr || *value == 0) {
                reader_.mistake(node, std::string(what) + " refers to the environment variable " +
                                          policy::shown(reference) + ", which is not set");
                return {};
            }
            return usable(node, what, value);
        }
        const auto content = read_file(folder_ / reference, secret_bytes_max);
        if (!content) {
            reader_.mistake(node, std::string(what) + ": " + content.error().message);
            return {};
        }
        std::string_view trimmed = *content;
        while (!trimmed.empty() && (trimmed.back() == '\n' || trimmed.back() == '\r')) trimmed.remove_suffix(1);
        return usable(node, what, std::string(trimmed));
    }

    Secret usable(Node node, std::string_view what, std::string value) {
        const Secret made(std::move(value));
        if (std::ranges::any_of(made.reveal(),
                                [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; })) {
            reader_.mistake(node,
                            std::string(what) +
                                " refers to a value with spaces or control characters, which no header can carry");
            return {};
        }
        return made;
    }

    // A field name in lower case; those that frame or address a message are not for configuration.
    std::optional<std::string> header_name(Node node, std::string_view what) {
        const auto text = reader_.text(node, what);
        if (!text) return std::nullopt;
        std::string name = to_lower(*text);
        const bool token = std::ranges::all_of(
            name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
        if (token && !http::is_hop_by_hop(name) && name != "host" && name != "content-length") return name;
        reader_.mistake(node, std::string(what) + " cannot be " + policy::shown(*text) +
                                  ": it is no header name, or one that frames the message");
        return std::nullopt;
    }

    void load_listeners(Node list, Config& config) {
        for (const Node node : reader_.list(list, "listeners")) {
            Fields fields(reader_, node, "a listener");
            ListenerConfig listener;
            if (const auto where = address(fields.require("address"), "the listener's address"))
                listener.address = *where;
            if (const Node tls = fields.take("tls")) {
                Fields files(reader_, tls, "tls");
                listener.certificate_file = path(files.require("certificate"), "the certificate file").string();
                listener.key_file = path(files.require("key"), "the private key file").string();
                files.finish();
            }
            fields.finish();
            config.listeners.push_back(std::move(listener));
        }
        if (config.listeners.empty() && list) reader_.mistake(list, "at least one listener is needed");
    }

    void load_admin(Node node, Config& config) {
        config.admin = {"127.0.0.1", 9090};
        if (!node) return;
        Fields fields(reader_, node, "admin");
        if (const auto where = address(fields.take("address"), "the admin address")) config.admin = *where;
        for (const Node host : reader_.list(fields.take("hosts"), "admin hosts"))
            if (const auto text = reader_.text(host, "an admin host")) config.admin_hosts.push_back(to_lower(*text));
        fields.finish();
    }

    void load_timeouts(Node node, Config& config) {
        if (!node) return;
        Fields fields(reader_, node, "timeouts");
        http::Timeouts& t = config.timeouts;
        const auto take = [&](std::string_view name, std::int64_t& into) {
            const Node value = fields.take(name);
            if (const auto ms = reader_.milliseconds(value, name)) {
                if (*ms <= 0)
                    reader_.mistake(value, std::string(name) + " must be longer than nothing");
                else
                    into = *ms;
            }
        };
        take("head", t.head_ms);
        take("body_idle", t.body_idle_ms);
        take("keep_alive", t.keep_alive_ms);
        take("write_idle", t.write_idle_ms);
        take("connect", t.connect_ms);
        take("upstream_head", t.upstream_head_ms);
        take("upstream_idle", t.upstream_idle_ms);
        take("drain", config.drain_ms);
        fields.finish();
    }

    void load_limits(Node node, Config& config) {
        if (!node) return;
        Fields fields(reader_, node, "limits");
        const auto take = [&](std::string_view name, std::size_t& into) {
            const Node value = fields.take(name);
            const auto bytes = reader_.bytes(value, name);
            if (!bytes) return;
            if (*bytes < 1024 || *bytes > (std::int64_t{1} << 32) - 1)
                reader_.mistake(value, std::string(name) + " must be between 1KiB and 4GiB");
            else
                into = static_cast<std::size_t>(*bytes);
        };
        take("request_body", config.request_body_bytes_max);
        take("decoded_body", config.decoded_body_bytes_max);
        take("buffered_bodies", config.buffered_bodies_bytes_max);
        if (const auto count = reader_.integer(fields.take("connections"), 1, 1'000'000, "the number of connections"))
            config.connections_max = static_cast<std::size_t>(*count);
        fields.finish();
    }

    void load_proxy(Node node, HostConfig& host) {
        if (!node || node.text() == "none") return;
        auto url = read_url(reader_, node, "the proxy's URL", true);
        if (!url) return;
        if (url->tls)
            reader_.mistake(node, "a proxy that is itself spoken to by TLS is not supported; write http://host:port");
        host.proxy = url->where;
        if (!url->user_info.empty()) host.proxy_authorization = Secret("Basic " + to_base64(url->user_info.reveal()));
    }

    // What all that is called has in common.
    void load_host(Fields& fields, std::string_view url_name, HostConfig& host) {
        static std::atomic<std::size_t> pool_ids = 0;
        host.pool_id = ++pool_ids;
        if (const auto url = read_url(reader_, fields.require("url"), url_name, false)) {
            host.tls = url->tls;
            host.where = url->where;
            host.authority = url->authority;
            host.base_path = url->path;
        }
        if (const Node ca = fields.take("ca")) host.ca_file = path(ca, "the CA file").string();
        const Node own_proxy = fields.take("proxy");
        load_proxy(own_proxy ? own_proxy : proxy_node_, host);
    }

    void load_credential(Fields& fields, HostConfig& host) {
        if (const Node credential = fields.take("credential")) host.credential = secret(credential, "the credential");
    }

    // A duration within bounds, in milliseconds.
    void load_ms(Node value, std::string_view name, std::int64_t least, std::int64_t most, std::int64_t& into) {
        const auto ms = reader_.milliseconds(value, name);
        if (!ms) return;
        if (*ms < least || *ms > most)
            reader_.mistake(value, std::string(name) + " must be between " + std::to_string(least) + "ms and " +
                                       std::to_string(most / 1000) + "s");
        else
            into = *ms;
    }

    // Behind the upstreams: a reload closes the connections of what has a lower pool_id than the first of them.
    void load_decision_point(Node node, Config& config) {
        if (!node) return;
        Fields fields(reader_, node, "authzen");
        DecisionPointConfig point;
        load_host(fields, "the decision point's URL", point);
        load_credential(fields, point);
        load_ms(fields.take("timeout"), "timeout", 1, limits::pdp_ms_max, point.timeout_ms);
        load_ms(fields.take("remember"), "remember", 0, limits::pdp_remember_ms_max, point.remember_ms);
        fields.finish();
        config.decision_point = std::move(point);
    }

    // Behind the upstreams, as the decision point.
    void load_ledger(Node node, LedgerConfig& ledger) {
        if (!node) return;
        Fields fields(reader_, node, "ledger");
        const Node witnesses = fields.take("witnesses");
        for (const Node item : reader_.list(witnesses, "witnesses")) load_witness(item, ledger);
        if (ledger.witnesses.size() > limits::witnesses_max)
            reader_.mistake(witnesses, "at most " + std::to_string(limits::witnesses_max) + " witnesses are supported");
        const Node needed = fields.take("cosignatures");
        if (const auto count = reader_.integer(needed, 0, limits::witnesses_max, "cosignatures")) {
            ledger.cosignatures = static_cast<std::size_t>(*count);
            if (ledger.cosignatures > reader_.items(witnesses).size())
                reader_.mistake(needed, "more cosignatures are asked for than witnesses are named under witnesses");
        }
        load_ms(fields.take("every"), "every", 100, 3'600'000, ledger.every_ms);
        load_ms(fields.take("timeout"), "timeout", 1, limits::witness_ms_max, ledger.timeout_ms);
        const Node within = fields.take("cosigned_within");
        load_ms(within, "cosigned_within", 1'000, 30LL * 86'400'000, ledger.cosigned_within_ms);
        if (ledger.cosignatures > 0 && ledger.cosigned_within_ms <= ledger.every_ms)
            reader_.mistake(within ? within : needed, "cosigned_within must be longer than every: until then nothing "
                                                      "is shown to the witnesses");
        fields.finish();
    }

    void load_witness(Node item, LedgerConfig& ledger) {
        Fields fields(reader_, item, "a witness");
        WitnessConfig witness;
        load_host(fields, "the witness's URL", witness);
        const Node key = fields.require("key");
        if (const auto text = reader_.text(key, "the witness's key")) {
            auto verifier = crypto::NoteVerifier::parse(*text);
            if (!verifier)
                reader_.mistake(key, verifier.error().message + "; sallyport ledger witness --print-key prints it");
            else if (verifier->algorithm() != crypto::NoteAlgorithm::cosignature)
                reader_.mistake(key, "this is the key of a log, not of a witness; sallyport ledger witness "
                                     "--print-key prints one's");
            else if (std::ranges::any_of(ledger.witnesses,
                                         [&](const auto& other) { return other.key.name() == verifier->name(); }))
                reader_.mistake(key, "two witnesses have the name " + policy::shown(verifier->name()) +
                                         "; signatures of one name count once");
            else
                witness.key = std::move(*verifier);
        }
        fields.finish();
        ledger.witnesses.push_back(std::move(witness));
    }

    void load_inspection(Node node, Config& config) {
        if (!node) return;
        Fields fields(reader_, node, "inspection");
        for (const Node file : reader_.list(fields.take("rules"), "rules"))
            config.rule_files.push_back(path(file, "a file of rules"));
        config.personal_data = reader_.boolean(fields.take("personal_data"), "personal_data").value_or(false);
        load_customers(fields.take("customers"), config);
        fields.finish();
    }

    // A name of one letter, or of none, would be found everywhere.
    void load_customers(Node list, Config& config) {
        for (const Node node : reader_.list(list, "customers")) {
            const auto name = reader_.text(node, "a customer's name");
            if (!name) continue;
            const auto letters = std::ranges::count_if(*name, [](char c) {
                return static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)) != 0;
            });
            if (letters < 2 || name->size() > customer_bytes_max)
                reader_.mistake(node, "a customer's name has at least 2 letters or digits and at most " +
                                          std::to_string(customer_bytes_max) + " bytes, unlike " +
                                          policy::shown(*name));
            else
                config.customers.push_back(*name);
        }
        if (config.customers.size() > customers_max)
            reader_.mistake(list, "at most " + std::to_string(customers_max) + " customers are supported");
    }

    void load_upstreams(Node map, Config& config) {
        if (!map || !reader_.map(map, "upstreams")) return;
        for (std::size_t i = 0; i < map.size(); ++i) {
            UpstreamConfig upstream;
            upstream.name = map.key(i);
            Fields fields(reader_, map.at(i), "an upstream");
            load_host(fields, "the upstream's URL", upstream);
            load_credential(fields, upstream);
            const Node dialects = fields.require("dialects");
            if (dialects.is_list() && dialects.size() == 0)
                reader_.mistake(dialects, "an upstream needs at least one dialect");
            for (const Node node : reader_.list(dialects, "dialects")) {
                static constexpr std::string_view names[] = {"anthropic-messages", "openai-responses", "openai-chat",
                                                             "gemini"};
                if (const auto word = reader_.word(node, names, "a dialect"))
                    upstream.dialects.push_back(*dialect::dialect_named(names[*word]));
            }
            if (const auto header = header_name(fields.take("credential_header"), "the credential's header"))
                upstream.credential_header = *header;
            if (const auto account = reader_.identifier(fields.take("account"), "the account"))
                upstream.account = *account;
            for (const Node node : reader_.list(fields.take("strip_headers"), "strip_headers"))
                if (const auto header = header_name(node, "a header to strip"))
                    upstream.strip_headers.push_back(*header);
            fields.finish();
            config.upstreams.push_back(std::move(upstream));
        }
        if (map.size() == 0) reader_.mistake(map, "at least one upstream is needed");
        if (map.size() > 32) reader_.mistake(map, "at most 32 upstreams are supported");
    }

    Reader& reader_;
    std::filesystem::path folder_;
    bool with_secrets_;
    Node proxy_node_;
};

} // namespace

LoadedConfig load_config(const std::filesystem::path& file, bool with_secrets) {
    LoadedConfig loaded;
    const auto text = read_file(file, config_bytes_max);
    if (!text) {
        loaded.mistakes.push_back({file.string(), 1, 1, text.error().message});
        return loaded;
    }
    Reader reader(file.string());
    auto config = std::make_shared<Config>();
    config->file = file;
    config->digest = to_hex(crypto::bytes(crypto::sha256(*text)));
    if (reader.parse(*text, config_bytes_max)) Loader(reader, file.parent_path(), with_secrets).load(*config);
    loaded.mistakes = reader.mistakes();
    if (reader.clean()) loaded.config = std::move(config);
    return loaded;
}

} // namespace sallyport::gateway
