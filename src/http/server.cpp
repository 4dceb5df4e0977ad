#include "http/server.h"

#include "base/log.h"
#include "base/text.h"
#include "http/framing.h"

#include <algorithm>
#include <charconv>

namespace sallyport::http {

namespace {

constexpr std::int64_t linger_ms = 2'000;
constexpr std::size_t linger_bytes_max = 8u << 20;

iovec piece_of(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

void append_number(std::string& out, std::uint64_t value, int base) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
}

std::string error_body(std::string_view sentence) {
    std::string body = R"({"type":"error","error":{"type":"invalid_request_error","message":")";
    append_json_escaped(body, sentence);
    body += "\"}}\n";
    return body;
}

} // namespace

class Server::Connection final : public Exchange {
public:
    Connection(Server& server, std::unique_ptr<net::Stream> stream, const Handler& handler)
        : server_(server), handler_(handler), stream_(std::move(stream)) {
        next_ = server.first_;
        if (next_ != nullptr) next_->previous_ = this;
        server.first_ = this;
    }
    ~Connection() override {
        (previous_ != nullptr ? previous_->next_ : server_.first_) = next_;
        if (next_ != nullptr) next_->previous_ = previous_;
    }

    net::Task<void> run(Arrival arrival);
    void close_if_idle() {
        if (idle_ && stream_) stream_->cancel();
    }
    void cut() {
        told_of_cut_ = true;
        if (stream_) stream_->cancel();
    }
    bool told_of_cut() const { return told_of_cut_; }
    Connection* next() const { return next_; }

    const RequestHead& head() const override { return head_; }
    net::Loop& loop() override { return server_.loop_; }
    std::optional<std::uint64_t> declared_length() const override {
        if (framing_.kind == Framing::Kind::chunked) return std::nullopt;
        return framing_.length;
    }
    net::Task<Result<void>> read_body(Buffer& into, std::size_t bytes_max) override;
    net::Task<Result<bool>> read_part(Buffer& into) override;
    std::unique_ptr<net::Stream> take_connection() override {
        if (in_.size() > head_bytes_ || !behind_.empty()) return nullptr;
        stream_->on_hangup({});
        head_ = {};
        server_.buffers_.give_head(std::exchange(in_, Buffer()));
        return std::move(stream_);
    }
    void start(int status, std::string_view reason, std::span<const Field> fields,
               std::optional<std::uint64_t> length) override;
    net::Task<Result<void>> write(std::span<iovec> pieces, bool last) override;
    bool started() const override { return started_; }
    void abort() override {
        must_close_ = true;
        aborted_ = true;
    }
    void on_gone(std::function<void()> listener) override {
        if (stream_) stream_->on_hangup(std::move(listener));
    }
    net::Task<Result<void>> respond(int status, std::string_view content_type, std::string_view extra_headers,
                                    std::string_view body) override;

private:
    net::Task<Result<bool>> read_head(); // false: the client ended the connection between requests
    net::Task<Result<void>> read_sized(Buffer& into);
    net::Task<Result<void>> read_chunked(Buffer& into, std::size_t bytes_max);
    net::Task<Result<void>> say_continue();
    net::Task<void> linger();
    std::int64_t in(std::int64_t ms) const { return server_.loop_.now_ms() + ms; }
    void prepare(int status, std::string_view reason);
    void end_head(std::optional<std::uint64_t> length);

    Server& server_;
    const Handler& handler_;
    std::unique_ptr<net::Stream> stream_;
    Connection* previous_ = nullptr;
    Connection* next_ = nullptr;
    bool idle_ = true;
    bool told_of_cut_ = false;

    Buffer in_; // the head, and what came behind it
    std::size_t head_bytes_ = 0;
    std::size_t used_ = 0; // of in_: head and body bytes that are done with
    RequestHead head_;
    Framing framing_;
    bool body_read_ = false;
    bool in_parts_ = false; // by read_part(), whose place is kept in the next two
    std::uint64_t part_left_ = 0;
    ChunkDecoder part_chunks_{ErrorSource::client};
    Buffer behind_; // read beyond a chunked body: the next request

    std::string out_;   // a composed head, not sent yet
    std::string frame_; // a chunk's size line
    std::vector<iovec> gather_;
    bool started_ = false;
    bool chunked_ = false;
    bool bodyless_ = false; // HEAD, 204, 304
    bool no_length_ = false;
    bool ended_by_close_ = false;
    bool must_close_ = false;
    bool aborted_ = false;
    bool finished_ = false;
};

net::Task<Result<bool>> Server::Connection::read_head() {
    std::size_t looked = 0;
    std::int64_t deadline = in(server_.timeouts_.keep_alive_ms);
    while (true) {
        const std::size_t end = head_end(in_.view(), looked);
        if (end != std::string_view::npos) {
            head_bytes_ = used_ = end;
            co_return true;
        }
        // A head of bare LFs would never end: told at once, not by the time-out.
        for (std::size_t i = looked; i < in_.size(); ++i)
            if (in_.data()[i] == '\n' && (i == 0 || in_.data()[i - 1] != '\r'))
                co_return fail(ErrorKind::invalid, "a line of the HTTP head does not end in CR LF",
                               ErrorSource::client);
        looked = in_.size();
        if (in_.size() >= limits::head_bytes_max)
            co_return fail(ErrorKind::too_large,
                           "the request head is larger than " + std::to_string(limits::head_bytes_max) + " bytes",
                           ErrorSource::client);
        if (in_.empty()) {
            idle_ = true;
            if (server_.draining_) co_return false;
            server_.buffers_.give_head(std::exchange(in_, Buffer())); // a connection that waits holds no memory
            const Result<void> ready = co_await stream_->readable(deadline);
            if (!ready) co_return false;
        }
        if (in_.capacity() == 0) in_ = server_.buffers_.take_head();
        if (in_.room().empty()) in_.reserve(in_.capacity() * 2);
        const Result<std::size_t> count = co_await stream_->read(in_.room(), deadline);
        if (!count && count.error().kind == ErrorKind::timeout && !in_.empty())
            co_return fail(ErrorKind::timeout, "the request head did not arrive in time", ErrorSource::client);
        if (!count || *count == 0) co_return false;
        if (std::exchange(idle_, false))
            deadline = in(server_.timeouts_.head_ms); // from its first byte on a head has its own time
        in_.commit(*count);
    }
}

net::Task<Result<void>> Server::Connection::read_body(Buffer& into, std::size_t bytes_max) {
    body_read_ = true;
    if (framing_.kind == Framing::Kind::none) co_return {};
    if (framing_.kind == Framing::Kind::length && framing_.length > bytes_max) {
        body_read_ = false;
        co_return fail(ErrorKind::too_large,
                       "the request body of " + std::to_string(framing_.length) +
                           " bytes is larger than the limit of " + std::to_string(bytes_max) + " bytes",
                       ErrorSource::client);
    }
    const Result<void> told = co_await say_continue();
    if (!told) co_return told;
    Result<void> read;
    if (framing_.kind == Framing::Kind::length)
        read = co_await read_sized(into);
    else
        read = co_await read_chunked(into, bytes_max);
    if (!read) must_close_ = true; // where the next request begins is not known
    co_return read;
}

net::Task<Result<void>> Server::Connection::say_continue() {
    if (head_.minor_version != 1 || !head_.fields.lists("expect", "100-continue") || in_.size() != used_) co_return {};
    const Result<void> told =
        co_await stream_->write("HTTP/1.1 100 Continue\r\n\r\n", in(server_.timeouts_.write_idle_ms));
    co_return told;
}

net::Task<Result<bool>> Server::Connection::read_part(Buffer& into) {
    if (framing_.kind == Framing::Kind::none) co_return true;
    if (!std::exchange(in_parts_, true)) {
        part_left_ = framing_.length;
        part_chunks_ = ChunkDecoder(ErrorSource::client);
        const Result<void> told = co_await say_continue();
        if (!told) co_return std::unexpected(told.error());
        if (framing_.kind == Framing::Kind::length && part_left_ == 0) body_read_ = true;
    }
    const std::size_t before = into.size();
    Buffer scratch;
    while (!body_read_ && into.size() == before) {
        std::string_view input = in_.view().substr(used_);
        const bool from_head = !input.empty();
        if (!from_head) {
            if (scratch.capacity() == 0) scratch = server_.buffers_.take();
            const Result<std::size_t> count =
                co_await stream_->read(scratch.room(), in(server_.timeouts_.body_idle_ms));
            if (!count) co_return std::unexpected(count.error());
            if (*count == 0)
                co_return fail(ErrorKind::closed, "the client left while it sent its request", ErrorSource::client);
            input = {scratch.data(), *count};
        }
        std::size_t consumed = 0;
        if (framing_.kind == Framing::Kind::length) {
            consumed = static_cast<std::size_t>(std::min<std::uint64_t>(part_left_, input.size()));
            into.append(input.substr(0, consumed));
            part_left_ -= consumed;
            body_read_ = part_left_ == 0;
        } else {
            while (consumed < input.size() && !body_read_) {
                const Result<ChunkDecoder::Step> step = part_chunks_.next(input.substr(consumed));
                if (!step) co_return std::unexpected(step.error());
                into.append(step->payload);
                consumed += step->consumed;
                body_read_ = step->done;
            }
        }
        if (from_head)
            used_ += consumed;
        else
            behind_.append(input.substr(consumed)); // not empty only where the body ended: the next request
    }
    if (scratch.capacity() != 0) server_.buffers_.give(std::move(scratch));
    co_return body_read_;
}

net::Task<Result<void>> Server::Connection::read_sized(Buffer& into) {
    std::uint64_t left = framing_.length;
    // A small body is reserved whole; a large one grows with what really comes.
    into.reserve(into.size() + static_cast<std::size_t>(std::min<std::uint64_t>(left, 1u << 20)));
    const std::size_t here = static_cast<std::size_t>(std::min<std::uint64_t>(left, in_.size() - used_));
    into.append(in_.view().substr(used_, here));
    used_ += here;
    left -= here;
    while (left > 0) {
        if (into.room().empty())
            into.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(into.capacity() * 2, into.size() + left)));
        const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, into.room().size()));
        const Result<std::size_t> count =
            co_await stream_->read(into.room().first(wanted), in(server_.timeouts_.body_idle_ms));
        if (!count) co_return std::unexpected(count.error());
        if (*count == 0)
            co_return fail(ErrorKind::closed, "the client left while it sent its request", ErrorSource::client);
        into.commit(*count);
        left -= *count;
    }
    co_return {};
}

net::Task<Result<void>> Server::Connection::read_chunked(Buffer& into, std::size_t bytes_max) {
    ChunkDecoder decoder(ErrorSource::client);
    Buffer scratch;
    std::string_view input = in_.view().substr(used_);
    bool from_head = true;
    while (true) {
        while (!input.empty()) {
            const Result<ChunkDecoder::Step> step = decoder.next(input);
            if (!step) co_return std::unexpected(step.error());
            into.append(step->payload);
            if (into.size() > bytes_max)
                co_return fail(ErrorKind::too_large,
                               "the request body is larger than the limit of " + std::to_string(bytes_max) + " bytes",
                               ErrorSource::client);
            input.remove_prefix(step->consumed);
            if (from_head) used_ += step->consumed;
            if (step->done) {
                if (!from_head) behind_.append(input);
                co_return {};
            }
        }
        from_head = false;
        scratch.clear();
        scratch.reserve(limits::relay_buffer_bytes);
        const Result<std::size_t> count = co_await stream_->read(scratch.room(), in(server_.timeouts_.body_idle_ms));
        if (!count) co_return std::unexpected(count.error());
        if (*count == 0)
            co_return fail(ErrorKind::closed, "the client left while it sent its request", ErrorSource::client);
        scratch.commit(*count);
        input = scratch.view();
    }
}

void Server::Connection::prepare(int status, std::string_view reason) {
    started_ = true;
    bodyless_ = head_.method == "HEAD" || status == 204 || status == 304;
    no_length_ = status == 204; // RFC 9110 section 8.6
    ended_by_close_ = false;
    out_.assign("HTTP/1.1 ");
    append_number(out_, static_cast<std::uint64_t>(status), 10);
    out_ += ' ';
    out_ += reason.empty() ? reason_phrase(status) : reason;
    out_ += "\r\n";
    if (!body_read_ && framing_.kind != Framing::Kind::none) must_close_ = true; // its body is still to come
    if (server_.draining_ || head_.minor_version == 0 || head_.fields.lists("connection", "close")) must_close_ = true;
}

void Server::Connection::end_head(std::optional<std::uint64_t> length) {
    chunked_ = false;
    if (length) {
        if (!no_length_ && !(bodyless_ && *length == 0)) {
            out_ += "Content-Length: ";
            append_number(out_, *length, 10);
            out_ += "\r\n";
        }
    } else if (!bodyless_) {
        if (head_.minor_version == 1) {
            chunked_ = true;
            out_ += "Transfer-Encoding: chunked\r\n";
        } else {
            must_close_ = ended_by_close_ = true; // HTTP/1.0 learns the end from the close
        }
    }
    if (must_close_) out_ += "Connection: close\r\n";
    out_ += "\r\n";
}

void Server::Connection::start(int status, std::string_view reason, std::span<const Field> fields,
                               std::optional<std::uint64_t> length) {
    prepare(status, reason);
    for (const Field& field : fields) {
        out_ += field.name;
        out_ += ": ";
        out_ += field.value;
        out_ += "\r\n";
    }
    end_head(length);
}

net::Task<Result<void>> Server::Connection::write(std::span<iovec> pieces, bool last) {
    gather_.clear();
    if (!out_.empty()) gather_.push_back(piece_of(out_));
    std::size_t payload = 0;
    if (!bodyless_)
        for (const iovec& piece : pieces) payload += piece.iov_len;
    frame_.clear();
    if (chunked_ && payload > 0) {
        append_number(frame_, payload, 16);
        frame_ += "\r\n";
        gather_.push_back(piece_of(frame_));
    }
    if (payload > 0) gather_.insert(gather_.end(), pieces.begin(), pieces.end());
    if (chunked_ && payload > 0)
        gather_.push_back(piece_of(last ? "\r\n0\r\n\r\n" : "\r\n"));
    else if (chunked_ && last)
        gather_.push_back(piece_of("0\r\n\r\n"));
    const Result<void> sent = co_await stream_->write(std::span(gather_), in(server_.timeouts_.write_idle_ms));
    out_.clear();
    finished_ = last;
    if (!sent) must_close_ = true;
    co_return sent;
}

net::Task<Result<void>> Server::Connection::respond(int status, std::string_view content_type,
                                                    std::string_view extra_headers, std::string_view body) {
    prepare(status, {});
    if (!content_type.empty()) {
        out_ += "Content-Type: ";
        out_ += content_type;
        out_ += "\r\n";
    }
    out_ += extra_headers;
    end_head(body.size());
    iovec piece = piece_of(body);
    const Result<void> written = co_await write({&piece, 1}, true);
    co_return written;
}

// An answer given before the body was read would be lost in the reset that a close with unread bytes causes: read on for a moment.
net::Task<void> Server::Connection::linger() {
    stream_->shut_down();
    Buffer scratch = server_.buffers_.take();
    const std::int64_t deadline = in(linger_ms);
    for (std::size_t total = 0; total < linger_bytes_max;) {
        const Result<std::size_t> count = co_await stream_->read(scratch.room(), deadline);
        if (!count || *count == 0) break;
        total += *count;
    }
    server_.buffers_.give(std::move(scratch));
}

net::Task<void> Server::Connection::run(Arrival arrival) {
    const std::string peer = stream_->peer(); // of a stream that may be given away
    arrival.peer = peer;
    arrival.tls = stream_->is_tls();
    while (true) {
        const Result<bool> read = co_await read_head();
        started_ = finished_ = body_read_ = aborted_ = chunked_ = in_parts_ = false;
        framing_ = {};
        Result<void> usable;
        if (!read)
            usable = std::unexpected(read.error());
        else if (!*read)
            co_return;
        if (usable) usable = parse_request_head(in_.view().substr(0, head_bytes_), head_, server_.targets_);
        if (usable) {
            const Result<Framing> framing = request_framing(head_);
            if (framing)
                framing_ = *framing;
            else
                usable = std::unexpected(framing.error());
        }
        if (!usable) {
            head_ = {};
            must_close_ = true;
            if (server_.unreadable_) server_.unreadable_(peer, usable.error());
            const std::string sentence = "Sallyport: " + usable.error().message + ".";
            const int status = usable.error().kind == ErrorKind::too_large ? 431
                               : usable.error().kind == ErrorKind::timeout ? 408
                                                                           : 400;
            const Result<void> told = co_await respond(status, "application/json", {}, error_body(sentence));
            if (told) co_await linger();
            co_return;
        }
        try {
            co_await handler_(*this, arrival);
        } catch (const std::exception&) { // a bug or no memory: this exchange ends, the process goes on
            must_close_ = true;
            aborted_ = true;
        }
        if (!stream_) co_return; // given away
        stream_->on_hangup({});
        if (!finished_ || aborted_) { // closing is how a client learns that its answer is not whole
            if (ended_by_close_) stream_->reset();
            co_return;
        }
        if (must_close_) {
            co_await linger();
            co_return;
        }
        if (!body_read_) used_ = head_bytes_;
        in_.consume(used_);
        if (!behind_.empty()) {
            in_.append(behind_.view());
            behind_.clear();
        }
    }
}

Server::Server(net::Loop& loop, BufferPool& buffers, const Timeouts& timeouts, Handler handler,
               std::atomic<std::size_t>& connections, std::size_t connections_max)
    : loop_(loop), buffers_(buffers), timeouts_(timeouts), handler_(std::move(handler)), connections_(connections),
      connections_max_(connections_max) {}

Server::~Server() = default;

void Server::listen(std::unique_ptr<net::Listener> listener, TlsNow tls) {
    listeners_.push_back(std::move(listener));
    loop_.spawn(accept_from(*listeners_.back(), std::move(tls)));
}

void Server::drain() {
    draining_ = true;
    for (auto& listener : listeners_) listener->close();
    for (Connection* connection = first_; connection != nullptr;) {
        Connection* const next = connection->next();
        connection->close_if_idle();
        connection = next;
    }
}

void Server::cut() {
    // Cutting one may end it and others with it: after each, begin anew at the front, past those that were told.
    for (Connection* connection = first_; connection != nullptr;) {
        const bool was_told = connection->told_of_cut();
        if (!was_told) connection->cut();
        connection = was_told ? connection->next() : first_;
    }
}

net::Task<void> Server::accept_from(net::Listener& listener, TlsNow tls) {
    while (true) {
        Result<net::Listener::Accepted> accepted = co_await listener.accept();
        if (!accepted) co_return;
        loop_.spawn(serve(accepted->descriptor, std::move(accepted->peer), tls ? tls() : nullptr));
    }
}

net::Task<void> Server::serve(int descriptor, std::string peer, std::shared_ptr<const net::TlsContext> tls) {
    struct Counted {
        std::atomic<std::size_t>& count;
        explicit Counted(std::atomic<std::size_t>& counter) : count(counter) { ++count; }
        ~Counted() { --count; }
    };
    const Counted counted(connections_);
    Result<std::unique_ptr<net::Stream>> stream = fail(ErrorKind::internal, {});
    if (tls)
        stream = co_await net::accept_tls(loop_, descriptor, std::move(tls), std::move(peer),
                                          loop_.now_ms() + timeouts_.head_ms);
    else
        stream = net::make_tcp_stream(loop_, descriptor, ErrorSource::client, std::move(peer));
    if (!stream) co_return;
    if (connections_ > connections_max_) {
        const Result<void> told = co_await (*stream)->write(
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            loop_.now_ms() + 1000);
        static_cast<void>(told);
        co_return;
    }
    Connection connection(*this, std::move(*stream), handler_);
    co_await connection.run({});
}

net::Task<void> Server::converse(std::unique_ptr<net::Stream> stream, Arrival arrival, Handler handler) {
    Connection connection(*this, std::move(stream), handler);
    co_await connection.run(arrival);
}

} // namespace sallyport::http
