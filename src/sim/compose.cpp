#include "sim/compose.h"

#include "sim/shape.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::sim {

void EventWriter::event(std::string_view name, std::string_view data) {
    if (!name.empty()) {
        out_.bytes += "event: ";
        out_.bytes += name;
        out_.bytes += '\n';
    }
    out_.bytes += "data: ";
    out_.bytes += data;
    raw("\n\n");
}

void EventWriter::raw(std::string_view bytes) {
    out_.bytes += bytes;
    out_.ends.push_back(out_.bytes.size());
}

std::string id_of(std::string_view prefix, std::uint64_t number) { return fmt::format("{}_sim_{:06}", prefix, number); }

std::vector<std::string_view> deltas_of(const Answer& answer) {
    constexpr std::size_t delta_bytes_min = 8;
    constexpr std::size_t delta_bytes_max = 4096;
    std::string_view text = answer.text;
    std::vector<std::string_view> deltas;
    const std::size_t even = answer.events != 0 ? text.size() / answer.events
                                                : std::clamp(text.size() / 6, delta_bytes_min, delta_bytes_max);
    const std::size_t step = std::max<std::size_t>(even, 1);
    while (!text.empty()) {
        std::size_t length = std::min(step, text.size());
        while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) ++length;
        if (answer.events != 0 && deltas.size() + 1 == answer.events) length = text.size();
        deltas.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return deltas;
}

Composed compose_events(const Answer& answer) {
    Composed composed;
    EventWriter writer(composed);
    switch (answer.dialect) {
    case Dialect::anthropic_messages: compose_anthropic(answer, writer); break;
    case Dialect::openai_responses: compose_responses(answer, writer); break;
    case Dialect::openai_chat: compose_chat(answer, writer); break;
    case Dialect::gemini: compose_gemini(answer, writer); break;
    }
    return composed;
}

Composed compose_body(const Answer& answer) {
    switch (answer.dialect) {
    case Dialect::anthropic_messages: return whole(anthropic_body(answer));
    case Dialect::openai_responses: return whole(responses_body(answer));
    case Dialect::openai_chat: return whole(chat_body(answer));
    case Dialect::gemini: return whole(gemini_body(answer));
    }
    return {};
}

} // namespace sallyport::sim
