#include "gateway/admin.h"

#include "base/text.h"
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
        body = "Served here: /healthz, /readyz, /metrics.\n";
    }
    [[maybe_unused]] const Result<void> told = co_await exchange.respond(status, type, {}, body);
}

} // namespace sallyport::gateway
