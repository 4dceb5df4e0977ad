#include "gateway/answer_reader.h"

#include "base/limits.h"

#include <array>
#include <charconv>

namespace sallyport::gateway {

namespace {

// How the events begin that nearly all are, as vendors write them: what stands behind is the text, up to its quote. Whatever is written
// otherwise is parsed.
struct Mark {
    std::string_view before;
    bool is_argument = false;
};
constexpr std::array<std::array<Mark, 2>, 4> marks = {{
    {{{R"("delta":{"type":"text_delta","text":")"}, {R"("delta":{"type":"input_json_delta","partial_json":")", true}}},
    {{{R"({"type":"response.output_text.delta",)"}, {R"({"type":"response.function_call_arguments.delta",)", true}}},
    {{{R"("delta":{"content":")"}, {R"("delta":{"role":"assistant","content":")"}}},
    {{{R"({"candidates":[{"content":{"parts":[{"text":")"}, {}}},
}};
constexpr std::string_view responses_delta = R"("delta":")";

// The end of a JSON string that begins at `at`; npos where it has none.
std::size_t end_of_string(std::string_view data, std::size_t at) {
    for (auto quote = data.find('"', at); quote != std::string_view::npos; quote = data.find('"', quote + 1)) {
        std::size_t before = quote;
        while (before > at && data[before - 1] == '\\') --before;
        if ((quote - before) % 2 == 0) return quote;
    }
    return std::string_view::npos;
}

std::uint64_t number_behind(std::string_view data, std::string_view key) {
    std::uint64_t value = 0;
    if (const auto at = data.find(key); at != std::string_view::npos)
        std::from_chars(data.data() + at + key.size(), data.data() + data.size(), value);
    return value % 1'000'000;
}

// What one event is read into, kept by the thread: events come one behind the other.
struct Memory {
    Buffer data;
    json::Document document;
    std::vector<dialect::AnswerText> found;
    std::vector<std::uint64_t> ended;
};
Memory& memory_of_thread() {
    thread_local Memory memory;
    return memory;
}

} // namespace

// A delta that is written as they mostly are; false: it has to be parsed.
bool AnswerReader::take_plain_delta(std::string_view data) {
    for (const Mark& mark : marks[static_cast<std::size_t>(dialect_)]) {
        if (mark.before.empty()) continue;
        auto at = data.find(mark.before);
        if (at == std::string_view::npos) continue;
        at += mark.before.size();
        if (dialect_ == dialect::Dialect::openai_responses) {
            const auto delta = data.find(responses_delta, at);
            if (delta == std::string_view::npos) return false;
            at = delta + responses_delta.size();
        }
        const std::size_t end = end_of_string(data, at);
        // Several texts in one event: rare enough to be parsed.
        if (end == std::string_view::npos || data.find(mark.before, end) != std::string_view::npos) return false;
        if (dialect_ == dialect::Dialect::gemini && data.find(R"("text")", end) != std::string_view::npos) return false;
        if (dialect_ == dialect::Dialect::gemini && data.find(R"("functionCall")", end) != std::string_view::npos)
            return false;
        if (dialect_ == dialect::Dialect::openai_chat && data.find(R"("tool_calls")", end) != std::string_view::npos)
            return false;
        const std::string_view raw = data.substr(at, end - at);
        const std::string_view index =
            dialect_ == dialect::Dialect::openai_responses ? R"("output_index":)" : R"("index":)";
        scratch_.clear();
        if (raw.contains('\\')) json::unescape_what_is_escaped(raw, scratch_);
        take(scratch_.empty() ? raw : std::string_view(scratch_), number_behind(data, index), mark.is_argument);
        return true;
    }
    return false;
}

void AnswerReader::event(std::string_view data) {
    if (data.empty() || data.front() != '{' || take_plain_delta(data)) return;
    Memory& memory = memory_of_thread();
    memory.data.clear();
    memory.data.append(data);
    if (!memory.document.parse(memory.data.view())) return;
    texts_.event(memory.document, memory.found, memory.ended);
    for (const dialect::AnswerText& one : memory.found) {
        // OpenAI's Responses say everything once more when it is done.
        if (!one.is_delta && dialect_ == dialect::Dialect::openai_responses) continue;
        take(memory.document.text(one.node, scratch_), one.is_delta ? one.part : next_whole_++, !one.tool.empty());
    }
}

void AnswerReader::body(const json::Document& whole) {
    Memory& memory = memory_of_thread();
    texts_.body(whole, memory.found);
    for (const dialect::AnswerText& one : memory.found)
        take(whole.text(one.node, scratch_), next_whole_++, !one.tool.empty());
}

void AnswerReader::take(std::string_view text, std::uint64_t part, bool is_argument) {
    if (bytes_ + text.size() > limits::answer_watched_bytes_max) {
        whole_ = false;
        return;
    }
    bytes_ += text.size();
    Part& into = parts_[part];
    into.text += text;
    into.is_argument = into.is_argument || is_argument;
}

} // namespace sallyport::gateway
