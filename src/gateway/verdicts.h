// What is remembered between exchanges of one conversation, bounded and per process:
//  - refusals, so that a client's own repeats (up to thirty within seconds, and Claude Code's non-streaming repeat) are the same
//    exchange with a count, not thirty entries;
//  - the strictest class a conversation had, since a class never falls within it.
// Thread-safe, sharded by key; an exchange that was never refused costs one lock and one look-up.
#pragma once

#include "base/limits.h"
#include "policy/facts.h"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::gateway {

class Verdicts {
public:
    // A conversation as told apart by the person and the client's own session id; 0: the client tells none.
    static std::uint64_t conversation(std::string_view person, std::string_view session);

    policy::Class class_floor(std::uint64_t conversation, std::int64_t now_ms);
    void raise_floor(std::uint64_t conversation, policy::Class cls, std::int64_t now_ms);

    // A refusal of the same content (by hash) to the same key under the same rule and world within limits::verdict_ms_max: its
    // exchange, counted as repeated. Else remembers this one and returns nothing.
    std::optional<std::string> repeat_of(std::uint64_t content, std::string_view exchange, std::int64_t now_ms);

    struct Repeats {
        std::string exchange;
        std::uint32_t count = 0;
        std::int64_t first_wall_ms = 0;
        std::int64_t last_wall_ms = 0;
    };
    // Repeats counted since the last call, for the ledger.
    std::vector<Repeats> take_repeats();

private:
    struct Refused {
        std::string exchange;
        std::int64_t until_ms = 0;
        std::uint32_t uncounted = 0;
        std::int64_t first_wall_ms = 0;
        std::int64_t last_wall_ms = 0;
    };
    struct Floor {
        policy::Class cls = policy::Class::open_source;
        std::int64_t until_ms = 0;
    };
    static constexpr std::size_t shards = 16;
    static constexpr std::int64_t floor_ms_max = 24 * 3'600'000; // a conversation resumed a day later starts anew
    // A bounded map that, when full, forgets what was not used for longest; amortised constant time.
    template <class Value> struct Memory {
        std::unordered_map<std::uint64_t, Value> map;
        std::deque<std::pair<std::uint64_t, std::int64_t>> order; // key and its until_ms when it was put here

        Value* find(std::uint64_t key) {
            const auto found = map.find(key);
            return found == map.end() ? nullptr : &found->second;
        }
        // `dropped(value)` for each that is forgotten. The key must not be there yet.
        template <class Dropped>
        Value& add(std::uint64_t key, Value value, std::size_t most, std::int64_t now_ms, const Dropped& dropped) {
            while (!order.empty() && (map.size() >= most || order.front().second < now_ms)) {
                const auto [oldest, until_ms] = order.front();
                order.pop_front();
                const auto found = map.find(oldest);
                if (found == map.end()) continue;
                if (found->second.until_ms > until_ms) { // it was used since: its turn comes again
                    order.emplace_back(oldest, found->second.until_ms);
                    continue;
                }
                dropped(found->second);
                map.erase(found);
            }
            order.emplace_back(key, value.until_ms);
            return map.emplace(key, std::move(value)).first->second;
        }
    };
    struct Shard {
        std::mutex mutex;
        Memory<Refused> refused;
        Memory<Floor> floors;
        std::vector<Repeats> lost; // counted repeats of what was forgotten
    };
    std::array<Shard, shards> shards_;
};

} // namespace sallyport::gateway
