// What one decision costs at 1,000 rules: each call of policy::decide is timed alone, the cost of reading the clock is taken
// off, and every operator new of the program counts while a decision runs. Prints a row of JSON per figure for test/bench/run.
//
// The requests differ from call to call and so do their answers, as they do in a gateway: what is measured is not one warm path.
// Each is decided in several passes and counts with its median, so that what else the machine does stays out of the percentiles.
#include "policy/decide.h"

#include "policy/compare.h"
#include "policy/program.h"
#include "policy/prove.h"
#include "policy/synthetic.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace {
long allocations = 0;

void* counted(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
} // namespace

// Replaces the program's allocation functions ([new.delete.single]); the array and nothrow forms call these.
void* operator new(std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace sallyport::policy;
using Clock = std::chrono::steady_clock;

constexpr std::size_t rule_count = 1000;
constexpr std::size_t request_count = 20'000;
constexpr std::size_t passes = 11;

// Fences keep the timed call between its two readings.
std::uint64_t ticks() {
#if defined(__x86_64__)
    _mm_lfence();
    const std::uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
#else
    return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
#endif
}

double nanoseconds_per_tick() {
    const auto begin = Clock::now();
    const std::uint64_t first = ticks();
    while (Clock::now() - begin < std::chrono::milliseconds(100)) {
    }
    const std::uint64_t last = ticks();
    const double ns = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    return ns / static_cast<double>(last - first);
}

// The median distance of two readings with nothing between them.
std::uint64_t overhead_ticks() {
    std::vector<std::uint64_t> distances(10'001);
    for (std::uint64_t& distance : distances) {
        const std::uint64_t before = ticks();
        distance = ticks() - before;
    }
    std::ranges::nth_element(distances, distances.begin() + distances.size() / 2);
    return distances[distances.size() / 2];
}

void print(const char* name, double value, const char* unit, const char* goal, const char* what = "decide") {
    std::printf("{\"name\":\"%s.%zu.%s\",\"value\":%.3f,\"unit\":\"%s\",\"goal\":%s,\"against\":null}\n", what,
                rule_count, name, value, unit, goal);
}

double seconds_of(const auto& work) {
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The policy's invariants held against it (some are broken: the search for a case is part of the work), and the policy held
// against itself with one rule less.
bool prove_and_compare() {
    const std::string invariants =
        "invariants:\n"
        "  - never: { class: trade-secret, references: [remote-mcp, container] }\n"
        "  - never: { class: [secret-bearing, trade-secret], hosting: vendor, team: team150 }\n"
        "  - never: { client: codex, client_version: \"<0.20\" }\n";
    const std::string text = synthetic_policy(rule_count, 1);
    const Policy::Loaded policy = load_text(text + invariants, "synthetic.yaml", Invariants::unproven);
    const Policy::Loaded other = load_text(synthetic_policy(rule_count - 1, 1), "other.yaml");
    if (!policy.policy || !other.policy) return false;
    Proof proof;
    print("seconds", seconds_of([&] { proof = prove(policy.policy->program().document); }), "s", "2", "prove");
    print("violations", static_cast<double>(proof.violations.size()), "", "null", "prove");
    Comparison comparison;
    print("seconds", seconds_of([&] {
              comparison = compare(other.policy->program().document, policy.policy->program().document);
          }),
          "s", "2", "diff");
    print("rows", static_cast<double>(comparison.changes.size()), "", "null", "diff");
    if (!proof.undecided.empty() || !comparison.undecided.empty())
        std::fprintf(stderr, "%s %s\n", proof.undecided.c_str(), comparison.undecided.c_str());
    return proof.undecided.empty() && comparison.undecided.empty();
}

} // namespace

int main() {
    const Policy::Loaded loaded = load_text(synthetic_policy(rule_count, 1), "synthetic.yaml");
    if (!loaded.policy) {
        std::fprintf(stderr, "%s\n", loaded.mistakes.front().text().c_str());
        return 1;
    }
    const std::vector<SyntheticRequest> requests = synthetic_requests(request_count, rule_count, 2);
    std::vector<Facts> facts;
    for (const SyntheticRequest& request : requests) facts.push_back(request.facts());
    std::vector<std::uint16_t> candidates;
    for (std::uint16_t i = 0; i < loaded.policy->upstreams().size(); ++i) candidates.push_back(i);

    const double ns_per_tick = nanoseconds_per_tick();
    const std::uint64_t overhead = overhead_ticks();
    std::vector<std::array<std::uint64_t, passes>> runs(facts.size());
    std::size_t allowed = 0;
    const long allocations_before = allocations;
    for (std::size_t pass = 0; pass < passes; ++pass) {
        for (std::size_t i = 0; i < facts.size(); ++i) {
            const std::uint64_t before = ticks();
            const Plan plan = decide(*loaded.policy, facts[i], candidates);
            const std::uint64_t after = ticks();
            runs[i][pass] = after - before > overhead ? after - before - overhead : 0;
            allowed += plan.decision != Decision::refuse && pass == 0;
        }
    }
    const long allocated = allocations - allocations_before;
    std::vector<std::uint64_t> cost;
    for (auto& of_one : runs) {
        std::ranges::nth_element(of_one, of_one.begin() + passes / 2);
        cost.push_back(of_one[passes / 2]);
    }
    std::ranges::sort(cost);
    const auto percentile = [&](double share) {
        return static_cast<double>(cost[static_cast<std::size_t>(share * static_cast<double>(cost.size() - 1))]) *
               ns_per_tick;
    };
    print("p50", percentile(0.5), "ns", "null");
    print("p99", percentile(0.99), "ns", "2000");
    print("p99.9", percentile(0.999), "ns", "null");
    print("allocations", static_cast<double>(allocated), "", "0");
    print("allowed", 100.0 * static_cast<double>(allowed) / static_cast<double>(cost.size()), "percent", "null");
    return prove_and_compare() ? 0 : 1;
}
