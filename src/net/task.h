// Task<T>: a coroutine that starts when it is awaited and resumes its awaiter when it ends. Destroying a Task destroys the
// coroutine wherever it is suspended, and with it everything it awaits.
//
// Threads: a Task lives on one loop's thread. Frames come from a free list of that thread: a request costs no malloc.
// Bind every co_await to a named variable: temporaries of one expression live in the frame in surprising ways.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace sallyport::net {

// Blocks of 64-byte size classes up to 4 KiB, kept per thread.
class FramePool {
public:
    static void* take(std::size_t size);
    static void give(void* block, std::size_t size) noexcept;
};

namespace detail {

struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
        return ended.promise().continuation;
    }
    void await_resume() const noexcept {}
};

struct PromiseBase {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr thrown;

    static void* operator new(std::size_t size) { return FramePool::take(size); }
    static void operator delete(void* block, std::size_t size) noexcept { FramePool::give(block, size); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

template <class T> struct Promise : PromiseBase {
    std::optional<T> value;
    template <class U = T> void return_value(U&& result) { value.emplace(std::forward<U>(result)); }
    T take() {
        if (thrown) std::rethrow_exception(thrown);
        return std::move(*value);
    }
};
template <> struct Promise<void> : PromiseBase {
    void return_void() const noexcept {}
    void take() const {
        if (thrown) std::rethrow_exception(thrown);
    }
};

} // namespace detail

template <class T = void> class [[nodiscard]] Task {
public:
    struct promise_type : detail::Promise<T> {
        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    };

    Task() = default;
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
        handle_.promise().continuation = awaiter;
        return handle_;
    }
    T await_resume() { return handle_.promise().take(); }

    // For the loop, which owns the tasks nobody awaits.
    std::coroutine_handle<promise_type> release() { return std::exchange(handle_, {}); }

private:
    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    std::coroutine_handle<promise_type> handle_;
};

} // namespace sallyport::net
