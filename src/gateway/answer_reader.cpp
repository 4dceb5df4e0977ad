#include "gateway/answer_reader.h"

#include "base/limits.h"

namespace sallyport::gateway {

void AnswerReader::event(std::string_view data) {
    if (data.empty() || data.front() != '{') return;
    data_.clear();
    data_.append(data);
    if (!document_.parse(data_.view())) return;
    texts_.event(document_, found_, ended_);
    for (const dialect::AnswerText& one : found_) {
        // OpenAI's Responses say everything once more when it is done.
        if (!one.is_delta && dialect_ == dialect::Dialect::openai_responses) continue;
        take(one, one.is_delta ? one.part : next_whole_++);
    }
}

void AnswerReader::body(std::string_view whole) {
    data_.clear();
    data_.append(whole);
    if (!document_.parse(data_.view())) return;
    texts_.body(document_, found_);
    for (const dialect::AnswerText& one : found_) take(one, next_whole_++);
}

void AnswerReader::take(const dialect::AnswerText& one, std::uint64_t part) {
    const std::string_view text = document_.text(one.node, scratch_);
    if (bytes_ + text.size() > limits::answer_watched_bytes_max) {
        whole_ = false;
        return;
    }
    bytes_ += text.size();
    Part& into = parts_[part];
    into.text += text;
    into.is_argument = into.is_argument || !one.tool.empty();
}

} // namespace sallyport::gateway
