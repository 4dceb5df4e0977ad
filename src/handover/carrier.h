// Brings a batch to a destination and tells whether it was acknowledged:
//   http    any status 2xx; the collector of Splunk besides says code 0
//   syslog  has no acknowledgement: the bytes were taken, and the connection stayed open for limits::handover_settle_ms
//   file    appended and synced
// A coroutine of the handover's loop; one batch at a time.
#pragma once

#include "handover/destination.h"
#include "handover/measures.h"
#include "net/loop.h"

#include <string>

namespace sallyport::handover {

// Events as the destination's format writes them, not framed as a whole yet.
class Batch {
public:
    void clear();
    void add(const Destination& destination, const Event& event);
    std::size_t events() const { return events_; }
    std::size_t bytes() const { return text_.size(); } // 0 of metrics: there are not more than events
    // The request's body, the frames, or the lines.
    std::string body(const Destination& destination, std::string_view origin) const;

private:
    std::string text_, scratch_;
    Measures measures_; // of Format::otlp_metrics, which has no text of one event
    std::size_t events_ = 0;
};

// What came of a batch that arrived.
struct Delivered {
    std::uint64_t rejected =
        0; // events that an OTLP collector took for good and refused to keep: asking again is no use
};

// Why it did not arrive; `too_large`: a smaller one may.
struct Undelivered {
    std::string why; // a sentence without secrets, for the log
    bool too_large = false;
};
using Delivery = std::expected<Delivered, Undelivered>;

class Carrier {
public:
    Carrier(net::Loop& loop, http::Pool& pool) : loop_(loop), pool_(pool) {}

    net::Task<Delivery> carry(const Destination& destination, const std::string& body);
    // Of another destination of the same name: what is open is closed.
    void forget() { stream_.reset(); }

private:
    net::Task<Delivery> post(const Destination& destination, const std::string& body, bool fresh, bool* again);
    net::Task<Delivery> stream(const Destination& destination, const std::string& body);
    net::Loop& loop_;
    http::Pool& pool_;
    std::unique_ptr<http::ClientConnection> stream_; // syslog: kept open
};

// Appends whole lines and syncs; a line that a crash cut off is ended first, so that the next one stays whole.
Delivery append_to_file(const std::filesystem::path& file, std::string_view lines);

// What an answer of 2xx says of the batch: Splunk's code, OTLP's rejected spans or data points. Pure.
Delivery read_acknowledgement(Format format, std::string_view answer);

} // namespace sallyport::handover
