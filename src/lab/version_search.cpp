#include "lab/version_search.h"

#include <algorithm>
#include <map>

namespace sallyport::lab {

namespace {
constexpr std::size_t parts = 8; // of what looks the same at both ends, so that what came and went within is seen
}

std::optional<std::size_t> VersionSearch::open_between(std::size_t low, std::size_t high) const {
    const std::size_t middle = low + (high - low) / 2;
    for (std::size_t away = 0; away <= high - low; ++away)
        for (const std::size_t at : {middle - std::min(away, middle), middle + away})
            if (at > low && at < high && told_[at].state == State::open) return at;
    return std::nullopt;
}

std::optional<std::size_t> VersionSearch::next() const {
    if (inspected_ >= most_ || told_.empty()) return std::nullopt;
    const auto is_told = [](const Version& one) { return one.state == State::told; };
    const auto is_open = [](const Version& one) { return one.state == State::open; };
    const auto first_told = std::ranges::find_if(told_, is_told), first_open = std::ranges::find_if(told_, is_open);
    if (first_open < first_told) return static_cast<std::size_t>(first_open - told_.begin());
    for (std::size_t at = told_.size(); at-- > 0 && !is_told(told_[at]);)
        if (is_open(told_[at])) return at;
    std::optional<std::size_t> best;
    std::size_t width = 0, low = 0;
    bool differs = false;
    for (std::size_t at = 1; at < told_.size(); ++at) {
        if (told_[at].state != State::told) continue;
        if (told_[low].state == State::told) {
            const bool other = told_[low].found != told_[at].found;
            const auto open = open_between(low, at);
            const bool wanted = open && (other || at - low > std::max<std::size_t>(1, told_.size() / parts));
            if (wanted && (other > differs || (other == differs && at - low > width))) {
                best = open;
                width = at - low;
                differs = other;
            }
        }
        low = at;
    }
    return best;
}

void VersionSearch::tell(std::size_t index, std::set<std::string> found) {
    told_[index] = {State::told, std::move(found)};
    ++inspected_;
}

void VersionSearch::skip(std::size_t index) {
    told_[index].state = State::skipped;
    ++inspected_;
}

std::vector<VersionSearch::Span> VersionSearch::spans() const {
    std::vector<Span> out;
    std::map<std::string, std::size_t> open; // finding -> index in `out`
    std::optional<std::size_t> last;
    for (std::size_t at = 0; at < told_.size(); ++at) {
        if (told_[at].state != State::told) continue;
        for (auto one = open.begin(); one != open.end();) {
            const bool goes_on = told_[at].found.contains(one->first);
            if (!goes_on) out[one->second].after = at;
            one = goes_on ? std::next(one) : open.erase(one);
        }
        for (const std::string& finding : told_[at].found) {
            const auto [known, fresh] = open.try_emplace(finding, out.size());
            if (fresh) out.push_back({finding, at, at, last, std::nullopt});
            out[known->second].last = at;
        }
        last = at;
    }
    return out;
}

} // namespace sallyport::lab
