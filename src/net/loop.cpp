#include "net/loop.h"

#include "base/clock.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace sallyport::net {

// The coroutine around a spawned task: registered while it lives, gone by itself at its end.
struct Loop::Root {
    struct promise_type {
        Loop& loop;
        promise_type* previous = nullptr;
        promise_type* next;
        promise_type(Loop& owner, Task<void>&) : loop(owner), next(static_cast<promise_type*>(owner.roots_)) {
            if (next != nullptr) next->previous = this;
            loop.roots_ = this;
        }
        ~promise_type() {
            if (previous != nullptr)
                previous->next = next;
            else
                loop.roots_ = next;
            if (next != nullptr) next->previous = previous;
        }
        Root get_return_object() { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

Loop::Root Loop::run_root(Loop&, Task<void> task) { co_await task; }

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr; // the wake-up
    if (epoll_ < 0 || wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
        std::perror("sallyport: no event loop can be made (file descriptor limit?)");
        std::abort();
    }
    now_ms_ = monotonic_ms();
}

void Loop::abandon() {
    while (roots_ != nullptr)
        std::coroutine_handle<Root::promise_type>::from_promise(*static_cast<Root::promise_type*>(roots_)).destroy();
}

Loop::~Loop() {
    abandon();
    ::close(wake_);
    ::close(epoll_);
}

void Loop::stop() {
    stopping_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void Loop::post(std::function<void()> work) {
    bool first = false;
    {
        const std::lock_guard lock(posted_mutex_);
        first = posted_.empty();
        posted_.push_back(std::move(work));
    }
    if (!first) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void Loop::spawn(Task<void> task) { run_root(*this, std::move(task)); }

Result<void> Loop::watch(int descriptor, Watcher& watcher) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watcher;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) return fail_errno("cannot watch a socket");
    return {};
}

void Loop::forget(Watcher& watcher) { std::ranges::replace(pending_, &watcher, static_cast<Watcher*>(nullptr)); }

void Loop::unwatch(int descriptor, Watcher& watcher) {
    forget(watcher);
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

void Loop::run() {
    std::array<epoll_event, 256> events; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by the kernel
    while (!stopping_) {
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms());
        now_ms_ = monotonic_ms();
        if (count < 0 && errno != EINTR) {
            std::perror("sallyport: epoll_wait");
            std::abort();
        }
        bool woken = false;
        pending_.clear();
        pending_events_.clear();
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            woken = woken || event.data.ptr == nullptr;
            if (event.data.ptr == nullptr) continue;
            pending_.push_back(static_cast<Watcher*>(event.data.ptr));
            pending_events_.push_back(event.events);
        }
        for (std::size_t i = 0; i < pending_.size(); ++i)
            if (pending_[i] != nullptr) pending_[i]->ready(pending_events_[i]);
        pending_.clear();
        if (woken) run_posted();
        fire_timers();
    }
}

void Loop::run_posted() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(wake_, &count, sizeof count);
    std::vector<std::function<void()>> work;
    {
        const std::lock_guard lock(posted_mutex_);
        work.swap(posted_);
    }
    for (auto& item : work) item();
}

int Loop::wait_ms() const {
    if (heap_.empty()) return -1;
    const std::int64_t left = heap_.front()->queued_ms_ - now_ms_;
    return static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 60'000));
}

void Loop::fire_timers() {
    while (!heap_.empty() && heap_.front()->queued_ms_ <= now_ms_) {
        Timer* timer = heap_.front();
        const std::int64_t deadline = timer->deadline_ms_;
        timer->unlink();
        if (deadline == never_ms) continue;
        if (deadline > now_ms_) {
            timer->set(deadline); // it moved on while it waited in the heap
        } else {
            timer->deadline_ms_ = never_ms;
            timer->fired_(timer->owner_);
        }
    }
}

void Timer::set(std::int64_t deadline_ms) {
    deadline_ms_ = deadline_ms;
    if (deadline_ms == never_ms) return;
    if (slot_ != SIZE_MAX) {
        if (deadline_ms >= queued_ms_) return;
        queued_ms_ = deadline_ms;
        loop_.sift_up(slot_);
        return;
    }
    queued_ms_ = deadline_ms;
    loop_.heap_.push_back(this);
    slot_ = loop_.heap_.size() - 1;
    loop_.sift_up(slot_);
}

void Timer::unlink() {
    if (slot_ == SIZE_MAX) return;
    auto& heap = loop_.heap_;
    Timer* last = heap.back();
    heap.pop_back();
    if (last != this) {
        const std::size_t slot = slot_;
        loop_.place(slot, last);
        loop_.sift_up(slot);
        loop_.sift_down(last->slot_);
    }
    slot_ = SIZE_MAX;
}

void Loop::place(std::size_t slot, Timer* timer) {
    heap_[slot] = timer;
    timer->slot_ = slot;
}

void Loop::sift_up(std::size_t slot) {
    Timer* timer = heap_[slot];
    while (slot > 0 && heap_[(slot - 1) / 2]->queued_ms_ > timer->queued_ms_) {
        place(slot, heap_[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    place(slot, timer);
}

void Loop::sift_down(std::size_t slot) {
    Timer* timer = heap_[slot];
    while (true) {
        std::size_t child = slot * 2 + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1]->queued_ms_ < heap_[child]->queued_ms_) ++child;
        if (heap_[child]->queued_ms_ >= timer->queued_ms_) break;
        place(slot, heap_[child]);
        slot = child;
    }
    place(slot, timer);
}

void Completion::complete() {
    // The loop must be read before the state is published: a waiter that sees `completed` may destroy this object.
    Loop& loop = loop_;
    if (state_.exchange(2, std::memory_order_acq_rel) == 1) {
        const auto waiter = waiter_;
        loop.post([waiter] { waiter.resume(); });
    }
}

bool Completion::await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    int expected = 0;
    return state_.compare_exchange_strong(expected, 1, std::memory_order_acq_rel);
}

} // namespace sallyport::net
