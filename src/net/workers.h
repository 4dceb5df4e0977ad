// Threads for work that would hold a loop longer than about a millisecond: judging a body of megabytes. The waiting exchange
// suspends, its loop goes on with the others.
#pragma once

#include "net/loop.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sallyport::net {

class Workers {
public:
    explicit Workers(unsigned threads);
    ~Workers();
    void finish(); // does what was handed over, then ends the threads; before the loops' tasks are abandoned
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // Runs `work` on one of the threads and resumes on the loop's. What `work` refers to must outlive the await, which it does
    // where it lies in the awaiting coroutine; such a coroutine must not be destroyed while it waits.
    Task<void> run(Loop& loop, std::function<void()> work);

private:
    void serve();
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

} // namespace sallyport::net
