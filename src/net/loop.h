// One loop per thread: epoll with edge triggers, timers, and wake-ups from other threads. Everything that a loop runs belongs to
// its thread; only post(), stop() and Completion::complete() may be called from others.
#pragma once

#include "base/error.h"
#include "net/task.h"

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace sallyport::net {

class Loop;

inline constexpr std::int64_t never_ms = INT64_MAX;

// A deadline that moves often and passes rarely: setting a later one touches no heap. Belongs to one loop; destroy it on that
// loop's thread.
class Timer {
public:
    using Fired = void (*)(void* owner);
    Timer(Loop& loop, Fired fired, void* owner) : loop_(loop), fired_(fired), owner_(owner) {}
    ~Timer() { unlink(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void set(std::int64_t deadline_ms); // of Loop::now_ms()
    void clear() { deadline_ms_ = never_ms; }

private:
    friend class Loop;
    void unlink();
    Loop& loop_;
    Fired fired_;
    void* owner_;
    std::int64_t deadline_ms_ = never_ms;
    std::int64_t queued_ms_ = never_ms; // key in the heap, never later than the deadline when queued
    std::size_t slot_ = SIZE_MAX;       // place in the heap
};

// What epoll tells of a descriptor; the loop calls ready() once per edge.
class Watcher {
public:
    virtual void ready(std::uint32_t epoll_events) = 0;

protected:
    ~Watcher() = default;
};

class Loop {
public:
    Loop();
    ~Loop(); // destroys the tasks that still wait
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void run(); // until stop(); returns when no further event is handled
    void stop();
    // Destroys the tasks that still wait, before what they refer to goes. After run(), on any thread.
    void abandon();
    // Runs `work` on the loop's thread, soon. Thread-safe.
    void post(std::function<void()> work);
    // Starts a task that nobody awaits, at once. An exception that leaves it ends the process: it is a bug.
    void spawn(Task<void> task);

    std::int64_t now_ms() const { return now_ms_; } // monotonic; read once per wake-up

    Result<void> watch(int descriptor, Watcher& watcher);
    // The descriptor is being closed: pending events for it are dropped.
    void forget(Watcher& watcher);
    // The descriptor stays open, but is watched no more.
    void unwatch(int descriptor, Watcher& watcher);

private:
    friend class Timer;
    struct Root;
    static Root run_root(Loop& loop, Task<void> task);

    void run_posted();
    void fire_timers();
    int wait_ms() const;
    void sift_up(std::size_t slot);
    void sift_down(std::size_t slot);
    void place(std::size_t slot, Timer* timer);

    int epoll_ = -1;
    int wake_ = -1; // eventfd
    std::atomic<bool> stopping_ = false;
    std::int64_t now_ms_ = 0;
    std::vector<Timer*> heap_;
    std::mutex posted_mutex_;
    std::vector<std::function<void()>> posted_;
    std::vector<Watcher*> pending_; // of the batch being handled; forget() clears its entries
    std::vector<std::uint32_t> pending_events_;
    void* roots_ = nullptr; // Root::promise_type, a list of the spawned tasks that still live
};

// Await once; complete() from any thread, once, before or after the await.
class Completion {
public:
    explicit Completion(Loop& loop) : loop_(loop) {}
    void complete();

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiter);
    void await_resume() const noexcept {}

private:
    Loop& loop_;
    std::coroutine_handle<> waiter_;
    std::atomic<int> state_ = 0; // 0 nothing, 1 waiting, 2 completed
};

// co_await Sleep(loop, 20): for back-off; resumes at or after the time.
class Sleep {
public:
    Sleep(Loop& loop, std::int64_t ms) : timer_(loop, &Sleep::fired, this), until_ms_(loop.now_ms() + ms) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = waiter;
        timer_.set(until_ms_);
    }
    void await_resume() const noexcept {}

private:
    static void fired(void* self) { static_cast<Sleep*>(self)->waiter_.resume(); }
    Timer timer_;
    std::int64_t until_ms_;
    std::coroutine_handle<> waiter_;
};

} // namespace sallyport::net
