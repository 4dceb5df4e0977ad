// What crosses threads: completions, and work handed to the workers.
#include "net/workers.h"

#include <gtest/gtest.h>

#include <thread>

namespace sallyport::net {
namespace {

Task<void> then_stop(Loop& loop, Task<void> task) {
    co_await task;
    loop.stop();
}
void run(Loop& loop, Task<void> task) {
    loop.spawn(then_stop(loop, std::move(task)));
    loop.run();
}

Task<void> awaits_completed(Loop& loop, bool& resumed) {
    Completion completion(loop);
    completion.complete();
    co_await completion;
    resumed = true;
}

TEST(Completion, MayComeBeforeTheAwait) {
    Loop loop;
    bool resumed = false;
    run(loop, awaits_completed(loop, resumed));
    EXPECT_TRUE(resumed);
}

Task<void> waits_for(Completion& completion, std::thread::id& resumed_on) {
    co_await completion;
    resumed_on = std::this_thread::get_id();
}

TEST(Completion, MayComeFromAnotherThreadAfterTheAwait) {
    Loop loop;
    Completion completion(loop);
    std::thread::id resumed_on;
    loop.spawn(then_stop(loop, waits_for(completion, resumed_on))); // waits by now
    std::thread other([&] { completion.complete(); });
    loop.run();
    other.join();
    EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST(Completion, MayComeFromTheLoopsOwnThread) {
    Loop loop;
    Completion completion(loop);
    std::thread::id resumed_on;
    loop.spawn(then_stop(loop, waits_for(completion, resumed_on)));
    loop.post([&] { completion.complete(); });
    loop.run();
    EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

// Either side may be first; ThreadSanitizer and AddressSanitizer watch the object that goes right after.
Task<void> races(Loop& loop, std::atomic<Completion*>& shared, int rounds, int& done) {
    for (int i = 0; i < rounds; ++i) {
        Completion completion(loop);
        shared.store(&completion);
        co_await completion;
        ++done;
    }
}

TEST(Completion, MayRaceWithTheAwait) {
    constexpr int rounds = 20'000;
    Loop loop;
    std::atomic<Completion*> shared = nullptr;
    int done = 0;
    std::thread other([&] {
        for (int i = 0; i < rounds; ++i) {
            Completion* one = nullptr;
            while ((one = shared.exchange(nullptr)) == nullptr) std::this_thread::yield();
            one->complete();
        }
    });
    run(loop, races(loop, shared, rounds, done));
    other.join();
    EXPECT_EQ(done, rounds);
}

struct Seen {
    std::atomic<int> worked = 0;
    int resumed = 0;
    bool worked_on_loop = false;
    bool resumed_elsewhere = false;
};
Task<void> hands_over(Loop& loop, Workers& workers, Seen& seen) {
    const auto owner = std::this_thread::get_id();
    std::thread::id worker;
    int local = 0; // lies in this frame, which must outlive the work
    co_await workers.run(loop, [&] {
        worker = std::this_thread::get_id();
        local = 42;
        ++seen.worked;
    });
    EXPECT_EQ(local, 42);
    seen.worked_on_loop = seen.worked_on_loop || worker == owner;
    seen.resumed_elsewhere = seen.resumed_elsewhere || std::this_thread::get_id() != owner;
    ++seen.resumed;
}
Task<void> hands_over_and_counts(Loop& loop, Workers& workers, Seen& seen, int until) {
    co_await hands_over(loop, workers, seen);
    if (seen.resumed == until) loop.stop();
}

TEST(Workers, WorkBesideTheLoopAndResumeOnIt) {
    for (const unsigned threads : {1u, 3u}) {
        Loop loop;
        Workers workers(threads);
        Seen seen;
        for (int i = 0; i < 500; ++i) loop.spawn(hands_over_and_counts(loop, workers, seen, 500));
        loop.run();
        EXPECT_EQ(seen.worked, 500);
        EXPECT_EQ(seen.resumed, 500);
        EXPECT_FALSE(seen.worked_on_loop);
        EXPECT_FALSE(seen.resumed_elsewhere);
    }
}

// The loop goes on while a worker works: it is what lets the work end.
Task<void> waits_for_flag(Loop& loop, Workers& workers, std::atomic<bool>& flag) {
    co_await workers.run(loop, [&] { flag.wait(false); });
}

TEST(Workers, DoNotHoldTheLoop) {
    Loop loop;
    Workers workers(1);
    std::atomic<bool> flag = false;
    loop.spawn(then_stop(loop, waits_for_flag(loop, workers, flag)));
    loop.post([&] {
        flag = true;
        flag.notify_all();
    });
    loop.run();
    EXPECT_TRUE(flag);
}

TEST(Workers, OfSeveralLoopsResumeEachOnItsOwn) {
    Workers workers(2);
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            Loop loop;
            Seen seen;
            for (int i = 0; i < 100; ++i) loop.spawn(hands_over_and_counts(loop, workers, seen, 100));
            loop.run();
            if (seen.resumed == 100 && !seen.resumed_elsewhere) ++right;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(right, 3);
}

TEST(Workers, FinishWhatWasHandedOverBeforeTheyGo) {
    Loop loop; // never run: nobody is resumed
    Seen seen;
    {
        Workers workers(1);
        for (int i = 0; i < 50; ++i) loop.spawn(hands_over(loop, workers, seen));
    }
    EXPECT_EQ(seen.worked, 50);
}

} // namespace
} // namespace sallyport::net
