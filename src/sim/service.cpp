#include "sim/service.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "http/coding.h"
#include "sim/file_tool.h"
#include "sim/shape.h"

#include <fmt/format.h>

namespace sallyport::sim {

namespace {

using dialect::Endpoint;
using dialect::Operation;

constexpr std::size_t body_bytes_max = 256u << 20;
constexpr std::size_t prepared_max = 64;
constexpr std::string_view greeting = "Hello from the simulated vendor.";

// Four bytes to a token, as a rule of thumb. What was sent before is read from the cache, what is new is written to it.
TokenCounts token_counts(std::size_t body_bytes, std::size_t text_bytes, bool continues) {
    TokenCounts tokens;
    tokens.input = body_bytes / 4 + 1;
    tokens.cache_read = continues ? tokens.input * 3 / 4 : 0;
    tokens.cache_write = (tokens.input - tokens.cache_read) / 2;
    tokens.output = text_bytes / 4 + 1;
    return tokens;
}

std::string filler(std::size_t bytes) {
    constexpr std::string_view words = "The simulated vendor says what it was told to say, and says it again. ";
    std::string text;
    text.reserve(bytes + words.size());
    while (text.size() < bytes) text += words;
    text.resize(bytes);
    return text;
}

std::shared_ptr<const Composed> body_of(std::string bytes) { return std::make_shared<const Composed>(whole(std::move(bytes))); }

} // namespace

Reply Service::error(Dialect dialect, int status, std::string_view message) const {
    Reply reply;
    reply.status = status;
    reply.answer = body_of(error_body(dialect, status, message));
    return reply;
}

// events(N) and text(N) are the same for everybody who asks for the same, so they are composed once.
Reply Service::prepared(const RequestView& view, Dialect dialect, const Directives& asked) {
    constexpr std::size_t event_text_bytes = 24;
    const std::string key = fmt::format("{} {} {} {} {} {} {}", static_cast<int>(dialect), view.stream, view.server_sent,
                                        view.usage_in_stream, asked.events, asked.text_bytes, view.model);
    Reply reply;
    reply.streams = view.stream;
    reply.events_per_write = asked.events_per_write;
    if (const auto known = prepared_.find(key); known != prepared_.end()) {
        reply.answer = known->second;
        return reply;
    }
    Answer answer;
    answer.dialect = dialect;
    answer.model = view.model;
    answer.text = filler(asked.events != 0 ? asked.events * event_text_bytes : asked.text_bytes);
    answer.events = asked.events;
    answer.tokens = token_counts(4'000, answer.text.size(), true);
    answer.usage_in_stream = view.usage_in_stream;
    answer.server_sent = view.server_sent;
    reply.answer = std::make_shared<const Composed>(view.stream ? compose_events(answer) : compose_body(answer));
    if (prepared_.size() >= prepared_max) prepared_.clear();
    prepared_.emplace(key, reply.answer);
    return reply;
}

Reply Service::generate(const Endpoint& endpoint, const RequestView& view, const Directives& asked, std::string_view body,
                        std::uint64_t number) {
    if (asked.events != 0 || asked.text_bytes != 0) return prepared(view, endpoint.dialect, asked);
    Answer answer;
    answer.dialect = endpoint.dialect;
    answer.model = view.model;
    answer.number = number;
    answer.usage_in_stream = view.usage_in_stream;
    answer.server_sent = view.server_sent;
    if (view.ends_in_result) {
        answer.text = "The file says: " + view.result;
    } else if (!asked.read_file.empty() && view.has_tools) {
        if (std::optional<ToolCall> call = call_to_read(endpoint.dialect, document_, asked.read_file)) {
            answer.call = std::move(*call);
        } else {
            answer.text = fmt::format("None of the tools offered reads files: {}.",
                                      fmt::join(tools_offered(endpoint.dialect, document_), ", "));
        }
    } else if (view.schema != json::no_node) {
        answer.text = example_of_schema(document_, view.schema);
    } else {
        answer.text = asked.say.empty() ? greeting : std::string_view(asked.say);
    }
    answer.tokens = token_counts(body.size(), answer.text.size() + answer.call.arguments.size(), view.continues);
    Reply reply;
    reply.streams = view.stream;
    reply.answer = std::make_shared<const Composed>(view.stream ? compose_events(answer) : compose_body(answer));
    return reply;
}

Result<void> Service::choose_fault(const http::RequestHead& head, std::string_view in_text, bool streams, Reply& reply) {
    const std::uint64_t call = ++shared_.model_calls;
    const std::string_view in_head = head.fields.value("x-vendor-fault");
    const std::string_view own = in_head.empty() ? in_text : in_head;
    if (!own.empty()) {
        Result<Fault> fault = parse_fault(own);
        if (!fault) return std::unexpected(fault.error());
        if (strikes(*fault, call, streams, shared_.seed)) reply.fault = std::move(*fault);
    } else {
        for (const Fault& fault : shared_.faults) {
            if (!strikes(fault, call, streams, shared_.seed)) continue;
            reply.fault = fault;
            break;
        }
    }
    if (reply.fault.gate && !shared_.one_loop)
        return fail(ErrorKind::invalid, "a gate works with --threads 1 only, since one queue waits at it");
    return {};
}

Reply Service::choose_model_answer(const Endpoint& endpoint, const http::RequestHead& head, std::string_view body, Received& received) {
    const Dialect dialect = endpoint.dialect;
    const auto refused = [&](const Error& why) { return error(dialect, 400, why.message); };
    RequestView view;
    Directives asked;
    if (const std::string_view said = head.fields.value("x-vendor-answer"); !said.empty()) {
        const std::size_t open = said.find('(');
        if (open == std::string_view::npos || said.back() != ')') return error(dialect, 400, "x-vendor-answer wants events(N) or text(N)");
        const auto read = read_directive(said.substr(0, open), said.substr(open + 1, said.size() - open - 2), asked);
        if (!read) return refused(read.error());
        view.model = "sim-large";
        view.stream = asked.events != 0;
    } else {
        const Result<void> parsed = document_.parse(body);
        if (!parsed) return refused(parsed.error());
        Result<RequestView> seen = view_request(endpoint, head.query, document_);
        if (!seen) return refused(seen.error());
        view = std::move(*seen);
        Result<Directives> directives = read_directives(view.asked);
        if (!directives) return refused(directives.error());
        asked = std::move(*directives);
    }
    received.model = view.model;
    received.stream = view.stream;
    if (endpoint.operation == Operation::count_tokens) {
        Reply reply;
        reply.answer = body_of(token_count_body(dialect, token_counts(body.size(), 0, false).input));
        return reply;
    }
    Reply reply = generate(endpoint, view, asked, body, received.number);
    if (const auto chosen = choose_fault(head, asked.fault, view.stream, reply); !chosen) return refused(chosen.error());
    received.fault = reply.fault.spec;
    if (reply.fault.status != 0) {
        Fault fault = std::move(reply.fault);
        reply = error(dialect, fault.status, fmt::format("The simulated vendor was told to answer {}.", fault.status));
        if (fault.html) {
            reply.content_type = "text/html";
            reply.answer = body_of("<html><body><h1>Blocked</h1><p>The simulated vendor was told to.</p></body></html>\n");
        }
        reply.fault = std::move(fault);
        reply.fault.status = 0; // done; what else the fault says is for the sender
        return reply;
    }
    if (reply.streams) {
        const bool in_array = dialect == Dialect::gemini && !view.server_sent;
        if (!in_array) reply.content_type = "text/event-stream; charset=utf-8";
        reply.error_event = error_event(dialect, "The simulated vendor was told to fail here.", view.server_sent);
        reply.ping_event = ping_event(dialect, view.server_sent);
    }
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
            reply = error(Dialect::openai_chat, 404, fmt::format("{} {} is no endpoint; there are: {}", head.method, head.path,
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
    if (!done || !decoder->finished()) return error(dialect, 400, "the body does not decode as its Content-Encoding says");
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
        if (read.error().kind == ErrorKind::too_large) co_await exchange.respond(413, "application/json", {}, sentence);
        else exchange.abort();
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
        answer = error_body(Dialect::openai_chat, 404, "there are GET /vendor/requests, GET /vendor/next and POST /vendor/reset");
        const Result<void> told = co_await exchange.respond(404, "application/json", {}, answer);
        static_cast<void>(told);
        co_return;
    }
    const std::string_view type = head.path == "/vendor/requests" ? "application/x-ndjson" : "application/json";
    const Result<void> told = co_await exchange.respond(200, type, extra, answer);
    static_cast<void>(told);
}

} // namespace sallyport::sim
