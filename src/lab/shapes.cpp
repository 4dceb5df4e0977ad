#include "lab/shapes.h"

#include "base/text.h"
#include "content/code_points.h"
#include "lab/look_alikes.h"
#include "lab/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sallyport::lab {

namespace {

constexpr std::size_t near_bytes = 400; // members of one choice stand in one function
constexpr std::size_t place_bytes_max = 40;
constexpr std::size_t chosen_remembered = 4;
constexpr std::size_t chosen_bytes_max = 400;
constexpr std::size_t argument_bytes_max = 160;
constexpr std::size_t table_entries_max = 16;

std::optional<char32_t> single_character(std::string_view value) {
    if (value.empty() || value.size() > 4) return std::nullopt;
    const auto c = content::code_point_at(value, 0);
    if (c.size != value.size() || c.trait == content::Trait::broken) return std::nullopt;
    return c.value;
}

bool has_odd_characters(std::string_view value) { return content::next_beyond_ascii(value, 0) < value.size(); }

std::string described(char32_t c) {
    return c > 0x20 && c < 0x7F ? fmt::format("'{}'", static_cast<char>(c)) : content::code_point_name(c);
}

bool is_mark(char32_t c) { return c > 0x20 && c < 0x7F && !content::is_ascii_word(c) && c != '\\'; }

// Where two texts differ in one character only: which one stands where. 0: nothing stands there.
std::optional<std::pair<char32_t, char32_t>> one_difference(const std::u32string& a, const std::u32string& b) {
    const std::u32string &shorter = a.size() <= b.size() ? a : b, &longer = a.size() <= b.size() ? b : a;
    if (longer.size() - shorter.size() > 1) return std::nullopt;
    std::size_t at = 0;
    while (at < shorter.size() && shorter[at] == longer[at]) ++at;
    if (at == longer.size()) return std::nullopt;
    if (longer.size() > shorter.size()) {
        if (shorter.substr(at) != longer.substr(at + 1)) return std::nullopt;
        return std::pair{char32_t{0}, longer[at]};
    }
    if (shorter.substr(at + 1) != longer.substr(at + 1)) return std::nullopt;
    return std::pair{a[at], b[at]};
}

} // namespace

void Shapes::see(const Literal& literal, const std::string& value) {
    if (const auto character = single_character(value))
        see_single(literal, *character);
    else if (value.size() <= chosen_bytes_max) {
        see_arms(literal, value);
        if (value.size() >= 3) see_chosen(literal, value);
        if (value.size() >= 2 && value.size() <= place_bytes_max) see_place(literal, value);
    }
}

void Shapes::see_single(const Literal& literal, char32_t character) {
    see_replacement(literal, character);
    const std::string_view before = code_before(text_, literal, 8);
    if (before.ends_with('[')) {
        const std::size_t bracket = text_.rfind('[', literal.begin - 1);
        if (const auto list = list_at(text_, bracket, table_entries_max); list && list->literals.size() >= 3) {
            std::vector<char32_t> characters;
            for (const Literal& one : list->literals)
                if (const auto c = single_character(unescape(one.raw))) characters.push_back(*c);
            if (characters.size() == list->literals.size() && !compared(text_, literal).holds)
                judge_table(bracket, list->end - bracket, std::move(characters), "a list");
        }
        return;
    }
    if (looks_like(character) != 0 && is_chosen(text_, literal)) add_member(literal.begin, character);
}

void Shapes::add_member(std::size_t at, char32_t character) {
    if (!members_.empty() && at - members_.back().at > near_bytes) judge_choices();
    members_.push_back({at, character, looks_like(character)});
}

void Shapes::judge_choices() {
    std::map<int, std::vector<char32_t>> sets;
    std::map<int, std::pair<std::size_t, std::size_t>> spans;
    for (const Member& member : members_) {
        sets[member.looks_like].push_back(member.character);
        auto& span = spans.try_emplace(member.looks_like, member.at, member.at).first->second;
        span.second = member.at;
    }
    members_.clear();
    for (auto& [like, characters] : sets) {
        auto finding = judge_set(std::move(characters), like, "a choice");
        if (!finding) continue;
        finding->size = spans[like].second - spans[like].first + 1;
        findings_.add(std::move(*finding), spans[like].first);
    }
}

void Shapes::judge_table(std::size_t at, std::size_t size, std::vector<char32_t> characters, std::string_view how) {
    const int like = looks_like(characters.front());
    if (like == 0 || std::ranges::any_of(characters, [&](char32_t c) { return looks_like(c) != like; })) return;
    auto finding = judge_set(std::move(characters), like, how);
    if (!finding || finding->entries < 3) return;
    finding->size = size;
    findings_.add(std::move(*finding), at);
}

void Shapes::see_numbers(std::size_t bracket, std::size_t end, const std::vector<std::uint32_t>& values) {
    if (values.size() > table_entries_max) return;
    // A set that something is looked up in hides nothing: it is there to find such characters.
    if (text_.substr(0, bracket).ends_with("Set(") || searches(text_.substr(end, 24))) return;
    judge_table(bracket, 1, {values.begin(), values.end()}, "a list of code points");
}

void Shapes::see_code_points(std::size_t open) {
    std::string_view argument = text_.substr(open + 1, argument_bytes_max);
    argument = argument.substr(0, argument.find(')'));
    if (argument.find_first_of("?[") == std::string_view::npos) return;
    std::map<int, std::vector<char32_t>> sets;
    for (std::size_t at = 0; at < argument.size();) {
        const bool begins = content::is_ascii_digit(static_cast<unsigned char>(argument[at])) &&
                            (at == 0 || !content::is_ascii_word(static_cast<unsigned char>(argument[at - 1])));
        if (!begins) {
            ++at;
            continue;
        }
        const bool hex = argument.substr(at).starts_with("0x") || argument.substr(at).starts_with("0X");
        std::size_t end = at + (hex ? 2 : 0);
        char32_t value = 0;
        for (; end < argument.size() && end - at < 10; ++end) {
            const int digit =
                std::string_view("0123456789abcdef").find(ascii_lower(argument[end])) == std::string_view::npos
                    ? -1
                    : static_cast<int>(std::string_view("0123456789abcdef").find(ascii_lower(argument[end])));
            if (digit < 0 || (!hex && digit > 9)) break;
            value = value * (hex ? 16 : 10) + static_cast<char32_t>(digit);
        }
        if (value < 0x110000 && looks_like(value) != 0) sets[looks_like(value)].push_back(value);
        at = end;
    }
    for (auto& [like, characters] : sets) {
        auto finding = judge_set(std::move(characters), like, "a choice by number");
        if (!finding) continue;
        if (finding->confidence == Confidence::low && like == unseen) finding->confidence = Confidence::medium;
        finding->size = argument.size();
        findings_.add(std::move(*finding), open + 1);
    }
}

void Shapes::see_arms(const Literal& literal, const std::string& value) {
    const auto other = other_arm(text_, literal);
    if (!other) return;
    const std::string second = unescape(other->raw);
    const auto differs = one_difference(to_code_points(value), to_code_points(second));
    if (!differs) return;
    const auto [from, to] = *differs;
    const bool alike = looks_like(from) != 0 && looks_like(from) == looks_like(to);
    const bool hidden = (from == 0 && is_unseen(to)) || (is_unseen(from) && is_unseen(to));
    const bool blank_at_end = from == 0 && to == ' ' && (value.ends_with(' ') || second.ends_with(' '));
    const bool marks = from != 0 && is_mark(from) && is_mark(to);
    if (!alike && !hidden && !blank_at_end && !marks) return;
    if (!alike && !hidden && std::min(value.size(), second.size()) < 6) return;
    Finding finding;
    finding.kind = Kind::varied_character;
    finding.confidence = alike || hidden ? Confidence::high : Confidence::low;
    if ((to >= 0xFE00 && to <= 0xFE0F) && from == 0) finding.confidence = Confidence::low; // how an emoji is shown
    // Nothing or an unseen character, alone: what editors put into an empty line.
    if (hidden && std::min(value.size(), second.size()) == 0) finding.confidence = Confidence::medium;
    finding.text = value;
    finding.how = from == 0 ? "with or without " + described(to) : described(from) + " or " + described(to);
    finding.size = other->end - literal.begin;
    finding.entries = 2;
    finding.reasons.emplace_back("a condition chooses between two texts of which one character differs");
    if (alike) finding.reasons.emplace_back("a reader sees no difference");
    if (hidden) finding.reasons.emplace_back("the character is not seen");
    findings_.add(std::move(finding), literal.begin);
}

void Shapes::see_chosen(const Literal& literal, const std::string& value) {
    if (!is_chosen(text_, literal)) return;
    std::erase_if(chosen_, [&](const Chosen& one) { return literal.begin - one.at > near_bytes; });
    for (const Chosen& one : chosen_) {
        if (one.value == value || (!has_odd_characters(value) && !has_odd_characters(one.value))) continue;
        if (as_seen(one.value) != as_seen(value)) continue;
        Finding finding;
        finding.kind = Kind::varied_character;
        finding.confidence = Confidence::high;
        finding.text = value;
        finding.how = "looks like another text that is chosen near it";
        finding.size = literal.end - one.at;
        finding.entries = 2;
        finding.reasons.emplace_back("code chooses between two texts that look the same and differ in their bytes");
        findings_.add(std::move(finding), one.at);
    }
    chosen_.push_back({literal.begin, value});
    if (chosen_.size() > chosen_remembered) chosen_.erase(chosen_.begin());
}

// `x ? text.replace(/-/g, "/") : text`: all of one mark become another one, or do not.
void Shapes::see_replacement(const Literal& literal, char32_t character) {
    if (!is_mark(character) && !is_unseen(character)) return;
    std::string_view before = code_before(text_, literal, 96);
    if (!before.ends_with(',')) return;
    before.remove_suffix(1);
    const std::size_t call = before.rfind(".replace");
    if (call == std::string_view::npos) return;
    std::string_view pattern = before.substr(call);
    pattern.remove_prefix(pattern.find('(') == std::string_view::npos ? pattern.size() : pattern.find('(') + 1);
    char from = 0;
    if (pattern.size() == 3 && (pattern[0] == '"' || pattern[0] == '\'') && pattern[2] == pattern[0]) from = pattern[1];
    if ((pattern.size() == 4 || pattern.size() == 5) && pattern.starts_with('/') && pattern.ends_with("/g"))
        from = pattern[pattern.size() - 3];
    if (from == 0 || !is_mark(static_cast<char32_t>(from))) return;
    std::size_t name = call;
    while (name > 0 && (content::is_ascii_word(static_cast<unsigned char>(before[name - 1])) ||
                        before[name - 1] == '_' || before[name - 1] == '$'))
        --name;
    const std::string_view of = before.substr(name, call - name), behind = code_behind(text_, literal, 64);
    if (of.empty() || !before.substr(0, name).ends_with('?') || !behind.starts_with("):") ||
        !behind.substr(2).starts_with(of))
        return;
    Finding finding;
    finding.kind = Kind::varied_character;
    finding.text = fmt::format("'{}' or {}", from, described(character));
    finding.how = "replaced in the whole text, or not";
    finding.size = literal.end - literal.begin + before.size() - name;
    finding.entries = 2;
    finding.reasons.emplace_back("a condition decides whether one mark becomes another one in a text");
    findings_.add(std::move(finding), literal.begin);
}

void Shapes::see_place(const Literal& literal, const std::string& value) {
    const Compared how = compared(text_, literal); // first: most literals are compared with nothing
    if (!how.holds) return;
    const std::size_t from = literal.begin > 120 ? literal.begin - 120 : 0;
    const PlaceForm form = place_form(value, text_.substr(from, literal.end - from + 60));
    if (form == PlaceForm::none) return;
    Finding finding;
    finding.kind = Kind::place_comparison;
    finding.confidence = form == PlaceForm::time_zone ? Confidence::medium : Confidence::low;
    finding.text = value;
    finding.how = fmt::format("{} compared by {}", name_of(form), how.by);
    finding.size = literal.end - literal.begin;
    finding.entries = std::max<std::size_t>(1, how.list.size());
    finding.reasons.push_back(fmt::format("the code asks whether something is {} ({})", name_of(form), value));
    findings_.add(std::move(finding), literal.begin);
}

} // namespace sallyport::lab
