#include "gateway/turn.h"

#include "base/clock.h"
#include "base/text.h"
#include "http/coding.h"
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
    return {};
}

net::Task<Step> Turn::read_body() {
    const Config& config = *world->config;
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
    co_return Step();
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
    if (scratch->body.size() <= limits::inline_judgement_bytes_max &&
        exchange.head().fields.find("content-encoding") == nullptr)
        co_return judge_body();
    Step judged_there;
    co_await lane.shared.workers.run(lane.loop, [&] { judged_there = judge_body(); });
    co_return judged_there;
}

Step Turn::judge_body() {
    const http::Fields& fields = exchange.head().fields;
    if (scratch->body.capacity() == 0) scratch->body.reserve(1); // an empty body has readable padding, too
    std::string_view text = scratch->body.view();
    if (fields.count("content-encoding") > 1)
        return ends(dialect::RefusalKind::invalid, "Sallyport: the request has more than one Content-Encoding header.");
    const std::string_view coding = fields.value("content-encoding");
    if (!http::is_identity(coding)) {
        const auto decoder = http::make_decoder(coding, ErrorSource::client);
        if (!decoder)
            return ends(dialect::RefusalKind::invalid,
                        "Sallyport cannot look into a request with this Content-Encoding; use gzip, zstd, br or none.");
        scratch->decoded.clear();
        const Result<void> decoded = decoder->decode(text, scratch->decoded, world->config->decoded_body_bytes_max);
        if (!decoded) return ends(decoded.error());
        if (!decoder->finished())
            return ends(dialect::RefusalKind::invalid, "Sallyport: the compressed request body is cut off.");
        text = scratch->decoded.view();
        lane.shared.bodies.take(text.size());
        budget_held_ += text.size();
    }
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

void Turn::choose_claim() {
    bool unreadable = false;
    auto& claims = scratch->claims;
    claimed_repositories(exchange.head(), claims, unreadable);
    if (!scratch->request.repository_remote.empty()) {
        if (auto normalised = repo::normalise_remote(scratch->request.repository_remote))
            claims.push_back(std::move(*normalised));
        else
            unreadable = true;
    }
    // The working directory's own name, where nothing better is claimed: "dir:engine". Never its path, which names people.
    if (claims.empty() && !scratch->request.workspace.empty()) {
        std::string_view directory = scratch->request.workspace;
        while (directory.size() > 1 && directory.back() == '/') directory.remove_suffix(1);
        directory = directory.substr(directory.find_last_of("/\\") + 1);
        const bool plain = !directory.empty() && directory.size() <= 100 && std::ranges::none_of(directory, [](char c) {
            return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F;
        });
        if (plain) claims.push_back("dir:" + std::string(directory));
    }
    // Several claims: the strictest counts, so that adding one never helps.
    facts.repository = {};
    facts.evidence = policy::Evidence::none;
    policy::Class strictest = policy::effective_class(*world->policy, facts);
    bool chosen = unreadable;
    for (const std::string& claim : claims) {
        policy::Facts claimed = facts;
        claimed.repository = claim;
        claimed.evidence = policy::Evidence::claimed;
        const policy::Class cls = policy::effective_class(*world->policy, claimed);
        if (chosen && cls <= strictest) continue;
        chosen = true;
        strictest = cls;
        facts.repository = claim;
        facts.evidence = policy::Evidence::claimed;
    }
}

void Turn::gather_facts() {
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
    scratch->plugins.clear();
    for (const dialect::Tool& tool : request.tools)
        if (!tool.plugin.empty() && std::ranges::find(scratch->plugins, tool.plugin) == scratch->plugins.end())
            scratch->plugins.push_back(tool.plugin);
    facts.plugins = scratch->plugins;
    conversation = Verdicts::conversation(caller.key.caller.key_id,
                                          caller.session.empty() ? std::string_view(request.session) : caller.session);
    facts.class_floor = lane.shared.verdicts.class_floor(conversation, lane.loop.now_ms());
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
    gather_facts();
    choose_claim();
    find_exceptions();
    plan = policy::decide(*world->policy, facts, candidates());
    judged = true;
    lane.metrics.decisions[static_cast<std::size_t>(endpoint.dialect)][static_cast<std::size_t>(plan.decision)].add();
    if (plan.effective_class > facts.class_floor)
        lane.shared.verdicts.raise_floor(conversation, plan.effective_class, lane.loop.now_ms());
    if (plan.exception != policy::no_exception) {
        const std::string_view excepted = facts.exceptions[plan.exception].id;
        const bool broken_glass = excepted.starts_with(identity::break_glass_prefix);
        (broken_glass ? lane.metrics.under_break_glass : lane.metrics.under_exception).add();
        if (broken_glass) lane.shared.log.warning("break_glass.used", {{"exchange", id}, {"exception", excepted}});
    } else if (plan.mode != policy::Mode::enforce) {
        lane.metrics.let_through[static_cast<std::size_t>(plan.mode)].add();
        if (plan.mode == policy::Mode::warn)
            warning = policy::would_sentence(*world->policy, facts, plan, candidates());
    }
    if (plan.decision == policy::Decision::refuse || plan.upstream_count == 0)
        return ends(dialect::RefusalKind::policy, policy::sentence(*world->policy, facts, plan, candidates()));
    return {};
}

bool Turn::still_allowed(std::uint16_t upstream) {
    facts.at_ms = wall_ms();
    find_exceptions(); // one may have ended
    facts.class_floor = std::max(facts.class_floor, lane.shared.verdicts.class_floor(conversation, lane.loop.now_ms()));
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
    return hash;
}

} // namespace sallyport::gateway
