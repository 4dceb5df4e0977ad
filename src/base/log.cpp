#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <cstdio>
#include <unistd.h>

namespace sallyport {

namespace {
constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};
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
