// Inspectors for whichever thread needs one: a loop keeps one for long, a worker takes one for a large body. The memory of units is one
// for all of them.
#pragma once

#include "content/inspector.h"

#include <mutex>

namespace sallyport::content {

class InspectorPool {
public:
    InspectorPool(UnitMemory& memory, const crypto::UnitNamer& namer) : memory_(memory), namer_(namer) {}

    // One that looks for what these rules say.
    std::unique_ptr<Inspector> take(const std::shared_ptr<const Rules>& rules) {
        {
            const std::lock_guard lock(mutex_);
            while (!free_.empty()) {
                std::unique_ptr<Inspector> one = std::move(free_.back());
                free_.pop_back();
                if (one->rules() == rules) return one;
            }
        }
        return std::make_unique<Inspector>(rules, memory_, namer_);
    }
    void give(std::unique_ptr<Inspector> one) {
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(one));
    }
    UnitMemory& memory() { return memory_; }

private:
    UnitMemory& memory_;
    const crypto::UnitNamer& namer_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Inspector>> free_;
};

} // namespace sallyport::content
