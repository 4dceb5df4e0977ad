#include "base/log.h"

#include "base/clock.h"

#include <cstdio>
#include <unistd.h>

namespace sallyport {

namespace {
constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};

// Length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629 table), 0 where there is none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        if (!follows(1) || !follows(2)) return 0;
        if (first == 0xE0 && byte(1) < 0xA0) return 0;
        if (first == 0xED && byte(1) > 0x9F) return 0;
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if (!follows(1) || !follows(2) || !follows(3)) return 0;
        if (first == 0xF0 && byte(1) < 0x90) return 0;
        if (first == 0xF4 && byte(1) > 0x8F) return 0;
        return 4;
    }
    return 0;
}
} // namespace

void append_json_escaped(std::string& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            std::size_t end = i + 1;
            while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x20 &&
                   static_cast<unsigned char>(text[end]) < 0x80 && text[end] != '"' && text[end] != '\\')
                ++end;
            out.append(text, i, end - i);
            i = end;
            continue;
        }
        if (c >= 0x80) {
            const std::size_t length = utf8_length(text.substr(i));
            if (length == 0) {
                out += "\xEF\xBF\xBD";
                ++i;
            } else {
                out.append(text, i, length);
                i += length;
            }
            continue;
        }
        switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        default: {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", c);
            out += escape;
        }
        }
        ++i;
    }
}

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const {
    if (level < least_) return;
    std::string line = "{\"time\":\"" + rfc3339(wall_ms()) + "\",\"level\":\"";
    line += level_names[static_cast<std::size_t>(level)];
    line += "\",\"event\":\"";
    append_json_escaped(line, event);
    line += '"';
    for (const LogField& field : fields) {
        line += ",\"";
        append_json_escaped(line, field.name);
        line += "\":";
        if (field.is_number) {
            line += std::to_string(field.number);
        } else {
            line += '"';
            append_json_escaped(line, field.text);
            line += '"';
        }
    }
    line += "}\n";
    // A log that cannot be written must not stop traffic; what must not be lost is in the ledger.
    [[maybe_unused]] const ssize_t written = ::write(descriptor_, line.data(), line.size());
}

} // namespace sallyport
