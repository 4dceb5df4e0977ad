// Which odd characters are there for a reason. Each test looks at the nearest neighbours only, so the pass stays linear.
#include "content/hidden_marks.h"

#include "base/limits.h"
#include "base/text.h"
#include "content/hidden_place.h"

#include <algorithm>
#include <array>

namespace sallyport::content {
namespace {

constexpr std::size_t word_seen_bytes = 128;
constexpr std::size_t straight_apostrophes_min = 3;  // in words, until a single other one stands out
constexpr std::uint32_t letters_of_language_min = 8; // in a text, until a modifier letter is one of its language
constexpr char32_t modifiers_first = 0x2B9;
constexpr std::size_t one_hand_bytes_max = 4096; // longer texts have several authors, who write apostrophes as they do
constexpr std::size_t bytes_per_odd_space_max = 2048;
constexpr std::size_t joiners_bytes_max = 12; // four of a kind in a row, in scripts that use them

constexpr bool is_override(char32_t c) { return c == 0x202D || c == 0x202E; }

class Collector : Place {
public:
    Collector(std::string_view text, std::vector<Mark>& out) : Place(text), out_(out) {}

    std::size_t run() {
        for (std::size_t at = next_notable(text_, 0); at < text_.size(); at = next_notable(text_, at)) {
            here_ = code_point_at(text_, at);
            at_ = at;
            at += here_.trait < Trait::look_alike ? here_.size : look();
        }
        if (curly_in_words_ + turned_commas_ + modifiers_ > 0) settle_quotes();
        if (leftovers_ > 0) settle_zero_width();
        if (no_break_spaces_ > 0) settle_spaces();
        return full_at_;
    }

private:
    // Judges what stands at at_; returns how many bytes that was.
    std::size_t look() {
        switch (here_.trait) {
        case Trait::look_alike: return word();
        case Trait::quote: quote(); break;
        case Trait::punctuation: punctuation(); break;
        case Trait::zero_width: return zero_widths();
        case Trait::tag: return tags();
        case Trait::variation: variation(); break;
        case Trait::bidi: bidi(); break;
        case Trait::filler: filler(); break;
        case Trait::space: space(); break;
        case Trait::private_use: private_use(); break;
        case Trait::surrogate: mark(HiddenRule::lone_surrogate, Confidence::low); break;
        default: mark(HiddenRule::broken_utf8, Confidence::low); break;
        }
        return here_.size;
    }

    void mark(HiddenRule rule, Confidence confidence) { mark(rule, confidence, at_, at_ + here_.size); }
    void mark(HiddenRule rule, Confidence confidence, std::size_t begin, std::size_t end) {
        if (rule == HiddenRule::broken_utf8 && !out_.empty() && out_.back().rule == rule && out_.back().end == begin) {
            out_.back().end = static_cast<std::uint32_t>(end);
            return;
        }
        if (out_.size() >= limits::hidden_marks_max) {
            full_at_ = std::min(full_at_, begin);
            return;
        }
        out_.push_back(
            {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), here_.value, rule, confidence});
    }

    // Letters that look like ASCII ones, in a word that else is ASCII (UTS #39, mixed-script confusables). A word with a letter that
    // is like none in ASCII is a word of its own script, or an honest mixture of two.
    std::size_t word() {
        if (const std::size_t own = word_of_its_script(); own > 0) return own;
        std::size_t begin = at_, end = at_;
        std::size_t ascii = 0, alike = 0, symbols = 0;
        bool honest = false, inside = false;
        while (begin > word_end_ && is_ascii_word(static_cast<unsigned char>(text_[begin - 1]))) --begin;
        begin = past_escape(begin);
        for (std::size_t i = begin; i < at_; ++i) ascii += is_ascii_letter(static_cast<unsigned char>(text_[i]));
        if (begin > word_end_ && !is_ascii_word(static_cast<unsigned char>(text_[begin - 1])))
            honest = is_letter(before(begin)) && !is_latin(before(begin).value);
        while (end < text_.size()) {
            const CodePoint c = code_point_at(text_, end);
            if (is_ascii_word(c.value)) {
                ascii += is_ascii_letter(c.value);
            } else if (c.trait == Trait::look_alike) {
                ++alike;
                symbols += is_symbol(c.value);
                inside |= end > begin && ascii_letter_at(end - 1) && ascii_letter_at(end + c.size);
            } else if (is_letter(c)) {
                honest |= !is_latin(c.value);
            } else {
                break;
            }
            end += c.size;
        }
        word_end_ = end;
        // "[nN" and the same in Greek "]" is an expression for answers. A single letter beside a few of ASCII is a symbol with its unit or index.
        const bool as_symbol = symbols == alike && !(inside && ascii >= 3);
        const bool yes_or_no =
            ascii == alike && begin > 0 && text_[begin - 1] == '[' && end < text_.size() && text_[end] == ']';
        if (!honest && !yes_or_no && ascii >= 2 && ascii >= alike && !as_symbol)
            mark(HiddenRule::look_alike_letter, Confidence::medium, begin, end);
        return end - at_;
    }
    // "\nText" and "%lluText" of sources: those letters belong to the escape.
    std::size_t past_escape(std::size_t begin) const {
        if (begin == at_ || begin == 0) return begin;
        if (text_[begin - 1] == '\\') return begin + 1;
        if (text_[begin - 1] != '%' && text_[begin - 1] != '.') return begin;
        const std::size_t past = text_.find_first_not_of("0123456789hljztLq", begin);
        return std::min(past + 1, at_);
    }
    // Most words: no ASCII in them. Their size, or 0.
    std::size_t word_of_its_script() {
        if (at_ > word_end_ && is_ascii_word(static_cast<unsigned char>(text_[at_ - 1]))) return 0;
        const std::size_t end = past_letters(text_, at_);
        if (end < text_.size() && is_ascii_word(static_cast<unsigned char>(text_[end]))) return 0;
        word_end_ = end;
        return end - at_;
    }
    // Letters that formulas, units and phonetics use on their own.
    static bool is_symbol(char32_t c) {
        return (c >= 0x3B1 && c <= 0x3C9 && c != 0x3BF) || (c >= 0x2100 && c <= 0x214F) || c >= 0x1D400 ||
               (c >= 0x250 && c <= 0x2AF) || c == 0x131 || c == 0x17F || (c >= 0x2160 && c <= 0x24E9);
    }

    // Apostrophes between ASCII letters. Those that orthographies use are judged when the whole text is known.
    void quote() {
        count_as_letter();
        if (!is_ascii_letter(before().value) || !is_ascii_letter(after().value)) return;
        turned_commas_ += is_turned_comma(at_, here_.value);
        if (here_.value == 0x2019) {
            ++curly_in_words_;
            curly_at_ = at_;
        }
        if ((here_.value == 0x2019 || here_.value == 0xB4) && has_shape_of_apostrophe()) return;
        if (here_.value == 0x2BB && is_vowel(text_[at_ - 1]) && is_vowel(text_[at_ + 2])) return; // Polynesian, Ge'ez
        const bool everyday = here_.value == 0x2018 || here_.value == 0x2019;
        const bool english = ends_english_word();
        if (!english && (everyday || here_.value == 0x2BC) && near().latin) return; // a letter or sign of that language
        mark(HiddenRule::look_alike_apostrophe, english && !everyday ? Confidence::medium : Confidence::low);
    }
    // Many languages of the Americas and Africa write a stop or a tone with one of the modifier letters, in nearly every word.
    void count_as_letter() {
        if (here_.value < modifiers_first || here_.value >= modifiers_first + as_letter_.size()) return;
        const bool beside_letter = is_letter(before().trait) || is_ascii_letter(before().value);
        if (beside_letter && !ends_english_word()) {
            ++as_letter_[here_.value - modifiers_first];
            ++modifiers_;
        }
    }
    bool is_letter_here(char32_t value) const {
        return value >= modifiers_first && value < modifiers_first + as_letter_.size() &&
               as_letter_[value - modifiers_first] >= letters_of_language_min;
    }
    // "Today's", "don't", "we'll": what follows at_ is such an ending.
    bool ends_english_word() const {
        static constexpr std::array<std::string_view, 7> endings = {"s", "t", "d", "m", "ll", "re", "ve"};
        const std::size_t after = at_ + here_.size;
        return std::ranges::find(endings, text_.substr(after, letters_after(after))) != endings.end();
    }
    static bool is_vowel(char c) { return std::string_view("aeiou").contains(ascii_lower(c)); }
    // Uzbek writes o and g with a turned comma, by whatever character.
    bool is_turned_comma(std::size_t at, char32_t value) const {
        const char last = ascii_lower(text_[at - 1]);
        return (last == 'o' || last == 'g') && (value == 0x2018 || value == 0x2019 || value == 0x2BB || value == 0x2BC);
    }
    // "don't", "l'eau", "dell'arte", "O'Neill", "Ankara'dan": a short word on one side.
    bool has_shape_of_apostrophe() const {
        const std::size_t left = letters_before(at_), right = letters_after(at_ + here_.size);
        const std::string_view word = text_.substr(at_ - left, left);
        static constexpr std::array<std::string_view, 14> elided = {"jusqu", "lorsqu", "puisqu", "quelqu", "presqu",
                                                                    "entr",  "dell",   "nell",   "sull",   "dall",
                                                                    "quell", "bell",   "grand",  "coll"};
        return left <= 3 || right <= 3 ||
               std::ranges::any_of(elided, [&](std::string_view one) { return equals_ignoring_case(word, one); });
    }
    void settle_quotes() {
        std::erase_if(out_, [&](const Mark& one) {
            return one.rule == HiddenRule::look_alike_apostrophe && is_letter_here(one.value);
        });
        if (turned_commas_ > 1) // an Uzbek text, whose other apostrophes are its own as well
            std::erase_if(out_, [&](const Mark& one) {
                return one.rule == HiddenRule::look_alike_apostrophe && one.confidence == Confidence::low;
            });
        else if (curly_in_words_ == 1)
            judge_only_curly();
    }
    // The only typographic apostrophe of a text that else writes ASCII ones.
    void judge_only_curly() {
        if (text_.size() > one_hand_bytes_max) return;
        std::size_t straight = 0;
        for (std::size_t at = text_.find('\''); at != std::string_view::npos; at = text_.find('\'', at + 1))
            straight +=
                at > 0 && is_ascii_letter(static_cast<unsigned char>(text_[at - 1])) && letters_after(at + 1) > 0;
        const bool marked = std::ranges::any_of(out_, [&](const Mark& one) { return one.begin == curly_at_; });
        at_ = curly_at_;
        here_ = code_point_at(text_, at_);
        if (straight < straight_apostrophes_min || marked || !ends_english_word()) return;
        mark(HiddenRule::look_alike_apostrophe, Confidence::low);
        std::ranges::sort(out_, {}, &Mark::begin);
    }

    void punctuation() {
        if (!between_ascii_words()) return;
        const bool wide = here_.value >= 0xFF00;
        const bool time = here_.value == 0x2236 && is_ascii_digit(before().value) && is_ascii_digit(after().value);
        if (time) return;
        if (!wide || !near().cjk) mark(HiddenRule::look_alike_punctuation, Confidence::low);
    }

    // A run at once: its neighbours decide, and whether it is of one kind.
    std::size_t zero_widths() {
        const CodePoint right = after();
        if (here_.value == 0x200C || here_.value == 0x200D) { // most are one joiner between letters or emoji
            const Trait left = before().trait;
            if (right.trait != Trait::zero_width && is_joining(left)) return here_.size;
            if (here_.value == 0x200D && right.trait == Trait::emoji && left == Trait::emoji) return here_.size;
        }
        run_ = {at_, at_, true, false};
        for (CodePoint c = here_; c.trait == Trait::zero_width; c = after(run_.end)) {
            run_.same &= c.value == here_.value;
            run_.end += c.size;
        }
        run_.inside_word = is_letter(before(run_.begin)) && is_letter(after(run_.end));
        for (; at_ < run_.end; at_ += here_.size) {
            here_ = code_point_at(text_, at_);
            zero_width();
        }
        return run_.end - run_.begin;
    }
    void zero_width() {
        const char32_t c = here_.value;
        if ((c == 0xFEFF && at_ == 0) || joins()) return;
        const bool breaks_lines = c == 0x200B || c == 0xAD || c == 0x2060 || c == 0xFEFF;
        (breaks_lines && !run_.inside_word ? leftovers_ : zero_widths_) += 1;
        mark(HiddenRule::zero_width, breaks_lines ? Confidence::low : Confidence::medium);
    }
    // Whether a zero-width character has its work where it stands.
    bool joins() {
        const CodePoint left = before(), right = after();
        const char32_t c = here_.value;
        if (c == 0xAD) return hyphenates();
        if (c == 0x34F) return left.trait == Trait::right_to_left || left.trait == Trait::letter;
        if (c >= 0x17B4 && c <= 0x180F) return left.trait == Trait::joining;
        if (c == 0x200D && joins_emoji(right)) return true;
        if (c == 0x200B && left.trait == Trait::cjk) return true;
        return ((c >= 0x200B && c <= 0x200D) || c == 0x2060) && joins_letters();
    }
    // Between letters of a script with joiners, or at a border of its words: one, two, or a few of the same by a slip of the hand.
    bool joins_letters() {
        if (run_.end - run_.begin > (run_.same ? joiners_bytes_max : 2 * here_.size)) return false;
        const CodePoint left = before(run_.begin), right = after(run_.end);
        if (is_joining(left.trait) || is_joining(right.trait)) return true;
        return !is_ascii_word(left.value) && !is_ascii_word(right.value) && line().joining;
    }
    // One or two that break lines, beside a space or another border of a word, are left over from copying.
    void settle_zero_width() {
        if (zero_widths_ > 0 || leftovers_ > 2) return;
        std::erase_if(out_, [](const Mark& one) { return one.rule == HiddenRule::zero_width; });
    }
    // UTS #51, ED-16: past the selector or the skin tone stands an emoji on each side.
    bool joins_emoji(const CodePoint& right) const {
        CodePoint left = before();
        if (left.trait == Trait::variation) left = before(at_ - left.size);
        return left.trait == Trait::emoji && right.trait == Trait::emoji;
    }
    // A soft hyphen stands in a word of prose, beside another, with two letters before it and one behind.
    bool hyphenates() {
        const CodePoint last = before();
        if (!is_letter(last) || !in_word(before(at_ - last.size)) || !is_letter(after())) return false;
        if (at_ >= hyphenated_.begin && at_ < hyphenated_.end) return hyphenated_.beside_border;
        std::size_t begin = at_, end = at_ + here_.size;
        for (CodePoint c = before(begin); at_ - begin < word_seen_bytes && in_word(c); c = before(begin))
            begin -= c.size;
        for (CodePoint c = after(end); end - at_ < word_seen_bytes && in_word(c); c = after(end)) end += c.size;
        hyphenated_ = {begin, end, is_border(before(begin).value) || is_border(after(end).value)};
        return hyphenated_.beside_border;
    }
    static bool is_border(char32_t c) { return c == ' ' || c == '\n'; }
    static bool in_word(const CodePoint& c) { return is_letter(c) || c.value == 0xAD; }

    // A flag of a region is a black flag and three to six tags of small letters and digits with their end (UTS #51, ED-14a).
    std::size_t tags() {
        const std::size_t begin = at_;
        std::size_t end = at_, regional = 0;
        bool ended = false;
        for (CodePoint c = here_; !ended && c.trait == Trait::tag; c = after(end)) {
            end += c.size;
            ended = c.value == 0xE007F;
            const char32_t ascii = c.value - 0xE0000;
            regional += (ascii >= 'a' && ascii <= 'z') || is_ascii_digit(ascii);
        }
        const std::size_t count = (end - begin) / here_.size;
        if (before(begin).value == 0x1F3F4 && ended && regional + 1 == count && regional >= 3 && regional <= 6)
            return end - begin;
        for (; at_ < end; at_ += here_.size) {
            here_ = code_point_at(text_, at_);
            mark(HiddenRule::tags, Confidence::medium);
        }
        return end - begin;
    }

    void variation() {
        const CodePoint left = before();
        const char32_t c = here_.value;
        const bool presentation = c == 0xFE0E || c == 0xFE0F;
        const bool keycap = presentation && after().value == 0x20E3 &&
                            (is_ascii_digit(left.value) || left.value == '#' || left.value == '*');
        const bool registered = left.trait == Trait::cjk && (c <= 0xFE02 || c >= 0xE0100); // UTS #37
        const bool script = left.trait == Trait::joining && c == 0xFE00;                   // Myanmar, Phags-pa
        const bool symbol = left.trait == Trait::emoji && (presentation || c == 0xFE00);
        if (keycap || registered || script || symbol || (presentation && left.trait == Trait::cjk)) return;
        mark(HiddenRule::variation_selectors, is_ascii_word(left.value) ? Confidence::medium : Confidence::low);
    }

    // Marks of direction serve lines with letters from right to left; overrides hide what a line says (CVE-2021-42574).
    void bidi() {
        const bool implicit = here_.value == 0x200E || here_.value == 0x200F || here_.value == 0x61C;
        const bool serves = !is_override(here_.value) && (implicit ? near() : line()).right_to_left;
        if (!serves && !(holds_a_line() && near().right_to_left))
            mark(HiddenRule::bidi, implicit ? Confidence::low : Confidence::medium);
    }

    // An embedding or isolate over a whole line moves nothing in it.
    bool holds_a_line() const {
        if (is_override(here_.value)) return false;
        const bool closes = here_.value == 0x202C || here_.value == 0x2069;
        const char32_t beside = closes ? after().value : before().value;
        return beside == 0 || beside == '\n';
    }

    void filler() {
        const Trait own = here_.value == 0x2800 ? Trait::braille : Trait::jamo;
        if (before().trait != own && after().trait != own) mark(HiddenRule::filler, Confidence::medium);
    }

    void space() {
        const CodePoint left = before(), right = after();
        const bool words = is_ascii_letter(left.value) && is_ascii_letter(right.value) && !after_conversion();
        bool odd = false;
        switch (here_.value) {
        case 0x202F: [[fallthrough]];
        case 0xA0: odd = words && letters_before(at_) >= 4 && letters_after(at_ + here_.size) >= 3; break;
        case 0x3000: odd = words && !near().cjk; break;
        default: odd = words || (is_ascii_letter(right.value) && left.value == ','); break;
        }
        if (!odd) return;
        no_break_spaces_ += here_.value == 0xA0;
        mark(HiddenRule::odd_space, Confidence::low);
    }
    // "%zu" and the unit: stands for a number.
    bool after_conversion() const {
        const std::size_t letters = letters_before(at_);
        if (letters > 3 || letters >= at_) return false;
        const char c = text_[at_ - letters - 1];
        return c == '%' || c == '.' || c == '$' || is_ascii_digit(static_cast<unsigned char>(c));
    }
    // Editors and browsers put no-break spaces between words: few in a long text, or all there are. Others stand out.
    void settle_spaces() {
        const auto spaces = static_cast<std::size_t>(std::ranges::count(text_, ' '));
        const bool dense = no_break_spaces_ >= 3 && no_break_spaces_ * bytes_per_odd_space_max >= text_.size();
        if (spaces == 0 || (dense && no_break_spaces_ * 3 < spaces)) return;
        std::erase_if(out_, [](const Mark& one) { return one.rule == HiddenRule::odd_space && one.value == 0xA0; });
    }

    // Fonts of icons: a glyph on its own, or a few.
    void private_use() {
        const CodePoint left = before(), right = after();
        const bool word = is_ascii_word(left.value) || is_ascii_word(right.value);
        const bool run = left.trait == Trait::private_use && right.trait == Trait::private_use;
        if (word || run) mark(HiddenRule::private_use, Confidence::low);
    }

    std::vector<Mark>& out_;
    std::size_t word_end_ = 0;
    std::size_t full_at_ = std::string_view::npos;
    std::size_t curly_in_words_ = 0, curly_at_ = 0, turned_commas_ = 0, modifiers_ = 0;
    std::array<std::uint32_t, 32> as_letter_{}; // by modifier letter, from modifiers_first
    struct Run {
        std::size_t begin = 0, end = 0;
        bool same = true, inside_word = false;
    } run_; // of zero-width characters
    struct Word {
        std::size_t begin = 0, end = 0;
        bool beside_border = false;
    } hyphenated_; // with its soft hyphens
    std::size_t no_break_spaces_ = 0;
    std::size_t zero_widths_ = 0, leftovers_ = 0; // of the latter: beside the border of a word
};

} // namespace

std::size_t collect_marks(std::string_view text, std::vector<Mark>& out) { return Collector(text, out).run(); }

} // namespace sallyport::content
