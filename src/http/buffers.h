// Relay buffers of one loop, lent to whoever has bytes in hand and given back before waiting: a thousand idle streams hold none.
#pragma once

#include "base/buffer.h"
#include "base/limits.h"

#include <vector>

namespace sallyport::http {

class BufferPool {
public:
    Buffer take() {
        if (free_.empty()) return Buffer(limits::relay_buffer_bytes);
        Buffer buffer = std::move(free_.back());
        free_.pop_back();
        return buffer;
    }
    void give(Buffer buffer) {
        if (buffer.capacity() < limits::relay_buffer_bytes || buffer.capacity() > 4 * limits::relay_buffer_bytes ||
            free_.size() >= kept)
            return;
        buffer.clear();
        free_.push_back(std::move(buffer));
    }

    // What a connection reads a head into, while one is under way.
    Buffer take_head() {
        if (heads_.empty()) return Buffer(head_bytes);
        Buffer buffer = std::move(heads_.back());
        heads_.pop_back();
        return buffer;
    }
    void give_head(Buffer buffer) {
        if (buffer.capacity() < head_bytes || buffer.capacity() > 2 * head_bytes || heads_.size() >= heads_kept) return;
        buffer.clear();
        heads_.push_back(std::move(buffer));
    }

    // Bodies are bigger: kept by themselves, so that a turn of 200 KB does not fault its pages in anew each time.
    Buffer take_body() {
        if (bodies_.empty()) return {};
        Buffer buffer = std::move(bodies_.back());
        bodies_.pop_back();
        return buffer;
    }
    void give_body(Buffer buffer) {
        if (buffer.capacity() == 0 || buffer.capacity() > body_bytes_kept || bodies_.size() >= bodies_kept) return;
        buffer.clear();
        bodies_.push_back(std::move(buffer));
    }

private:
    static constexpr std::size_t kept = 16;
    static constexpr std::size_t head_bytes = 8 * 1024;
    static constexpr std::size_t heads_kept = 64;
    static constexpr std::size_t bodies_kept = 8;
    static constexpr std::size_t body_bytes_kept = 512 * 1024;
    std::vector<Buffer> free_;
    std::vector<Buffer> heads_;
    std::vector<Buffer> bodies_;
};

} // namespace sallyport::http
