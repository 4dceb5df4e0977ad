// Waiting that ends early: when the client leaves, or when a test lets the next event through. All of one loop.
#pragma once

#include "net/loop.h"

#include <algorithm>
#include <deque>

namespace sallyport::sim {

// co_await a Pause: resumes when the time has passed or wake() was called. Wakes from the loop, never from inside wake().
class Pause {
public:
    Pause(net::Loop& loop, std::int64_t ms)
        : loop_(loop), timer_(loop, &Pause::fired, this), until_ms_(loop.now_ms() + ms) {}
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

    void wake() {
        woken_ = true;
        if (waiter_) timer_.set(loop_.now_ms());
    }
    bool woken() const { return woken_; }

    bool await_ready() const noexcept { return woken_; }
    void await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = waiter;
        timer_.set(until_ms_);
    }
    void await_resume() noexcept { waiter_ = {}; }

private:
    static void fired(void* self) { static_cast<Pause*>(self)->waiter_.resume(); }
    net::Loop& loop_;
    net::Timer timer_;
    std::int64_t until_ms_;
    std::coroutine_handle<> waiter_;
    bool woken_ = false;
};

// Lets one event pass for each let_through(), in the order in which they came to wait; what is let through early is kept.
class Gate {
public:
    void let_through() {
        if (waiting_.empty()) {
            ++permits_;
            return;
        }
        Pause* const first = waiting_.front();
        waiting_.pop_front();
        first->wake();
    }
    void forget_permits() { permits_ = 0; }
    bool pass_now() {
        if (permits_ == 0) return false;
        --permits_;
        return true;
    }

    // A place in the queue, given up when it goes.
    class Place {
    public:
        Place(Gate& gate, Pause& pause) : gate_(gate), pause_(pause) { gate.waiting_.push_back(&pause); }
        ~Place() { std::erase(gate_.waiting_, &pause_); }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

    private:
        Gate& gate_;
        Pause& pause_;
    };

private:
    std::size_t permits_ = 0;
    std::deque<Pause*> waiting_;
};

} // namespace sallyport::sim
