#include "content/restore.h"

#include "json/writer.h"

#include <algorithm>

namespace sallyport::content {

namespace {

constexpr std::string_view opening = "[[sallyport:";

// As the inside of a JSON string, `deep` strings deep besides.
std::string escaped(std::string_view value, unsigned deep) {
    std::string text(value);
    for (unsigned i = 0; i <= deep; ++i) { // once for each string around it
        std::string quoted;
        json::Writer(quoted).element(text);
        text = quoted.substr(1, quoted.size() - 2);
    }
    return text;
}

} // namespace

namespace {

constexpr std::size_t word_bytes_max = 4'096;

// What ends the text without a blank in it; an escape of a line end or tabulator is one.
std::string_view last_word(std::string_view raw) {
    std::size_t begin = raw.size();
    while (begin > 0) {
        const char c = raw[begin - 1];
        const bool escaped = begin > 1 && raw[begin - 2] == '\\' && (c == 'n' || c == 't' || c == 'r');
        if (c == ' ' || c == '\n' || c == '\t' || escaped) break;
        --begin;
    }
    return raw.substr(begin);
}

bool is_address(std::string_view word) {
    return word.contains("://") || word.contains("](") || word.contains("=//") || word.contains("\"//") ||
           word.starts_with("//");
}

} // namespace

std::size_t Restorer::restore(std::string_view raw, unsigned inside_json, std::string& out) const {
    return restore_where(raw, inside_json, out, [](std::size_t) { return true; });
}

std::size_t Restorer::restore_outside_addresses(std::string_view raw, unsigned inside_json, std::string& out,
                                                std::string& word) const {
    const std::size_t count = restore_where(raw, inside_json, out, [&](std::size_t at) {
        const std::string_view here = last_word(raw.substr(0, at));
        return !is_address(here.size() == at ? word + std::string(here) : std::string(here));
    });
    const std::string_view last = last_word(raw);
    if (last.size() < raw.size()) word.clear();
    // Of a longer one the beginning tells.
    if (word.size() < word_bytes_max) word.append(last.substr(0, word_bytes_max - word.size()));
    return count;
}

template <class May>
std::size_t Restorer::restore_where(std::string_view raw, unsigned inside_json, std::string& out, May may) const {
    std::size_t count = 0, done = 0;
    for (auto at = raw.find(opening); at != std::string_view::npos; at = raw.find(opening, at + 1)) {
        const auto known = std::ranges::find_if(
            replacements_, [&](const Replacement& one) { return raw.substr(at).starts_with(one.placeholder); });
        if (known == replacements_.end() || !may(at)) continue;
        out += raw.substr(done, at - done);
        out += escaped(known->value.reveal(), inside_json);
        done = at + known->placeholder.size();
        at = done - 1;
        ++count;
    }
    out += raw.substr(done);
    return count;
}

std::size_t Restorer::begun_at_end(std::string_view raw) const {
    for (auto at = raw.find('['); at != std::string_view::npos; at = raw.find('[', at + 1)) {
        const std::string_view rest = raw.substr(at);
        const bool begun = std::ranges::any_of(replacements_, [&](const Replacement& one) {
            return rest.size() < one.placeholder.size() && std::string_view(one.placeholder).starts_with(rest);
        });
        if (begun) return rest.size();
    }
    return 0;
}

} // namespace sallyport::content
