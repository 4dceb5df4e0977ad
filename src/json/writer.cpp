#include "json/writer.h"

#include "base/log.h"

#include <charconv>

namespace sallyport::json {

void Writer::name(std::string_view key) {
    separate();
    string(key);
    out_ += ':';
}

void Writer::string(std::string_view text) {
    out_ += '"';
    append_json_escaped(out_, text);
    out_ += '"';
}

void Writer::number(std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
}

void Writer::number(std::uint64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
}

} // namespace sallyport::json
