// What the model wrote, gathered from an answer as it passes, to be inspected at its end: texts and arguments of tools, free of escapes. Thought
// is left out.
#pragma once

#include "base/buffer.h"
#include "dialect/answer_texts.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

class AnswerReader {
public:
    explicit AnswerReader(dialect::Dialect dialect) : dialect_(dialect), texts_(dialect) {}
    void event(std::string_view data);      // one of a stream
    void body(const json::Document& whole); // an answer that is one JSON text

    struct Part {
        std::string text;
        bool is_argument = false; // of a tool
    };
    // By part of the answer.
    const std::map<std::uint64_t, Part>& parts() const { return parts_; }
    std::size_t bytes() const { return bytes_; }
    bool whole() const { return whole_; } // false: beyond limits::answer_watched_bytes_max it was left alone

private:
    bool take_plain_delta(std::string_view data);
    void take(std::string_view text, std::uint64_t part, bool is_argument);

    dialect::Dialect dialect_;
    dialect::AnswerTexts texts_;
    std::map<std::uint64_t, Part> parts_;
    std::uint64_t next_whole_ = 1ull << 40; // parts that come as one piece
    std::size_t bytes_ = 0;
    bool whole_ = true;
    std::string scratch_;
};

} // namespace sallyport::gateway
