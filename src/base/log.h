// One JSON object per line on standard error or a file: {"time":…,"level":…,"event":…, fields…}. Thread-safe: a line is one
// write(2). Values are strings or numbers; a Secret has no way in.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace sallyport {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct LogField {
    std::string_view name;
    std::string_view text;
    std::int64_t number = 0;
    bool is_number = false;
    LogField(std::string_view n, std::string_view t) : name(n), text(t) {}
    LogField(std::string_view n, const char* t) : name(n), text(t) {}
    LogField(std::string_view n, std::int64_t v) : name(n), number(v), is_number(true) {}
};

class Log {
public:
    explicit Log(int descriptor = 2, LogLevel least = LogLevel::info) : descriptor_(descriptor), least_(least) {}
    void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {}) const;
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::info, event, fields);
    }
    void warning(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::warning, event, fields);
    }
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::error, event, fields);
    }

private:
    int descriptor_;
    LogLevel least_;
};

// `text` as the inside of a JSON string (RFC 8259 section 7); bytes that are not UTF-8 become U+FFFD.
void append_json_escaped(std::string& out, std::string_view text);

} // namespace sallyport
