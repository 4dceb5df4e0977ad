// For tests: what must hold of any event or body of an answer, and of any sentence in a refusal. The body of
// test/fuzz/fuzz_event.cpp, and of the unit test over its corpus. The input: one digit for the dialect, the event's name up to a newline, then the data.
#pragma once

#include "base/buffer.h"
#include "dialect/dialect.h"
#include "json/json_check.h"

#include <string>
#include <string_view>

namespace sallyport::fuzz {

inline void check_answer(const dialect::Answer& answer) {
    require(answer.model.size() <= 256 && answer.id.size() <= 256 && answer.stop_reason.size() <= 256);
    require(answer.error_type.size() <= 256 && answer.error_message.size() <= 2048);
    require(answer.tool_calls.size() <= 256);
    for (const std::int64_t count : {answer.usage.input_tokens, answer.usage.output_tokens,
                                     answer.usage.cache_read_tokens, answer.usage.cache_write_tokens})
        require(count >= -1);
}

inline bool is_json(std::string_view text) {
    const Buffer raw(text);
    json::Document document;
    return document.parse(raw.view()).has_value();
}

inline void check_event(std::string_view input) {
    if (input.empty() || input[0] < '0' || input[0] > '3') return;
    const auto spoken = static_cast<dialect::Dialect>(input[0] - '0');
    input.remove_prefix(1);
    const std::size_t line = input.find('\n');
    const std::string_view event = line == std::string_view::npos ? std::string_view() : input.substr(0, line);
    const std::string_view data = line == std::string_view::npos ? input : input.substr(line + 1);

    dialect::Answer answer;
    dialect::watch_event(spoken, event, data, answer);
    dialect::watch_event(spoken, {}, data, answer);
    dialect::watch_event(spoken, event, data, answer);
    check_answer(answer);
    dialect::Answer whole;
    dialect::Endpoint endpoint{spoken, dialect::Operation::generate, {}, false, {}};
    dialect::watch_body(endpoint, data, whole);
    endpoint.operation = dialect::Operation::count_tokens;
    dialect::watch_body(endpoint, data, whole);
    check_answer(whole);

    // Whatever is said, the body is JSON and no header line is broken.
    for (const auto kind : {dialect::RefusalKind::policy, dialect::RefusalKind::unavailable}) {
        const dialect::Refusal refusal = dialect::refuse(spoken, event, kind, data, event);
        require(is_json(refusal.body) && refusal.status >= 400 && refusal.status < 600);
        for (std::size_t i = 0; i < refusal.extra_headers.size(); ++i) {
            const char c = refusal.extra_headers[i];
            if (c == '\n')
                require(i > 0 && refusal.extra_headers[i - 1] == '\r');
            else
                require(c == '\r' || (c >= ' ' && c < 0x7f));
        }
    }
    const std::string error = dialect::stream_error(spoken, data, event);
    require(error.ends_with("\n\n") && error.find("\n\n") == error.size() - 2);
    require(is_json(std::string_view(error).substr(error.find("data: ") + 6)));
}

} // namespace sallyport::fuzz
