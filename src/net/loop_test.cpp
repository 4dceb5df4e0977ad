#include "net/loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
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

TEST(Loop, RunsWhatOtherThreadsPostInTheirOrder) {
    constexpr int threads = 4, each = 5000;
    Loop loop;
    std::vector<std::vector<int>> seen(threads);
    int total = 0;
    const auto owner = std::this_thread::get_id();
    bool elsewhere = false;
    std::vector<std::thread> posters;
    for (int t = 0; t < threads; ++t)
        posters.emplace_back([&, t] {
            for (int i = 0; i < each; ++i)
                loop.post([&, t, i] {
                    elsewhere = elsewhere || std::this_thread::get_id() != owner;
                    seen[static_cast<std::size_t>(t)].push_back(i);
                    if (++total == threads * each) loop.stop();
                });
        });
    loop.run();
    for (std::thread& poster : posters) poster.join();
    EXPECT_FALSE(elsewhere);
    for (const auto& list : seen) {
        EXPECT_EQ(list.size(), static_cast<std::size_t>(each));
        EXPECT_TRUE(std::ranges::is_sorted(list));
    }
}

TEST(Loop, RunsWhatIsPostedWhileItRunsWhatWasPosted) {
    Loop loop;
    int depth = 0;
    std::function<void()> again = [&] {
        if (++depth == 1000)
            loop.stop();
        else
            loop.post(again);
    };
    loop.post(again);
    loop.run();
    EXPECT_EQ(depth, 1000);
}

TEST(Loop, IsStoppedFromAnotherThread) {
    Loop loop;
    std::thread stopper([&] { loop.stop(); });
    loop.run();
    stopper.join();
}

TEST(Loop, NeverRunsWhatIsPostedAfterItsEndAndFreesIt) {
    const auto held = std::make_shared<int>(1);
    {
        Loop loop;
        loop.stop();
        loop.run();
        loop.post([held] { FAIL(); });
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

struct Fired {
    std::vector<int>* order;
    int number;
    std::unique_ptr<Timer> timer;
    static void fired(void* self) {
        auto& one = *static_cast<Fired*>(self);
        one.order->push_back(one.number);
    }
};

class Timers : public testing::Test {
protected:
    Fired& add(int number, std::int64_t in_ms) {
        all_.push_back(std::make_unique<Fired>(Fired{&order_, number, nullptr}));
        Fired& one = *all_.back();
        one.timer = std::make_unique<Timer>(loop_, &Fired::fired, &one);
        one.timer->set(loop_.now_ms() + in_ms);
        return one;
    }
    // Runs until a timer of its own, set for that long from now.
    void run_for(std::int64_t ms) {
        Timer end(loop_, [](void* loop) { static_cast<Loop*>(loop)->stop(); }, &loop_);
        end.set(loop_.now_ms() + ms);
        loop_.run();
    }
    Loop loop_;
    std::vector<int> order_;
    std::vector<std::unique_ptr<Fired>> all_;
};

TEST_F(Timers, FireInTheOrderOfTheirDeadlines) {
    std::mt19937 random(3);
    for (int i = 0; i < 2000; ++i) {
        const int in_ms = static_cast<int>(random() % 80);
        add(in_ms, in_ms);
    }
    run_for(81);
    EXPECT_EQ(order_.size(), 2000u);
    EXPECT_TRUE(std::ranges::is_sorted(order_));
}

TEST_F(Timers, MovedLaterFireAtTheirLastDeadlineOnly) {
    std::vector<Fired*> moved;
    for (int i = 0; i < 500; ++i) moved.push_back(&add(2, 1 + i % 10));
    add(1, 30);
    for (int round = 0; round < 20; ++round)
        for (Fired* one : moved) one->timer->set(loop_.now_ms() + 40 + round); // as each read of a stream does
    add(3, 100);
    run_for(101);
    ASSERT_EQ(order_.size(), 502u);
    EXPECT_TRUE(std::ranges::is_sorted(order_));
}

TEST_F(Timers, MovedEarlierFireEarlier) {
    Fired& late = add(1, 10'000);
    add(2, 20);
    late.timer->set(loop_.now_ms() + 5);
    run_for(21);
    EXPECT_EQ(order_, (std::vector<int>{1, 2}));
}

TEST_F(Timers, ClearedOrDestroyedDoNotFire) {
    add(1, 5).timer->clear();
    add(2, 5).timer.reset();
    Fired& again = add(3, 5);
    again.timer->clear();
    again.timer->set(loop_.now_ms() + 10);
    add(4, 15).timer->set(never_ms);
    run_for(30);
    EXPECT_EQ(order_, std::vector<int>{3});
}

TEST_F(Timers, OfWhichAnyOneGoesKeepTheOthersInOrder) {
    std::mt19937 random(5);
    for (int i = 0; i < 1000; ++i) {
        const int in_ms = static_cast<int>(random() % 50);
        add(in_ms, in_ms);
    }
    std::ranges::shuffle(all_, random);
    all_.resize(400); // the heap loses members anywhere
    run_for(51);
    EXPECT_EQ(order_.size(), 400u);
    EXPECT_TRUE(std::ranges::is_sorted(order_));
}

struct Repeats {
    Loop& loop;
    int count = 0;
    Timer timer{loop, &Repeats::fired, this};
    static void fired(void* self) {
        auto& one = *static_cast<Repeats*>(self);
        if (++one.count == 50)
            one.loop.stop();
        else
            one.timer.set(one.loop.now_ms()); // at once: a deadline in the past is due
    }
};

TEST(Timer, CanBeSetAnewWhileItFires) {
    Loop loop;
    Repeats repeats{loop};
    repeats.timer.set(loop.now_ms() - 1000);
    loop.run();
    EXPECT_EQ(repeats.count, 50);
}

struct Alive {
    int& count;
    explicit Alive(int& counter) : count(counter) { ++count; }
    ~Alive() { --count; }
};
Task<void> sleeps(Loop& loop, std::int64_t ms, int& alive, int& ended) {
    const Alive here(alive);
    co_await Sleep(loop, ms);
    ++ended;
}

TEST(Loop, DestroysTheTasksThatStillWait) {
    int alive = 0, ended = 0;
    {
        Loop loop;
        for (int i = 0; i < 10; ++i) loop.spawn(sleeps(loop, 1'000'000, alive, ended));
        EXPECT_EQ(alive, 10); // a spawned task starts at once
        loop.spawn(sleeps(loop, 0, alive, ended));
        run(loop, [](Loop& on) -> Task<void> { co_await Sleep(on, 20); }(loop));
        EXPECT_EQ(ended, 1);
        EXPECT_EQ(alive, 10); // what ended is gone
    }
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(ended, 1);
}

Task<void> sleeps_and_notes(Loop& loop, int ms, std::vector<int>& order) {
    co_await Sleep(loop, ms);
    order.push_back(ms);
}
Task<void> sleep_sort(Loop& loop, std::vector<int>& order) {
    for (const int ms : {40, 10, 30, 0, 20}) loop.spawn(sleeps_and_notes(loop, ms, order));
    co_await Sleep(loop, 50);
}

TEST(Sleep, EndsInOrder) {
    Loop loop;
    std::vector<int> order;
    run(loop, sleep_sort(loop, order));
    EXPECT_EQ(order, (std::vector<int>{0, 10, 20, 30, 40}));
}

TEST(SpawnedTask, EndsTheProcessWhenAnExceptionLeavesIt) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            Loop loop;
            loop.spawn([]() -> Task<void> {
                throw 1;
                co_return;
            }());
        },
        "");
}

} // namespace
} // namespace sallyport::net
