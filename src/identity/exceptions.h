// Exceptions in force: who may do for a while what the policy refuses. A table is immutable; the gateway takes a new one when one
// is granted, approved or revoked. Time is asked for each request: an exception ends to the millisecond, without anybody looking.
#pragma once

#include "store/state.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport::identity {

inline constexpr std::string_view break_glass_prefix = "bg_";
inline constexpr std::int64_t break_glass_ms_max = 4 * 3'600'000;

std::string new_exception_id(bool break_glass);
// Granted, approved where that is needed, not revoked, not ended.
bool in_force(const store::ExceptionRecord& exception, std::int64_t now_ms);

class ExceptionTable {
public:
    ExceptionTable() = default;
    explicit ExceptionTable(store::ExceptionList all) : all_(std::move(all)) {}
    bool empty() const { return all_.empty(); }
    std::size_t break_glasses(std::int64_t now_ms) const; // in force

    // Calls found(record) for each that concerns the request and every repository that it names, in order of granting.
    template <class Found>
    void each(std::string_view person, std::string_view team, std::span<const std::string_view> repositories,
              std::int64_t now_ms, Found found) const {
        for (const store::ExceptionRecord& one : all_)
            if (in_force(one, now_ms) && std::ranges::all_of(repositories, [&](std::string_view repository) {
                    return concerns(one, person, team, repository);
                }))
                found(one);
    }

private:
    static bool concerns(const store::ExceptionRecord& one, std::string_view person, std::string_view team,
                         std::string_view repository);
    store::ExceptionList all_;
};

} // namespace sallyport::identity
