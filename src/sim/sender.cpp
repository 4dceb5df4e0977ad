#include "sim/sender.h"

#include "sim/reset.h"
#include "sim/shape.h"

#include <charconv>

namespace sallyport::sim {

namespace {

// Nobody waits longer than this for a vendor that does not answer; the longest patience measured of a client is 420 s.
constexpr std::int64_t hang_ms_max = 900'000;
constexpr std::size_t pings_max = 10'000;
// Beyond this a stream has shown every odd split there is, and goes on at full speed.
constexpr std::size_t odd_bytes_max = 8 * 1024;
constexpr std::uint64_t missing_bytes = 100;

iovec piece_of(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

} // namespace

Sender::Sender(http::Exchange& exchange, const http::Arrival& arrival, Gate& gate, std::uint16_t local_port)
    : exchange_(exchange), arrival_(arrival), gate_(gate), local_port_(local_port) {
    exchange_.on_gone([this] {
        gone_ = true;
        if (pausing_ != nullptr) pausing_->wake();
    });
}

Sender::~Sender() { exchange_.on_gone({}); }

net::Task<bool> Sender::send(const Reply& reply) {
    if (!reply.fault.harmless()) {
        const bool stayed = co_await send_broken(reply);
        co_return stayed;
    }
    const Composed& answer = *reply.answer;
    if (!reply.streams) {
        start(reply, answer.bytes.size());
        const bool sent = co_await write(answer.bytes, true);
        co_return sent;
    }
    start(reply, std::nullopt);
    for (std::size_t i = 0; i < answer.count(); i += reply.events_per_write) {
        const std::size_t end = std::min(i + reply.events_per_write, answer.count());
        const bool sent = co_await write(answer.range(i, end), end == answer.count());
        if (!sent) co_return false;
    }
    co_return true;
}

void Sender::start(const Reply& reply, std::optional<std::uint64_t> length) {
    fields_.clear();
    fields_.push_back({"Content-Type", reply.content_type});
    if (reply.streams) fields_.push_back({"Cache-Control", "no-cache"});
    if (reply.fault.gzip) fields_.push_back({"Content-Encoding", "gzip"});
    fields_.insert(fields_.end(), reply.fields.begin(), reply.fields.end());
    exchange_.start(reply.status, {}, fields_, length);
}

net::Task<bool> Sender::write(std::string_view bytes, bool last) {
    iovec piece = piece_of(bytes);
    const Result<void> written = co_await exchange_.write({&piece, bytes.empty() ? 0u : 1u}, last);
    co_return written && (last || !gone_); // many a client leaves right behind the last event
}

void Sender::cut(bool reset) {
    if (reset) reset_on_close(arrival_.peer, local_port_);
    exchange_.abort();
}

net::Task<bool> Sender::pause(std::int64_t ms) {
    Pause waiting(exchange_.loop(), ms);
    pausing_ = &waiting;
    if (!gone_) co_await waiting;
    pausing_ = nullptr;
    co_return !gone_;
}

net::Task<bool> Sender::pass_gate() {
    if (gate_.pass_now()) co_return !gone_;
    Pause waiting(exchange_.loop(), hang_ms_max);
    const Gate::Place place(gate_, waiting);
    pausing_ = &waiting;
    if (!gone_) co_await waiting;
    pausing_ = nullptr;
    co_return waiting.woken() && !gone_;
}

net::Task<bool> Sender::ping(const Reply& reply) {
    for (std::size_t i = 0; i < pings_max; ++i) {
        const bool sent = co_await write(reply.ping_event, false);
        if (!sent) co_return false;
        const bool stayed = co_await pause(reply.fault.ping_ms);
        if (!stayed) co_return false;
    }
    co_return true;
}

net::Task<bool> Sender::send_in_pieces(const Fault& fault, std::string_view bytes, bool last) {
    std::size_t done = 0;
    for (std::size_t turn = 0; done < bytes.size(); ++turn) {
        std::string_view piece = bytes.substr(done);
        if (fault.drip_ms >= 0)
            piece = piece.substr(0, 1);
        else if (done < odd_bytes_max)
            piece = odd_piece(piece, turn);
        done += piece.size();
        const bool sent = co_await write(piece, last && done == bytes.size());
        if (!sent) co_return false;
        // Even without a pause asked for, the loop turns once: pieces that leave together are no pieces.
        const bool stayed = co_await pause(std::max<std::int64_t>(fault.drip_ms, 0));
        if (!stayed && done < bytes.size()) co_return false;
    }
    co_return true;
}

net::Task<bool> Sender::send_events(const Reply& reply, const Composed& events, bool finishes) {
    const Fault& fault = reply.fault;
    const std::size_t middle = std::min((reply.answer->closing + 1) / 2, events.count());
    const bool in_pieces = fault.drip_ms >= 0 || fault.half_event;
    const bool gated = fault.gate && reply.streams;
    if (gated) { // the head is no event: it leaves at once
        const bool sent = co_await write({}, false);
        if (!sent) co_return false;
    }
    for (std::size_t i = 0; i < events.count();) {
        if (i == middle && fault.stall_ms > 0) {
            const bool stayed = co_await pause(fault.stall_ms);
            if (!stayed) co_return false;
        }
        if (i == middle && fault.ping_ms > 0 && reply.streams) {
            const bool stayed = co_await ping(reply);
            if (!stayed) co_return false;
        }
        if (fault.pace_ms > 0) {
            const bool stayed = co_await pause(fault.pace_ms);
            if (!stayed) co_return false;
        }
        if (gated) {
            const bool passed = co_await pass_gate();
            if (!passed) co_return false;
        }
        // Pieces run over the ends of events, as far as nothing happens between them.
        const bool together = in_pieces && fault.pace_ms == 0 && !gated;
        std::size_t end = together ? events.count() : i + 1;
        if (together && i < middle && (fault.stall_ms > 0 || fault.ping_ms > 0)) end = middle;
        const std::string_view bytes = events.range(i, end);
        const bool last = finishes && end == events.count();
        bool sent = false;
        if (in_pieces)
            sent = co_await send_in_pieces(fault, bytes, last);
        else
            sent = co_await write(bytes, last);
        if (!sent) co_return false;
        i = end;
    }
    if (finishes && (events.count() == 0 || events.range(events.count() - 1, events.count()).empty())) {
        const bool sent = co_await write({}, true);
        if (!sent) co_return false;
    }
    co_return true;
}

// The server frames what it is given, so a broken frame is smuggled past it in the last field's value: the head ends inside it. What
// the server composes behind comes out as a part of the mess, which is the idea.
net::Task<bool> Sender::send_bad_chunk(const Reply& reply, const Composed& events) {
    char size[16];
    std::string value = "bad-chunk\r\nTransfer-Encoding: chunked\r\n\r\n";
    if (!events.bytes.empty()) {
        value.append(size, std::to_chars(size, size + sizeof size, events.bytes.size(), 16).ptr);
        value += "\r\n" + events.bytes + "\r\n";
    }
    value += "zz\r\n";
    Reply broken = reply;
    broken.fields.push_back({"x-vendor-broken", value});
    start(broken, std::nullopt);
    const bool sent = co_await write({}, false);
    exchange_.abort();
    co_return sent;
}

net::Task<bool> Sender::send_broken(const Reply& reply) {
    const Fault& fault = reply.fault;
    const bool reset = fault.end == Fault::End::reset;
    if (fault.hang) {
        const bool stayed = co_await pause(hang_ms_max);
        cut(false);
        co_return stayed;
    }
    if (fault.before_head) {
        cut(reset);
        co_return true;
    }
    const Shaped shaped = shape(*reply.answer, reply.streams, fault, reply.error_event);
    if (fault.end == Fault::End::bad_chunk) {
        const bool stayed = co_await send_bad_chunk(reply, shaped.events);
        co_return stayed;
    }
    const std::uint64_t size = shaped.events.bytes.size();
    std::optional<std::uint64_t> length;
    if (fault.length == Fault::Length::larger)
        length = size + missing_bytes;
    else if (fault.length == Fault::Length::smaller)
        length = size - size / 4;
    else if (!reply.streams)
        length = shaped.finishes ? size : std::max<std::uint64_t>(reply.answer->bytes.size(), size + 1);
    start(reply, length);
    const bool stayed = co_await send_events(reply, shaped.events, shaped.finishes);
    if (!shaped.finishes || !stayed) cut(reset && stayed);
    co_return stayed;
}

} // namespace sallyport::sim
