// decide() does not allocate: every operator new of this test program counts while a decision runs. Not under ThreadSanitizer, whose
// own operator new cannot be replaced.
#if !__has_feature(thread_sanitizer)
#include "policy/decide.h"
#include "policy/synthetic.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace {
thread_local bool counting = false;
thread_local long allocations = 0;

void* counted(std::size_t size) {
    if (counting) ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
} // namespace

// Replaces the program's allocation functions ([new.delete.single]); the array and nothrow forms call these.
void* operator new(std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sallyport::policy {
namespace {

TEST(Allocation, the_counter_counts) {
    counting = true;
    ::operator delete(::operator new(1)); // called as functions: a compiler may leave out `delete new int`
    counting = false;
    EXPECT_GT(std::exchange(allocations, 0), 0);
}

TEST(Allocation, decide_does_not_allocate) {
    const auto loaded = load_text(synthetic_policy(1000, 1), "synthetic.yaml");
    ASSERT_TRUE(loaded.policy) << loaded.mistakes.front().text();
    std::vector<std::uint16_t> candidates;
    for (std::uint16_t i = 0; i < loaded.policy->upstreams().size(); ++i) candidates.push_back(i);
    std::size_t allowed = 0, refused = 0;
    for (const auto& request : synthetic_requests(2000, 1000, 2)) {
        const auto facts = request.facts();
        counting = true;
        const auto plan = decide(*loaded.policy, facts, candidates);
        counting = false;
        ++(plan.decision == Decision::allow ? allowed : refused);
    }
    EXPECT_EQ(std::exchange(allocations, 0), 0);
    EXPECT_GT(allowed, 50u);
    EXPECT_GT(refused, 50u);
}

} // namespace
} // namespace sallyport::policy
#endif
