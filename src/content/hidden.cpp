#include "content/hidden.h"

#include "base/limits.h"
#include "content/hidden_marks.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace sallyport::content {
namespace {

struct RuleInfo {
    std::string_view name;
    std::size_t message_min; // so many marks of a text carry a message together and are one finding
};

constexpr std::array<RuleInfo, hidden_rules> rules = {{
    {"zero-width", 3},
    {"tags", 1},
    {"variation-selectors", 2},
    {"bidi", 2},
    {"filler", 2},
    {"odd-space", 3},
    {"private-use", 3},
    {"look-alike-letter", 3},
    {"look-alike-apostrophe", 3},
    {"look-alike-punctuation", 3},
    {"lone-surrogate", 1},
    {"broken-utf-8", 1},
}};

using Marks = std::vector<Mark>;

// How sure a message makes: where it decodes entirely; where so many of a kind have no innocent reason.
Confidence of_message(const Marks& marks, HiddenRule rule) {
    const bool decodes = rule <= HiddenRule::variation_selectors && !payload_of(marks, rule).empty();
    if (decodes) return Confidence::high;
    const Confidence single = std::ranges::max(marks, {}, &Mark::confidence).confidence;
    const bool innocent = rule >= HiddenRule::lone_surrogate || rule == HiddenRule::look_alike_apostrophe ||
                          rule == HiddenRule::look_alike_punctuation || rule == HiddenRule::bidi ||
                          std::ranges::all_of(marks, [](const Mark& one) { return one.value == 0xA0; });
    return innocent || marks.size() < rules[static_cast<std::size_t>(rule)].message_min
               ? single
               : std::max(single, Confidence::medium);
}

Found uninspected(std::string_view text, std::size_t begin) {
    const auto end = std::min<std::size_t>(text.size(), std::numeric_limits<std::uint32_t>::max());
    return {FindingKind::uninspected, Confidence::high, 0, static_cast<std::uint32_t>(begin),
            static_cast<std::uint32_t>(end)};
}

Found found(const Marks& marks, HiddenRule rule) {
    return {FindingKind::marker, of_message(marks, rule), static_cast<std::uint32_t>(rule), marks.front().begin,
            marks.back().end};
}

void add_findings(const Marks& all, HiddenRule rule, std::vector<Found>& out) {
    Marks own;
    std::ranges::copy_if(all, std::back_inserter(own), [&](const Mark& one) { return one.rule == rule; });
    if (own.empty()) return;
    if (own.size() >= rules[static_cast<std::size_t>(rule)].message_min) {
        out.push_back(found(own, rule));
        return;
    }
    Marks run;
    for (const Mark& one : own) {
        if (!run.empty() && run.back().end != one.begin) {
            out.push_back(found(run, rule));
            run.clear();
        }
        run.push_back(one);
    }
    out.push_back(found(run, rule));
}

} // namespace

std::string_view name(HiddenRule rule) { return rules[static_cast<std::size_t>(rule)].name; }

void find_hidden(std::string_view text, std::vector<Found>& out) {
    if (text.size() > limits::scanned_text_bytes_max) {
        out.push_back(uninspected(text, 0));
        return;
    }
    Marks marks;
    const std::size_t left_out = collect_marks(text, marks);
    if (marks.empty()) return;
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    if (left_out < text.size()) out.push_back(uninspected(text, left_out));
    for (std::size_t rule = 0; rule < hidden_rules; ++rule) add_findings(marks, static_cast<HiddenRule>(rule), out);
    std::ranges::sort(out.begin() + first, out.end(), {},
                      [](const Found& one) { return std::pair(one.begin, one.rule); });
}

} // namespace sallyport::content
