#include "endpoint/holder.h"

#include "base/clock.h"
#include "base/limits.h"
#include "json/document.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace {

constexpr std::size_t answer_bytes_max = 4u << 20; // with the egress rules

// A member's text, or raw number; empty where it is not there.
std::string member(const json::Document& document, json::NodeIndex object, std::string_view key) {
    const auto node = document.find_once(object, key);
    std::string scratch;
    return node && *node != json::no_node ? std::string(document.text(*node, scratch)) : std::string();
}

std::int64_t number(const std::string& text) {
    std::int64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

std::string complaint(std::string_view body) {
    const Buffer raw(body);
    json::Document document;
    if (body.empty() || !document.parse(raw.view())) return {};
    const auto error = document.find_once(document.root(), "error");
    return error && *error != json::no_node ? member(document, *error, "message") : std::string();
}

net::Task<Result<Answered>> post(net::Loop& loop, http::ClientConnection& connection, std::string head,
                                 std::string body) {
    iovec pieces[] = {{head.data(), head.size()}, {body.data(), body.size()}};
    const Result<void> sent = co_await connection.send(pieces, limits::binding_asked_ms_max);
    if (!sent) co_return std::unexpected(sent.error());
    http::ResponseHead answer;
    const Result<void> read =
        co_await connection.read_head(answer, "POST", loop.now_ms() + limits::binding_asked_ms_max);
    if (!read) co_return std::unexpected(read.error());
    Answered out{answer.status, {}};
    for (bool last = false; !last;) {
        const auto part = co_await connection.read_part(limits::binding_asked_ms_max);
        if (!part) co_return std::unexpected(part.error());
        last = part->last;
        for (const iovec& piece : part->pieces)
            out.body.append({static_cast<const char*>(piece.iov_base), piece.iov_len});
        if (out.body.size() > answer_bytes_max)
            co_return fail(ErrorKind::too_large, "the gateway's answer about the binding is too long");
    }
    co_return out;
}

} // namespace

std::int64_t Holder::gateway_ms() const { return wall_ms() + ahead_ms_; }

net::Task<Result<Answered>> post_to_gateway(net::Loop& loop, http::Pool& pool, const GatewayAccess& gateway,
                                            std::string_view path, std::string body, std::string fields,
                                            std::string_view type) {
    std::string head = "POST " + std::string(path) + " HTTP/1.1\r\nHost: " + gateway.origin.authority;
    head += "\r\nContent-Type: " + std::string(type) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    if (!gateway.key.empty()) head += "x-sallyport-key: " + std::string(gateway.key.reveal()) + "\r\n";
    head += fields + "\r\n";
    Result<Answered> answer = fail(ErrorKind::unavailable, "");
    for (const bool fresh : {false, true}) { // a kept connection may have died meanwhile
        auto connection = co_await pool.take(gateway_in_pool, gateway.origin, fresh, limits::binding_asked_ms_max);
        if (!connection) co_return std::unexpected(connection.error());
        answer = co_await post(loop, **connection, head, body);
        if (answer && (*connection)->reusable()) pool.give(gateway_in_pool, std::move(*connection));
        if (answer || answer.error().retry != Retry::fresh_connection) break;
    }
    co_return answer;
}

net::Task<Result<std::string>> ask_for_binding(net::Loop& loop, http::Pool& pool, const GatewayAccess& gateway,
                                               const identity::Statement& statement, std::string fields) {
    auto answer = co_await post_to_gateway(loop, pool, gateway, identity::binding_path,
                                           identity::statement_text(statement), std::move(fields));
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status == 200) co_return std::string(answer->body.view());
    std::string why = complaint(answer->body.view());
    if (why.empty())
        why = "the gateway gives no binding (it answered " + std::to_string(answer->status) +
              "); is it one of Sallyport, and as new as this program?";
    co_return fail(answer->status == 403 ? ErrorKind::refused : ErrorKind::unavailable, std::move(why));
}

namespace {

constexpr char answered = 'A', refused = 'R', failed = 'F'; // how the text from the other process begins

std::string asked_alone(const GatewayAccess& gateway, const identity::Statement& statement, std::string fields) {
    net::Loop loop;
    net::Resolver resolver;
    http::BufferPool buffers;
    http::Pool pool(loop, resolver, buffers);
    Result<std::string> answer = fail(ErrorKind::internal, "not asked");
    const auto ask = [&]() -> net::Task<void> {
        answer = co_await ask_for_binding(loop, pool, gateway, statement, std::move(fields));
        loop.stop();
    };
    loop.spawn(ask());
    loop.run();
    if (answer) return answered + *answer;
    return (answer.error().kind == ErrorKind::refused ? refused : failed) + answer.error().message;
}

bool write_whole(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(descriptor, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

} // namespace

Result<std::string> ask_for_binding_apart(const GatewayAccess& gateway, const identity::Statement& statement,
                                          std::string fields) {
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
    const pid_t child = ::fork();
    if (child < 0) return fail_errno("cannot make a process that asks the gateway");
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(pipe[0]);
        ::_exit(write_whole(pipe[1], asked_alone(gateway, statement, std::move(fields))) ? 0 : 1);
    }
    ::close(pipe[1]);
    std::string text;
    char part[4096];
    for (ssize_t count = 0; (count = ::read(pipe[0], part, sizeof part)) != 0;)
        if (count > 0)
            text.append(part, static_cast<std::size_t>(count));
        else if (errno != EINTR)
            break;
    ::close(pipe[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0 || text.empty()) return fail(ErrorKind::unavailable, "the gateway could not be asked");
    const char how = text.front();
    text.erase(0, 1);
    if (how == answered) return text;
    return fail(how == refused ? ErrorKind::refused : ErrorKind::unavailable, std::move(text));
}

Result<EgressRules> read_egress_rules(std::string_view text) {
    policy::Reader reader("the gateway's answer");
    auto rules = std::make_shared<std::vector<policy::EgressRule>>();
    if (reader.parse(text, answer_bytes_max)) *rules = policy::read_egress(reader, reader.root());
    if (reader.clean()) return EgressRules(std::move(rules));
    return fail(ErrorKind::invalid, "the gateway's egress rules cannot be read: " + reader.mistakes().front().text());
}

Result<EgressRules> rules_of(std::string_view answer) {
    const Buffer raw(answer);
    json::Document document;
    if (answer.empty()) return fail(ErrorKind::invalid, "the gateway's answer about the binding is empty");
    if (auto parsed = document.parse(raw.view()); !parsed) return std::unexpected(parsed.error());
    const auto egress = document.find_once(document.root(), "egress");
    if (!egress || *egress == json::no_node)
        return fail(ErrorKind::invalid, "the gateway's answer holds no egress rules");
    return read_egress_rules(document.raw_value(*egress));
}

Result<void> Holder::take(std::string_view answer) {
    const Buffer raw(answer);
    json::Document document;
    if (answer.empty()) return fail(ErrorKind::invalid, "the gateway's answer about the binding is empty");
    if (auto parsed = document.parse(raw.view()); !parsed) return parsed;
    std::string text = member(document, document.root(), "binding"),
                secret = member(document, document.root(), "secret");
    const bool is_plain = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
                          std::string::npos;
    if (text.empty() || text.size() > limits::binding_bytes_max || !is_plain || secret.empty())
        return fail(ErrorKind::invalid, "the gateway's answer holds no binding");
    auto rules = rules_of(answer);
    if (!rules) return std::unexpected(rules.error());
    rules_ = std::move(*rules);
    text_ = std::move(text);
    secret_ = Secret(std::move(secret));
    evidence_ = member(document, document.root(), "evidence");
    ahead_ms_ = number(member(document, document.root(), "now")) - wall_ms();
    until_ms_ = number(member(document, document.root(), "until"));
    const std::int64_t now = gateway_ms();
    renewed_at_ms_ = now + std::min(limits::binding_renewed_ms, (until_ms_ - now) * 2 / 3);
    problem_.clear();
    return {};
}

net::Task<void> Holder::keep_fresh() {
    const std::int64_t now = gateway_ms();
    if (now < renewed_at_ms_ || (is_asking_ && now < until_ms_)) co_return;
    is_asking_ = true;
    const auto asked = co_await ask_for_binding(loop_, pool_, gateway_, statement_, {});
    is_asking_ = false;
    const Result<void> taken = asked ? take(*asked) : std::unexpected(asked.error());
    if (!taken) problem_ = taken.error().message;
}

std::string Holder::fields_for(const identity::Proven& request) const {
    return std::string(identity::binding_header) + ": " + text_ + "\r\n" + std::string(identity::proof_header) + ": " +
           identity::prove(secret_, request, gateway_ms()) + "\r\n";
}

} // namespace sallyport::endpoint
