// A growable block of bytes that owns its memory. Behind size() there are always `padding` readable bytes, so that vector
// instructions of the JSON reader may look past the end. Move-only; one owner, one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace sallyport {

class Buffer {
public:
    static constexpr std::size_t padding = 64;

    Buffer() = default;
    explicit Buffer(std::size_t capacity) { reserve(capacity); }
    explicit Buffer(std::string_view bytes) { append(bytes); }
    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { std::free(data_); }

    char* data() { return data_; }
    const char* data() const { return data_; }
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    std::string_view view() const { return {data_, size_}; }
    operator std::string_view() const { return view(); }

    // The free room behind the content; what was written there becomes content with commit().
    std::span<char> room() { return {data_ + size_, capacity_ - size_}; }
    void commit(std::size_t count) { size_ += count; }
    void clear() { size_ = 0; }
    // Forgets the first `count` bytes and moves the rest to the front.
    void consume(std::size_t count) {
        size_ -= count;
        if (size_ != 0) std::memmove(data_, data_ + count, size_);
    }

    void reserve(std::size_t capacity) {
        if (capacity <= capacity_) return;
        void* grown = std::realloc(data_, capacity + padding);
        if (grown == nullptr) throw std::bad_alloc();
        data_ = static_cast<char*>(grown);
        std::memset(data_ + capacity, 0, padding);
        capacity_ = capacity;
    }
    void append(std::string_view bytes) {
        if (size_ + bytes.size() > capacity_) reserve(std::max(size_ + bytes.size(), capacity_ * 2));
        if (!bytes.empty()) std::memcpy(data_ + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
    }

private:
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace sallyport
