#include "gateway/sign_in_desk.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "gateway/form.h"
#include "gateway/sessions_kept.h"
#include "gateway/sign_in_pages.h"
#include "json/writer.h"

namespace sallyport::gateway {

namespace {

constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::string_view metadata_path = "/.well-known/oauth-authorization-server",
                           device_path = "/oauth/device_authorization", token_path = "/oauth/token",
                           revoke_path = "/oauth/revoke";

struct Answer {
    int status = 200;
    std::string body;
};

template <class Write> std::string object(Write&& write) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write(writer);
    writer.end_object();
    return out;
}

// RFC 6749 section 5.2.
Answer error(int status, std::string_view word, std::string_view sentence) {
    return {status, object([&](json::Writer& writer) {
                writer.member("error", word);
                writer.member("error_description", sentence);
            })};
}

Answer metadata(const std::string& base) {
    return {200, object([&](json::Writer& writer) {
                writer.member("issuer", base);
                writer.member("device_authorization_endpoint", base + std::string(device_path));
                writer.member("token_endpoint", base + std::string(token_path));
                writer.member("revocation_endpoint", base + std::string(revoke_path));
                writer.begin_array("grant_types_supported");
                writer.element(device_grant);
                writer.element("refresh_token");
                writer.end_array();
                writer.begin_array(
                    "response_types_supported"); // required by RFC 8414; there is no authorization endpoint
                writer.end_array();
                writer.begin_array("token_endpoint_auth_methods_supported");
                writer.element("none");
                writer.end_array();
            })};
}

Answer open_device(Lane& lane, const Form& form, const std::string& base, std::string_view address) {
    std::string client(field(form, "surface").substr(0, 40));
    if (client.empty()) client = field(form, "client_id").substr(0, 40);
    std::erase_if(client, [](char c) { return c <= ' ' || c >= 0x7f || c == '"' || c == '\\'; });
    const auto opened = lane.shared.signing_in.grants.open(client, address, wall_ms());
    if (!opened) return error(429, "slow_down", opened.error().message);
    const std::string page = base + std::string(verification_path);
    return {200, object([&](json::Writer& writer) {
                writer.member("device_code", opened->device_code);
                writer.member("user_code", opened->user_code);
                writer.member("verification_uri", page);
                writer.member("verification_uri_complete", page + "?user_code=" + opened->user_code);
                writer.member("expires_in", identity::device_grant_ms / 1000);
                writer.member("interval", identity::device_interval_ms / 1000);
            })};
}

Answer tokens_answer(const GivenTokens& given, std::string_view name) {
    return {200, object([&](json::Writer& writer) {
                writer.member("access_token", given.access.reveal());
                writer.member("token_type", "Bearer");
                writer.member("expires_in", access_token_ms / 1000);
                writer.member("refresh_token", given.refresh.reveal());
                if (!name.empty()) writer.member("email", name); // shown by the client, which asks whether it is right
            })};
}

net::Task<Answer> by_device(Lane& lane, std::string device_code) {
    using State = identity::DeviceGrants::State;
    identity::DeviceGrants::Polled polled = lane.shared.signing_in.grants.poll(device_code, wall_ms());
    switch (polled.state) {
    case State::pending: co_return error(400, "authorization_pending", "the person has not signed in yet");
    case State::slow_down: co_return error(400, "slow_down", "ask less often: 5 seconds more between two questions");
    case State::denied: co_return error(400, "access_denied", "the company's sign-in did not let the person through");
    case State::expired: co_return error(400, "expired_token", "the code is void; sign in again");
    case State::approved: break;
    }
    const std::string name = polled.who.name;
    const auto given = co_await begin_session(lane, std::move(polled.who), polled.client);
    if (!given && given.error().kind == ErrorKind::refused)
        co_return error(400, "access_denied", given.error().message);
    if (!given) co_return error(503, "temporarily_unavailable", given.error().message);
    co_return tokens_answer(*given, name);
}

net::Task<Answer> by_refresh(Lane& lane, std::string token) {
    const auto given = co_await renew_session(lane, Secret(std::move(token)));
    // 401 is what Claude Code takes as the end of a sign-in; RFC 6749 says 400.
    if (!given && given.error().kind == ErrorKind::refused)
        co_return error(401, "invalid_grant", given.error().message);
    if (!given) co_return error(503, "temporarily_unavailable", given.error().message);
    co_return tokens_answer(*given, {});
}

net::Task<Answer> answer_form(Lane& lane, const http::RequestHead& head, Form form, std::string base,
                              std::string address) {
    if (head.path == device_path) co_return open_device(lane, form, base, address);
    if (head.path == revoke_path) {
        co_await revoke_token(lane, Secret(std::string(field(form, "token"))));
        co_return Answer{200, "{}"}; // RFC 7009: also for a token that is none
    }
    const std::string_view grant = field(form, "grant_type");
    if (grant == device_grant && !field(form, "device_code").empty())
        co_return co_await by_device(lane, std::string(field(form, "device_code")));
    if (grant == "refresh_token" && !field(form, "refresh_token").empty())
        co_return co_await by_refresh(lane, std::string(field(form, "refresh_token")));
    if (grant == device_grant || grant == "refresh_token")
        co_return error(400, "invalid_request", "the form lacks the device_code or refresh_token");
    co_return error(400, grant.empty() ? "invalid_request" : "unsupported_grant_type",
                    "grants here: device_code and refresh_token");
}

} // namespace

std::string base_of(const SignInConfig& sign_in, const http::RequestHead& head, const http::Arrival& arrival) {
    if (!sign_in.address.empty()) return sign_in.address;
    return (arrival.tls ? "https://" : "http://") + std::string(head.fields.value("host"));
}

std::string_view address_of(const http::Arrival& arrival) { return arrival.peer.substr(0, arrival.peer.rfind(':')); }

net::Task<bool> answer_sign_in(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival) {
    const std::shared_ptr<const World> world = lane.world;
    const http::RequestHead& head = exchange.head();
    if (!world->config->sign_in) co_return false;
    if (head.path == verification_path) {
        co_await answer_verification(lane, exchange, arrival);
        co_return true;
    }
    if (head.path == callback_path) {
        co_await answer_callback(lane, exchange, arrival);
        co_return true;
    }
    const bool is_metadata = head.path == metadata_path;
    if (!is_metadata && head.path != device_path && head.path != token_path && head.path != revoke_path)
        co_return false;
    const std::string base = base_of(*world->config->sign_in, head, arrival);
    Answer answer = error(405, "invalid_request", is_metadata ? "ask with GET" : "ask with POST");
    if (is_metadata && (head.method == "GET" || head.method == "HEAD")) {
        answer = metadata(base);
    } else if (!is_metadata && head.method == "POST") {
        Buffer body;
        const Result<void> read = co_await exchange.read_body(body, form_bytes_max);
        auto form = read ? read_form(body.view()) : Result<Form>(std::unexpected(read.error()));
        if (!form)
            answer = error(400, "invalid_request", form.error().message);
        else
            answer = co_await answer_form(lane, head, std::move(*form), base, std::string(address_of(arrival)));
    }
    const std::string more = answer.status == 503 || answer.status == 429 ? "Retry-After: 5\r\n" : "";
    [[maybe_unused]] const Result<void> done = co_await exchange.respond(
        answer.status, "application/json", "Cache-Control: no-store\r\nPragma: no-cache\r\n" + more, answer.body);
    co_return true;
}

} // namespace sallyport::gateway
