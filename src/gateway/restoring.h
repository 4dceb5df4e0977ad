// An answer on its way back in which what was redacted in its request is put back: into the texts that people read and into the arguments of
// tools that change files, also where a placeholder is split over events. All other bytes pass as they came.
#pragma once

#include "base/buffer.h"
#include "content/restore.h"
#include "dialect/answer_texts.h"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

class Restoring {
public:
    // `tools`: names of tools into whose arguments it is put back.
    Restoring(dialect::Dialect dialect, std::vector<content::Replacement> replacements,
              std::span<const std::string> tools)
        : texts_(dialect), restorer_(std::move(replacements)), tools_(tools) {}

    // Of a stream of events: appends what may go on to `out`. An event beyond limits::event_bytes_max passes as it came.
    void feed(std::string_view bytes, std::string& out);
    // Of a stream that ends: what is left of it.
    void end(std::string& out);
    // Of an answer that is one JSON text; as it came where it cannot be read.
    std::string body(std::string_view whole);

    std::size_t restored() const { return restored_; }

private:
    struct Held { // the beginning of a placeholder at the end of a part's last event, and how to say it after all
        std::string text, block;
        std::size_t begin = 0, end = 0; // of the string within the block
    };
    void block(std::string_view bytes, std::string& out);
    bool may_restore(std::string_view tool) const;
    void flush(Held& held, std::string& out);

    dialect::AnswerTexts texts_;
    content::Restorer restorer_;
    std::span<const std::string> tools_;
    std::map<std::uint64_t, Held> held_;        // by part
    std::map<std::uint64_t, std::string> word_; // of a part of a text: what its last event ended in
    std::string pending_;                       // the event that is not whole yet
    bool passing_ = false;                      // it was too large: the rest of it goes by
    Buffer data_;
    json::Document document_;
    std::vector<dialect::AnswerText> found_;
    std::vector<std::uint64_t> ended_;
    std::size_t restored_ = 0;
};

} // namespace sallyport::gateway
