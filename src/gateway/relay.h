// The answer's way back: streamed as it arrives, byte for byte, and watched in passing for usage, tool calls and its proper end.
#pragma once

#include "gateway/answer_reader.h"
#include "gateway/record.h"
#include "http/coding.h"
#include "http/event_stream.h"

#include <memory>

namespace sallyport::gateway {

// Looks at an answer as it passes; never changes it, never fails it.
class Watch {
public:
    Watch(const dialect::Endpoint& endpoint, const http::ResponseHead& head, dialect::Answer& answer);
    void see(std::string_view payload);
    void end(); // the body is whole

    bool is_events() const { return events_; }
    // What the model wrote; nothing where the answer could not be read.
    const AnswerReader& read() const { return reader_; }
    bool is_blind() const { return blind_; }
    bool is_plain() const { return decoder_ == nullptr && !blind_; } // no coding
    bool can_end_with_event() const;                                 // plain events, and not in the middle of a line

private:
    void look(std::string_view decoded);
    dialect::Endpoint endpoint_;
    AnswerReader reader_;
    dialect::Answer& answer_;
    bool events_ = false;
    bool blind_ = false; // a coding we do not know, or damaged: relayed unseen
    bool successful_ = false;
    std::unique_ptr<http::Decoder> decoder_;
    Buffer decoded_;
    http::EventStream stream_;
    Buffer body_; // grows in place where it is large
    char last_ = '\n';
};

// Relays the answer whose head was read. Ends every way an answer can end, in the client's dialect. The exchange is over after it.
net::Task<Attempted> relay(Turn& turn, http::ClientConnection& upstream, const http::ResponseHead& head);

} // namespace sallyport::gateway
