#include "gateway/verdicts.h"

#include "base/clock.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {
// A full table drops what has run out, and where that is nothing, everything: then a repeat is recorded once more, which is only
// untidy. Floors are kept apart and dropped only when they ran out or the table is ten times as large.
template <class Map> void make_room(Map& map, std::size_t most, std::int64_t now_ms) {
    if (map.size() < most) return;
    std::erase_if(map, [&](const auto& item) { return item.second.until_ms < now_ms; });
    if (map.size() >= most) map.erase(map.begin());
}
} // namespace

std::uint64_t Verdicts::conversation(std::string_view key_id, std::string_view session) {
    if (session.empty()) return 0;
    const std::size_t a = std::hash<std::string_view>{}(key_id);
    const std::size_t b = std::hash<std::string_view>{}(session);
    return (a * 0x9E3779B97F4A7C15ull) ^ b;
}

policy::Class Verdicts::class_floor(std::uint64_t conversation, std::int64_t now_ms) {
    if (conversation == 0) return policy::Class::open_source;
    Shard& shard = shards_[conversation % shards];
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.floors.find(conversation);
    if (found == shard.floors.end() || found->second.until_ms < now_ms) return policy::Class::open_source;
    return found->second.cls;
}

void Verdicts::raise_floor(std::uint64_t conversation, policy::Class cls, std::int64_t now_ms) {
    if (conversation == 0 || cls == policy::Class::open_source) return;
    Shard& shard = shards_[conversation % shards];
    const std::lock_guard lock(shard.mutex);
    make_room(shard.floors, limits::verdicts_remembered_max, now_ms);
    Floor& floor = shard.floors[conversation];
    floor.cls = std::max(floor.cls, cls);
    floor.until_ms = now_ms + floor_ms_max;
}

std::optional<std::string> Verdicts::repeat_of(std::uint64_t content, std::string_view exchange, std::int64_t now_ms) {
    Shard& shard = shards_[content % shards];
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.refused.find(content);
    if (found != shard.refused.end() && found->second.until_ms >= now_ms) {
        Refused& refused = found->second;
        const std::int64_t now = wall_ms();
        if (refused.uncounted++ == 0) refused.first_wall_ms = now;
        refused.last_wall_ms = now;
        refused.until_ms = now_ms + limits::verdict_ms_max;
        return refused.exchange;
    }
    make_room(shard.refused, limits::verdicts_remembered_max / shards, now_ms);
    shard.refused[content] = {std::string(exchange), now_ms + limits::verdict_ms_max, 0, 0, 0};
    return std::nullopt;
}

std::vector<Verdicts::Repeats> Verdicts::take_repeats() {
    std::vector<Repeats> taken;
    for (Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        for (auto& [content, refused] : shard.refused) {
            if (refused.uncounted == 0) continue;
            taken.push_back({refused.exchange, refused.uncounted, refused.first_wall_ms, refused.last_wall_ms});
            refused.uncounted = 0;
        }
    }
    return taken;
}

} // namespace sallyport::gateway
