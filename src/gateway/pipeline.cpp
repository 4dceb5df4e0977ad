#include "gateway/pipeline.h"

#include "base/clock.h"
#include "base/text.h"
#include "gateway/client_desk.h"
#include "gateway/launcher_desk.h"
#include "gateway/outbound.h"
#include "gateway/pdp.h"
#include "gateway/record.h"
#include "gateway/relay.h"
#include "gateway/sign_in_desk.h"
#include "gateway/turn.h"
#include "gateway/workload.h"

namespace sallyport::gateway {

namespace {

// Questions about the gateway itself, which clients ask before they work (a HEAD of the base URL), and WebSocket upgrades, which
// are declined so that Codex goes on over HTTP at once.
net::Task<bool> answer_locally(http::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    if (head.fields.lists("upgrade", "websocket")) {
        static constexpr std::string_view body =
            R"({"error":{"message":"Sallyport speaks HTTP here, not WebSocket; go on with POST.","type":"invalid_request_error","code":"upgrade_declined"}})";
        [[maybe_unused]] const Result<void> told =
            co_await exchange.respond(426, "application/json", "Upgrade: HTTP/1.1\r\n", body);
        co_return true;
    }
    const bool probe =
        (head.method == "HEAD" || head.method == "GET") && (head.path == "/" || head.path == "/api/hello");
    if (!probe) co_return false;
    [[maybe_unused]] const Result<void> told = co_await exchange.respond(
        200, "text/plain; charset=utf-8", {}, "Sallyport is here. Point a coding client's base URL at it.\n");
    co_return true;
}

net::Task<void> refuse(Turn& turn, const Ending& ending) {
    turn.lane.metrics.refusals[static_cast<std::size_t>(ending.kind)].add();
    const dialect::Dialect dialect = turn.endpoint_known ? turn.endpoint.dialect : dialect::Dialect::openai_chat;
    std::string reference = turn.id;
    if (ending.recorded) {
        const int status = dialect::refuse(dialect, turn.caller.client.name, ending.kind, ending.sentence, {}).status;
        reference = record_refusal(turn, ending.kind, status, ending.sentence);
    }
    dialect::Refusal refusal =
        dialect::refuse(dialect, turn.caller.client.name, ending.kind, ending.sentence, reference);
    // 401 is what makes Claude Code ask for a new sign-in; who is disabled is told 403, which it shows as a matter for others.
    const identity::KeyProblem problem = turn.cut_off.empty() ? turn.caller.key.problem : turn.cut_off_by;
    const bool again = problem == identity::KeyProblem::sign_in_expired || problem == identity::KeyProblem::signed_out;
    if (again && ending.kind == dialect::RefusalKind::identity && dialect == dialect::Dialect::anthropic_messages)
        refusal.status = 401;
    const std::string headers = refusal.extra_headers + "x-sallyport-exchange: " + reference + "\r\n";
    const Result<void> told =
        co_await turn.exchange.respond(refusal.status, refusal.content_type, headers, refusal.body);
    if (!told) turn.exchange.abort();
}

bool may_fail_over(int status) { return status == 502 || status == 503 || status == 504 || status == 529; }

// What an attempt came to: answered (the exchange is over), or failed in a way that another upstream, or the same one over a fresh
// connection, may mend.
enum class Attempt : std::uint8_t { over, next_upstream, fresh_connection };

struct Failed {
    std::string message; // of the last attempt that failed, for the person
};

net::Task<Attempt> attempt(Turn& turn, const Upstream& upstream, bool fresh, bool is_last, Failed& failed) {
    const http::Timeouts& timeouts = turn.world->config->timeouts;
    ++turn.attempts;
    turn.lane.metrics.attempts.add();
    if (turn.attempts > 1) turn.lane.metrics.failovers.add();

    if (const Step amended = turn.amend_for(upstream.policy_index); !amended) {
        co_await refuse(turn, amended.error());
        co_return Attempt::over;
    }
    // Order (law 3): the intent for this very upstream first, then its bytes.
    const Result<void> intended = co_await record_intent(turn, upstream);
    if (!intended) {
        const Ending ending{
            dialect::RefusalKind::unavailable,
            "Sallyport could not record this exchange and therefore sent nothing: " + intended.error().message + ".",
            true};
        co_await refuse(turn, ending);
        co_return Attempt::over;
    }
    std::string& head = turn.scratch->head;
    head.clear();
    const bool has_body = turn.endpoint.operation != dialect::Operation::list_models;
    build_head(turn.exchange.head(), turn.endpoint, upstream, turn.facts.account,
               has_body ? std::optional<std::uint64_t>(turn.body().size()) : std::nullopt,
               {turn.amended, !turn.redacted.empty(), turn.headers_stripped_for(upstream.policy_index)}, head);

    const std::size_t pool_id = upstream.config->pool_id;
    turn.exchange.on_gone([&turn] { turn.client_gone = true; });
    Result<std::unique_ptr<http::ClientConnection>> connection =
        co_await turn.lane.pool.take(pool_id, upstream.origin, fresh, timeouts.connect_ms);
    Result<void> step;
    http::ResponseHead answer_head;
    if (!connection) step = std::unexpected(connection.error());
    if (step && !turn.cut_off.empty()) step = fail(ErrorKind::cancelled, "the caller was cut off");
    if (step && turn.client_gone) step = fail(ErrorKind::cancelled, "the client left");
    const bool began_to_send = step.has_value();
    if (step) {
        net::Stream& stream = (*connection)->stream();
        turn.answering = &stream;
        turn.exchange.on_gone([&turn, &stream] {
            turn.client_gone = true;
            stream.cancel();
        });
        turn.units_leave(upstream);
        const std::string_view body = turn.body();
        iovec pieces[] = {{head.data(), head.size()}, {const_cast<char*>(body.data()), body.size()}};
        step = co_await (*connection)->send(pieces, timeouts.write_idle_ms);
        if (step)
            step = co_await (*connection)
                       ->read_head(answer_head, turn.exchange.head().method,
                                   turn.lane.loop.now_ms() + timeouts.upstream_head_ms);
    }
    if (!step) turn.answering = nullptr;
    const std::size_t status_class = step ? static_cast<std::size_t>(answer_head.status / 100) : 0;
    turn.lane.metrics.upstream_status[status_class].add();
    if (!step || (!is_last && may_fail_over(answer_head.status))) {
        turn.exchange.on_gone({});
        turn.answering = nullptr;
        Attempted attempted;
        attempted.status = answer_head.status;
        attempted.ended = turn.client_gone                          ? ledger::Ended::client_left
                          : step                                    ? ledger::Ended::upstream_error
                          : step.error().kind == ErrorKind::timeout ? ledger::Ended::timeout
                                                                    : ledger::Ended::upstream_error;
        attempted.error = !turn.cut_off.empty()                     ? "cut_off"
                          : step                                    ? "status"
                          : !connection                             ? ledger::no_connection
                          : !began_to_send                          ? ledger::nothing_sent
                          : step.error().kind == ErrorKind::timeout ? "timeout"
                                                                    : "no_answer";
        record_outcome(turn, attempted);
        failed.message =
            step ? "the upstream " + upstream.config->name + " answered " + std::to_string(answer_head.status)
                 : step.error().message;
        turn.lane.shared.log.warning(
            "attempt.failed", {{"exchange", turn.id}, {"upstream", upstream.config->name}, {"why", failed.message}});
        if (turn.client_gone) {
            turn.lane.metrics.clients_left.add();
            turn.exchange.abort();
            co_return Attempt::over;
        }
        if (!turn.cut_off.empty()) {
            co_await refuse(turn, {dialect::RefusalKind::identity, turn.cut_off, false});
            co_return Attempt::over;
        }
        if (!step && step.error().retry == Retry::fresh_connection && !fresh) co_return Attempt::fresh_connection;
        co_return Attempt::next_upstream;
    }
    const Attempted attempted = co_await relay(turn, **connection, answer_head);
    turn.exchange.on_gone({});
    turn.answering = nullptr;
    record_outcome(turn, attempted);
    turn.lane.pool.give(pool_id, std::move(*connection));
    if (attempted.unanswered && !turn.cut_off.empty()) {
        co_await refuse(turn, {dialect::RefusalKind::identity, turn.cut_off, false});
    } else if (attempted.unanswered) {
        const Ending ending{dialect::RefusalKind::unavailable,
                            "Sallyport: the answer of " + upstream.config->name +
                                " broke off before its first byte. Nothing is wrong with your request; try again.",
                            false};
        co_await refuse(turn, ending);
    }
    co_return Attempt::over;
}

// The plan's upstreams in order, each judged anew when its turn comes; only until a first byte of an answer was relayed.
net::Task<void> send(Turn& turn) {
    Failed failed;
    const policy::Plan first_plan = turn.plan;
    for (std::size_t i = 0; i < first_plan.upstream_count; ++i) {
        const std::uint16_t index = first_plan.upstreams[i];
        const Upstream* upstream = turn.world->upstream_of(index);
        if (upstream == nullptr || !turn.has_all_disclosed(*upstream) ||
            (turn.attempts > 0 && !turn.still_allowed(index)))
            continue;
        const bool is_last = i + 1 == first_plan.upstream_count;
        Attempt ended = co_await attempt(turn, *upstream, false, is_last, failed);
        if (ended == Attempt::fresh_connection && turn.still_allowed(index))
            ended = co_await attempt(turn, *upstream, true, is_last, failed);
        if (ended == Attempt::over) co_return;
    }
    const Ending ending{dialect::RefusalKind::unavailable,
                        "Sallyport reached no upstream for this request: " + failed.message +
                            ". Try again later or tell your platform team.",
                        true};
    co_await refuse(turn, ending);
}

} // namespace

net::Task<void> handle(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival) {
    const bool answered = co_await answer_locally(exchange);
    if (answered) co_return;
    const bool of_launcher = co_await answer_launcher(lane, exchange, arrival);
    if (of_launcher) co_return;
    const bool signs_in = co_await answer_sign_in(lane, exchange, arrival);
    if (signs_in) co_return;
    const bool of_client = co_await answer_client(lane, exchange, arrival);
    if (of_client) co_return;

    co_await admit_workload(lane, exchange);

    Turn turn(lane, exchange, arrival); // captures the world
    Step step = turn.find_endpoint();
    if (step) step = turn.identify();
    if (step) step = co_await turn.read_body();
    if (step) step = co_await turn.parse();
    if (step) step = turn.check_binding(); // a launcher's, where one came
    if (step) step = turn.decide();
    if (step) step = co_await ask_decision_point(turn); // a further condition, where there is one
    if (turn.judged) count_decision(turn);
    if (step)
        co_await send(turn); // per attempt: intent, outbound bytes, answer, outcome
    else
        co_await refuse(turn, step.error());
}

} // namespace sallyport::gateway
