#include "policy/patterns.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace sallyport::policy {

namespace {

// A pattern as a row of steps for globs_meet: a character, '?' (one, not '/'), '*' (any run without '/') or 'S' for `**`.
struct Step {
    enum Kind : std::uint8_t { one, any_one, run, any_run } kind;
    char c = 0;
    bool repeats() const { return kind == run || kind == any_run; }
};

std::vector<Step> steps_of(std::string_view pattern) {
    std::vector<Step> steps;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '?')
            steps.push_back({Step::any_one});
        else if (pattern[i] != '*')
            steps.push_back({Step::one, pattern[i]});
        else if (i + 1 < pattern.size() && pattern[i + 1] == '*') {
            steps.push_back({Step::any_run});
            ++i;
        } else
            steps.push_back({Step::run});
    }
    return steps;
}

// Whether one character can be taken by both.
bool share_a_character(const Step& a, const Step& b) {
    if (a.kind == Step::one && b.kind == Step::one) return a.c == b.c;
    const auto slash = [](const Step& step) { return step.kind == Step::one && step.c == '/'; };
    const auto takes_slash = [](const Step& step) { return step.kind == Step::any_run; };
    if (slash(a)) return takes_slash(b);
    if (slash(b)) return takes_slash(a);
    return true;
}

} // namespace

bool PatternIndex::rest_matches(std::string_view rest, std::string_view text) {
    if (rest.empty()) return text.empty();
    if (rest == "**") return true;
    if (rest == "*") return text.find('/') == std::string_view::npos;
    return glob_matches(rest, text);
}

std::size_t PatternIndex::slot_of(std::uint64_t hash, std::string_view beginning) const {
    const auto mask = slots_.size() - 1;
    auto slot = static_cast<std::size_t>(hash ^ hash >> 32) & mask;
    while (slots_[slot] != none &&
           (buckets_[slots_[slot]].hash != hash || buckets_[slots_[slot]].beginning != beginning))
        slot = (slot + 1) & mask;
    return slot;
}

std::uint32_t PatternIndex::bucket_of(std::uint64_t hash, std::string_view beginning) const {
    const auto bucket = slots_[slot_of(hash, beginning)];
    return bucket == none ? none : buckets_[bucket].first;
}

void PatternIndex::grow() {
    slots_.assign(std::max<std::size_t>(16, slots_.size() * 2), none);
    for (std::uint32_t i = 0; i < buckets_.size(); ++i) slots_[slot_of(buckets_[i].hash, buckets_[i].beginning)] = i;
}

// The longest literal behind the first wildcard, if it is long enough to look for.
bool PatternIndex::add_by_gram(std::string_view pattern, std::size_t beginning, std::uint32_t value) {
    std::string_view longest;
    for (std::size_t at = beginning; at < pattern.size();) {
        const auto literal = pattern.substr(at, std::min(pattern.find_first_of("*?", at), pattern.size()) - at);
        if (literal.size() > longest.size()) longest = literal;
        at += literal.size() + 1;
    }
    if (longest.size() < gram_bytes) return false;
    const auto gram = gram_at(longest.data() + longest.size() - gram_bytes);
    gram_seen_[gram_bit(gram) / 64] |= std::uint64_t{1} << (gram_bit(gram) % 64);
    auto& first = grams_.try_emplace(gram, none).first->second;
    patterns_.push_back({std::string(pattern), value, first});
    first = static_cast<std::uint32_t>(patterns_.size() - 1);
    return true;
}

void PatternIndex::add(std::string_view pattern, std::uint32_t value) {
    const auto length = std::min(pattern.find_first_of("*?"), pattern.size());
    if (length > name_bytes_max || add_by_gram(pattern, length, value)) return;
    const auto beginning = pattern.substr(0, length);
    auto hash = hash_start;
    for (const char c : beginning) hash = hash_step(hash, c);
    if (buckets_.size() * 2 >= slots_.size()) grow();
    auto& slot = slots_[slot_of(hash, beginning)];
    if (slot == none) {
        slot = static_cast<std::uint32_t>(buckets_.size());
        buckets_.push_back({std::string(beginning), hash, none});
        lengths_[length / 64] |= std::uint64_t{1} << (length % 64);
        length_max_ = std::max(length_max_, length);
    }
    auto& bucket = buckets_[slot];
    patterns_.push_back({std::string(pattern.substr(length)), value, bucket.first});
    bucket.first = static_cast<std::uint32_t>(patterns_.size() - 1);
}

// Both patterns walked at once: a pair of positions is reachable when some text brings both there. Each pair is visited once.
bool globs_meet(std::string_view first, std::string_view second) {
    const auto a = steps_of(first), b = steps_of(second);
    std::vector<char> seen((a.size() + 1) * (b.size() + 1));
    std::vector<std::pair<std::size_t, std::size_t>> open;
    const auto reach = [&](std::size_t i, std::size_t j) {
        if (std::exchange(seen[i * (b.size() + 1) + j], 1) == 0) open.emplace_back(i, j);
    };
    reach(0, 0);
    while (!open.empty()) {
        const auto [i, j] = open.back();
        open.pop_back();
        if (i == a.size() && j == b.size()) return true;
        if (i < a.size() && a[i].repeats()) reach(i + 1, j); // the run ends here
        if (j < b.size() && b[j].repeats()) reach(i, j + 1);
        if (i < a.size() && j < b.size() && share_a_character(a[i], b[j]))
            reach(a[i].repeats() ? i : i + 1, b[j].repeats() ? j : j + 1);
    }
    return false;
}

} // namespace sallyport::policy
