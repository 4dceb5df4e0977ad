#include "net/stream.h"

#include <algorithm>
#include <cstring>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::net {

Stream::Stream(Loop& loop, int descriptor, ErrorSource side, std::string peer)
    : loop_(loop), descriptor_(descriptor), side_(side), peer_(std::move(peer)),
      read_timer_(loop, &Stream::read_expired, this), write_timer_(loop, &Stream::write_expired, this) {}

Stream::~Stream() {
    if (destroyed_ != nullptr) *destroyed_ = true;
    loop_.forget(*this);
    if (descriptor_ >= 0) ::close(descriptor_); // also takes it out of epoll
}

void Stream::reset() {
    const linger hard{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

int Stream::release_descriptor() {
    loop_.unwatch(descriptor_, *this);
    return std::exchange(descriptor_, -1);
}

bool Stream::is_to_this_host() const {
    sockaddr_storage own{}, other{};
    socklen_t own_length = sizeof own, other_length = sizeof other;
    if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&own), &own_length) != 0 ||
        ::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&other), &other_length) != 0)
        return false;
    if (own.ss_family == AF_INET) {
        const std::uint32_t a = ntohl(reinterpret_cast<sockaddr_in*>(&own)->sin_addr.s_addr);
        const std::uint32_t b = ntohl(reinterpret_cast<sockaddr_in*>(&other)->sin_addr.s_addr);
        return a == b || (a >> 24 == 127 && b >> 24 == 127);
    }
    if (own.ss_family != AF_INET6) return true;
    return std::memcmp(&reinterpret_cast<sockaddr_in6*>(&own)->sin6_addr,
                       &reinterpret_cast<sockaddr_in6*>(&other)->sin6_addr, sizeof(in6_addr)) == 0;
}

Io Stream::splice_to(int, std::size_t) { return {Io::State::failed, 0}; }
Io Stream::splice_from(int, std::size_t) { return {Io::State::failed, 0}; }

void Stream::shut_down() { ::shutdown(descriptor_, SHUT_WR); }

void Stream::ready(std::uint32_t events) {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        hung_up_ = true;
        reset_ = reset_ || (events & (EPOLLHUP | EPOLLERR)) != 0;
        may_read_ = may_write_ = true;
    }
    if (events & EPOLLIN) may_read_ = true;
    if (events & EPOLLOUT) may_write_ = true;
    bool destroyed = false;
    destroyed_ = &destroyed;
    if (hung_up_ && reader_ == nullptr && hangup_listener_) {
        const auto listener = std::exchange(hangup_listener_, {});
        listener();
        if (destroyed) return;
    }
    // TLS may need to write in order to read and the other way round, so both sides look again; a try in vain costs nothing.
    if (writer_ != nullptr) writer_->retry();
    if (destroyed) return;
    if (reader_ != nullptr) reader_->retry();
    if (destroyed) return;
    destroyed_ = nullptr;
}

void Stream::on_hangup(std::function<void()> listener) {
    if ((hung_up_ || cancelled_) && listener)
        listener();
    else
        hangup_listener_ = std::move(listener);
}

void Stream::cancel() {
    cancelled_ = true;
    bool destroyed = false;
    bool* const outer = std::exchange(destroyed_, &destroyed);
    if (const auto listener = std::exchange(hangup_listener_, {}))
        listener(); // whoever waits for something else on its behalf
    if (!destroyed && writer_ != nullptr) writer_->retry();
    if (!destroyed && reader_ != nullptr) reader_->retry();
    if (destroyed) {
        if (outer != nullptr) *outer = true;
        return;
    }
    destroyed_ = outer;
}

bool Stream::idle_and_open() {
    if (cancelled_ || hung_up_) return false;
    if (!may_read_ && !has_buffered()) return true;
    // TLS 1.3 tickets make a socket readable without data; anything else that comes unasked makes the connection unusable.
    char unexpected = 0;
    const Io io = try_read({&unexpected, 1});
    return io.state == Io::State::blocked && !hung_up_;
}

void Stream::read_expired(void* self) {
    auto& stream = *static_cast<Stream*>(self);
    if (stream.reader_ == nullptr) return;
    stream.read_expired_ = true;
    stream.reader_->retry();
}

void Stream::write_expired(void* self) {
    auto& stream = *static_cast<Stream*>(self);
    if (stream.writer_ == nullptr) return;
    stream.write_expired_ = true;
    stream.writer_->retry();
}

Error Stream::error_of(const char* doing) {
    const char* whose = side_ == ErrorSource::client ? "the client" : "the upstream";
    if (cancelled_)
        return {ErrorKind::cancelled, side_, Retry::never, std::string("cancelled while ") + doing + " " + whose};
    return {ErrorKind::closed, side_, Retry::never, std::string(doing) + " " + whose + " failed: " + failure()};
}

bool Stream::ReadAwaiter::attempt() {
    if (stream_.cancelled_) {
        io_.state = Io::State::failed;
        return true;
    }
    io_ = stream_.try_read(room_);
    return io_.state != Io::State::blocked;
}

void Stream::ReadAwaiter::await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    stream_.reader_ = this;
    stream_.read_expired_ = false;
    stream_.read_timer_.set(deadline_ms_);
}

void Stream::ReadAwaiter::retry() {
    if (!attempt() && !stream_.read_expired_) return;
    stream_.reader_ = nullptr;
    stream_.read_timer_.clear();
    waiter_.resume();
}

Result<std::size_t> Stream::ReadAwaiter::await_resume() {
    if (io_.state == Io::State::done) return io_.count;
    if (io_.state == Io::State::blocked)
        return fail(ErrorKind::timeout,
                    stream_.side_ == ErrorSource::client ? "the client sent nothing in time"
                                                         : "the upstream sent nothing in time",
                    stream_.side_);
    return std::unexpected(stream_.error_of("reading from"));
}

bool Stream::WriteAwaiter::attempt() {
    while (true) {
        while (!pieces_.empty() && pieces_.front().iov_len == 0) pieces_ = pieces_.subspan(1);
        if (pieces_.empty()) {
            io_ = {Io::State::done, 0};
            return true;
        }
        if (stream_.cancelled_) {
            io_.state = Io::State::failed;
            return true;
        }
        io_ = stream_.try_write(pieces_);
        if (io_.state != Io::State::done) return io_.state == Io::State::failed;
        std::size_t count = io_.count;
        if (waiter_ && deadline_ms_ != never_ms && count > 0) {
            // An idle deadline: progress moves it on by the span it had at first.
            stream_.write_timer_.set(stream_.loop_.now_ms() + span_ms_);
        }
        while (count > 0) {
            iovec& piece = pieces_.front();
            const std::size_t taken = std::min(count, piece.iov_len);
            piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
            piece.iov_len -= taken;
            count -= taken;
            if (piece.iov_len == 0) pieces_ = pieces_.subspan(1);
        }
    }
}

void Stream::WriteAwaiter::await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    stream_.writer_ = this;
    stream_.write_expired_ = false;
    span_ms_ = deadline_ms_ == never_ms ? 0 : deadline_ms_ - stream_.loop_.now_ms();
    stream_.write_timer_.set(deadline_ms_);
}

void Stream::WriteAwaiter::retry() {
    if (!attempt() && !stream_.write_expired_) return;
    stream_.writer_ = nullptr;
    stream_.write_timer_.clear();
    waiter_.resume();
}

Result<void> Stream::WriteAwaiter::await_resume() {
    if (io_.state == Io::State::done) return {};
    if (io_.state == Io::State::blocked)
        return fail(ErrorKind::timeout,
                    stream_.side_ == ErrorSource::client ? "the client took nothing in time"
                                                         : "the upstream took nothing in time",
                    stream_.side_);
    return std::unexpected(stream_.error_of("writing to"));
}

void Stream::ReadableAwaiter::await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    stream_.reader_ = this;
    stream_.read_expired_ = false;
    stream_.read_timer_.set(deadline_ms_);
}

void Stream::ReadableAwaiter::retry() {
    if (!await_ready() && !stream_.read_expired_) return;
    stream_.reader_ = nullptr;
    stream_.read_timer_.clear();
    waiter_.resume();
}

Result<void> Stream::ReadableAwaiter::await_resume() {
    if (stream_.cancelled_) return std::unexpected(stream_.error_of("waiting for"));
    if (stream_.may_read_ || stream_.has_buffered()) return {};
    return fail(ErrorKind::timeout,
                stream_.side_ == ErrorSource::client ? "the client sent nothing in time"
                                                     : "the upstream sent nothing in time",
                stream_.side_);
}

void Stream::WritableAwaiter::await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    stream_.writer_ = this;
    stream_.write_expired_ = false;
    stream_.write_timer_.set(deadline_ms_);
}

void Stream::WritableAwaiter::retry() {
    if (!await_ready() && !stream_.write_expired_) return;
    stream_.writer_ = nullptr;
    stream_.write_timer_.clear();
    waiter_.resume();
}

Result<void> Stream::WritableAwaiter::await_resume() {
    if (stream_.cancelled_) return std::unexpected(stream_.error_of("waiting for"));
    if (stream_.may_write_) return {};
    return fail(ErrorKind::timeout,
                stream_.side_ == ErrorSource::client ? "the client took nothing in time"
                                                     : "the upstream took nothing in time",
                stream_.side_);
}

} // namespace sallyport::net
