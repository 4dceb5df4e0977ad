// covering() does not allocate: it stands in the way of every exchange. As policy/allocation_test.cpp counts it.
#if !__has_feature(thread_sanitizer)
#include "catalog/advisories.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace {
thread_local bool counting = false;
thread_local long allocations = 0;
} // namespace

void* operator new(std::size_t size) {
    if (counting) ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sallyport::catalog {
namespace {

TEST(Allocation, covering_does_not_allocate) {
    std::vector<Advisory> all;
    for (int i = 0; i < 500; ++i) {
        auto read = read_advisories(fmt::format(
            R"({{"id":"a{0}","modified":"2026-11-28T18:00:00Z","affected":[{{"package":{{"ecosystem":"npm","name":"@openai/codex"}},)"
            R"("ranges":[{{"type":"SEMVER","events":[{{"introduced":"0.{0}.3"}},{{"fixed":"0.{0}.7"}}]}}]}}]}})",
            i));
        ASSERT_TRUE(read) << read.error().message;
        all.push_back(std::move(read->front()));
    }
    const auto made = Advisories::make(std::move(all));
    ASSERT_TRUE(made);
    std::vector<std::string> versions = {"", "latest", "0.17.5-alpha.3"};
    for (int i = 0; i < 500; ++i) versions.push_back(fmt::format("0.{}.{}", i, i % 10));
    std::size_t covered = 0, free = 0;
    for (const std::string& version : versions) {
        counting = true;
        const Covering* const found = (*made)->covering("codex", version);
        counting = false;
        ++(found == nullptr ? free : covered);
    }
    EXPECT_EQ(std::exchange(allocations, 0), 0);
    EXPECT_EQ(covered, 203u);
    EXPECT_EQ(free, 300u);
    counting = true;
    ::operator delete(::operator new(1)); // the counter counts
    counting = false;
    EXPECT_EQ(std::exchange(allocations, 0), 1);
}

} // namespace
} // namespace sallyport::catalog
#endif
