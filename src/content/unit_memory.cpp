#include "content/unit_memory.h"

#include <algorithm>

namespace sallyport::content {

UnitMemory::UnitMemory(std::size_t units_max)
    : generation_max_(std::max<std::size_t>(units_max / (2 * shards_.size()), 1)) {}

bool UnitMemory::recall(const crypto::UnitName& name, std::vector<Found>& into) {
    Shard& in = shard(name);
    const std::lock_guard lock(in.mutex);
    if (const auto young = in.young.find(name); young != in.young.end()) {
        into.insert(into.end(), young->second.begin(), young->second.end());
        return true;
    }
    const auto old = in.old.find(name);
    if (old == in.old.end()) return false;
    into.insert(into.end(), old->second.begin(), old->second.end());
    auto found = std::move(old->second);
    in.old.erase(old);
    put(in, name, std::move(found));
    return true;
}

void UnitMemory::remember(const crypto::UnitName& name, std::vector<Found> found) {
    Shard& in = shard(name);
    const std::lock_guard lock(in.mutex);
    put(in, name, std::move(found));
}

void UnitMemory::put(Shard& in, const crypto::UnitName& name, std::vector<Found> found) {
    if (in.young.size() >= generation_max_) {
        in.old = std::move(in.young);
        in.young.clear();
    }
    in.young.insert_or_assign(name, std::move(found));
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
