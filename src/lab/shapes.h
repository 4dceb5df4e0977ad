// Shapes of code that can hide a bit in a text: a choice between characters that look the same, between texts of which one character
// differs, and what is asked about the place where the client runs. They are found by their shape alone: no rule knows a certain client,
// text or place. One object for one text, one thread.
#pragma once

#include "lab/context.h"
#include "lab/findings.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

class Shapes {
public:
    Shapes(std::string_view text, Findings& findings) : text_(text), findings_(findings) {}
    // In the order of the text; `value` is the literal without its escapes.
    void see(const Literal& literal, const std::string& value);
    // "fromCharCode(" and its like: `open` is the bracket.
    void see_code_points(std::size_t open);
    void see_numbers(std::size_t bracket, std::size_t end, const std::vector<std::uint32_t>& values);
    void finish() { judge_choices(); }

private:
    struct Member {
        std::size_t at = 0;
        char32_t character = 0;
        int looks_like = 0;
    };
    struct Chosen {
        std::size_t at = 0;
        std::string value;
    };
    void add_member(std::size_t at, char32_t character);
    void judge_choices();
    void judge_table(std::size_t at, std::size_t size, std::vector<char32_t> characters, std::string_view how);
    void see_single(const Literal& literal, char32_t character);
    void see_arms(const Literal& literal, const std::string& value);
    void see_chosen(const Literal& literal, const std::string& value);
    void see_replacement(const Literal& literal, char32_t character);
    void see_place(const Literal& literal, const std::string& value);

    std::string_view text_;
    Findings& findings_;
    std::vector<Member> members_; // chosen characters that stand near each other
    std::vector<Chosen> chosen_;  // the last chosen texts
};

} // namespace sallyport::lab
