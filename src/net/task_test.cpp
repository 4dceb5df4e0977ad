#include "net/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sallyport::net {
namespace {

int living = 0;
struct Counted {
    Counted() { ++living; }
    Counted(const Counted&) { ++living; }
    Counted(Counted&&) noexcept { ++living; }
    Counted& operator=(const Counted&) = default;
    Counted& operator=(Counted&&) = default;
    ~Counted() { --living; }
};

// Awaited, it suspends; resume() goes on.
struct Gate {
    std::coroutine_handle<> waiter;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> handle) { waiter = handle; }
    void await_resume() const {}
    void open() { std::exchange(waiter, {}).resume(); }
};

// A task started by hand; destroying this destroys it wherever it stands.
class Running {
public:
    explicit Running(Task<void> task) : handle_(task.release()) { handle_.resume(); }
    ~Running() { handle_.destroy(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    bool done() const { return handle_.done(); }

private:
    std::coroutine_handle<Task<void>::promise_type> handle_;
};

Task<int> give(int value) { co_return value; }
Task<std::unique_ptr<int>> give_owned(int value) { co_return std::make_unique<int>(value); }
Task<std::string> give_text() { co_return "text"; } // converts
Task<int> throws() {
    throw std::runtime_error("thrown");
    co_return 1;
}
Task<int> passes_on() {
    const Counted local;
    const int value = co_await throws();
    co_return value;
}

Task<void> takes_values(std::vector<std::string>& seen) {
    const int number = co_await give(42);
    const std::unique_ptr<int> owned = co_await give_owned(43);
    const std::string text = co_await give_text();
    Task<int> later = give(44);
    const int after = co_await later;
    seen = {std::to_string(number), std::to_string(*owned), text, std::to_string(after)};
}

TEST(Task, GivesItsValue) {
    std::vector<std::string> seen;
    const Running running(takes_values(seen));
    EXPECT_TRUE(running.done());
    EXPECT_EQ(seen, (std::vector<std::string>{"42", "43", "text", "44"}));
}

Task<void> catches(std::string& seen) {
    try {
        const int value = co_await passes_on();
        seen = std::to_string(value);
    } catch (const std::runtime_error& error) {
        seen = error.what();
    }
}

TEST(Task, PassesAnExceptionToItsAwaiter) {
    std::string seen;
    const Running running(catches(seen));
    EXPECT_EQ(seen, "thrown");
    EXPECT_EQ(living, 0);
}

Task<void> notes(bool& ran, Counted) {
    ran = true;
    co_return;
}

TEST(Task, DoesNotStartUntilItIsAwaited) {
    bool ran = false;
    {
        const Task<void> never = notes(ran, Counted());
        EXPECT_EQ(living, 1); // the frame holds its argument
    }
    EXPECT_FALSE(ran);
    EXPECT_EQ(living, 0);
}

Task<int> deepest(Gate& gate, int& reached, Counted) {
    const Counted local;
    co_await gate;
    ++reached;
    co_return 1;
}
Task<int> middle(Gate& gate, int& reached) {
    const Counted before;
    const int value = co_await deepest(gate, reached, Counted());
    const Counted after;
    co_return value + 1;
}
Task<void> outermost(Gate& gate, int& reached, int& value) {
    const auto owned = std::make_unique<Counted>();
    value = co_await middle(gate, reached);
    ++reached;
}

TEST(Task, ResumesItsAwaitersFromTheInnermostOut) {
    Gate gate;
    int reached = 0, value = 0;
    const Running running(outermost(gate, reached, value));
    EXPECT_FALSE(running.done());
    EXPECT_GE(living, 4);
    gate.open();
    EXPECT_TRUE(running.done());
    EXPECT_EQ(reached, 2);
    EXPECT_EQ(value, 2);
}

TEST(Task, DestroyedWhileSuspendedFreesAllItAwaits) {
    Gate gate;
    int reached = 0, value = 0;
    {
        const Running running(outermost(gate, reached, value));
        EXPECT_GE(living, 4);
    }
    EXPECT_EQ(living, 0);
    EXPECT_EQ(reached, 0);
}

Task<void> replaces(bool& ran) {
    Task<void> task = notes(ran, Counted());
    task = notes(ran, Counted());
    co_await task;
}

TEST(Task, CanBeReplacedByAnother) {
    bool ran = false;
    {
        const Running running(replaces(ran));
    }
    EXPECT_TRUE(ran);
    EXPECT_EQ(living, 0);
}

Task<void> awaits_many(int count, long& sum) {
    for (int i = 0; i < count; ++i) {
        const int one = co_await give(1);
        sum += one;
    }
}

// Resuming must be a jump: as calls, a million would run over any stack.
TEST(Task, AwaitsAMillionTimesWithoutGrowingTheStack) {
    long sum = 0;
    const Running running(awaits_many(1'000'000, sum));
    EXPECT_EQ(sum, 1'000'000);
}

Task<int> nested(int depth) {
    if (depth == 0) co_return 0;
    const int below = co_await nested(depth - 1);
    co_return below + 1;
}
Task<void> counts(int depth, int& reached) { reached = co_await nested(depth); }

TEST(Task, NestsDeepWithoutGrowingTheStack) {
    int reached = 0;
    const Running running(counts(300'000, reached));
    EXPECT_EQ(reached, 300'000);
}

TEST(FramePool, LendsABlockAgainToTheSameSize) {
    for (const std::size_t size : {1, 64, 65, 4096}) {
        void* const first = FramePool::take(size);
        FramePool::give(first, size);
        void* const second = FramePool::take(size);
        EXPECT_EQ(first, second) << size;
        FramePool::give(second, size);
    }
}

TEST(FramePool, GivesBlocksOfTheSizeAskedFor) {
    std::vector<std::pair<char*, std::size_t>> blocks;
    for (int round = 0; round < 2; ++round) {
        for (std::size_t size = 1; size <= 5000; size += 37) {
            auto* block = static_cast<char*>(FramePool::take(size));
            std::fill_n(block, size, static_cast<char>(size)); // AddressSanitizer watches
            blocks.emplace_back(block, size);
        }
        for (const auto& [block, size] : blocks) {
            EXPECT_EQ(block[0], static_cast<char>(size));
            EXPECT_EQ(block[size - 1], static_cast<char>(size));
            FramePool::give(block, size);
        }
        blocks.clear();
    }
}

} // namespace
} // namespace sallyport::net
