#include "gateway/turn.h"

#include "base/clock.h"
#include "gateway/one_reading.h"
#include "http/coding.h"
#include "policy/program.h"

#include <algorithm>
#include <functional>

namespace sallyport::gateway {

namespace {

constexpr std::int64_t budget_wait_ms_max = 30'000;
constexpr std::int64_t budget_look_ms = 20;

std::unexpected<Ending> ends(dialect::RefusalKind kind, std::string sentence, bool recorded = true) {
    return std::unexpected(Ending{kind, std::move(sentence), recorded});
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
    scratch->binding.reset();
    scratch->plugins.clear();
    next = std::exchange(lane.turns, this);
    if (next != nullptr) next->previous_ = this;
}

Turn::~Turn() {
    (previous_ != nullptr ? previous_->next : lane.turns) = next;
    if (next != nullptr) next->previous_ = previous_;
    release_request();
}

void Turn::look_at_caller(const identity::KeyTable& keys) {
    if (caller.key.caller.key_id.empty() || caller.key.problem != identity::KeyProblem::none || !cut_off.empty())
        return;
    const identity::KeyProblem problem = keys.since(caller.key);
    if (problem == identity::KeyProblem::none) return;
    cut_off_by = problem;
    cut_off = "Sallyport: " + std::string(identity::sentence(problem));
    if (answering != nullptr) answering->cancel();
}

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
    Result<CallerView> read = read_caller(exchange.head(), *world->keys, now, arrival.key);
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
        inspector().inspect_nothing(scratch->inspection);
        inspector().inspect_beside(texts_of_head(), scratch->inspection);
        scratch->request.dialect = endpoint.dialect;
        scratch->request.operation = endpoint.operation;
        if (!scratch->body.empty())
            co_return ends(dialect::RefusalKind::invalid, "Sallyport: a list of models is asked for without a body.");
        body_digest = crypto::sha256({});
        co_return Step();
    }
    const Step decoded = co_await decode_body();
    if (!decoded) co_return decoded;
    const std::size_t inline_max =
        world->rules->code() ? limits::inline_attribution_bytes_max : limits::inline_judgement_bytes_max;
    if (scratch->body.size() + scratch->decoded.size() <= inline_max) co_return judge_body(inspector());
    Step judged_there;
    co_await lane.shared.workers.run(lane.loop, [&] {
        std::unique_ptr<content::Inspector> one = lane.shared.inspectors.take(world->rules);
        judged_there = judge_body(*one);
        lane.shared.inspectors.give(std::move(one));
    });
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

content::Inspector& Turn::inspector() {
    if (!lane.inspector || lane.inspector->rules() != world->rules)
        lane.inspector = lane.shared.inspectors.take(world->rules);
    return *lane.inspector;
}

Step Turn::judge_body(content::Inspector& inspector) {
    if (scratch->body.capacity() == 0) scratch->body.reserve(1); // an empty body has readable padding, too
    const bool coded = !http::is_identity(exchange.head().fields.value("content-encoding"));
    const std::string_view text = coded ? scratch->decoded.view() : scratch->body.view();
    body_digest = crypto::sha256(scratch->body.view());
    if (const auto document = scratch->document.parse(text); !document) return ends(document.error());
    if (const auto read = dialect::read_request(endpoint, scratch->document, scratch->request); !read)
        return ends(read.error());
    parsed = true;
    inspector.inspect(scratch->document, scratch->request, speaker(), scratch->inspection);
    inspector.inspect_beside(texts_of_head(), scratch->inspection);
    compare_with_fleet();
    // Rules about models need one. Only a prompt that the vendor stores may hide it, and only where that kind of reference is allowed.
    const auto& references = scratch->request.references;
    const bool stored = std::ranges::any_of(
        references, [](const dialect::Reference& one) { return one.kind == dialect::ReferenceKind::stored_prompt; });
    if (scratch->request.model.empty() && (endpoint.operation == dialect::Operation::count_tokens || !stored))
        return ends(dialect::RefusalKind::invalid, "Sallyport cannot judge this request: it names no model.");
    return {};
}

Step Turn::decide() {
    if (const Step gathered = gather_facts(); !gathered) return gathered;
    if (const Step found = find_claims(); !found) return found;
    if (const Step clean = check_names(); !clean) return clean;
    decide_on_findings();
    judged = true;
    if (plan.effective_class > facts.class_floor)
        for (const std::uint64_t conversation : conversations)
            lane.shared.verdicts.raise_floor(conversation, plan.effective_class, lane.loop.now_ms());
    if (plan.exception == policy::no_exception && plan.mode == policy::Mode::warn)
        warning = policy::would_sentence(*world->policy, facts, plan, candidates());
    if (plan.decision == policy::Decision::refuse || plan.upstream_count == 0)
        return ends(dialect::RefusalKind::policy,
                    policy::sentence(*world->policy, facts, plan, candidates()) + found_words());
    return {};
}

Step Turn::judge_anew() {
    if (lane.world != world || wall_ms() != facts.at_ms) {
        world = lane.world;
        world->find_advisory(facts); // those of the former world may be gone
        if (const Step known = identify(); !known) return known;
        if (const Step gathered = gather_facts(); !gathered) return gathered;
    }
    decide_on_findings();
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

Step Turn::amend_for(std::uint16_t upstream) {
    amended = false;
    sent_digest = body_digest;
    const policy::Amendments asked = amendments_for(upstream);
    if (asked.any() == 0) return {};
    scratch->amended.clear();
    redacted.clear();
    const auto made = lane.shared.amender.amend(scratch->document, scratch->request, scratch->inspection,
                                                {asked.redact, asked.withhold, asked.normalise}, scratch->amended,
                                                world->policy->program().document.restore_tools ? &redacted : nullptr);
    if (!made)
        return ends(dialect::RefusalKind::policy,
                    "Sallyport refused this request: " + made.error().message + ". Take it out and try again.");
    amended = true;
    sent_digest = crypto::sha256(scratch->amended);
    return {};
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
    for (const std::string_view claimed : facts.also_claimed) mix(claimed);
    for (const std::string_view plugin : facts.plugins) mix(plugin);
    mix(std::to_string(facts.references) + " " + std::to_string(plan.rule));
    return hash;
}

} // namespace sallyport::gateway
