#include "net/tunnel.h"

#include "base/buffer.h"
#include "net/tcp.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace sallyport::net {

namespace {

constexpr std::size_t pipe_bytes = 1u << 20; // asked for; the kernel gives less where a user has many
constexpr std::size_t copy_bytes = 64 * 1024;
constexpr std::size_t turn_bytes = 4u << 20; // then others of the loop have their turn
constexpr std::size_t pipes_kept = 16;       // of a thread

// A pipe that is empty whenever nobody holds it; of this thread.
class Pipe {
public:
    Pipe() {
        auto& kept = spare();
        if (!kept.empty()) {
            ends_ = kept.back();
            kept.pop_back();
        } else if (::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC) == 0) {
            ::fcntl(ends_[1], F_SETPIPE_SZ, pipe_bytes);
        } else {
            ends_ = {-1, -1};
        }
    }
    ~Pipe() {
        if (held_ == 0 && ends_[0] >= 0 && spare().size() < pipes_kept)
            spare().push_back(ends_);
        else
            for (const int end : ends_)
                if (end >= 0) ::close(end);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    explicit operator bool() const { return ends_[0] >= 0; }
    int out() const { return ends_[0]; }
    int in() const { return ends_[1]; }
    std::size_t held_ = 0; // bytes in it

private:
    struct Spare {
        std::vector<std::array<int, 2>> pipes;
        ~Spare() {
            for (const auto& pipe : pipes)
                for (const int end : pipe) ::close(end);
        }
    };
    static std::vector<std::array<int, 2>>& spare() {
        static thread_local Spare kept;
        return kept.pipes;
    }
    std::array<int, 2> ends_ = {-1, -1};
};

// Goes on after what else waits on the loop.
struct Yield {
    Loop& loop;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const {
        loop.post([waiter] { waiter.resume(); });
    }
    void await_resume() const {}
};

} // namespace

std::string_view name(Tunnel::End end) {
    static constexpr std::array<std::string_view, 6> names = {"ended", "client-failed",  "upstream-failed",
                                                              "idle",  "too-many-bytes", "cancelled"};
    return names[static_cast<std::size_t>(end)];
}

Result<Tunnel::Behind> Tunnel::behind(std::unique_ptr<Stream> client, const TunnelLimits& limits) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return fail_errno("cannot make a pair of sockets");
    auto inner = make_tcp_stream(client->loop(), ends[0], ErrorSource::upstream, client->peer());
    if (!inner) {
        ::close(ends[1]);
        return std::unexpected(inner.error());
    }
    return Behind{std::make_shared<Tunnel>(std::move(client), std::move(*inner), limits), ends[1]};
}

std::int64_t Tunnel::in(std::int64_t ms) const { return ms == never_ms ? never_ms : client_->loop().now_ms() + ms; }

void Tunnel::over(End why) {
    if (std::exchange(over_, true)) return;
    end_ = why;
    if (why != End::ended) { // what is not whole must not look so
        client_->reset();
        upstream_->reset();
    }
    client_->cancel();
    upstream_->cancel();
}

void Tunnel::cancel() { over(End::cancelled); }

bool Tunnel::moved(std::uint64_t& count, std::size_t bytes) {
    count += bytes;
    moved_ms_ = client_->loop().now_ms();
    if (sent_ + received_ <= limits_.bytes_max) return true;
    over(End::too_many_bytes);
    return false;
}

// Until there is something to read, or an end of it. False: the tunnel is over.
Task<bool> Tunnel::wait_for_bytes(Stream& from) {
    while (!over_) {
        // A side that ends meanwhile shortens the time, which is seen at the latest when the shorter one has passed.
        const std::int64_t now = from.loop().now_ms();
        const std::int64_t left =
            idle_ms() == never_ms ? never_ms : std::max<std::int64_t>(moved_ms_ + idle_ms() - now, 1);
        const Result<void> ready =
            co_await from.readable(in(std::min({left, limits_.idle_ms, limits_.half_closed_ms})));
        if (over_) break;
        if (ready) co_return true;
        if (ready.error().kind != ErrorKind::timeout) {
            over(&from == client_.get() ? End::client_failed : End::upstream_failed);
            break;
        }
        if (from.loop().now_ms() - moved_ms_ >= idle_ms()) over(End::idle); // else the other direction is at work
    }
    co_return false;
}

// What is there now, through a pipe. False: this direction is over.
Task<bool> Tunnel::move_by_pipe(Stream& from, Stream& to, std::uint64_t& count) {
    Pipe pipe;
    if (!pipe) { // out of descriptors
        const bool more = co_await move_by_copy(from, to, count);
        co_return more;
    }
    for (std::size_t turn = 0; turn < turn_bytes;) {
        const Io taken = from.splice_to(pipe.in(), pipe_bytes);
        if (taken.state == Io::State::blocked) co_return true;
        if (taken.state == Io::State::failed) {
            over(&from == client_.get() ? End::client_failed : End::upstream_failed);
            co_return false;
        }
        if (taken.count == 0) co_return false;
        pipe.held_ = taken.count;
        turn += taken.count;
        while (pipe.held_ > 0) {
            const Io given = to.splice_from(pipe.out(), pipe.held_);
            if (given.state == Io::State::done) {
                pipe.held_ -= given.count;
                continue;
            }
            Result<void> ready;
            if (given.state == Io::State::blocked) ready = co_await to.writable(in(limits_.idle_ms));
            if (over_) co_return false;
            if (!ready && ready.error().kind == ErrorKind::timeout) {
                over(End::idle);
                co_return false;
            }
            if (!ready || given.state == Io::State::failed) {
                over(&to == client_.get() ? End::client_failed : End::upstream_failed);
                co_return false;
            }
        }
        if (!moved(count, taken.count)) co_return false;
    }
    co_await Yield{from.loop()};
    co_return !over_;
}

Task<bool> Tunnel::move_by_copy(Stream& from, Stream& to, std::uint64_t& count) {
    Buffer buffer(copy_bytes);
    const Result<std::size_t> taken = co_await from.read(buffer.room(), in(limits_.idle_ms));
    if (over_) co_return false;
    if (!taken) {
        over(&from == client_.get() ? End::client_failed : End::upstream_failed);
        co_return false;
    }
    if (*taken == 0) co_return false;
    buffer.commit(*taken);
    const Result<void> given = co_await to.write(buffer.view(), in(limits_.idle_ms));
    if (over_) co_return false;
    if (!given) {
        over(given.error().kind == ErrorKind::timeout ? End::idle
             : &to == client_.get()                   ? End::client_failed
                                                      : End::upstream_failed);
        co_return false;
    }
    co_return moved(count, *taken);
}

Task<void> Tunnel::direction(std::shared_ptr<Tunnel> tunnel, Stream& from, Stream& to, std::uint64_t& count) {
    const bool by_pipe = from.can_splice() && to.can_splice();
    while (true) {
        const bool ready = co_await tunnel->wait_for_bytes(from);
        if (!ready) break;
        bool more = false;
        if (by_pipe)
            more = co_await tunnel->move_by_pipe(from, to, count);
        else
            more = co_await tunnel->move_by_copy(from, to, count);
        if (!more) break;
    }
    --tunnel->open_directions_;
    if (!tunnel->over_) to.shut_down(); // this side has said all; the other may go on
    tunnel->moved_ms_ = from.loop().now_ms();
    if (--tunnel->running_ > 0) co_return;
    tunnel->over_ = true;
    if (tunnel->waiter_) std::exchange(tunnel->waiter_, {}).resume();
}

struct Tunnel::Both {
    Tunnel& tunnel;
    bool await_ready() const { return tunnel.running_ == 0; }
    void await_suspend(std::coroutine_handle<> waiter) { tunnel.waiter_ = waiter; }
    void await_resume() const {}
    ~Both() { tunnel.waiter_ = {}; }
};

Task<Tunnel::End> Tunnel::run(std::shared_ptr<Tunnel> tunnel) {
    Loop& loop = tunnel->client_->loop();
    tunnel->moved_ms_ = loop.now_ms();
    loop.spawn(direction(tunnel, *tunnel->client_, *tunnel->upstream_, tunnel->sent_));
    loop.spawn(direction(tunnel, *tunnel->upstream_, *tunnel->client_, tunnel->received_));
    co_await Both{*tunnel};
    co_return tunnel->end_;
}

} // namespace sallyport::net
