// Two streams joined: bytes go both ways, as they are, until both sides have ended, one has failed, nothing moved for too long or too
// much did. Between plain sockets they do not leave the kernel (splice(2)); a tunnel in which nothing moves holds no buffer.
#pragma once

#include "net/stream.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace sallyport::net {

struct TunnelLimits {
    std::int64_t idle_ms = never_ms;        // nothing moved either way
    std::int64_t half_closed_ms = never_ms; // the same, after one side has ended
    std::uint64_t bytes_max = UINT64_MAX;   // both ways together
};

// A tunnel and its two streams, shared by what runs each way and whoever may cancel it. Belongs to one loop.
class Tunnel {
public:
    // `client` asked for it; `upstream` was dialled.
    Tunnel(std::unique_ptr<Stream> client, std::unique_ptr<Stream> upstream, const TunnelLimits& limits)
        : client_(std::move(client)), upstream_(std::move(upstream)), limits_(limits) {}

    // A tunnel from a stream to a socket of its own, for what needs one (TLS inside TLS): the descriptor is its other end, and the caller's.
    struct Behind {
        std::shared_ptr<Tunnel> tunnel; // to be run
        int descriptor = -1;
    };
    static Result<Behind> behind(std::unique_ptr<Stream> client, const TunnelLimits& limits);

    enum class End : std::uint8_t { ended, client_failed, upstream_failed, idle, too_many_bytes, cancelled };
    // Until it is over. `tunnel` lives as long as both directions do.
    static Task<End> run(std::shared_ptr<Tunnel> tunnel);
    void cancel(); // run() comes to its end with End::cancelled

    std::uint64_t sent() const { return sent_; }         // bytes from the client to the upstream
    std::uint64_t received() const { return received_; } // and back

private:
    struct Both;
    static Task<void> direction(std::shared_ptr<Tunnel> tunnel, Stream& from, Stream& to, std::uint64_t& count);
    Task<bool> move_by_pipe(Stream& from, Stream& to, std::uint64_t& count);
    Task<bool> move_by_copy(Stream& from, Stream& to, std::uint64_t& count);
    Task<bool> wait_for_bytes(Stream& from);
    bool moved(std::uint64_t& count, std::size_t bytes);
    void over(End why);
    std::int64_t idle_ms() const { return open_directions_ == 2 ? limits_.idle_ms : limits_.half_closed_ms; }
    std::int64_t in(std::int64_t ms) const;

    std::unique_ptr<Stream> client_, upstream_;
    TunnelLimits limits_;
    std::uint64_t sent_ = 0, received_ = 0;
    std::int64_t moved_ms_ = 0; // when bytes last moved
    int open_directions_ = 2;
    int running_ = 2;
    bool over_ = false;
    End end_ = End::ended;
    std::coroutine_handle<> waiter_;
};
std::string_view name(Tunnel::End); // "ended", "client-failed", …

} // namespace sallyport::net
