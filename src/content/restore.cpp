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

std::size_t Restorer::restore(std::string_view raw, unsigned inside_json, std::string& out) const {
    std::size_t count = 0, done = 0;
    for (auto at = raw.find(opening); at != std::string_view::npos; at = raw.find(opening, at + 1)) {
        const auto known = std::ranges::find_if(
            replacements_, [&](const Replacement& one) { return raw.substr(at).starts_with(one.placeholder); });
        if (known == replacements_.end()) continue;
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
