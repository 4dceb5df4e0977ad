#include "gateway/config.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "gateway/config_reader.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

using policy::Fields;
using policy::Node;
using policy::Reader;

constexpr std::size_t config_bytes_max = 1u << 20;
constexpr std::size_t customers_max = 10'000;
constexpr std::size_t customer_bytes_max = 128;

class Loader : ConfigReader {
public:
    Loader(Reader& reader, std::filesystem::path folder, bool with_secrets)
        : ConfigReader(reader, std::move(folder), with_secrets), reader_(reader) {}

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
        load_advisories(fields.take("advisories"), config);
        if (const auto threads = reader_.integer(fields.take("threads"), 1, 256, "the number of threads"))
            config.threads = static_cast<unsigned>(*threads);
        load_listeners(fields.require("listeners"), config);
        load_admin(fields.take("admin"), config);
        proxy_of_all(fields.take("proxy"));
        load_timeouts(fields.take("timeouts"), config);
        load_limits(fields.take("limits"), config);
        load_upstreams(fields.require("upstreams"), config);
        load_decision_point(fields.take("authzen"), config);
        load_ledger(*this, fields.take("ledger"), config.ledger);
        load_bodies(*this, fields.take("bodies"), config.bodies);
        load_inspection(fields.take("inspection"), config);
        load_forward(*this, fields.take("forward"), config);
        load_handover(*this, fields.take("handover"), config);
        load_sign_in(*this, fields.take("sign_in"), config);
        load_workloads(*this, fields.take("workloads"), config);
        load_directory(*this, fields.take("scim"), config);
        fields.finish();
    }

private:
    void load_advisories(Node node, Config& config) {
        config.advisories.folder = config.data / "advisories";
        if (!node) return;
        Fields fields(reader_, node, "advisories");
        if (const Node folder = fields.take("folder")) {
            config.advisories.folder = path(folder, "the folder of advisories");
            config.advisories.must_exist = true;
        }
        const Node key = fields.take("key");
        if (const auto text = reader_.text(key, "the key of advisories")) {
            auto verifier = crypto::NoteVerifier::parse(*text);
            if (verifier)
                config.advisories.key = std::move(*verifier);
            else
                reader_.mistake(key, verifier.error().message + "; sallyport policy signer prints one");
        }
        fields.finish();
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

    // Behind the upstreams: a reload closes the connections of what has a lower pool_id than the first of them.
    void load_decision_point(Node node, Config& config) {
        if (!node) return;
        Fields fields(reader_, node, "authzen");
        DecisionPointConfig point;
        host(fields, url(fields.require("url"), "the decision point's URL", UrlKind::host), point);
        milliseconds(fields, "timeout", 1, limits::pdp_ms_max, point.timeout_ms);
        milliseconds(fields, "remember", 0, limits::pdp_remember_ms_max, point.remember_ms);
        fields.finish();
        config.decision_point = std::move(point);
    }

    // Behind the upstreams, as the decision point.
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
            host(fields, url(fields.require("url"), "the upstream's URL", UrlKind::host), upstream);
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
