#include "content/unit_memory.h"

#include <algorithm>

namespace sallyport::content {

UnitMemory::UnitMemory(std::size_t units_max)
    : generation_max_(std::max<std::size_t>(units_max / (2 * shards_.size()), 1)) {}

Recalled UnitMemory::recall(const crypto::UnitName& name, std::uint64_t epoch, std::vector<Found>& into,
                            Sources& sources) {
    Shard& in = shard(name);
    const std::lock_guard lock(in.mutex);
    const Known* const known = find(in, name);
    if (known == nullptr || (known->epoch != epoch && known->left.upstreams == 0)) return {};
    into.insert(into.end(), known->found.begin(), known->found.end());
    if (known->sources) sources.insert(sources.end(), known->sources->begin(), known->sources->end());
    return {known->epoch == epoch ? Recalled::As::current : Recalled::As::outdated, known->left};
}

void UnitMemory::remember(const crypto::UnitName& name, std::uint64_t epoch, const Left& left, std::vector<Found> found,
                          const Sources& sources) {
    Shard& in = shard(name);
    const std::lock_guard lock(in.mutex);
    make_room(in);
    in.young.insert_or_assign(
        name,
        Known{std::move(found), sources.empty() ? nullptr : std::make_unique<const Sources>(sources), epoch, left});
}

void UnitMemory::leave(const crypto::UnitName& name, const Left& to, bool acted_on,
                       std::span<const Found> let_through) {
    Shard& in = shard(name);
    const std::lock_guard lock(in.mutex);
    Known* const known = find(in, name);
    if (known == nullptr) return;
    if (known->left.speaker != to.speaker) known->left = {to.speaker, 0};
    known->left.upstreams |= to.upstreams;
    known->left.changed = to.changed;
    if (acted_on)
        for (Found& one : known->found) one.disclosed = false;
    for (const Found& passed : let_through)
        for (Found& one : known->found)
            if (one.begin == passed.begin && one.rule == passed.rule) one.disclosed = true;
}

UnitMemory::Known* UnitMemory::find(Shard& in, const crypto::UnitName& name) const {
    if (const auto young = in.young.find(name); young != in.young.end()) return &young->second;
    auto node = in.old.extract(name);
    if (node.empty()) return nullptr;
    make_room(in);
    return &in.young.insert(std::move(node)).position->second;
}

void UnitMemory::make_room(Shard& in) const {
    if (in.young.size() < generation_max_) return;
    in.old = std::move(in.young);
    in.young.clear();
}

std::size_t UnitMemory::units() const {
    std::size_t count = 0;
    for (const Shard& one : shards_) {
        const std::lock_guard lock(one.mutex);
        count += one.young.size() + one.old.size();
    }
    return count;
}

} // namespace sallyport::content
