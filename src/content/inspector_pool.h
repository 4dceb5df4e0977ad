// Inspectors for whichever thread needs one: a loop, or a worker with a large body.
#pragma once

#include "content/inspector.h"

#include <algorithm>
#include <mutex>

namespace sallyport::content {

class InspectorPool {
public:
    InspectorPool(std::shared_ptr<const Rules> rules, UnitMemory& memory, const crypto::UnitNamer& namer)
        : rules_(std::move(rules)), memory_(memory), namer_(namer) {}

    void inspect(const json::Document& document, std::span<const dialect::Unit> units, std::string_view beside,
                 Inspection& into) {
        std::unique_ptr<Inspector> inspector = take();
        inspector->inspect(document, units, into);
        inspector->inspect_beside(beside, true, into);
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(inspector));
    }
    // Whether there is a secret in a text that is about to be written down.
    bool holds_secret(std::string_view text) {
        Inspection beside;
        std::unique_ptr<Inspector> inspector = take();
        inspector->inspect_beside(text, false, beside);
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(inspector));
        return std::ranges::any_of(beside.findings,
                                   [](const Finding& one) { return one.found.kind == FindingKind::secret; });
    }
    const Rules& rules() const { return *rules_; }
    std::size_t units_remembered() const { return memory_.units(); }

private:
    std::unique_ptr<Inspector> take() {
        {
            const std::lock_guard lock(mutex_);
            if (!free_.empty()) {
                std::unique_ptr<Inspector> one = std::move(free_.back());
                free_.pop_back();
                return one;
            }
        }
        return std::make_unique<Inspector>(rules_, memory_, namer_);
    }

    std::shared_ptr<const Rules> rules_;
    UnitMemory& memory_;
    const crypto::UnitNamer& namer_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Inspector>> free_;
};

} // namespace sallyport::content
