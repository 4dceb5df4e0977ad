// Findings that somebody says are none, for a while. Immutable; the gateway takes a new table when one is disputed or withdrawn.
#pragma once

#include "store/state.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace sallyport::identity {

inline constexpr std::string_view finding_prefix = "n_";

inline bool in_force(const store::DisputeRecord& dispute, std::int64_t now_ms) {
    return dispute.withdrawn_ms == 0 && now_ms >= dispute.disputed_ms && now_ms < dispute.until_ms;
}

class DisputeTable {
public:
    DisputeTable() = default;
    explicit DisputeTable(store::DisputeList all) : all_(std::move(all)) {
        std::ranges::sort(all_, {}, &store::DisputeRecord::finding);
    }
    bool empty() const { return all_.empty(); }
    std::size_t size() const { return all_.size(); }
    bool hold(std::string_view finding, std::string_view rule, std::int64_t now_ms) const {
        const auto of_finding = std::ranges::equal_range(
            all_, finding, {}, [](const store::DisputeRecord& one) { return std::string_view(one.finding); });
        return std::ranges::any_of(of_finding,
                                   [&](const auto& one) { return one.rule == rule && in_force(one, now_ms); });
    }

private:
    store::DisputeList all_; // by finding
};

} // namespace sallyport::identity
