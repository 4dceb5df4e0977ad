#include "content/unit_memory.h"

#include <algorithm>

namespace sallyport::content {

UnitMemory::UnitMemory(std::size_t units_max)
    : generation_max_(std::max<std::size_t>(units_max / (2 * shards_.size()), 1)) {}

// Mostly the newest, which is known without a lock: 40 bits of the epoch and 24 of its number, so that no thread sees one without the other.
std::uint32_t UnitMemory::sequence_of(std::uint64_t epoch) {
    constexpr unsigned number_bits = 24;
    const std::uint64_t mixed = (epoch * 0x9E3779B97F4A7C15ull | 1ull << 63) >> number_bits << number_bits;
    const std::uint64_t newest = newest_.load(std::memory_order_acquire);
    if (newest >> number_bits == mixed >> number_bits) return static_cast<std::uint32_t>(newest & 0xFFFFFF);
    const std::lock_guard lock(epochs_mutex_);
    auto known = std::ranges::find(epochs_, epoch);
    if (known == epochs_.end()) {
        known = epochs_.insert(epochs_.end(), epoch);
        newest_.store(mixed | epochs_.size(), std::memory_order_release);
    }
    return static_cast<std::uint32_t>(known - epochs_.begin() + 1);
}

Recalled UnitMemory::recall(const crypto::UnitName& name, std::uint64_t epoch, std::uint64_t speaker,
                            std::vector<Found>& into, Sources& sources, std::vector<Left>& lefts) {
    const std::uint32_t sequence = sequence_of(epoch);
    Shard& in = shard(name);
    const std::lock_guard lock(in.mutex);
    const Known* const known = find(in, name);
    if (known == nullptr) return {false, sequence};
    for (const Left& one : known->lefts)
        if (one.speaker == speaker) lefts.push_back(one);
    const bool current = known->epoch == epoch;
    if (current || !known->lefts.empty()) {
        into.insert(into.end(), known->found.begin(), known->found.end());
        if (known->sources) sources.insert(sources.end(), known->sources->begin(), known->sources->end());
    }
    return {current, sequence};
}

void UnitMemory::remember(const crypto::UnitName& name, std::uint64_t epoch, std::vector<Found> found,
                          const Sources& sources) {
    Shard& in = shard(name);
    const std::lock_guard lock(in.mutex);
    Known* known = find(in, name);
    if (known == nullptr) {
        make_room(in);
        known = &in.young[name];
    }
    known->found = std::move(found);
    known->sources = sources.empty() ? nullptr : std::make_unique<const Sources>(sources);
    known->epoch = epoch;
}

void UnitMemory::remember_unfound(const crypto::UnitName& name) { remember(name, 0, {}, {}); }

void UnitMemory::leave(const crypto::UnitName& name, Left left) {
    Shard& in = shard(name);
    const std::lock_guard lock(in.mutex);
    Known* const known = find(in, name);
    if (known == nullptr) return;
    std::erase_if(known->lefts,
                  [&](const Left& one) { return one.speaker == left.speaker && one.upstream == left.upstream; });
    if (known->lefts.size() == lefts_max) known->lefts.erase(known->lefts.begin());
    known->lefts.push_back(std::move(left));
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
