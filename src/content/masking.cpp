#include "content/masking.h"

#include "base/limits.h"
#include "content/code_points.h"

#include <array>

namespace sallyport::content {
namespace {

bool is_space(const CodePoint& c) {
    return c.value == ' ' || c.value == '\t' || c.value == '\r' || c.trait == Trait::space;
}
bool is_unseen(const CodePoint& c) {
    return c.trait == Trait::zero_width || c.trait == Trait::tag || c.trait == Trait::variation ||
           c.trait == Trait::bidi || c.trait == Trait::filler;
}
bool ends_sentence(const CodePoint& c) {
    const char like = ascii_like(c.value);
    return c.trait != Trait::broken && (like == '.' || like == '!' || like == '?');
}

// Behind the end mark at `at`: past what is unseen, up to a space; `at` itself where the sentence goes on.
bool space_follows(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        const CodePoint c = code_point_at(text, at);
        if (!is_unseen(c)) return is_space(c);
        at += c.size;
    }
    return true;
}

// A word up to the next space.
std::string_view token_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size()) {
        const CodePoint c = code_point_at(text, end);
        if (is_space(c)) break;
        end += c.size;
    }
    return text.substr(at, end - at);
}

constexpr std::string_view closing = ".,;:!?)]}>\"'`";

// A path, a URL or an address of mail, without the punctuation behind it; else empty.
std::string_view name_at(std::string_view text, std::size_t at) {
    std::string_view token = token_at(text, at);
    while (!token.empty() && closing.contains(token.back())) token.remove_suffix(1);
    bool letters = false;
    for (const char c : token) letters |= is_ascii_letter(static_cast<unsigned char>(c));
    if (!letters) return {};
    const std::size_t slash = token.find_first_of("/\\"), at_sign = token.find('@');
    const bool path = slash != std::string_view::npos && slash + 1 < token.size();
    const bool mail =
        at_sign != std::string_view::npos && at_sign > 0 && token.find('.', at_sign) != std::string_view::npos;
    return path || mail ? token : std::string_view{};
}

// Letters and digits of ASCII, with a digit among them; groups of a UUID count as one.
std::string_view number_at(std::string_view text, std::size_t at) {
    constexpr std::array<std::size_t, 5> groups = {8, 4, 4, 4, 12};
    const auto run = [&](std::size_t from) {
        std::size_t end = from;
        while (end < text.size() && is_ascii_word(static_cast<unsigned char>(text[end]))) ++end;
        return end - from;
    };
    std::size_t end = at;
    for (std::size_t i = 0; i < groups.size() && run(end) == groups[i]; ++i) {
        end += groups[i];
        if (i + 1 == groups.size()) return text.substr(at, end - at);
        if (end >= text.size() || text[end] != '-') break;
        ++end;
    }
    const std::string_view word = text.substr(at, run(at));
    return word.find_first_of("0123456789") == std::string_view::npos ? std::string_view{} : word;
}

class Masking {
public:
    explicit Masking(std::string_view sentence) : text_(sentence) {}

    Masked run() {
        bool word_begins = true, in_word = false;
        for (std::size_t at = 0; at < text_.size();) {
            const CodePoint c = code_point_at(text_, at);
            if (word_begins)
                if (const std::size_t size = name_at(text_, at).size(); size > 0) {
                    sign('\x01');
                    at += size;
                    word_begins = in_word = false;
                    continue;
                }
            if (!in_word && is_ascii_word(c.value))
                if (const std::size_t size = number_at(text_, at).size(); size > 0) {
                    sign('\x02');
                    at += size;
                    word_begins = false;
                    continue;
                }
            read(c, text_.substr(at, c.size));
            in_word = is_ascii_word(c.value);
            word_begins = is_space(c) || c.value == '(' || c.value == '"' || c.value == '`' || c.value == '<';
            at += c.size;
        }
        close();
        return std::move(masked_);
    }

private:
    // One sign in each reading, so that a value that is there or not is a difference in words.
    void sign(char kind) {
        close();
        masked_.skeleton += kind;
        ++letters_;
    }
    void read(const CodePoint& c, std::string_view bytes) {
        const char like = c.trait == Trait::broken ? '\0' : ascii_like(c.value);
        if (is_ascii_letter(static_cast<unsigned char>(like))) {
            if (c.value >= 0x80) between_ += bytes; // a look-alike: letter and mark
            close();
            masked_.skeleton += like;
            ++letters_;
        } else if (c.trait != Trait::look_alike && is_letter(c.trait)) {
            close();
            masked_.skeleton += bytes;
            ++letters_;
        } else {
            between_ += bytes;
        }
    }
    void close() {
        if (between_.empty()) return;
        masked_.trace += std::to_string(letters_) + ':' + between_ + '\n';
        between_.clear();
    }

    std::string_view text_;
    Masked masked_;
    std::string between_;
    std::size_t letters_ = 0;
};

} // namespace

std::vector<SentencePlace> sentences_of(std::string_view text) {
    std::vector<SentencePlace> places;
    std::size_t begin = 0;
    const auto close = [&](std::size_t end) {
        if (end > begin) places.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
        begin = end;
    };
    for (std::size_t at = 0; at < text.size() && places.size() < limits::fleet_sentences_of_text_max;) {
        const CodePoint c = code_point_at(text, at);
        if (c.value == '\n') {
            close(at);
            begin = at + 1;
        } else if (ends_sentence(c) && at + c.size < text.size() && space_follows(text, at + c.size)) {
            at += c.size;
            while (at < text.size()) { // its spaces are its own
                const CodePoint next = code_point_at(text, at);
                if (!is_space(next) && !is_unseen(next)) break;
                at += next.size;
            }
            close(at);
            continue;
        }
        at += c.size;
    }
    if (places.size() < limits::fleet_sentences_of_text_max) close(text.size());
    return places;
}

Masked masked(std::string_view sentence) { return Masking(sentence).run(); }

} // namespace sallyport::content
