#include "gateway/witness_call.h"

#include "base/encoding.h"
#include "tlog/lines.h"

namespace sallyport::gateway {

namespace {

struct Reply {
    int status = 0;
    std::string body;
};

std::string head_of(const WitnessLine& line, std::string_view method, std::string_view path, std::size_t body_bytes) {
    const bool by_proxy = line.origin.proxy && !line.origin.tls; // absolute form, for the company's proxy
    std::string head = std::string(method) + " ";
    if (by_proxy) head += "http://" + line.origin.authority;
    head += line.witness.base_path;
    head += path;
    head += " HTTP/1.1\r\nHost: " + line.origin.authority + "\r\nAccept: text/plain\r\n";
    if (method == "POST")
        head += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n";
    if (by_proxy && !line.origin.proxy_authorization.empty()) {
        head += "Proxy-Authorization: ";
        head += line.origin.proxy_authorization.reveal();
        head += "\r\n";
    }
    return head + "\r\n";
}

net::Task<Result<Reply>> ask_once(WitnessLine line, std::string_view method, std::string_view path,
                                  std::string_view body, std::int64_t deadline_ms, bool fresh) {
    std::string head = head_of(line, method, path, body.size());
    const std::size_t pool_id = line.witness.pool_id;
    auto taken = co_await line.pool.take(pool_id, line.origin, fresh, deadline_ms - line.loop.now_ms());
    if (!taken) co_return std::unexpected(taken.error());
    std::unique_ptr<http::ClientConnection> connection = std::move(*taken);
    iovec pieces[] = {{head.data(), head.size()}, {const_cast<char*>(body.data()), body.size()}};
    const Result<void> sent = co_await connection->send(pieces, deadline_ms - line.loop.now_ms());
    if (!sent) co_return std::unexpected(sent.error());
    http::ResponseHead answer;
    const Result<void> answered = co_await connection->read_head(answer, method, deadline_ms);
    if (!answered) co_return std::unexpected(answered.error());
    Reply reply{answer.status, {}};
    while (true) {
        const auto part = co_await connection->read_part(deadline_ms - line.loop.now_ms());
        if (!part) co_return std::unexpected(part.error());
        for (const iovec& piece : part->pieces)
            reply.body.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        if (reply.body.size() > limits::witness_answer_bytes_max)
            co_return fail(ErrorKind::too_large,
                           "its answer is longer than " + std::to_string(limits::witness_answer_bytes_max) + " bytes",
                           ErrorSource::upstream);
        if (part->last) break;
    }
    line.pool.give(pool_id, std::move(connection));
    co_return reply;
}

// On a new connection where a kept one had died meanwhile.
net::Task<Result<Reply>> ask(WitnessLine line, std::string_view method, std::string path, std::string body) {
    const std::int64_t deadline_ms = line.loop.now_ms() + line.timeout_ms;
    Result<Reply> reply = co_await ask_once(line, method, path, body, deadline_ms, false);
    if (!reply && reply.error().retry == Retry::fresh_connection)
        reply = co_await ask_once(line, method, path, body, deadline_ms, true);
    co_return reply;
}

std::unexpected<Error> unusable(std::string sentence) {
    return fail(ErrorKind::invalid, std::move(sentence), ErrorSource::upstream);
}

} // namespace

net::Task<Result<Shown>> show_checkpoint(WitnessLine line, tlog::AddCheckpoint request) {
    const Result<Reply> reply = co_await ask(line, "POST", "/add-checkpoint", tlog::encode(request));
    if (!reply) co_return std::unexpected(reply.error());
    Shown shown;
    switch (reply->status) {
    case 200: {
        auto cosignatures = tlog::read_cosignatures(request.checkpoint, reply->body, line.witness.key);
        if (!cosignatures) co_return std::unexpected(cosignatures.error());
        shown.cosignatures = std::move(*cosignatures);
        co_return shown;
    }
    case 409: {
        std::string_view text = reply->body;
        const auto size = tlog::take_line(text);
        const auto number = size && text.empty() ? tlog::read_decimal(*size) : std::nullopt;
        if (!number) co_return unusable("it answered 409 without the size of its last checkpoint");
        shown.what = Shown::What::elsewhere;
        shown.size = *number;
        co_return shown;
    }
    case 422: shown.what = Shown::What::inconsistent; co_return shown;
    case 403:
        co_return unusable("it knows another key of this ledger; give it what `sallyport ledger key` prints (--log)");
    case 404: co_return unusable("it does not know this ledger; give it what `sallyport ledger key` prints (--log)");
    default: co_return unusable("it answered with status " + std::to_string(reply->status));
    }
}

net::Task<Result<std::optional<tlog::Checkpoint>>> last_checkpoint(WitnessLine line, std::string origin,
                                                                   std::span<const crypto::NoteVerifier> keys) {
    const std::string digest = to_hex(crypto::bytes(crypto::sha256(origin)));
    const Result<Reply> reply = co_await ask(line, "GET", "/" + digest + "/checkpoint", {});
    if (!reply) co_return std::unexpected(reply.error());
    if (reply->status == 404) co_return std::optional<tlog::Checkpoint>();
    if (reply->status != 200) co_return unusable("it answered with status " + std::to_string(reply->status));
    const auto read = tlog::parse_signed_checkpoint(reply->body, tlog::Extensions::read_over);
    if (!read) co_return unusable("its last checkpoint cannot be read: " + read.error().message);
    // Else whoever answers in its place could keep the gateway from starting.
    std::vector<crypto::NoteVerifier> all(keys.begin(), keys.end());
    all.push_back(line.witness.key);
    const auto witnesses = tlog::check_signatures(*read, all);
    if (!witnesses) co_return unusable("its last checkpoint: " + witnesses.error().message);
    if (witnesses->empty() || read->checkpoint.origin != origin)
        co_return unusable("what it shows is no checkpoint of this ledger that it cosigned");
    co_return std::optional(read->checkpoint);
}

} // namespace sallyport::gateway
