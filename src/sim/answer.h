// What the simulated vendor says, and how each dialect writes it: as one body or as the events of a stream.
//
// An answer is a function of its request: no clock and no chance in it, so that a test can compare bytes and a benchmark can
// compose once. Free functions, any thread.
#pragma once

#include "dialect/dialect.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sim {

using dialect::Dialect;

// A tool the client shall run. `arguments`: a JSON object, or for a custom tool of openai-responses the tool's own text.
struct ToolCall {
    std::string name; // empty: no call
    std::string arguments;
    bool custom = false;
};

// All input tokens are `input`; some of them were read from the prompt cache or written to it.
struct TokenCounts {
    std::uint64_t input = 0;
    std::uint64_t cache_read = 0;
    std::uint64_t cache_write = 0;
    std::uint64_t output = 0;
};

struct Answer {
    Dialect dialect = Dialect::anthropic_messages;
    std::string model;
    std::uint64_t number = 0; // makes the ids
    std::string text;         // said where no tool is called
    ToolCall call;
    std::size_t events = 0; // text deltas of a stream; 0: as the length of the text suggests
    TokenCounts tokens;
    bool usage_in_stream = true; // openai-chat tells it only where it was asked to
    bool server_sent = true;     // gemini: server-sent events, else a JSON array that grows
};

// An answer as bytes, cut where its events end. Those from `closing` on tell that the answer is whole.
struct Composed {
    std::string bytes;
    std::vector<std::size_t> ends;
    std::size_t closing = 0;

    std::size_t count() const { return ends.size(); }
    std::size_t begin_of(std::size_t event) const { return event == 0 ? 0 : ends[event - 1]; }
    // Events [first, last) in one piece.
    std::string_view range(std::size_t first, std::size_t last) const {
        const std::size_t begin = begin_of(first);
        return std::string_view(bytes).substr(begin, begin_of(last) - begin);
    }
};

Composed compose_events(const Answer&);
// Cut in two in the middle, for faults that strike there.
Composed compose_body(const Answer&);

// The dialect's own errors, in the shapes that vendors send.
std::string error_body(Dialect, int status, std::string_view message);
std::string error_event(Dialect, std::string_view message, bool server_sent);
// Keeps a stream open and means nothing.
std::string ping_event(Dialect, bool server_sent);
std::string token_count_body(Dialect, std::uint64_t tokens);
std::string model_list_body(Dialect);

} // namespace sallyport::sim
