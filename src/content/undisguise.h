// A text as it reads: without what has no ink (zero-width characters, directions, tags, variation selectors, colours of a terminal), wide and
// look-alike letters among ASCII as the ASCII that they look like. Secrets and code are looked for in it too, so that a character in the
// midst hides nothing, and taking it out makes nothing that was not seen. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

class Undisguised {
public:
    // False where the text reads as it stands.
    bool of(std::string_view text);
    const std::string& text() const { return text_; }
    // The part of the text that was given which reads so; not empty.
    std::uint32_t begin_of(std::uint32_t begin) const { return offset(begin); }
    std::uint32_t end_of(std::uint32_t end) const { return end == 0 ? 0 : offset(end - 1) + size_at(end - 1); }

private:
    struct Step { // from here on it stands there
        std::uint32_t here = 0, there = 0;
        std::uint32_t size = 1; // there, of the one character that stands here in its place
    };
    const Step* step_at(std::uint32_t at) const;
    std::uint32_t offset(std::uint32_t at) const;
    std::uint32_t size_at(std::uint32_t at) const;
    std::string text_;
    std::vector<Step> steps_;
};

} // namespace sallyport::content
