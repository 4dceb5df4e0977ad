// For tests: what must hold of any bytes given to decode() and to the segment reader. The body of test/fuzz/fuzz_entry.cpp, and
// of the unit test over its corpus.
#pragma once

#include "base/limits.h"
#include "crypto/crypto.h"
#include "ledger/entry.h"
#include "ledger/segment.h"

#include <cstdlib>
#include <string>
#include <string_view>

namespace sallyport::fuzz {

inline void require_of_ledger(bool holds) {
    if (!holds) std::abort();
}

// What can be read can be written, and reads back as the same.
inline void check_entry_text(std::string_view input) {
    const auto entry = ledger::decode(input);
    if (!entry) return require_of_ledger(!entry.error().message.empty());
    std::string once, twice;
    ledger::encode(*entry, once);
    if (once.size() > limits::entry_bytes_max) return;
    const auto again = ledger::decode(once);
    require_of_ledger(again && again->kind() == entry->kind() && again->at_ms() == entry->at_ms());
    ledger::encode(*again, twice);
    require_of_ledger(once == twice);
}

// Any bytes behind a header: the reader stays inside, ends, and what it calls whole is whole.
inline void check_frames(std::string_view input) {
    ledger::LoadedSegment segment;
    segment.header = {7, 0, "fuzz"};
    segment.bytes.append(ledger::encode_segment_header(segment.header));
    segment.bytes.append(input);
    const auto end = ledger::find_end(segment, "fuzz.seg");
    if (!end) return;
    require_of_ledger(end->bytes >= ledger::segment_header_bytes &&
                      end->bytes + end->torn_bytes == segment.bytes.size());
    require_of_ledger(end->next_index >= 7);
}

// The bytes as an entry of ours: read back exactly, and not at all when the last byte is missing.
inline void check_frame_of(std::string_view input) {
    if (input.empty() || input.size() > limits::entry_bytes_max) return;
    Buffer frame;
    ledger::append_frame(frame, 3, input, crypto::crc32c(input));
    ledger::FrameReader whole(frame.view(), 0, 3);
    require_of_ledger(whole.next() == ledger::FrameReader::State::entry && whole.entry() == input);
    require_of_ledger(whole.next() == ledger::FrameReader::State::end);
    ledger::FrameReader cut(frame.view().substr(0, frame.size() - 1), 0, 3);
    require_of_ledger(cut.next() == ledger::FrameReader::State::incomplete);
}

inline void check_entry(std::string_view input) {
    check_entry_text(input);
    check_frames(input);
    check_frame_of(input);
    if (const auto header = ledger::decode_segment_header(input, "fuzz.seg"))
        require_of_ledger(ledger::encode_segment_header(*header).size() == ledger::segment_header_bytes);
    if (const auto id = ledger::parse_entry_id(input)) require_of_ledger(!id->origin.empty());
}

} // namespace sallyport::fuzz
