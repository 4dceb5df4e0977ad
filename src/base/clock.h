// Time. Wall time is for people and entries (milliseconds since 1970, UTC); monotonic time is for deadlines and durations.
#pragma once

#include <cstdint>
#include <string>

namespace sallyport {

std::int64_t wall_ms();
std::int64_t monotonic_ms(); // coarse: a vDSO read, some milliseconds off
std::int64_t monotonic_us();

// "2026-11-22T21:16:39.123Z" (RFC 3339).
std::string rfc3339(std::int64_t wall_ms);
// Accepts RFC 3339, a date ("2026-11-22") or a span back from now ("15m", "24h", "7d"). -1 where it is none of them.
std::int64_t parse_time(const std::string& text, std::int64_t now_wall_ms);

} // namespace sallyport
