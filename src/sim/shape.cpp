#include "sim/shape.h"

#include "sim/gzip.h"

#include <algorithm>
#include <array>

namespace sallyport::sim {

namespace {

void append(Composed& out, std::string_view event) {
    out.bytes += event;
    out.ends.push_back(out.bytes.size());
}

Composed front(const Composed& answer, std::size_t events) {
    Composed out;
    for (std::size_t i = 0; i < events; ++i) append(out, answer.range(i, i + 1));
    out.closing = std::min(answer.closing, events);
    return out;
}

// Each event is a block by itself; the trailer comes only where the answer does end.
Composed zipped(const Composed& answer, bool finishes) {
    StoredGzip gzip;
    Composed out;
    for (std::size_t i = 0; i < answer.count(); ++i) {
        std::string coded = i == 0 ? gzip.begin() : std::string();
        coded += gzip.add(answer.range(i, i + 1));
        if (finishes && i + 1 == answer.count()) coded += gzip.end();
        append(out, coded);
    }
    out.closing = answer.closing;
    return out;
}

} // namespace

Composed whole(std::string bytes) {
    Composed composed;
    composed.ends = {bytes.size() / 2, bytes.size()};
    composed.closing = 1;
    composed.bytes = std::move(bytes);
    return composed;
}

Shaped shape(const Composed& answer, bool streams, const Fault& fault, std::string_view error_event) {
    const std::size_t middle = (answer.closing + 1) / 2;
    Shaped shaped{{}, middle, true};
    switch (fault.end) {
    case Fault::End::early_end: shaped.events = front(answer, streams ? answer.closing : answer.count()); break;
    case Fault::End::error_event:
        shaped.events = front(answer, streams ? middle : answer.count());
        if (streams) append(shaped.events, error_event);
        break;
    case Fault::End::cut:
    case Fault::End::reset: {
        shaped.events = front(answer, middle);
        const std::string_view next = answer.range(middle, middle + 1);
        append(shaped.events, next.substr(0, next.size() / 2));
        shaped.finishes = false;
        break;
    }
    case Fault::End::bad_chunk:
        shaped.events = front(answer, middle);
        shaped.finishes = false;
        break;
    case Fault::End::whole: shaped.events = front(answer, answer.count()); break;
    }
    if (fault.length == Fault::Length::larger) shaped.finishes = false;
    if (fault.gzip) shaped.events = zipped(shaped.events, shaped.finishes || fault.length == Fault::Length::larger);
    return shaped;
}

std::string_view odd_piece(std::string_view bytes, std::size_t turn) {
    constexpr std::array<std::size_t, 6> lengths = {1, 7, 2, 13, 5, 3};
    std::size_t length = std::min(lengths[turn % lengths.size()], bytes.size());
    for (std::size_t i = 0; i < length; ++i)
        if (static_cast<unsigned char>(bytes[i]) >= 0xC0) length = i + 1; // behind a character's first byte
    return bytes.substr(0, length);
}

} // namespace sallyport::sim
