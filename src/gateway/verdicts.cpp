#include "gateway/verdicts.h"

#include "base/clock.h"

#include <algorithm>

namespace sallyport::gateway {

std::uint64_t Verdicts::conversation(std::string_view person, std::string_view session) {
    if (session.empty()) return 0;
    const std::size_t a = std::hash<std::string_view>{}(person);
    const std::size_t b = std::hash<std::string_view>{}(session);
    return (a * 0x9E3779B97F4A7C15ull) ^ b;
}

policy::Class Verdicts::class_floor(std::uint64_t conversation, std::int64_t now_ms) {
    if (conversation == 0) return policy::Class::open_source;
    Shard& shard = shards_[conversation % shards];
    const std::lock_guard lock(shard.mutex);
    const Floor* floor = shard.floors.find(conversation);
    return floor == nullptr || floor->until_ms < now_ms ? policy::Class::open_source : floor->cls;
}

void Verdicts::raise_floor(std::uint64_t conversation, policy::Class cls, std::int64_t now_ms) {
    if (conversation == 0 || cls == policy::Class::open_source) return;
    Shard& shard = shards_[conversation % shards];
    const std::lock_guard lock(shard.mutex);
    const std::int64_t until_ms = now_ms + floor_ms_max;
    if (Floor* floor = shard.floors.find(conversation)) {
        floor->cls = floor->until_ms < now_ms ? cls : std::max(floor->cls, cls);
        floor->until_ms = until_ms;
    } else {
        shard.floors.add(conversation, {cls, until_ms}, limits::verdicts_remembered_max, now_ms, [](const Floor&) {});
    }
}

std::optional<std::string> Verdicts::repeat_of(std::uint64_t content, std::string_view exchange, std::int64_t now_ms) {
    Shard& shard = shards_[content % shards];
    const std::lock_guard lock(shard.mutex);
    const std::int64_t until_ms = now_ms + limits::verdict_ms_max;
    Refused* refused = shard.refused.find(content);
    if (refused != nullptr && refused->until_ms >= now_ms) {
        const std::int64_t now = wall_ms();
        if (refused->uncounted++ == 0) refused->first_wall_ms = now;
        refused->last_wall_ms = now;
        refused->until_ms = until_ms;
        return refused->exchange;
    }
    const auto keep_count = [&](const Refused& dropped) {
        if (dropped.uncounted > 0)
            shard.lost.push_back({dropped.exchange, dropped.uncounted, dropped.first_wall_ms, dropped.last_wall_ms});
    };
    if (refused != nullptr) {
        keep_count(*refused);
        *refused = {std::string(exchange), until_ms, 0, 0, 0};
    } else {
        shard.refused.add(content, {std::string(exchange), until_ms, 0, 0, 0}, limits::verdicts_remembered_max / shards,
                          now_ms, keep_count);
    }
    return std::nullopt;
}

std::vector<Verdicts::Repeats> Verdicts::take_repeats() {
    std::vector<Repeats> taken;
    for (Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        taken.insert(taken.end(), shard.lost.begin(), shard.lost.end());
        shard.lost.clear();
        for (auto& [content, refused] : shard.refused.map) {
            if (refused.uncounted == 0) continue;
            taken.push_back({refused.exchange, refused.uncounted, refused.first_wall_ms, refused.last_wall_ms});
            refused.uncounted = 0;
        }
    }
    return taken;
}

} // namespace sallyport::gateway
