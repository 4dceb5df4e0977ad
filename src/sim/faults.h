// What goes wrong on purpose. A fault is written as words with commas between them, and said by --fault, by the header
// `x-vendor-fault` or by `vendor:fault(…)` in the newest user text; of a request's own fault the header wins.
//
//   status=N            answers with that status and the dialect's error     retry-after=S  … with that header
//   html                … with a page instead of JSON, as proxies do
//   hang                no answer at all                                     gzip           Content-Encoding: gzip
//   stall=MS            half of the answer, silence, the rest                gate           each event waits for GET /vendor/next
//   ping[=MS]           half of the answer, then pings every MS (1000)       pace=MS        a pause before each event
//   drip=MS             one byte at a time                                   half-event     writes end inside events and characters
//   wrong-length        Content-Length is larger than what comes             short-length   … is smaller than what comes
// and at most one end that is none:
//   cut                 closed in the middle of an event                     reset          … by RST
//   early-end           a proper end without the closing events              error-event    the dialect's error in mid-stream
//   bad-chunk           a chunk whose size is no number
//   before-head         cut and reset strike before a byte of the answer
// which may be limited:
//   first=N             only the first N model calls                         streaming      only answers that stream
//   rate=P              by chance, 0 to 1; the seed and the number of the call decide, so a run can be repeated
//
// An answer that does not stream has no events: early-end, error-event, ping and gate leave it whole.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sim {

struct Fault {
    enum class End : std::uint8_t { whole, cut, reset, early_end, error_event, bad_chunk };
    enum class Length : std::uint8_t { right, larger, smaller };

    std::string spec; // as it was written
    int status = 0;
    std::int64_t retry_after_s = -1;
    bool html = false;
    bool hang = false;
    bool before_head = false;
    bool half_event = false;
    bool gzip = false;
    bool gate = false;
    End end = End::whole;
    Length length = Length::right;
    std::int64_t stall_ms = 0;
    std::int64_t ping_ms = 0;
    std::int64_t drip_ms = -1;
    std::int64_t pace_ms = 0;

    bool streaming_only = false;
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    double rate = 1;

    // The whole answer leaves as fast as it can, untouched.
    bool harmless() const;
};

// Errors name the word that is not understood, or the two that exclude each other.
Result<Fault> parse_fault(std::string_view spec);

// Whether `fault` strikes model call `call` (from 1). Pure.
bool strikes(const Fault&, std::uint64_t call, bool streams, std::uint64_t seed);

} // namespace sallyport::sim
