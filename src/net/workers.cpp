#include "net/workers.h"

namespace sallyport::net {

Workers::Workers(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

Workers::~Workers() { finish(); }

void Workers::finish() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Workers::serve() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const std::function<void()> work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        work();
        lock.lock();
    }
}

Task<void> Workers::run(Loop& loop, std::function<void()> work) {
    Completion done(loop);
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back([&work, &done] {
            work();
            done.complete();
        });
    }
    wake_.notify_one();
    co_await done;
}

} // namespace sallyport::net
