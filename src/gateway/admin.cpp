#include "gateway/admin.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"
#include "gateway/authzen.h"
#include "gateway/directory_desk.h"
#include "gateway/ledger_question.h"
#include "json/writer.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

bool host_is_ours(const AdminView& view, std::string_view host) {
    return std::ranges::any_of(view.hosts, [&](const std::string& one) { return equals_ignoring_case(one, host); });
}

bool origin_is_ours(const AdminView& view, std::string_view origin) {
    for (const std::string_view scheme : {"http://", "https://"})
        if (origin.starts_with(scheme)) return host_is_ours(view, origin.substr(scheme.size()));
    return false;
}

// AuthZEN 1.0: POST with a JSON body. The caller's X-Request-ID comes back with the answer.
net::Task<void> answer_evaluation(const AdminView& view, http::Exchange& exchange, bool several) {
    const http::RequestHead& head = exchange.head();
    const std::string_view request_id = head.fields.value("x-request-id");
    const std::string headers =
        request_id.empty() ? std::string() : "x-request-id: " + std::string(request_id.substr(0, 200)) + "\r\n";
    int status = 200;
    std::string type = "application/json", answer;
    const bool json = equals_ignoring_case(head.fields.value("content-type").substr(0, 16), "application/json");
    Buffer body;
    const Result<void> read = co_await exchange.read_body(body, evaluation_body_bytes_max);
    if (!read) {
        status = read.error().kind == ErrorKind::too_large ? 413 : 400;
        answer = read.error().message;
    } else if (!json) {
        status = 415;
        answer = "Content-Type is application/json here.";
    } else if (const std::string problem = view.not_ready_because(); !problem.empty()) {
        status = 503; // what cannot be confirmed is no answer
        answer = problem;
    } else {
        if (body.capacity() == 0) body.reserve(1);
        auto made = evaluate(*view.policy(), body.view(), several, wall_ms(), *view.advisories());
        status = made ? 200 : 400;
        answer = made ? std::move(*made) : made.error().message;
    }
    if (status != 200) {
        type = "text/plain; charset=utf-8";
        answer += '\n';
    }
    [[maybe_unused]] const Result<void> told = co_await exchange.respond(status, type, headers, answer);
}

} // namespace

net::Task<void> answer_admin(const AdminView& view, http::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    const http::Field* origin = head.fields.find("origin");
    int status = 200;
    std::string body;
    std::string type = "text/plain; charset=utf-8";
    if (!host_is_ours(view, head.fields.value("host")) || (origin != nullptr && !origin_is_ours(view, origin->value))) {
        status = 421;
        body = "This admin listener is not asked by this name. Use its address, or add the name under admin: hosts: in "
               "sallyport.yaml.\n";
    } else if (is_ledger_path(head.path)) {
        co_return co_await view.ledger(exchange);
    } else if (head.path.starts_with(directory_path)) {
        co_return co_await view.directory(exchange);
    } else if (head.method == "POST" && head.path == "/access/v1/evaluation") {
        co_return co_await answer_evaluation(view, exchange, false);
    } else if (head.method == "POST" && head.path == "/access/v1/evaluations") {
        co_return co_await answer_evaluation(view, exchange, true);
    } else if (head.path == "/.well-known/authzen-configuration") {
        type = "application/json";
        body = authzen_configuration("http://" + std::string(head.fields.value("host"))) + "\n";
    } else if (head.method != "GET" && head.method != "HEAD") {
        status = 405;
        body = "Only GET is served here.\n";
    } else if (head.path == "/healthz") {
        body = "ok\n";
    } else if (head.path == "/readyz") {
        const std::string problem = view.not_ready_because();
        status = problem.empty() ? 200 : 503;
        type = "application/json";
        json::Writer writer(body);
        writer.begin_object();
        writer.member("ready", problem.empty());
        if (!problem.empty()) writer.member("because", problem);
        writer.end_object();
        body += '\n';
    } else if (head.path == "/metrics") {
        body = view.metrics();
        type = "text/plain; version=0.0.4; charset=utf-8";
    } else {
        status = 404;
        body =
            "Served here: /healthz, /readyz, /metrics, POST /access/v1/evaluation and /access/v1/evaluations; with a "
            "key: /ledger/entries, /ledger/left, /ledger/checkpoint, POST /ledger/unmask, /checkpoint, /tile/.\n";
    }
    [[maybe_unused]] const Result<void> told = co_await exchange.respond(status, type, {}, body);
}

} // namespace sallyport::gateway
