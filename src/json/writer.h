// Writes one JSON value, compact, members in the order of the calls. Call members in sorted order for canonical text (RFC
// 8785). Text that is not UTF-8 is written with U+FFFD. Appends to a string the caller owns and reuses.
//
//   Writer w(out); w.begin_object(); w.member("a", 1); w.begin_array("b"); w.element("x"); w.end_array(); w.end_object();
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::json {

class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    void begin_object() { open('{'); }
    void begin_object(std::string_view key) {
        name(key);
        open_raw('{');
    }
    void begin_array() { open('['); }
    void begin_array(std::string_view key) {
        name(key);
        open_raw('[');
    }
    void end_object() { close('}'); }
    void end_array() { close(']'); }

    void member(std::string_view key, std::string_view text) {
        name(key);
        string(text);
    }
    void member(std::string_view key, const char* text) { member(key, std::string_view(text)); }
    void member(std::string_view key, const std::string& text) { member(key, std::string_view(text)); }
    void member(std::string_view key, std::int64_t value) {
        name(key);
        number(value);
    }
    void member(std::string_view key, std::uint64_t value) {
        name(key);
        number(value);
    }
    void member(std::string_view key, int value) { member(key, std::int64_t{value}); }
    void member(std::string_view key, unsigned value) { member(key, std::uint64_t{value}); }
    void member(std::string_view key, bool value) {
        name(key);
        out_ += value ? "true" : "false";
    }
    void member_null(std::string_view key) {
        name(key);
        out_ += "null";
    }
    // `json` is already a JSON value.
    void member_raw(std::string_view key, std::string_view json) {
        name(key);
        out_ += json;
    }

    void element(std::string_view text) {
        separate();
        string(text);
    }
    void element(std::int64_t value) {
        separate();
        number(value);
    }
    void element_raw(std::string_view json) {
        separate();
        out_ += json;
    }

private:
    void separate() {
        if (comma_) out_ += ',';
        comma_ = true;
    }
    void open(char bracket) {
        separate();
        open_raw(bracket);
    }
    void open_raw(char bracket) {
        out_ += bracket;
        comma_ = false;
    }
    void close(char bracket) {
        out_ += bracket;
        comma_ = true;
    }
    void name(std::string_view key);
    void string(std::string_view text);
    void number(std::int64_t value);
    void number(std::uint64_t value);

    std::string& out_;
    bool comma_ = false;
};

} // namespace sallyport::json
