// A text as attribution compares it: ASCII letters in lower case, digits, and every byte from 0x80 on (so that Cyrillic or Chinese is
// found too); spaces, line ends and punctuation do not count, so neither indentation nor a diff's + and - nor quoting hides anything.
//
// Pure and thread-safe; the results are buffers to be used again. AVX-512 (VBMI2) where the processor has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

// Clients put a number before each line of a file that they read: "   12->", "12→" (U+2192), "12<TAB>", "12: ", "12|".
enum class Numbering : std::uint8_t {
    kept,
    left_out, // where two lines or more that follow each other begin with such numbers, each one more than the last
};

// A normalised text with the way back. Texts are at most limits::scanned_text_bytes_max.
class Normalised {
public:
    std::string_view text() const { return {text_.get(), size_}; }
    std::size_t size() const { return size_; }
    // Where the byte stood in the text that was given.
    std::uint32_t offset(std::size_t at) const { return offsets_[at]; }

private:
    friend void normalise(std::string_view, Numbering, Normalised&);
    friend void normalise_in_software(std::string_view, Numbering, Normalised&);
    template <class Step> void fill(std::string_view text, Numbering numbering, Step step);

    std::unique_ptr<char[]> text_;
    std::unique_ptr<std::uint32_t[]> offsets_;
    std::size_t size_ = 0, room_ = 0;
};

void normalise(std::string_view text, Numbering numbering, Normalised& out);
void normalise_in_software(std::string_view text, Numbering numbering, Normalised& out); // the fallback, for its test

// A document, numbers and all: instead of an offset per byte, how many normalised bytes stand before each line (the first is 0).
struct NormalisedDocument {
    std::string text;
    std::vector<std::uint32_t> lines;
};
void normalise_document(std::string_view text, NormalisedDocument& out);

} // namespace sallyport::content
