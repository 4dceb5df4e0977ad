#include "policy/format.h"

#include "base/limits.h"
#include "policy/layout.h"
#include "policy/yaml.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace sallyport::policy {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

constexpr bool is_unseen(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The place of the first value that is another one in `b`.
std::optional<Place> difference(Node a, Node b) {
    if (a.kind() != b.kind() || a.text() != b.text() || a.size() != b.size()) return a.place();
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a.is_map() && a.key(i) != b.key(i)) return a.key_place(i);
        if (const auto deeper = difference(a.at(i), b.at(i))) return deeper;
    }
    return std::nullopt;
}

// Comments and quotes are in no tree: whether all that can be seen is there still, in its order.
bool same_but_for_blanks(std::string_view a, std::string_view b) {
    std::size_t i = 0, k = 0;
    while (true) {
        while (i < a.size() && is_unseen(a[i])) ++i;
        while (k < b.size() && is_unseen(b[k])) ++k;
        if (i == a.size() || k == b.size()) return i == a.size() && k == b.size();
        if (a[i++] != b[k++]) return false;
    }
}

// Some take a lone carriage return for a line end, some for a blank; it is in no file on purpose.
std::optional<Place> lone_carriage_return(std::string_view text) {
    for (auto at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1))
        if (at + 1 == text.size() || text[at + 1] != '\n') {
            const auto before = text.substr(0, at);
            return Place{1 + static_cast<int>(std::ranges::count(before, '\n')),
                         static_cast<int>(at - before.rfind('\n'))}; // npos counts as -1
        }
    return std::nullopt;
}

std::string with_plain_line_ends(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    std::ranges::copy_if(text, std::back_inserter(out), [](char c) { return c != '\r'; });
    return out;
}

} // namespace

std::expected<std::string, Mistake> format(std::string_view text, std::string_view name) {
    const auto mistake = [&](Place place, std::string sentence) {
        return std::unexpected(Mistake{std::string(name), place.line, place.column, std::move(sentence)});
    };
    Reader before{std::string(name)};
    if (!before.parse(text, limits::policy_bytes_max)) return std::unexpected(before.mistakes().front());
    if (const auto place = lone_carriage_return(text))
        return mistake(*place, "a carriage return that ends no line; take it out");
    const auto mark = text.starts_with(byte_order_mark) ? byte_order_mark : std::string_view();
    const auto plain = with_plain_line_ends(text.substr(mark.size()));
    auto laid = lay_out(plain);
    if (!laid) return mistake(laid.error().place, std::move(laid.error().sentence));
    laid->insert(0, mark);
    Reader after{std::string(name)};
    const bool is_readable = after.parse(*laid, limits::policy_bytes_max);
    auto place = is_readable ? difference(before.root(), after.root()) : Place{};
    if (!place && !same_but_for_blanks(text, *laid)) place = Place{};
    if (place) return mistake(*place, "laying this out anew would change what it says; write it in a plainer form");
    return std::move(*laid);
}

int first_difference(std::string_view before, std::string_view after) {
    if (before == after) return 0;
    const auto at = std::ranges::mismatch(before, after).in1;
    return 1 + static_cast<int>(std::count(before.begin(), at, '\n'));
}

} // namespace sallyport::policy
