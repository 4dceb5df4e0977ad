#include "http/client.h"

#include <algorithm>

namespace sallyport::http {

namespace {
constexpr std::size_t proxy_answer_bytes_max = 16 * 1024;

// CONNECT host:port through a proxy, until its blank line.
net::Task<Result<void>> open_tunnel(net::Stream& stream, const Origin& origin, std::int64_t deadline_ms) {
    const std::string target = origin.where.text();
    std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (!origin.proxy_authorization.empty())
        request += "Proxy-Authorization: " + std::string(origin.proxy_authorization.reveal()) + "\r\n";
    request += "\r\n";
    const Result<void> sent = co_await stream.write(request, deadline_ms);
    if (!sent) co_return sent;
    Buffer in(proxy_answer_bytes_max);
    while (true) {
        const std::size_t end = head_end(in.view(), 0);
        if (end != std::string_view::npos) {
            ResponseHead head;
            const Result<void> parsed = parse_response_head(in.view().substr(0, end), head);
            if (!parsed)
                co_return fail(ErrorKind::unavailable,
                               "the proxy " + origin.proxy->text() +
                                   " did not answer in HTTP: " + parsed.error().message,
                               ErrorSource::upstream, Retry::other_upstream);
            if (head.status / 100 == 2 && end == in.size()) co_return {};
            co_return fail(ErrorKind::unavailable,
                           "the proxy " + origin.proxy->text() + " refused to connect to " + target + " (status " +
                               std::to_string(head.status) + ")",
                           ErrorSource::upstream, Retry::other_upstream);
        }
        if (in.room().empty())
            co_return fail(ErrorKind::invalid, "the proxy's answer is too long", ErrorSource::upstream,
                           Retry::other_upstream);
        const Result<std::size_t> count = co_await stream.read(in.room(), deadline_ms);
        if (!count || *count == 0)
            co_return fail(ErrorKind::unavailable, "the proxy " + origin.proxy->text() + " closed the connection",
                           ErrorSource::upstream, Retry::other_upstream);
        in.commit(*count);
    }
}
} // namespace

Error ClientConnection::lost(Error error) const {
    if (error.kind == ErrorKind::cancelled || answer_begun_) return error;
    error.retry = reused_ && error.kind != ErrorKind::timeout ? Retry::fresh_connection : Retry::other_upstream;
    return error;
}

net::Task<Result<void>> ClientConnection::send(std::span<iovec> pieces, std::int64_t idle_ms) {
    done_ = answer_begun_ = false;
    keep_alive_ = true;
    const Result<void> sent = co_await stream_->write(pieces, stream_->loop().now_ms() + idle_ms);
    // A vendor may answer (413, 401) and close before it read everything: what it said is worth reading.
    if (!sent && sent.error().kind != ErrorKind::closed) co_return std::unexpected(lost(sent.error()));
    co_return {};
}

net::Task<Result<void>> ClientConnection::read_head(ResponseHead& head, std::string_view request_method,
                                                    std::int64_t deadline_ms) {
    std::size_t looked = 0;
    used_ = 0;
    if (in_.capacity() != 0) in_.clear();
    while (true) {
        const std::size_t end = in_.empty() ? std::string_view::npos : head_end(in_.view(), looked);
        if (end == std::string_view::npos) {
            looked = in_.size();
            if (in_.size() >= limits::head_bytes_max)
                co_return fail(ErrorKind::too_large, "the upstream's response head is too large",
                               ErrorSource::upstream);
            if (in_.empty()) {
                buffers_.give(std::exchange(in_, Buffer()));
                const Result<void> ready = co_await stream_->readable(deadline_ms);
                if (!ready) co_return std::unexpected(lost(ready.error()));
                in_ = buffers_.take();
            }
            const Result<std::size_t> count = co_await stream_->read(in_.room(), deadline_ms);
            if (!count) co_return std::unexpected(lost(count.error()));
            if (*count == 0)
                co_return std::unexpected(lost({ErrorKind::closed, ErrorSource::upstream, Retry::never,
                                                "the upstream closed the connection without an answer"}));
            in_.commit(*count);
            answer_begun_ = true;
            continue;
        }
        const Result<void> parsed = parse_response_head(in_.view().substr(0, end), head);
        if (!parsed) co_return parsed;
        if (head.status == 101)
            co_return fail(ErrorKind::invalid, "the upstream switched protocols unasked", ErrorSource::upstream);
        if (head.status < 200) { // 100 Continue, 103 Early Hints
            in_.consume(end);
            looked = 0;
            continue;
        }
        used_ = end;
        break;
    }
    const Result<Framing> framing = response_framing(head, request_method);
    if (!framing) co_return std::unexpected(framing.error());
    framing_ = *framing;
    left_ = framing_.length;
    chunks_ = ChunkDecoder(ErrorSource::upstream);
    keep_alive_ = head.minor_version == 1 && !head.fields.lists("connection", "close") &&
                  framing_.kind != Framing::Kind::until_close;
    done_ = framing_.kind == Framing::Kind::none || (framing_.kind == Framing::Kind::length && left_ == 0);
    co_return {};
}

Result<void> ClientConnection::take_payload(std::string_view bytes) {
    const auto add = [&](std::string_view payload) {
        if (payload.empty()) return;
        pieces_.push_back({const_cast<char*>(payload.data()), payload.size()});
        part_bytes_ += payload.size();
    };
    switch (framing_.kind) {
    case Framing::Kind::none: break;
    case Framing::Kind::until_close: add(bytes); return {};
    case Framing::Kind::length: {
        const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        add(bytes.substr(0, count));
        left_ -= count;
        bytes.remove_prefix(count);
        done_ = left_ == 0;
        break;
    }
    case Framing::Kind::chunked:
        while (!bytes.empty() && !done_) {
            const Result<ChunkDecoder::Step> step = chunks_.next(bytes);
            if (!step) return std::unexpected(step.error());
            add(step->payload);
            bytes.remove_prefix(step->consumed);
            done_ = step->done;
        }
        break;
    }
    if (!bytes.empty()) keep_alive_ = false; // bytes nobody asked for
    return {};
}

net::Task<Result<ClientConnection::Part>> ClientConnection::read_part(std::int64_t idle_ms) {
    pieces_.clear();
    part_bytes_ = 0;
    while (true) {
        if (used_ < in_.size()) {
            const std::string_view here = in_.view().substr(used_);
            used_ = in_.size();
            const Result<void> taken = take_payload(here);
            if (!taken) co_return std::unexpected(taken.error());
        }
        if (done_ || part_bytes_ > 0) co_return Part{pieces_, part_bytes_, done_};
        buffers_.give(std::exchange(in_, Buffer()));
        used_ = 0;
        const std::int64_t deadline = stream_->loop().now_ms() + idle_ms;
        const Result<void> ready = co_await stream_->readable(deadline);
        if (!ready) co_return std::unexpected(ready.error());
        in_ = buffers_.take();
        const Result<std::size_t> count = co_await stream_->read(in_.room(), deadline);
        if (!count) co_return std::unexpected(count.error());
        if (*count == 0) {
            if (framing_.kind != Framing::Kind::until_close)
                co_return fail(ErrorKind::closed, "the upstream closed the connection in the middle of its answer",
                               ErrorSource::upstream);
            done_ = true;
            keep_alive_ = false;
        }
        in_.commit(*count);
    }
}

net::Task<Result<std::unique_ptr<net::Stream>>> Pool::connect(const Origin& origin, std::int64_t deadline_ms) {
    Result<std::unique_ptr<net::Stream>> stream =
        co_await net::dial(loop_, resolver_, origin.proxy ? *origin.proxy : origin.where, deadline_ms);
    if (!stream || !origin.tls) co_return stream;
    if (origin.proxy) {
        const Result<void> tunnel = co_await open_tunnel(**stream, origin, deadline_ms);
        if (!tunnel) co_return std::unexpected(tunnel.error());
    }
    std::string peer = (*stream)->peer();
    const int descriptor = (*stream)->release_descriptor();
    Result<std::unique_ptr<net::Stream>> secured = co_await net::connect_tls(
        loop_, descriptor, origin.tls_context, origin.where.host, std::move(peer), deadline_ms);
    if (!secured) secured.error().retry = Retry::other_upstream;
    co_return secured;
}

net::Task<Result<std::unique_ptr<ClientConnection>>> Pool::take(std::size_t id, const Origin& origin, bool fresh,
                                                                std::int64_t connect_ms) {
    if (const auto found = idle_.find(id); found != idle_.end() && !fresh) {
        auto& kept = found->second;
        while (!kept.empty()) {
            std::unique_ptr<ClientConnection> connection = std::move(kept.back());
            kept.pop_back();
            if (loop_.now_ms() - connection->idle_since_ms_ > limits::pooled_idle_ms_max) {
                kept.clear(); // the ones below waited longer
                break;
            }
            if (!connection->stream_->idle_and_open()) continue;
            connection->reused_ = true;
            co_return connection;
        }
    }
    Result<std::unique_ptr<net::Stream>> stream = co_await connect(origin, loop_.now_ms() + connect_ms);
    if (!stream) co_return std::unexpected(stream.error());
    co_return std::make_unique<ClientConnection>(std::move(*stream), buffers_);
}

void Pool::retire(std::size_t first_id) {
    first_id_ = first_id;
    idle_.erase(idle_.begin(), idle_.lower_bound(first_id));
}

void Pool::give(std::size_t id, std::unique_ptr<ClientConnection> connection) {
    if (!connection->reusable() || id < first_id_ || idle_[id].size() >= limits::idle_connections_max) return;
    connection->idle_since_ms_ = loop_.now_ms();
    buffers_.give(std::exchange(connection->in_, Buffer()));
    idle_[id].push_back(std::move(connection));
}

} // namespace sallyport::http
