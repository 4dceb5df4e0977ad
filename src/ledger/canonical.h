// Canonical JSON (RFC 8785) as literals with values between them: the caller writes members in sorted order. Appends only.
// Texts of plain ASCII, nearly all of them, are found eight bytes at a time and copied.
#pragma once

#include "crypto/crypto.h"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sallyport::ledger {

void append_escaped(std::string& out, std::string_view text); // any text; lone surrogates (WTF-8) as \udxxx

class Canonical {
public:
    explicit Canonical(std::string& out) : out_(out) {}

    // `literal` is the JSON up to the value: `,"key":`.
    void raw(std::string_view literal) { out_.append(literal); }
    void text(std::string_view literal, std::string_view value) {
        out_.append(literal);
        quoted(value);
    }
    // Left out where empty.
    void text_if(std::string_view literal, std::string_view value) {
        if (!value.empty()) text(literal, value);
    }
    void number(std::string_view literal, std::int64_t value) {
        out_.append(literal);
        digits(value);
    }
    void number(std::string_view literal, std::uint64_t value) {
        out_.append(literal);
        digits(value);
    }
    void number(std::string_view literal, std::uint32_t value) { number(literal, std::uint64_t{value}); }
    void number(std::string_view literal, int value) { number(literal, std::int64_t{value}); }
    void truth(std::string_view literal, bool value) {
        out_.append(literal);
        out_.append(value ? std::string_view("true") : std::string_view("false"));
    }
    template <class Texts> void texts(std::string_view literal, const Texts& values) {
        out_.append(literal);
        out_ += '[';
        bool first = true;
        for (const std::string_view value : values) {
            if (!first) out_ += ',';
            first = false;
            quoted(value);
        }
        out_ += ']';
    }
    void quoted(std::string_view value) {
        out_ += '"';
        if (plain(value))
            out_.append(value);
        else
            append_escaped(out_, value);
        out_ += '"';
    }
    void digest(std::string_view literal, const crypto::Digest& digest, bool keyed) {
        constexpr char digits[] = "0123456789abcdef";
        out_.append(literal);
        out_.append(keyed ? std::string_view("\"hmac-sha256:") : std::string_view("\"sha256:"));
        char hex[64];
        for (std::size_t i = 0; i < digest.size(); ++i) {
            hex[2 * i] = digits[static_cast<unsigned char>(digest[i]) >> 4];
            hex[2 * i + 1] = digits[static_cast<unsigned char>(digest[i]) & 15];
        }
        out_.append(hex, sizeof hex);
        out_ += '"';
    }

private:
    template <class Number> void digits(Number value) {
        char buffer[24];
        out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
    }
    // No quote, backslash, control or non-ASCII character. The byte tests are those of "Bit Twiddling Hacks" (haszero, hasless).
    static bool plain(std::string_view text) {
        constexpr std::uint64_t ones = 0x0101'0101'0101'0101, tops = 0x8080'8080'8080'8080;
        const auto has_zero = [](std::uint64_t x) { return (x - ones) & ~x & tops; };
        std::size_t i = 0;
        for (; i + 8 <= text.size(); i += 8) {
            std::uint64_t x = 0;
            std::memcpy(&x, text.data() + i, 8);
            const std::uint64_t odd = (x & tops) | ((x - ones * 0x20) & ~x & tops) | has_zero(x ^ ones * '"') |
                                      has_zero(x ^ ones * '\\');
            if (odd != 0) return false;
        }
        for (; i < text.size(); ++i) {
            const auto c = static_cast<unsigned char>(text[i]);
            if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') return false;
        }
        return true;
    }
    std::string& out_;
};

} // namespace sallyport::ledger
