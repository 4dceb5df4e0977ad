// Canonical JSON (RFC 8785) as literals with values between them: the caller writes members in sorted order. Appends to a string
// that the caller owns and reuses; its size is right again when the Canonical goes.
//
// Made for the hot path: literals are copied with their known length, texts of plain ASCII (nearly all of them) are checked and
// copied eight bytes at a time.
#pragma once

#include "crypto/crypto.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sallyport::ledger {

void append_escaped(std::string& out, std::string_view text); // any text; lone surrogates (WTF-8) as \udxxx

class Canonical {
public:
    explicit Canonical(std::string& out) : out_(out) { open(out_.size(), first_room); }
    ~Canonical() { out_.resize(used()); }
    Canonical(const Canonical&) = delete;
    Canonical& operator=(const Canonical&) = delete;

    // `literal` is the JSON up to the value: `,"key":`.
    template <std::size_t size> void raw(const char (&literal)[size]) {
        need(size);
        std::memcpy(at_, literal, size - 1);
        at_ += size - 1;
    }
    void raw_text(std::string_view text) {
        need(text.size());
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }
    template <std::size_t size> void text(const char (&literal)[size], std::string_view value) {
        raw(literal);
        quoted(value);
    }
    // Left out where empty.
    template <std::size_t size> void text_if(const char (&literal)[size], std::string_view value) {
        if (!value.empty()) text(literal, value);
    }
    template <std::size_t size, class Number> void number(const char (&literal)[size], Number value) {
        raw(literal);
        need(digits_max);
        at_ = std::to_chars(at_, at_ + digits_max, value).ptr;
    }
    template <std::size_t size> void truth(const char (&literal)[size], bool value) {
        raw(literal);
        value ? raw("true") : raw("false");
    }
    template <std::size_t size, class Texts> void texts(const char (&literal)[size], const Texts& values) {
        raw(literal);
        raw("[");
        bool first = true;
        for (const std::string_view value : values) {
            if (!first) raw(",");
            first = false;
            quoted(value);
        }
        raw("]");
    }
    template <std::size_t size> void digest(const char (&literal)[size], const crypto::Digest& digest, bool keyed) {
        constexpr char digits[] = "0123456789abcdef";
        raw(literal);
        keyed ? raw("\"hmac-sha256:") : raw("\"sha256:");
        need(2 * digest.size() + 1);
        for (const char byte : digest) {
            *at_++ = digits[static_cast<unsigned char>(byte) >> 4];
            *at_++ = digits[static_cast<unsigned char>(byte) & 15];
        }
        *at_++ = '"';
    }
    void quoted(std::string_view value) {
        need(value.size() + 2 + word_bytes);
        char* const begin = at_;
        *at_++ = '"';
        if (!copy_plain(value)) {
            at_ = begin + 1;
            out_.resize(used());
            append_escaped(out_, value);
            open(out_.size(), first_room);
        }
        *at_++ = '"';
    }

private:
    static constexpr std::size_t first_room = 2048;
    static constexpr std::size_t digits_max = 24;
    static constexpr std::size_t word_bytes = 8;

    std::size_t used() const { return static_cast<std::size_t>(at_ - out_.data()); }
    // Makes the string as long as its memory without writing to it.
    void open(std::size_t size, std::size_t room) {
        const std::size_t wanted = std::max(out_.capacity(), size + room);
        out_.resize_and_overwrite(wanted, [](char*, std::size_t count) { return count; });
        at_ = out_.data() + size;
        end_ = out_.data() + wanted;
    }
    void need(std::size_t count) {
        if (static_cast<std::size_t>(end_ - at_) < count) open(used(), count + out_.size());
    }

    // False at the first quote, backslash, control or non-ASCII character. The byte tests are haszero and hasless of "Bit Twiddling
    // Hacks"; up to seven bytes behind the text are written and then overwritten.
    bool copy_plain(std::string_view text) {
        constexpr std::uint64_t ones = 0x0101'0101'0101'0101, tops = 0x8080'8080'8080'8080;
        const auto has_zero = [](std::uint64_t x) { return (x - ones) & ~x & tops; };
        const auto odd = [&](std::uint64_t x) {
            return (x & tops) | ((x - ones * 0x20) & ~x & tops) | has_zero(x ^ ones * '"') | has_zero(x ^ ones * '\\');
        };
        std::size_t i = 0;
        std::uint64_t word = 0;
        for (; i + word_bytes <= text.size(); i += word_bytes) {
            std::memcpy(&word, text.data() + i, word_bytes);
            if (odd(word) != 0) return false;
            std::memcpy(at_ + i, &word, word_bytes);
        }
        if (const std::size_t rest = text.size() - i; rest != 0) {
            word = ones * ' ';
            std::memcpy(&word, text.data() + i, rest);
            if (odd(word) != 0) return false;
            std::memcpy(at_ + i, &word, word_bytes);
        }
        at_ += text.size();
        return true;
    }

    std::string& out_;
    char* at_ = nullptr;
    char* end_ = nullptr;
};

} // namespace sallyport::ledger
