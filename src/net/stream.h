// A connected stream of bytes, TCP or TLS. One reader and one writer at a time; both belong to the stream's loop.
//
// The awaiters try the operation first and suspend only when it would block, and they know from the edges of epoll when trying is
// in vain: no allocation, no system call that finds nothing.
//
//   const Result<std::size_t> count = co_await stream.read(room, deadline_ms);   // 0: the peer ended its side
//   const Result<void> sent = co_await stream.write(text, deadline_ms);          // all of it
//
// Deadlines are Loop::now_ms() times. Errors carry the stream's side (client or upstream) as their source.
#pragma once

#include "base/error.h"
#include "net/loop.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/uio.h>

namespace sallyport::net {

struct Io {
    enum class State : std::uint8_t { done, blocked, failed };
    State state = State::blocked;
    std::size_t count = 0; // done: bytes moved; 0 of a read is the end of the stream
};

class Stream : public Watcher {
public:
    virtual ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    class ReadAwaiter;
    class WriteAwaiter;
    class ReadableAwaiter;
    class WritableAwaiter;

    ReadAwaiter read(std::span<char> room, std::int64_t deadline_ms);
    WriteAwaiter write(std::string_view bytes, std::int64_t deadline_ms);
    // Gathers; `pieces` is used up (the awaiter moves its entries on) and must live until it resumes.
    WriteAwaiter write(std::span<iovec> pieces, std::int64_t deadline_ms);
    // Until a read would not block, holding no buffer meanwhile. Result as of read(), without the count.
    ReadableAwaiter readable(std::int64_t deadline_ms);
    // Until a write would not block.
    WritableAwaiter writable(std::int64_t deadline_ms);

    // From the socket into a pipe and from a pipe into the socket, by splice(2): the bytes are not copied. The pipe is not blocking,
    // and empty before the first of the two. `blocked`: wait by readable() or writable() first.
    virtual bool can_splice() const { return false; }
    virtual Io splice_to(int pipe, std::size_t bytes_max);
    virtual Io splice_from(int pipe, std::size_t bytes_max);
    // An error of a splice that failed, as read() and write() tell theirs.
    Error splice_error(const char* doing) { return error_of(doing); }

    // Ends every pending and later operation with ErrorKind::cancelled.
    void cancel();
    // Called once, when the peer is seen to have closed or reset while nobody reads. Replaced by the next call; empty: nobody.
    // Where that was seen already, or the stream was cancelled, it is called at once.
    void on_hangup(std::function<void()> listener);
    bool hung_up() const { return hung_up_; }

    // For a connection kept for reuse: true where it is quiet and open.
    bool idle_and_open();

    const std::string& peer() const { return peer_; } // "127.0.0.1:4242"
    ErrorSource side() const { return side_; }
    Loop& loop() { return loop_; }
    virtual bool is_tls() const { return false; }
    // TLS, of a client: the name it asked for (SNI, RFC 6066); empty where it named none.
    virtual std::string_view server_name() const { return {}; }
    // The socket's two ends are of one machine: what was dialled is here.
    bool is_to_this_host() const;
    // Sends what is buffered and says that no more comes (TLS close_notify, then FIN). Best effort, does not wait.
    virtual void shut_down();
    // The close that follows is a reset: for an answer whose end a close would feign.
    void reset();
    // Gives the descriptor away (to TLS, after a proxy's CONNECT): this stream is of no use afterwards.
    int release_descriptor();

protected:
    Stream(Loop& loop, int descriptor, ErrorSource side, std::string peer);
    virtual Io try_read(std::span<char> room) = 0;
    virtual Io try_write(std::span<const iovec> pieces) = 0;
    // Bytes were taken off the socket and not read yet.
    virtual bool has_buffered() const { return false; }
    // Why the last try failed, without the peer.
    virtual std::string failure() = 0;

    int descriptor() const { return descriptor_; }
    // Known from epoll; cleared by a try that drained or filled the socket.
    bool may_read_ = false; // epoll tells the present state as a first edge
    bool may_write_ = true;
    bool reset_ = false;

private:
    struct Waiter {
        virtual void retry() = 0;

    protected:
        ~Waiter() = default;
    };
    void ready(std::uint32_t events) override;
    Error error_of(const char* doing);
    static void read_expired(void* self);
    static void write_expired(void* self);

    Loop& loop_;
    int descriptor_;
    ErrorSource side_;
    std::string peer_;
    Waiter* reader_ = nullptr;
    Waiter* writer_ = nullptr;
    Timer read_timer_;
    Timer write_timer_;
    bool read_expired_ = false;
    bool write_expired_ = false;
    bool cancelled_ = false;
    bool hung_up_ = false;
    std::function<void()> hangup_listener_;
    bool* destroyed_ = nullptr; // told when the stream goes while it wakes somebody

    friend class ReadAwaiter;
    friend class WriteAwaiter;
    friend class ReadableAwaiter;
    friend class WritableAwaiter;
};

class Stream::ReadAwaiter final : Waiter {
public:
    ReadAwaiter(Stream& stream, std::span<char> room, std::int64_t deadline_ms)
        : stream_(stream), room_(room), deadline_ms_(deadline_ms) {}
    ~ReadAwaiter() {
        if (stream_.reader_ == this) stream_.reader_ = nullptr;
    }
    ReadAwaiter(const ReadAwaiter&) = delete;
    ReadAwaiter& operator=(const ReadAwaiter&) = delete;
    bool await_ready() { return attempt(); }
    void await_suspend(std::coroutine_handle<> waiter);
    Result<std::size_t> await_resume();

private:
    void retry() override;
    bool attempt();
    Stream& stream_;
    std::span<char> room_;
    std::int64_t deadline_ms_;
    Io io_;
    std::coroutine_handle<> waiter_;
};

class Stream::WriteAwaiter final : Waiter {
public:
    WriteAwaiter(Stream& stream, std::span<iovec> pieces, std::int64_t deadline_ms)
        : stream_(stream), pieces_(pieces), deadline_ms_(deadline_ms) {}
    WriteAwaiter(Stream& stream, std::string_view bytes, std::int64_t deadline_ms)
        : stream_(stream), one_{const_cast<char*>(bytes.data()), bytes.size()}, pieces_(&one_, 1),
          deadline_ms_(deadline_ms) {}
    ~WriteAwaiter() {
        if (stream_.writer_ == this) stream_.writer_ = nullptr;
    }
    WriteAwaiter(const WriteAwaiter&) = delete;
    WriteAwaiter& operator=(const WriteAwaiter&) = delete;
    bool await_ready() { return attempt(); }
    void await_suspend(std::coroutine_handle<> waiter);
    Result<void> await_resume();

private:
    void retry() override;
    bool attempt(); // true: all written, or failed
    Stream& stream_;
    iovec one_{};
    std::span<iovec> pieces_;
    std::int64_t deadline_ms_; // of the first wait; every progress grants the same span again
    std::int64_t span_ms_ = 0;
    Io io_;
    std::coroutine_handle<> waiter_;
};

class Stream::ReadableAwaiter final : Waiter {
public:
    ReadableAwaiter(Stream& stream, std::int64_t deadline_ms) : stream_(stream), deadline_ms_(deadline_ms) {}
    ~ReadableAwaiter() {
        if (stream_.reader_ == this) stream_.reader_ = nullptr;
    }
    ReadableAwaiter(const ReadableAwaiter&) = delete;
    ReadableAwaiter& operator=(const ReadableAwaiter&) = delete;
    bool await_ready() const { return stream_.cancelled_ || stream_.may_read_ || stream_.has_buffered(); }
    void await_suspend(std::coroutine_handle<> waiter);
    Result<void> await_resume();

private:
    void retry() override;
    Stream& stream_;
    std::int64_t deadline_ms_;
    std::coroutine_handle<> waiter_;
};

class Stream::WritableAwaiter final : Waiter {
public:
    WritableAwaiter(Stream& stream, std::int64_t deadline_ms) : stream_(stream), deadline_ms_(deadline_ms) {}
    ~WritableAwaiter() {
        if (stream_.writer_ == this) stream_.writer_ = nullptr;
    }
    WritableAwaiter(const WritableAwaiter&) = delete;
    WritableAwaiter& operator=(const WritableAwaiter&) = delete;
    bool await_ready() const { return stream_.cancelled_ || stream_.may_write_; }
    void await_suspend(std::coroutine_handle<> waiter);
    Result<void> await_resume();

private:
    void retry() override;
    Stream& stream_;
    std::int64_t deadline_ms_;
    std::coroutine_handle<> waiter_;
};

inline Stream::ReadAwaiter Stream::read(std::span<char> room, std::int64_t deadline_ms) {
    return {*this, room, deadline_ms};
}
inline Stream::WriteAwaiter Stream::write(std::string_view bytes, std::int64_t deadline_ms) {
    return {*this, bytes, deadline_ms};
}
inline Stream::WriteAwaiter Stream::write(std::span<iovec> pieces, std::int64_t deadline_ms) {
    return {*this, pieces, deadline_ms};
}
inline Stream::ReadableAwaiter Stream::readable(std::int64_t deadline_ms) { return {*this, deadline_ms}; }
inline Stream::WritableAwaiter Stream::writable(std::int64_t deadline_ms) { return {*this, deadline_ms}; }

} // namespace sallyport::net
