// Does the wall clock go with time? A clock that is wrong once must not destroy what a policy keeps for months, and whoever reads entries
// should know that it was moved. Pure: told both clocks every few seconds.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace sallyport::gateway {

class ClockWatch {
public:
    // `noted_ms`: wall time that was noted before this start; 0: none was.
    ClockWatch(std::int64_t noted_ms, std::int64_t wall_ms, std::int64_t monotonic_ms)
        : wall_ms_(wall_ms), monotonic_ms_(monotonic_ms) {
        if (noted_ms == 0) return;
        const std::int64_t since_ms = wall_ms - noted_ms;
        if (since_ms < -told_ms) moved_ms_ = since_ms;
        if (since_ms < -distrusted_ms || since_ms > pause_ms) distrust(monotonic_ms);
    }

    // By how much it was moved since the look before, 0 where it was not.
    std::int64_t look(std::int64_t wall_ms, std::int64_t monotonic_ms) {
        const std::int64_t moved_ms = wall_ms - wall_ms_ - (monotonic_ms - monotonic_ms_);
        wall_ms_ = wall_ms;
        monotonic_ms_ = monotonic_ms;
        if (std::abs(moved_ms) > distrusted_ms) distrust(monotonic_ms);
        return std::abs(moved_ms) > told_ms ? moved_ms : 0;
    }
    // How far it was behind what had been noted at the start; 0: it was not.
    std::int64_t behind_ms() const { return -moved_ms_; }
    // False for a day after it was moved by more than an hour, or had been away for more than a month: by then somebody has seen it.
    bool is_trusted(std::int64_t monotonic_ms) const { return monotonic_ms >= trusted_from_ms_; }

private:
    static constexpr std::int64_t minute_ms = 60'000, day_ms = 24 * 60 * minute_ms;
    static constexpr std::int64_t told_ms = minute_ms, distrusted_ms = 60 * minute_ms, pause_ms = 31 * day_ms;
    void distrust(std::int64_t monotonic_ms) { trusted_from_ms_ = monotonic_ms + day_ms; }

    std::int64_t wall_ms_, monotonic_ms_;
    std::int64_t moved_ms_ = 0;
    std::int64_t trusted_from_ms_ = INT64_MIN;
};

} // namespace sallyport::gateway
