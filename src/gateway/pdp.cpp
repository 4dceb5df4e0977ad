#include "gateway/pdp.h"

#include "gateway/pdp_question.h"

#include <utility>

namespace sallyport::gateway {

namespace {

// What the person is told is our own words; the error's, which may name hosts, is for the log.
struct Lost {
    ErrorKind kind = ErrorKind::unavailable;
    Retry retry = Retry::never;
    std::string told, logged;
};
using Read = std::expected<PdpAnswer, Lost>;

std::unexpected<Lost> lost(const Error& error, const char* told) {
    const char* const slow = "it took too long";
    return std::unexpected(
        Lost{error.kind, error.retry, error.kind == ErrorKind::timeout ? slow : told, error.message});
}

std::string head_of(const World& world, std::string_view id, std::size_t body_bytes) {
    const DecisionPointConfig& config = *world.config->decision_point;
    const http::Origin& origin = *world.decision_point;
    const bool by_proxy = origin.proxy && !origin.tls; // absolute form, for the company's proxy
    std::string head = "POST ";
    if (by_proxy) head += "http://" + origin.authority;
    head += config.base_path + "/access/v1/evaluation HTTP/1.1\r\nHost: " + origin.authority + "\r\n";
    head += "Content-Type: application/json\r\nAccept: application/json\r\nX-Request-ID: ";
    head += id;
    head += "\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n";
    const auto add_secret = [&](std::string_view begin, const Secret& secret) {
        if (secret.empty()) return;
        head += begin;
        head += secret.reveal();
        head += "\r\n";
    };
    add_secret("Authorization: Bearer ", config.credential);
    if (by_proxy) add_secret("Proxy-Authorization: ", origin.proxy_authorization);
    return head + "\r\n";
}

net::Task<std::expected<void, Lost>> read_body(http::ClientConnection& connection, std::int64_t deadline_ms,
                                               Buffer& body) {
    while (true) {
        const std::int64_t left_ms = deadline_ms - connection.stream().loop().now_ms();
        const auto part = co_await connection.read_part(left_ms);
        if (!part) co_return lost(part.error(), "its answer broke off");
        for (const iovec& piece : part->pieces) body.append({static_cast<const char*>(piece.iov_base), piece.iov_len});
        if (body.size() > limits::pdp_answer_bytes_max)
            co_return std::unexpected(Lost{ErrorKind::too_large, Retry::never, "its answer is too long",
                                           "more than " + std::to_string(limits::pdp_answer_bytes_max) + " bytes"});
        if (part->last) co_return {};
    }
}

// Everything within the one deadline.
net::Task<Read> ask_once(Lane& lane, const World& world, PdpCall& call, std::string_view body, std::string_view id,
                         std::int64_t deadline_ms, bool fresh) {
    const std::size_t pool_id = world.config->decision_point->pool_id;
    std::string head = head_of(world, id, body.size());
    auto taken = co_await lane.pool.take(pool_id, *world.decision_point, fresh, deadline_ms - lane.loop.now_ms());
    if (!taken) co_return lost(taken.error(), "it cannot be reached");
    if (call.cancelled) co_return std::unexpected(Lost{ErrorKind::cancelled, Retry::never, {}, "nobody waits"});
    std::unique_ptr<http::ClientConnection> connection = std::move(*taken);
    const PdpCall::Stage stage(call, connection->stream());
    iovec pieces[] = {{head.data(), head.size()}, {const_cast<char*>(body.data()), body.size()}};
    const Result<void> sent = co_await connection->send(pieces, deadline_ms - lane.loop.now_ms());
    if (!sent) co_return lost(sent.error(), "the connection broke off");
    http::ResponseHead answer_head;
    const Result<void> answered = co_await connection->read_head(answer_head, "POST", deadline_ms);
    if (!answered) co_return lost(answered.error(), "the connection broke off");
    if (answer_head.status != 200) {
        const std::string told = "it answered with status " + std::to_string(answer_head.status);
        co_return std::unexpected(Lost{ErrorKind::unavailable, Retry::never, told, told});
    }
    Buffer answer_body;
    const auto whole = co_await read_body(*connection, deadline_ms, answer_body);
    if (!whole) co_return std::unexpected(whole.error());
    lane.pool.give(pool_id, std::move(connection));
    Result<PdpAnswer> answer = read_pdp_answer(answer_body.view());
    if (!answer) co_return lost(answer.error(), answer.error().message.c_str());
    co_return std::move(*answer);
}

// Runs beside the exchanges that wait for it, and keeps the world in which it began.
net::Task<void> run(Lane& lane, std::shared_ptr<const World> world, std::shared_ptr<PdpCall> call, PdpQuestion question,
                    std::string id) {
    const DecisionPointConfig& config = *world->config->decision_point;
    const std::int64_t deadline_ms = lane.loop.now_ms() + config.timeout_ms;
    Read read = co_await ask_once(lane, *world, *call, question.body, id, deadline_ms, false);
    if (!read && read.error().retry == Retry::fresh_connection && !call->cancelled) // a kept one had died meanwhile
        read = co_await ask_once(lane, *world, *call, question.body, id, deadline_ms, true);
    Result<PdpAnswer> answer;
    if (read) {
        answer = std::move(*read);
    } else {
        if (!call->cancelled)
            lane.shared.log.warning("decision_point.unanswered",
                                    {{"exchange", id}, {"why", read.error().told}, {"what", read.error().logged}});
        answer = fail(read.error().kind, read.error().told, ErrorSource::upstream);
    }
    call->answered(std::move(answer));
    lane.pdp.end(question.key, *call, lane.loop.now_ms(), config.remember_ms);
}

// Remembered, asked together with others, or asked.
net::Task<Result<PdpAnswer>> answer_of(Turn& turn, PdpQuestion question) {
    Lane& lane = turn.lane;
    // Of a world that was exchanged meanwhile nothing is shared.
    const bool current = lane.world->config == turn.world->config;
    const PdpAnswer* known = current ? lane.pdp.find(question.key, lane.loop.now_ms()) : nullptr;
    if (known != nullptr) {
        lane.metrics.pdp_remembered.add();
        co_return *known;
    }
    std::shared_ptr<PdpCall> call = current ? lane.pdp.under_way(question.key) : nullptr;
    if (!call) {
        call = std::make_shared<PdpCall>();
        if (current) lane.pdp.begin(question.key, call);
        lane.metrics.pdp_calls.add();
        lane.loop.spawn(run(lane, turn.world, call, std::move(question), turn.id));
    }
    PdpCall::Waiter waiter(lane.loop, *call);
    if (!call->done) {
        turn.exchange.on_gone([&turn, &waiter] {
            turn.client_gone = true;
            waiter.wake();
        });
        co_await waiter.completion;
        turn.exchange.on_gone({});
    }
    if (call->done) co_return call->answer;
    waiter.leave();
    turn.lane.metrics.clients_left.add();
    co_return fail(ErrorKind::cancelled, "the client left before it answered", ErrorSource::client);
}

// Each repository that the request names must be permitted: what another one is permitted for says nothing of it.
net::Task<Result<PdpAnswer>> answer_for_all(Turn& turn) {
    // Counting tokens sends the same content to the same vendor, so it asks the same question as generating.
    const bool lists = turn.endpoint.operation == dialect::Operation::list_models;
    policy::Facts asked = turn.facts;
    for (std::size_t i = 0; i <= turn.facts.also_claimed.size(); ++i) {
        if (i > 0) {
            asked.repository = turn.facts.also_claimed[i - 1];
            asked.evidence = asked.repository.empty() ? policy::Evidence::none : policy::Evidence::claimed;
        }
        PdpQuestion question =
            make_pdp_question(*turn.world->policy, asked, turn.plan, lists ? "list-models" : "generate");
        Result<PdpAnswer> answer = co_await answer_of(turn, std::move(question));
        if (!answer || !answer->permitted) co_return answer;
    }
    co_return PdpAnswer{true, {}};
}

// One sentence, at most policy::sentence_bytes_max.
std::string sentence_of(const Turn& turn, const Result<PdpAnswer>& answer) {
    static constexpr std::string_view opening = "Sallyport refused this request: the company's decision point did not ";
    if (!answer)
        return std::string(opening) + "answer (" + answer.error().message +
               "). Nothing was sent. Try again or ask your platform team.";
    if (answer->reason.empty()) return policy::sentence(*turn.world->policy, turn.facts, turn.plan, turn.candidates());
    const bool closed = std::string_view(".!?").contains(answer->reason.back());
    return std::string(opening) + "permit it: " + answer->reason + (closed ? "" : ".");
}

policy::Pdp fact_of(const Result<PdpAnswer>& answer) {
    if (!answer) return policy::Pdp::unanswered;
    return answer->permitted ? policy::Pdp::permitted : policy::Pdp::denied;
}

} // namespace

net::Task<Step> ask_decision_point(Turn& turn) {
    if (!turn.world->decision_point) co_return Step();
    Result<PdpAnswer> answer = co_await answer_for_all(turn);
    const World& now = *turn.lane.world;
    if (answer && (now.policy != turn.world->policy || now.config != turn.world->config))
        answer = fail(ErrorKind::unavailable, "the policy changed while it was asked");
    turn.facts.pdp = fact_of(answer);
    turn.lane.metrics.pdp[static_cast<std::size_t>(turn.facts.pdp)].add();
    if (const Step known = turn.judge_anew(); !known) co_return known;
    if (turn.plan.decision != policy::Decision::refuse) co_return Step();
    // Unanswered is no verdict: the client's next try asks again.
    const auto kind = answer ? dialect::RefusalKind::policy : dialect::RefusalKind::unavailable;
    co_return std::unexpected(Ending{kind, sentence_of(turn, answer)});
}

} // namespace sallyport::gateway
