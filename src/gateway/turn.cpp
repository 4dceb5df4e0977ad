#include "gateway/turn.h"

#include "base/clock.h"
#include "base/text.h"
#include "gateway/one_reading.h"
#include "http/coding.h"
#include "policy/program.h"
#include "repo/identity.h"

#include <algorithm>
#include <functional>

namespace sallyport::gateway {

namespace {

static_assert(policy::reference_kinds == dialect::reference_kinds, "facts hold a set of the dialects' kinds");
constexpr std::int64_t budget_wait_ms_max = 30'000;
constexpr std::int64_t budget_look_ms = 20;

std::unexpected<Ending> ends(dialect::RefusalKind kind, std::string sentence, bool recorded = true) {
    return std::unexpected(Ending{kind, std::move(sentence), recorded});
}

// An MCP server's address without what may be a secret in it: "https://mcp.example/v1"; empty where it is none.
std::string address_of(std::string_view url) {
    const std::size_t slashes = url.find("://");
    const std::string scheme = to_lower(url.substr(0, std::min(slashes, std::size_t{6})));
    if (slashes == std::string_view::npos || (scheme != "https" && scheme != "http")) return {};
    url.remove_prefix(slashes + 3);
    url = url.substr(0, url.find_first_of("?#"));
    const std::size_t path = std::min(url.find_first_of("/\\"), url.size());
    std::string_view host = url.substr(0, path);
    host = host.substr(host.rfind('@') + 1); // npos + 1 is 0
    return scheme + "://" + to_lower(host) + (path == url.size() ? "/" : std::string(url.substr(path)));
}

// OpenCode and Copilot CLI put an MCP server's name before its tools' ("github-mcp_search", "github-mcp-search") without a mark: only
// the servers that the policy names can be told from tools of their own.
std::string_view unmarked_plugin(const policy::Document& document, std::string_view tool) {
    for (const policy::Plugin& known : *document.plugins) {
        const std::size_t size = known.name.size();
        if (tool.size() > size && (tool[size] == '_' || tool[size] == '-') &&
            policy::same_plugin(tool.substr(0, size), known.name))
            return known.name;
    }
    return {};
}

// The plugins whose tools a request offers, each once, and the MCP servers that the vendor shall call, by their address. A '#'
// in a name would make an address of what is behind it.
void collect_plugins(const dialect::Request& request, std::string_view client, const policy::Document& document,
                     std::vector<std::string_view>& plugins, std::deque<std::string>& made) {
    plugins.clear();
    made.clear();
    const bool unmarked = document.plugins && (client == "opencode" || client == "copilot");
    for (const dialect::Tool& tool : request.tools) {
        const std::string_view plugin =
            tool.plugin.empty() && unmarked ? unmarked_plugin(document, tool.name) : std::string_view(tool.plugin);
        if (plugin.empty() || (!plugins.empty() && plugins.back() == plugin)) continue;
        if (plugin.find('#') == std::string::npos) {
            plugins.push_back(plugin);
        } else {
            made.emplace_back(plugin);
            std::ranges::replace(made.back(), '#', '?');
            plugins.push_back(made.back());
        }
    }
    for (const dialect::Reference& reference : request.references)
        if (reference.kind == dialect::ReferenceKind::remote_mcp)
            if (std::string address = address_of(reference.what); !address.empty()) {
                made.push_back("#" + address);
                plugins.push_back(made.back());
            }
    std::ranges::sort(plugins);
    plugins.erase(std::ranges::unique(plugins).begin(), plugins.end());
}

// br has no mark at its beginning: some bytes are a stream of it and a text at once.
bool reads_as_json(const Buffer& body) {
    const std::string_view text = body.view();
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    json::Document document;
    return first != std::string_view::npos && text[first] == '{' && document.parse(text).has_value();
}

std::unexpected<Ending> ends(const Error& error) {
    const auto kind =
        error.kind == ErrorKind::too_large ? dialect::RefusalKind::too_large : dialect::RefusalKind::invalid;
    const std::string_view stop = error.message.ends_with('.') ? "" : ".";
    return ends(kind, "Sallyport cannot read this request: " + error.message + std::string(stop));
}

} // namespace

Turn::Turn(Lane& its_lane, http::Exchange& its_exchange, const http::Arrival& its_arrival)
    : lane(its_lane), exchange(its_exchange), arrival(its_arrival), world(its_lane.world), begun_us(monotonic_us()) {
    id = lane.exchange_prefix + std::to_string(++lane.exchanges);
    if (lane.spare.empty()) {
        scratch = std::make_unique<Scratch>();
    } else {
        scratch = std::move(lane.spare.back());
        lane.spare.pop_back();
    }
    scratch->body = lane.buffers.take_body();
    scratch->body.clear();
    scratch->claims.clear();
    scratch->plugins.clear();
}

Turn::~Turn() { release_request(); }

void Turn::release_request() {
    if (!scratch) return;
    lane.shared.bodies.give(std::exchange(budget_held_, 0));
    lane.buffers.give_body(std::exchange(scratch->body, Buffer()));
    scratch->decoded = Buffer();
    if (lane.spare.size() < 64) lane.spare.push_back(std::move(scratch));
}

Step Turn::find_endpoint() {
    const http::RequestHead& head = exchange.head();
    const auto found = dialect::match_endpoint(head.method, head.path);
    if (!found)
        return ends(dialect::RefusalKind::not_found,
                    "Sallyport does not know " + std::string(head.method) +
                        " on this path; it serves: " + dialect::supported_endpoints() + ".",
                    false);
    endpoint = *found;
    endpoint_known = true;
    // Two vendors list their models on one path; Anthropic's clients tell themselves by their version header.
    if (endpoint.operation == dialect::Operation::list_models && head.fields.find("anthropic-version") != nullptr)
        endpoint.dialect = dialect::Dialect::anthropic_messages;
    if (const std::string second = second_reading(head); !second.empty())
        return ends(dialect::RefusalKind::invalid,
                    "Sallyport cannot pass this request on as it reads it: " + second + ".", false);
    return {};
}

Step Turn::identify() {
    const std::int64_t now = wall_ms();
    if (monotonic_ms() - lane.shared.world_confirmed_ms.load(std::memory_order_relaxed) > limits::world_stale_ms_max)
        return ends(dialect::RefusalKind::unavailable,
                    "Sallyport cannot confirm which keys are valid at the moment and therefore lets nothing pass. Tell "
                    "your platform team.",
                    false);
    Result<CallerView> read = read_caller(exchange.head(), *world->keys, now);
    if (!read) { // nobody yet: counted, not recorded
        lane.metrics.callers_unknown.add();
        return ends(dialect::RefusalKind::invalid,
                    "Sallyport cannot tell who is calling: " + read.error().message + ".", false);
    }
    caller = *read;
    if (caller.key.problem != identity::KeyProblem::none) {
        lane.metrics.callers_unknown.add();
        return ends(dialect::RefusalKind::identity, "Sallyport: " + std::string(identity::sentence(caller.key.problem)),
                    false);
    }
    facts.at_ms = now;
    if (!world->problem.empty())
        return ends(
            dialect::RefusalKind::policy,
            "Sallyport has no policy that it can take and therefore lets nothing pass. Your platform team finds the "
            "reason in the log and at /readyz.");
    return {};
}

net::Task<Step> Turn::read_body() {
    const std::shared_ptr<const World> world_of_head = world;
    const Config& config = *world_of_head->config;
    const std::optional<std::uint64_t> declared = exchange.declared_length();
    // A body that does not say its length may become as large as the limit; what it does not use is given back below.
    const std::size_t wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(declared.value_or(config.request_body_bytes_max), config.request_body_bytes_max));
    const std::int64_t deadline = lane.loop.now_ms() + budget_wait_ms_max;
    while (!lane.shared.bodies.try_take(wanted)) { // back-pressure: the client's bytes wait in its socket
        if (lane.loop.now_ms() > deadline)
            co_return ends(
                dialect::RefusalKind::unavailable,
                "Sallyport holds as many request bodies as it may (buffered_bodies); try again in a moment.");
        co_await net::Sleep(lane.loop, budget_look_ms);
    }
    budget_held_ = wanted;
    const Result<void> read = co_await exchange.read_body(scratch->body, config.request_body_bytes_max);
    if (!read && read.error().kind == ErrorKind::too_large)
        co_return ends(dialect::RefusalKind::too_large,
                       "Sallyport: " + read.error().message +
                           " (request_body in sallyport.yaml). Start a new conversation or attach less.");
    if (!read) co_return ends(read.error());
    lane.shared.bodies.give(budget_held_ - std::min(budget_held_, scratch->body.size()));
    budget_held_ = std::min(budget_held_, scratch->body.size());
    lane.metrics.request_bytes.add(scratch->body.size());
    // A slow body may outlive a key, an exception or a policy: it is judged by what holds when the request is whole.
    if (lane.world == world && wall_ms() == facts.at_ms) co_return Step();
    world = lane.world;
    co_return identify();
}

net::Task<Step> Turn::parse() {
    if (endpoint.operation == dialect::Operation::list_models) {
        scratch->request = {};
        scratch->request.dialect = endpoint.dialect;
        scratch->request.operation = endpoint.operation;
        if (!scratch->body.empty())
            co_return ends(dialect::RefusalKind::invalid, "Sallyport: a list of models is asked for without a body.");
        body_digest = crypto::sha256({});
        co_return Step();
    }
    const Step decoded = co_await decode_body();
    if (!decoded) co_return decoded;
    if (scratch->body.size() + scratch->decoded.size() <= limits::inline_judgement_bytes_max) co_return judge_body();
    Step judged_there;
    co_await lane.shared.workers.run(lane.loop, [&] { judged_there = judge_body(); });
    co_return judged_there;
}

// What a coded body becomes is not known before: room for a guess is taken from the budget, and where that is too little, for
// twice as much, after giving back what was held, so that two that grow never wait for each other.
net::Task<Step> Turn::decode_body() {
    const http::Fields& fields = exchange.head().fields;
    scratch->decoded.clear();
    if (fields.count("content-encoding") > 1)
        co_return ends(dialect::RefusalKind::invalid,
                       "Sallyport: the request has more than one Content-Encoding header.");
    const std::string_view coding = fields.value("content-encoding");
    if (http::is_identity(coding)) co_return Step();
    constexpr std::size_t guess = 8, least = 256 * 1024;
    const std::size_t most = world->config->decoded_body_bytes_max, own = budget_held_;
    const std::int64_t deadline = lane.loop.now_ms() + budget_wait_ms_max;
    for (std::size_t room = std::min(most, std::max(least, scratch->body.size() * guess));;
         room = std::min(most, room * 2)) {
        while (!lane.shared.bodies.try_grow(own, room)) {
            if (lane.loop.now_ms() > deadline)
                co_return ends(
                    dialect::RefusalKind::unavailable,
                    "Sallyport holds as many request bodies as it may (buffered_bodies); try again in a moment.");
            co_await net::Sleep(lane.loop, budget_look_ms);
        }
        budget_held_ = own + room;
        auto decoder = http::make_decoder(coding, ErrorSource::client);
        if (!decoder)
            co_return ends(
                dialect::RefusalKind::invalid,
                "Sallyport cannot look into a request with this Content-Encoding; use gzip, zstd, br or none.");
        Result<void> decoded;
        co_await lane.shared.workers.run(lane.loop, [&] {
            scratch->decoded.clear();
            decoded = decoder->decode(scratch->body.view(), scratch->decoded, room);
        });
        if (!decoded && decoded.error().kind == ErrorKind::too_large && room < most) {
            scratch->decoded = Buffer();
            budget_held_ = own;
            lane.shared.bodies.give(room);
            continue;
        }
        if (!decoded) co_return ends(decoded.error());
        if (!decoder->finished())
            co_return ends(dialect::RefusalKind::invalid, "Sallyport: the compressed request body is cut off.");
        if (reads_as_json(scratch->body))
            co_return ends(
                dialect::RefusalKind::invalid,
                "Sallyport: the compressed request body is a JSON text itself, so it could be read in two ways.");
        lane.shared.bodies.give(room - std::min(room, scratch->decoded.size()));
        budget_held_ = own + std::min(room, scratch->decoded.size());
        co_return Step();
    }
}

Step Turn::judge_body() {
    if (scratch->body.capacity() == 0) scratch->body.reserve(1); // an empty body has readable padding, too
    const bool coded = !http::is_identity(exchange.head().fields.value("content-encoding"));
    const std::string_view text = coded ? scratch->decoded.view() : scratch->body.view();
    body_digest = crypto::sha256(scratch->body.view());
    if (const auto document = scratch->document.parse(text); !document) return ends(document.error());
    if (const auto read = dialect::read_request(endpoint, scratch->document, scratch->request); !read)
        return ends(read.error());
    parsed = true;
    // Rules about models need one. Only a prompt that the vendor stores may hide it, and only where that kind of reference is allowed.
    const auto& references = scratch->request.references;
    const bool stored = std::ranges::any_of(
        references, [](const dialect::Reference& one) { return one.kind == dialect::ReferenceKind::stored_prompt; });
    if (scratch->request.model.empty() && (endpoint.operation == dialect::Operation::count_tokens || !stored))
        return ends(dialect::RefusalKind::invalid, "Sallyport cannot judge this request: it names no model.");
    return {};
}

void Turn::find_claims() {
    auto& claims = scratch->claims;
    claims_unreadable_ = scratch->request.remotes_unreadable;
    claimed_repositories(exchange.head(), claims, claims_unreadable_);
    for (const std::string& remote : scratch->request.repository_remotes)
        claim(repo::normalise_remote(remote), claims, claims_unreadable_);
    // The working directory's own name, where nothing better is claimed: "dir:engine". Never its path, which names people.
    if (!claims.empty() || scratch->request.workspace.empty()) return;
    std::string_view directory = scratch->request.workspace;
    while (directory.size() > 1 && directory.back() == '/') directory.remove_suffix(1);
    directory = directory.substr(directory.find_last_of("/\\") + 1);
    const bool plain = !directory.empty() && directory.size() <= 100 && std::ranges::none_of(directory, [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F;
    });
    if (plain) claims.push_back("dir:" + std::string(directory));
}

// Each claim is judged as if it was the only one, one that cannot be read as none at all; the strictest judgement counts, in
// whatever order they came: a refusal, the more closed class, the fewer upstreams. (Its upstreams are not held against what the
// other claims allow: two repositories of one class and different legal entities are not told apart here.)
void Turn::judge_claims() {
    find_claims();
    const auto& claims = scratch->claims;
    std::string_view chosen;
    bool judged_one = false;
    const auto judge = [&](std::string_view repository, policy::Evidence evidence) {
        facts.repository = repository;
        facts.evidence = evidence;
        find_exceptions();
        const policy::Plan one = policy::decide(*world->policy, facts, candidates());
        const auto strictness = [](const policy::Plan& of) {
            return std::tuple(of.decision == policy::Decision::refuse, of.effective_class,
                              policy::plan_upstreams_max - of.upstream_count);
        };
        const bool stricter = !judged_one || strictness(one) > strictness(plan) ||
                              (strictness(one) == strictness(plan) && !chosen.empty() && repository < chosen);
        judged_one = true;
        if (!stricter) return;
        plan = one;
        chosen = repository;
    };
    if (claims.empty() || claims_unreadable_) judge({}, policy::Evidence::none);
    for (const std::string& claim : claims) judge(claim, policy::Evidence::claimed);
    facts.repository = chosen;
    facts.evidence = chosen.empty() ? policy::Evidence::none : policy::Evidence::claimed;
    find_exceptions();
}

// Of all session ids that the request names: naming one more never helps.
policy::Class Turn::class_floor() const {
    auto floor = policy::Class::open_source;
    for (const std::uint64_t conversation : conversations)
        floor = std::max(floor, lane.shared.verdicts.class_floor(conversation, lane.loop.now_ms()));
    return floor;
}

Step Turn::gather_facts() {
    const dialect::Request& request = scratch->request;
    facts.person = caller.key.caller.person;
    facts.team = caller.key.caller.team;
    facts.role = caller.key.caller.role;
    for (std::size_t c = 0; c < policy::class_count; ++c)
        if (policy::name(static_cast<policy::Class>(c)) == caller.key.caller.max_class)
            facts.key_max_class = static_cast<policy::Class>(c);
    facts.client = caller.client.name;
    facts.client_version = caller.client.version;
    facts.account = caller.account;
    facts.dialect = dialect::name(endpoint.dialect);
    facts.model = request.model;
    facts.generates = request.operation == dialect::Operation::generate;
    facts.references = 0;
    for (const dialect::Reference& reference : request.references)
        facts.references |= 1u << static_cast<unsigned>(reference.kind);
    collect_plugins(request, facts.client, world->policy->program().document, scratch->plugins, scratch->plugin_texts);
    if (scratch->plugins.size() > limits::plugins_per_request_max)
        return ends(dialect::RefusalKind::invalid, "Sallyport: the request offers tools of more than " +
                                                       std::to_string(limits::plugins_per_request_max) + " plugins.");
    facts.plugins = scratch->plugins;
    std::size_t known = 0;
    for (const std::string_view session : caller.sessions)
        if (!session.empty()) conversations[known++] = Verdicts::conversation(facts.person, session);
    if (!request.session.empty()) conversations[known] = Verdicts::conversation(facts.person, request.session);
    facts.class_floor = class_floor();
    return {};
}

void Turn::find_exceptions() {
    auto& found = scratch->exceptions;
    found.clear();
    if (!world->exceptions->empty())
        world->exceptions->each(facts.person, facts.team, facts.repository, facts.at_ms,
                                [&](const store::ExceptionRecord& one) {
                                    if (found.size() < policy::exceptions_per_request_max)
                                        found.push_back({one.id, one.rule});
                                });
    facts.exceptions = found;
}

Step Turn::decide() {
    if (const Step gathered = gather_facts(); !gathered) return gathered;
    judge_claims();
    judged = true;
    if (plan.effective_class > facts.class_floor)
        for (const std::uint64_t conversation : conversations)
            lane.shared.verdicts.raise_floor(conversation, plan.effective_class, lane.loop.now_ms());
    if (plan.exception == policy::no_exception && plan.mode == policy::Mode::warn)
        warning = policy::would_sentence(*world->policy, facts, plan, candidates());
    if (plan.decision == policy::Decision::refuse || plan.upstream_count == 0)
        return ends(dialect::RefusalKind::policy, policy::sentence(*world->policy, facts, plan, candidates()));
    return {};
}

bool Turn::still_allowed(std::uint16_t upstream) {
    facts.at_ms = wall_ms();
    find_exceptions(); // one may have ended
    facts.class_floor = std::max(facts.class_floor, class_floor());
    plan = policy::decide(*world->policy, facts, candidates());
    const auto allowed = std::span(plan.upstreams).first(plan.upstream_count);
    return plan.decision != policy::Decision::refuse && std::ranges::find(allowed, upstream) != allowed.end();
}

std::uint64_t Turn::content_hash() const {
    std::uint64_t hash = std::hash<std::string_view>{}(caller.key.caller.key_id) ^
                         (static_cast<std::uint64_t>(endpoint.dialect) + 1) * 0x9E3779B97F4A7C15ull;
    const auto mix = [&](std::string_view bytes) {
        hash = (hash ^ std::hash<std::string_view>{}(bytes)) * 0x100000001B3ull;
    };
    mix(world->digest);
    if (!parsed) {
        mix(exchange.head().target);
        mix(std::to_string(exchange.declared_length().value_or(0)));
        mix(body());
        return hash;
    }
    const json::Document& document = scratch->document;
    for (const std::string_view key : {"messages", "input", "contents"}) {
        const json::NodeIndex node = document.find(document.root(), key);
        if (node != json::no_node) mix(document.raw_value(node));
    }
    mix(scratch->request.model);
    mix(facts.repository);
    for (const std::string_view plugin : facts.plugins) mix(plugin);
    mix(std::to_string(facts.references) + " " + std::to_string(plan.rule));
    return hash;
}

} // namespace sallyport::gateway
