// What the model says: the part of a Service that reads the body and judges what was asked.
#include "sim/file_tool.h"
#include "sim/service.h"

#include <fmt/format.h>

namespace sallyport::sim {

namespace {

using dialect::Endpoint;
using dialect::Operation;

constexpr std::size_t prepared_max = 64;
constexpr std::string_view edited = " # edited by the simulated vendor";
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

// Of the file that was just read; empty where that is not what is asked, or is done.
std::string line_to_edit(const RequestView& view, const Directives& asked) {
    if (!view.ends_in_result || asked.edit_from.empty() || view.results != 1) return {};
    const std::size_t begin = view.result.find(asked.edit_from);
    if (begin == std::string::npos) return {};
    return view.result.substr(begin, view.result.find_first_of("\r\n\"\\", begin) - begin);
}

} // namespace

// events(N) and text(N) are the same for everybody who asks for the same, so they are composed once.
Reply Service::prepared(const RequestView& view, Dialect dialect, const Directives& asked) {
    constexpr std::size_t event_text_bytes = 24;
    const std::string key =
        fmt::format("{} {} {} {} {} {} {}", static_cast<int>(dialect), view.stream, view.server_sent,
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

Reply Service::generate(const Endpoint& endpoint, const RequestView& view, const Directives& asked,
                        std::string_view body, std::uint64_t number) {
    if (asked.events != 0 || asked.text_bytes != 0) return prepared(view, endpoint.dialect, asked);
    Answer answer;
    answer.dialect = endpoint.dialect;
    answer.model = view.model;
    answer.number = number;
    answer.usage_in_stream = view.usage_in_stream;
    answer.server_sent = view.server_sent;
    if (const std::string line = line_to_edit(view, asked); !line.empty()) {
        auto call = call_to_edit(endpoint.dialect, document_, asked.read_file, line, line + std::string(edited));
        if (call)
            answer.call = std::move(*call);
        else
            answer.text = fmt::format("None of the tools offered edits files: {}.",
                                      fmt::join(tools_offered(endpoint.dialect, document_), ", "));
    } else if (view.ends_in_result) {
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

Result<void> Service::choose_fault(const http::RequestHead& head, std::string_view in_text, bool streams,
                                   Reply& reply) {
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

Reply Service::failed(Dialect dialect, Fault fault) const {
    Reply reply =
        error(dialect, fault.status, fmt::format("The simulated vendor was told to answer {}.", fault.status));
    if (fault.html) {
        reply.content_type = "text/html";
        reply.answer = body_of("<html><body><h1>Blocked</h1><p>The simulated vendor was told to.</p></body></html>\n");
    }
    fault.status = 0; // done; what else the fault says is for the sender
    reply.fault = std::move(fault);
    return reply;
}

Reply Service::choose_model_answer(const Endpoint& endpoint, const http::RequestHead& head, std::string_view body,
                                   Received& received) {
    const Dialect dialect = endpoint.dialect;
    const auto refused = [&](const Error& why) { return error(dialect, 400, why.message); };
    RequestView view;
    Directives asked;
    if (const std::string_view said = head.fields.value("x-vendor-answer"); !said.empty()) {
        const std::size_t open = said.find('(');
        if (open == std::string_view::npos || said.back() != ')')
            return error(dialect, 400, "x-vendor-answer wants events(N) or text(N)");
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
    if (const auto chosen = choose_fault(head, asked.fault, view.stream, reply); !chosen)
        return refused(chosen.error());
    received.fault = reply.fault.spec;
    if (reply.fault.status != 0) return failed(dialect, std::move(reply.fault));
    if (reply.streams) {
        const bool in_array = dialect == Dialect::gemini && !view.server_sent;
        if (!in_array) reply.content_type = "text/event-stream; charset=utf-8";
        reply.error_event = error_event(dialect, "The simulated vendor was told to fail here.", view.server_sent);
        reply.ping_event = ping_event(dialect, view.server_sent);
    }
    return reply;
}

} // namespace sallyport::sim
