#include "gateway/client_desk.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "dialect/dialect.h"
#include "gateway/caller.h"
#include "json/writer.h"
#include "policy/program.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

constexpr std::string_view settings_path = "/managed/settings", models_path = "/v1/models";
constexpr std::size_t telemetry_bytes_max = 8u << 20, repositories_tried_max = 200;

bool is_telemetry(std::string_view path) { return path == "/v1/metrics" || path == "/v1/logs" || path == "/v1/traces"; }

std::string sample_of(std::string_view pattern) {
    std::string out;
    for (const char c : pattern)
        if (c != '*')
            out += c == '?' ? 'x' : c;
        else if (!out.ends_with('x'))
            out += 'x';
    return out;
}

bool may_ask(const World& world, const identity::Caller& caller, const identity::Client& client,
             std::string_view repository, std::string_view model) {
    policy::Facts facts;
    facts.person = caller.person;
    facts.team = caller.team;
    facts.role = caller.role;
    for (std::size_t c = 0; c < policy::class_count; ++c)
        if (policy::name(static_cast<policy::Class>(c)) == caller.max_class)
            facts.key_max_class = static_cast<policy::Class>(c);
    facts.client = client.name;
    facts.client_version = client.version;
    facts.repository = repository;
    facts.evidence = repository.empty() ? policy::Evidence::none : policy::Evidence::bound;
    facts.dialect = dialect::name(dialect::Dialect::anthropic_messages);
    facts.model = model;
    facts.tier = policy::Tier::a;
    facts.at_ms = wall_ms();
    const auto& candidates = world.candidates[static_cast<std::size_t>(dialect::Dialect::anthropic_messages)];
    return policy::decide(*world.policy, facts, candidates).decision != policy::Decision::refuse;
}

// Names that the operator gave and those that rules hold, as far as they may be asked by this person in some repository.
std::vector<std::string> models_for(const World& world, const identity::Caller& caller,
                                    const identity::Client& client) {
    std::vector<std::string> names = world.config->sign_in->models;
    for (const policy::Rule& rule : world.policy->program().document.rules)
        for (const policy::Names* const list : {&rule.allow.models, &rule.when.models})
            if (*list)
                for (const std::string& name : **list)
                    if (name.find_first_of("*?") == std::string::npos) names.push_back(name);
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    // Some repository of each row, since classes are theirs; and none.
    std::vector<std::string> repositories = {""};
    for (const policy::File& file : world.policy->program().document.files)
        for (const policy::Repository& one : file.repositories)
            if (repositories.size() < repositories_tried_max) repositories.push_back(sample_of(one.match));
    std::erase_if(names, [&](const std::string& name) {
        return std::ranges::none_of(repositories, [&](const std::string& repository) {
            return may_ask(world, caller, client, repository, name);
        });
    });
    return names;
}

std::string models_json(const std::vector<std::string>& names) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.begin_array("data");
    for (const std::string& name : names) {
        writer.begin_object();
        writer.member("display_name", name);
        writer.member("id", name);
        writer.member("type", "model");
        writer.end_object();
    }
    writer.end_array();
    writer.member("has_more", false);
    writer.end_object();
    return out;
}

// What /managed/settings answers: the client compares the checksum with one that it makes of the settings in canonical form, which is
// what endpoint/ writes (members sorted, no blanks).
std::string wrapped(std::string_view settings, const std::string& checksum) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("checksum", checksum);
    writer.member_raw("settings", settings);
    writer.member("uuid", checksum.substr(checksum.find(':') + 1, 32));
    writer.end_object();
    return out;
}

net::Task<void> refuse(http::Exchange& exchange, int status, std::string_view type, const std::string& sentence) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.begin_object("error");
    writer.member("message", "Sallyport: " + sentence);
    writer.member("type", type);
    writer.end_object();
    writer.member("type", "error");
    writer.end_object();
    [[maybe_unused]] const Result<void> done = co_await exchange.respond(
        status, "application/json", "Cache-Control: no-store\r\nx-should-retry: false\r\n", body);
}

net::Task<void> answer_settings(Lane& lane, http::Exchange& exchange, std::shared_ptr<const World> world,
                                const CallerView& view) {
    const auto settings = lane.shared.signing_in.settings(world->policy->program().document,
                                                          models_for(*world, view.key.caller, view.client));
    if (!settings && settings.error().kind == ErrorKind::refused) // the policy does not approve the client
        co_return co_await refuse(exchange, 403, "permission_error", settings.error().message);
    if (!settings) co_return co_await refuse(exchange, 503, "api_error", settings.error().message);
    const std::string checksum = "sha256:" + to_hex(crypto::bytes(crypto::sha256(*settings)));
    const std::string headers = "Cache-Control: no-store\r\nETag: \"" + checksum + "\"\r\n";
    const bool is_known = exchange.head().fields.value("if-none-match") == "\"" + checksum + "\"";
    [[maybe_unused]] const Result<void> done = co_await exchange.respond(
        is_known ? 304 : 200, "application/json", headers, is_known ? std::string() : wrapped(*settings, checksum));
}

} // namespace

net::Task<bool> answer_client(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival) {
    const http::RequestHead& head = exchange.head();
    const std::shared_ptr<const World> world = lane.world;
    const bool is_get = head.method == "GET", of_settings = head.path == settings_path && is_get;
    const bool of_models = head.path == models_path && is_get,
               of_telemetry = is_telemetry(head.path) && head.method == "POST";
    if (!world->config->sign_in || (!of_settings && !of_models && !of_telemetry)) co_return false;
    const auto caller = read_caller(head, *world->keys, wall_ms(), arrival.key);
    if (!caller) co_return false; // the pipeline says what is wrong
    if (of_models && (!caller->key.session || caller->client.name != "claude-code")) co_return false;
    const bool is_stale =
        monotonic_ms() - lane.shared.world_confirmed_ms.load(std::memory_order_relaxed) > limits::world_stale_ms_max;
    if (is_stale || !world->problem.empty()) {
        co_await refuse(exchange, 503, "api_error",
                        "keys or policy cannot be confirmed at the moment, so nothing is told");
        co_return true;
    }
    if (caller->key.problem != identity::KeyProblem::none) {
        co_await refuse(exchange, 401, "authentication_error", std::string(identity::sentence(caller->key.problem)));
        co_return true;
    }
    if (of_telemetry) {
        Buffer body;
        [[maybe_unused]] const Result<void> read = co_await exchange.read_body(body, telemetry_bytes_max);
        [[maybe_unused]] const Result<void> done = co_await exchange.respond(200, "application/json", {}, "{}");
    } else if (of_models) {
        const std::vector<std::string> names = models_for(*world, caller->key.caller, caller->client);
        [[maybe_unused]] const Result<void> done = co_await exchange.respond(
            names.empty() ? 404 : 200, "application/json", "Cache-Control: no-store\r\n", models_json(names));
    } else if (lane.shared.signing_in.settings) {
        co_await answer_settings(lane, exchange, world, *caller);
    } else {
        co_await refuse(exchange, 404, "not_found_error", "there are no settings here");
    }
    co_return true;
}

} // namespace sallyport::gateway
