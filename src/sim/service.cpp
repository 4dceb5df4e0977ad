#include "sim/service.h"

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "http/coding.h"
#include "sim/shape.h"

#include <fmt/format.h>

namespace sallyport::sim {

namespace {

using dialect::Endpoint;
using dialect::Operation;

constexpr std::size_t body_bytes_max = 256u << 20;

} // namespace

std::shared_ptr<const Composed> body_of(std::string bytes) {
    return std::make_shared<const Composed>(whole(std::move(bytes)));
}

Reply Service::error(Dialect dialect, int status, std::string_view message) const {
    Reply reply;
    reply.status = status;
    reply.answer = body_of(error_body(dialect, status, message));
    return reply;
}

Reply Service::choose(const http::RequestHead& head, std::string_view body, Received& received) {
    const std::optional<Endpoint> endpoint = dialect::match_endpoint(head.method, head.path);
    if (!endpoint) {
        Reply reply;
        if (head.method == "HEAD" && (head.path == "/" || head.path == "/api/hello")) {
            reply.answer = body_of({});
        } else if (head.fields.lists("upgrade", "websocket")) {
            reply = error(Dialect::openai_responses, 426, "The simulated vendor has no WebSocket; use POST.");
        } else {
            reply = error(Dialect::openai_chat, 404,
                          fmt::format("{} {} is no endpoint; there are: {}", head.method, head.path,
                                      dialect::supported_endpoints()));
        }
        return reply;
    }
    const Dialect dialect = endpoint->dialect;
    received.dialect = dialect::name(dialect);
    if (endpoint->operation == Operation::list_models) {
        received.operation = "list-models";
        // /v1/models is the path of two vendors; only one of them is asked with this header.
        const bool anthropic = head.fields.find("anthropic-version") != nullptr;
        Reply reply;
        reply.answer = body_of(model_list_body(anthropic ? Dialect::anthropic_messages : dialect));
        return reply;
    }
    received.operation = endpoint->operation == Operation::generate ? "generate" : "count-tokens";
    const std::string_view coding = head.fields.value("content-encoding");
    if (http::is_identity(coding)) return choose_model_answer(*endpoint, head, body, received);
    const auto decoder = http::make_decoder(coding, ErrorSource::client);
    if (!decoder) return error(dialect, 415, fmt::format("Content-Encoding '{}' is not known", coding));
    Buffer decoded;
    const Result<void> done = decoder->decode(body, decoded, body_bytes_max);
    if (!done || !decoder->finished())
        return error(dialect, 400, "the body does not decode as its Content-Encoding says");
    return choose_model_answer(*endpoint, head, decoded.view(), received);
}

net::Task<void> Service::handle(http::Exchange& exchange, const http::Arrival& arrival) {
    const http::RequestHead& head = exchange.head();
    if (head.path.starts_with("/vendor/")) {
        co_await control(exchange);
        co_return;
    }
    Buffer body = buffers_.take_body();
    const Result<void> read = co_await exchange.read_body(body, body_bytes_max);
    Received received{.number = ++shared_.requests, .peer = arrival.peer, .head = head, .body = body.view()};
    if (!read) {
        buffers_.give_body(std::move(body));
        if (shared_.record->wants_lines()) shared_.record->cancelled(received.number);
        const std::string sentence = error_body(Dialect::openai_chat, 413, read.error().message);
        if (read.error().kind == ErrorKind::too_large)
            co_await exchange.respond(413, "application/json", {}, sentence);
        else
            exchange.abort();
        co_return;
    }
    Reply reply = choose(head, body.view(), received);
    if (shared_.digest) received.sha256 = to_hex(crypto::bytes(crypto::sha256(body.view())));
    if (const auto saved = shared_.record->save(received.number, head, body.view()); !saved)
        reply = error(Dialect::openai_chat, 500, saved.error().message);
    if (shared_.record->wants_lines()) shared_.record->received(received);

    const std::string bytes = std::to_string(body.size());
    const std::string id = fmt::format("req_sim_{:06}", received.number);
    const std::string retry_after = std::to_string(reply.fault.retry_after_s);
    const bool anthropic = received.dialect == dialect::name(Dialect::anthropic_messages);
    reply.fields.push_back({anthropic ? "request-id" : "x-request-id", id});
    if (shared_.digest) reply.fields.push_back({"x-vendor-received-sha256", received.sha256});
    reply.fields.push_back({"x-vendor-received-bytes", bytes});
    if (reply.fault.retry_after_s >= 0) reply.fields.push_back({"retry-after", retry_after});
    received.body = {};
    buffers_.give_body(std::move(body)); // a stream of minutes holds no body

    Sender sender(exchange, arrival, gate_, shared_.port);
    const bool stayed = co_await sender.send(reply);
    if (!stayed) {
        exchange.abort();
        if (shared_.record->wants_lines()) shared_.record->cancelled(received.number);
    }
}

net::Task<void> Service::control(http::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    std::string extra;
    std::string answer;
    if (head.method == "GET" && head.path == "/vendor/requests") {
        std::uint64_t left_out = 0;
        answer = shared_.record->lines(left_out);
        extra = fmt::format("x-vendor-left-out: {}\r\n", left_out);
    } else if (head.method == "GET" && head.path == "/vendor/next") {
        gate_.let_through();
        answer = "{\"next\":true}\n";
    } else if (head.method == "POST" && head.path == "/vendor/reset") {
        shared_.record->forget();
        shared_.requests = 0;
        shared_.model_calls = 0;
        gate_.forget_permits();
        answer = "{\"reset\":true}\n";
    } else {
        answer = error_body(Dialect::openai_chat, 404,
                            "there are GET /vendor/requests, GET /vendor/next and POST /vendor/reset");
        const Result<void> told = co_await exchange.respond(404, "application/json", {}, answer);
        static_cast<void>(told);
        co_return;
    }
    const std::string_view type = head.path == "/vendor/requests" ? "application/x-ndjson" : "application/json";
    const Result<void> told = co_await exchange.respond(200, type, extra, answer);
    static_cast<void>(told);
}

} // namespace sallyport::sim
