// Does the wall clock go with time? A clock that is wrong once must not destroy what a policy keeps for months, and whoever reads entries
// should know that it was moved. Pure: told both clocks every few seconds.
//
// Where it cannot be trusted, it is again after a day of running, in all, however often the gateway was started meanwhile: by then
// somebody has seen it.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace sallyport::gateway {

class ClockWatch {
public:
    // `noted_ms`: wall time when the clock was trusted last, before this start; 0: never, it is the first one. `waited_ms`: how long the
    // gateway ran since it was not; -1: it was.
    ClockWatch(std::int64_t noted_ms, std::int64_t waited_ms, std::int64_t wall_ms, std::int64_t monotonic_ms)
        : wall_ms_(wall_ms), monotonic_ms_(monotonic_ms), counted_from_ms_(monotonic_ms), waited_ms_(waited_ms) {
        if (noted_ms == 0) return;
        const std::int64_t since_ms = wall_ms - noted_ms;
        if (since_ms < -told_ms) behind_ms_ = -since_ms;
        if (waited_ms_ < 0 && (since_ms < -distrusted_ms || since_ms > pause_ms)) waited_ms_ = 0;
    }

    // By how much it was moved since the look before, 0 where it was not.
    std::int64_t look(std::int64_t wall_ms, std::int64_t monotonic_ms) {
        const std::int64_t moved_ms = wall_ms - wall_ms_ - (monotonic_ms - monotonic_ms_);
        wall_ms_ = wall_ms;
        monotonic_ms_ = monotonic_ms;
        if (std::abs(moved_ms) > distrusted_ms) {
            waited_ms_ = 0;
            counted_from_ms_ = monotonic_ms;
        }
        if (waited_ms(monotonic_ms) >= day_ms) waited_ms_ = -1;
        return std::abs(moved_ms) > told_ms ? moved_ms : 0;
    }
    // How far it was behind what had been noted at the start; 0: it was not.
    std::int64_t behind_ms() const { return behind_ms_; }
    bool is_trusted() const { return waited_ms_ < 0; }
    // For the next start, as above.
    std::int64_t waited_ms(std::int64_t monotonic_ms) const {
        return waited_ms_ < 0 ? -1 : waited_ms_ + monotonic_ms - counted_from_ms_;
    }

private:
    static constexpr std::int64_t minute_ms = 60'000, day_ms = 24 * 60 * minute_ms;
    // Moved by more than that is told, or not trusted; and what has not run for so long is not trusted to know the time.
    static constexpr std::int64_t told_ms = minute_ms, distrusted_ms = 60 * minute_ms, pause_ms = 2 * day_ms;

    std::int64_t wall_ms_, monotonic_ms_, counted_from_ms_, waited_ms_;
    std::int64_t behind_ms_ = 0;
};

} // namespace sallyport::gateway
