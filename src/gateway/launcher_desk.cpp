#include "gateway/launcher_desk.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "gateway/bound.h"
#include "gateway/caller.h"
#include "gateway/run_told.h"
#include "json/writer.h"
#include "policy/program.h"
#include "repo/identity.h"
#include "tlog/lines.h"

#include <fmt/format.h>

#include <numeric>

namespace sallyport::gateway {

namespace {

struct No {
    int status = 403;
    std::string sentence;
};
using Yes = std::expected<std::string, No>; // the answer's body

std::unexpected<No> no(int status, std::string sentence) { return std::unexpected(No{status, std::move(sentence)}); }

// The facts of a request that such a client would send, as far as they are known before it starts.
struct Asked {
    std::vector<std::string_view> claimed;
    std::vector<policy::Exception> exceptions;
    policy::Facts facts;
};
void gather(const World& world, const identity::Caller& caller, const identity::Statement& stated, Asked& asked) {
    const policy::Launchers& launchers = world.policy->program().document.launchers;
    policy::Facts& facts = asked.facts;
    facts.person = caller.person;
    facts.team = caller.team;
    facts.role = caller.role;
    for (std::size_t c = 0; c < policy::class_count; ++c)
        if (policy::name(static_cast<policy::Class>(c)) == caller.max_class)
            facts.key_max_class = static_cast<policy::Class>(c);
    facts.client = stated.client.empty() ? identity::Client{}.name : std::string_view(stated.client);
    facts.client_version = stated.version;
    facts.repository = stated.repository;
    facts.evidence = stated.repository.empty() ? policy::Evidence::none
                     : launchers.trusts_user   ? policy::Evidence::bound
                                               : policy::Evidence::claimed;
    facts.generates = false;
    facts.at_ms = wall_ms();
    take_bound(stated, launchers, facts);
    world.find_advisory(facts);
    asked.claimed.push_back(facts.repository);
    world.exceptions->each(facts.person, facts.team, asked.claimed, facts.at_ms,
                           [&](const store::ExceptionRecord& one) {
                               if (asked.exceptions.size() < policy::exceptions_per_request_max)
                                   asked.exceptions.push_back({one.id, one.rule});
                           });
    facts.exceptions = asked.exceptions;
}

// What would be refused whatever the request held is refused before there is one.
std::string refused_at_once(const World& world, const identity::Statement& stated, const policy::Facts& facts) {
    std::vector<std::uint16_t> all(world.policy->upstreams().size());
    std::iota(all.begin(), all.end(), std::uint16_t{0});
    const policy::Plan plan = policy::decide(*world.policy, facts, all);
    const bool of_client = plan.refused_by == policy::RefusedBy::client ||
                           plan.refused_by == policy::RefusedBy::client_version ||
                           plan.refused_by == policy::RefusedBy::advisory;
    const bool of_place = plan.refused_by == policy::RefusedBy::tier || plan.refused_by == policy::RefusedBy::key_class;
    if (plan.decision != policy::Decision::refuse || !(of_place || (of_client && !stated.client.empty()))) return {};
    return policy::sentence(*world.policy, facts, plan, all);
}

std::string too_low(const policy::Launchers& launchers, const identity::Statement& stated) {
    if (tier_of(stated) >= launchers.lowest) return {};
    return fmt::format(
        "Sallyport: the policy lets no client start in a boundary below tier {} (launchers: lowest_tier); "
        "this would be tier {}. sallyport doctor says what this machine lacks.",
        policy::name(launchers.lowest), stated.tier);
}

std::string text_of(const Network& network) {
    return network.base.text() + "/" + std::to_string(network.base.is_v4() ? network.bits - 96 : network.bits);
}

// For the class of the work, so that the launcher need not know it.
void write_egress(json::Writer& writer, std::span<const policy::EgressRule> rules, policy::Class cls) {
    writer.begin_array("egress");
    for (const policy::EgressRule& rule : rules) {
        if ((rule.classes >> static_cast<unsigned>(cls) & 1) == 0) continue;
        std::string one;
        json::Writer item(one);
        item.begin_object();
        if (!rule.addresses.empty()) {
            item.begin_array("addresses");
            for (const Network& network : rule.addresses) item.element(text_of(network));
            item.end_array();
        }
        item.member("do", policy::name(rule.act));
        item.begin_array("hosts");
        for (const std::string& host : rule.hosts) item.element(host);
        item.end_array();
        item.member("id", rule.id);
        if (rule.ports.empty()) {
            item.member("ports", "any");
        } else {
            item.begin_array("ports");
            for (const std::uint16_t port : rule.ports) item.element(std::int64_t{port});
            item.end_array();
        }
        item.member("why", rule.why);
        item.end_object();
        writer.element_raw(one);
    }
    writer.end_array();
}

void write_grants(json::Writer& writer, std::span<const policy::Grant> grants, policy::Class cls) {
    writer.begin_array("grants");
    for (const policy::Grant& grant : grants) {
        if ((grant.classes >> static_cast<unsigned>(cls) & 1) == 0) continue;
        writer.begin_object();
        writer.member("ask", grant.asks);
        writer.member("id", grant.id);
        if (grant.ssh.host.empty()) {
            writer.begin_array("ports");
            for (const policy::PortRange& range : grant.ports) writer.element(policy::text_of(range));
            writer.end_array();
        } else {
            writer.begin_object("ssh");
            writer.member("host", grant.ssh.host);
            writer.begin_array("keys");
            for (const std::string& key : grant.ssh.keys) writer.element(key);
            writer.end_array();
            writer.member("port", std::int64_t{grant.ssh.port});
            writer.end_object();
        }
        writer.member("why", grant.why);
        writer.end_object();
    }
    writer.end_array();
}

// As the launcher says to have seen it; 0: not this one.
std::uint64_t seen_size(const http::RequestHead& head, std::string_view origin) {
    const http::FieldName seen(identity::ledger_seen_header);
    for (const http::Field& field : head.fields) {
        if (field.name != seen) continue;
        const std::size_t blank = field.value.find(' ');
        const auto size = tlog::read_decimal(field.value.substr(0, blank));
        if (size && blank != std::string_view::npos && field.value.substr(blank + 1) == origin) return *size;
    }
    return 0;
}

// So that each launcher is a witness of it (endpoint/seen_ledgers.h). Reads a few kilobytes of files that were just written.
void write_ledger(json::Writer& writer, Lane& lane, const http::RequestHead& head) {
    const ShownLedger& ledger = lane.shared.shown_ledger;
    if (ledger.keys.empty()) return;
    const std::string& origin = ledger.keys.back().name();
    const auto checkpoint = checkpoint_since(ledger.directory, seen_size(head, origin));
    if (!checkpoint) {
        lane.shared.log.warning("launcher.no_checkpoint", {{"why", checkpoint.error().message}});
        return;
    }
    writer.begin_object("ledger");
    writer.member("checkpoint", *checkpoint);
    writer.begin_array("keys");
    for (const auto& key : ledger.keys)
        if (key.name() == origin) writer.element(key.text());
    writer.end_array();
    writer.end_object();
}

std::string answer_of(Lane& lane, const World& world, const http::RequestHead& head, const identity::Binding& binding,
                      const policy::Facts& facts) {
    const identity::Bindings::Issued issued = lane.shared.bindings.issue(binding);
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.member("binding", issued.text);
    write_egress(writer, world.policy->program().document.egress, policy::effective_class(*world.policy, facts));
    writer.member("evidence", policy::name(facts.evidence));
    write_grants(writer, world.policy->program().document.grants, policy::effective_class(*world.policy, facts));
    writer.member("id", binding.id);
    write_ledger(writer, lane, head);
    writer.member("now", binding.from_ms);
    writer.member("secret", issued.secret.reveal());
    writer.member("until", binding.until_ms);
    writer.end_object();
    return body;
}

// The check, since the caller may view a session that it holds.
std::expected<identity::KeyCheck, No> caller_of(Lane& lane, const World& world, const http::Exchange& exchange,
                                                const http::Arrival& arrival) {
    if (monotonic_ms() - lane.shared.world_confirmed_ms.load(std::memory_order_relaxed) > limits::world_stale_ms_max)
        return no(503, "Sallyport cannot confirm which keys are valid at the moment and therefore lets nothing pass.");
    const auto caller = read_caller(exchange.head(), *world.keys, wall_ms(), arrival.key);
    if (!caller) return no(400, "Sallyport cannot tell who is calling: " + caller.error().message + ".");
    if (caller->key.problem != identity::KeyProblem::none)
        return no(403, "Sallyport: " + std::string(identity::sentence(caller->key.problem)));
    return caller->key;
}

Yes bind(Lane& lane, const World& world, const identity::Caller& caller, const http::RequestHead& head,
         std::string_view body) {
    if (!world.problem.empty())
        return no(503, "Sallyport has no policy that it can take and therefore lets nothing pass.");
    auto stated = identity::read_statement(body);
    if (!stated) return no(400, "Sallyport cannot read what the launcher states: " + stated.error().message + ".");
    if (!stated->repository.empty()) {
        auto named = repo::normalise_remote(stated->repository);
        if (!named) return no(400, "Sallyport cannot read the repository that the launcher states.");
        stated->repository = std::move(*named);
    }
    Asked asked;
    gather(world, caller, *stated, asked);
    const policy::Launchers& launchers = world.policy->program().document.launchers;
    for (std::string why : {too_low(launchers, *stated), refused_at_once(world, *stated, asked.facts)})
        if (!why.empty()) return no(403, std::move(why));
    identity::Binding binding;
    static_cast<identity::Statement&>(binding) = std::move(*stated);
    binding.id = "b_" + to_hex(crypto::random_bytes(8));
    binding.key = caller.key_id;
    binding.person = caller.person;
    binding.from_ms = asked.facts.at_ms;
    binding.until_ms = binding.from_ms + limits::binding_ms;
    return answer_of(lane, world, head, binding, asked.facts);
}

Yes record(Lane& lane, const identity::Caller& caller, const http::RequestHead& head, std::string_view body) {
    const identity::Proven proven{head.method, head.target, crypto::sha256(body)};
    const auto checked = lane.shared.bindings.check(head.fields.value(identity::binding_header),
                                                    head.fields.value(identity::proof_header), proven, wall_ms());
    // One that expired in the night still says which run it was.
    const bool is_old = checked.problem == identity::BindingProblem::expired;
    if (checked.problem != identity::BindingProblem::none && !is_old)
        return no(403, "Sallyport: " + std::string(identity::sentence(checked.problem)) + ".");
    if (checked.binding.key != caller.key_id)
        return no(403, "Sallyport: " + std::string(identity::sentence(identity::BindingProblem::foreign_key)) + ".");
    const auto told = read_run_told(body);
    if (!told) return no(400, "Sallyport cannot read " + told.error().message + ".");
    std::vector<ledger::NamedHost> hosts;
    for (const RunTold::Host& host : told->hosts) {
        if (hosts.size() == limits::hosts_per_entry_max) break;
        hosts.push_back(host.figures);
        hosts.back().host = host.name;
    }
    ledger::Run run;
    run.at_ms = wall_ms();
    run.binding = named(checked.binding);
    run.person = checked.binding.person;
    run.repository = checked.binding.repository;
    run.exchanges = told->exchanges;
    std::vector<ledger::NamedGrant> grants;
    for (const RunTold::Grant& one : told->grants) grants.push_back({one.id, one.uses});
    run.grants = grants;
    run.hosts = hosts;
    run.hosts_left_out = told->hosts.size() - hosts.size();
    std::string entry;
    ledger::encode(run, entry);
    if (const auto appended = lane.shared.ledger.append(entry); !appended)
        return no(503, "Sallyport could not record the run: " + appended.error().message + ".");
    return "{}";
}

std::string told(const std::string& sentence) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.begin_object("error");
    writer.member("message", sentence);
    writer.end_object();
    writer.end_object();
    return body;
}

} // namespace

net::Task<bool> answer_launcher(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival) {
    const http::RequestHead& head = exchange.head();
    const bool binds = head.path == identity::binding_path;
    if (!binds && head.path != run_path) co_return false;
    const std::shared_ptr<const World> world = lane.world; // the caller views its keys
    Buffer body;
    Yes answer = no(405, "Sallyport answers a launcher's POST here.");
    if (head.method == "POST") {
        const auto caller =
            caller_of(lane, *world, exchange, arrival); // before the body: nobody unknown is listened to
        const Result<void> read =
            caller ? co_await exchange.read_body(body, binds ? limits::binding_bytes_max : limits::run_told_bytes_max)
                   : Result<void>();
        if (!caller)
            answer = std::unexpected(caller.error());
        else if (!read)
            answer = no(read.error().kind == ErrorKind::too_large ? 413 : 400,
                        "Sallyport cannot read what the launcher states: " + read.error().message + ".");
        else
            answer = binds ? bind(lane, *world, caller->caller, head, body.view())
                           : record(lane, caller->caller, head, body.view());
    }
    if (!answer)
        lane.shared.log.warning("launcher.refused",
                                {{"status", std::to_string(answer.error().status)}, {"why", answer.error().sentence}});
    [[maybe_unused]] const Result<void> done =
        co_await exchange.respond(answer ? 200 : answer.error().status, "application/json",
                                  "Cache-Control: no-store\r\n", answer ? *answer : told(answer.error().sentence));
    co_return true;
}

} // namespace sallyport::gateway
