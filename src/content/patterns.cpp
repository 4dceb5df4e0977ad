#include "content/patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#ifdef SALLYPORT_HYPERSCAN
#include <hs.h>
#endif

namespace sallyport::content {

namespace {

constexpr std::uint32_t unbounded = 0xFFFFFFFF;

// The end of \Q...\E, or of the text.
std::size_t end_of_quote(std::string_view pattern, std::size_t at) {
    const auto end = pattern.find("\\E", at);
    return end == std::string_view::npos ? pattern.size() : end + 2;
}

} // namespace

std::string to_hyperscan(std::string_view pattern) {
    std::string out;
    bool in_class = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c != '\\' || i + 1 == pattern.size()) {
            if (in_class && c == '[' && i + 1 < pattern.size() && pattern[i + 1] == ':') { // [:alpha:]
                const auto end = std::min(pattern.find(":]", i), pattern.size() - 2);
                out += pattern.substr(i, end + 2 - i);
                i = end + 1;
                continue;
            }
            out += c;
            if (!in_class && c == '[') {
                in_class = true;
                if (i + 1 < pattern.size() && pattern[i + 1] == '^') out += pattern[++i];
                if (i + 1 < pattern.size() && pattern[i + 1] == ']') {
                    out += "\\]";
                    ++i;
                }
            } else if (in_class && c == '[')
                out.insert(out.size() - 1, "\\");
            else if (in_class && c == ']')
                in_class = false;
            continue;
        }
        const char escaped = pattern[++i];
        if (escaped == 's')
            out += in_class ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]";
        else if (escaped == 'S')
            out += in_class ? "\\x00-\\x08\\x0b\\x0e-\\x1f\\x21-\\xff" : "[^\\t\\n\\f\\r ]";
        else if (escaped == 'Q' && !in_class) {
            const auto end = end_of_quote(pattern, i);
            out += pattern.substr(i - 1, end - i + 1);
            i = end - 1;
        } else {
            out += '\\';
            out += escaped;
        }
    }
    return out;
}

#ifdef SALLYPORT_HYPERSCAN

namespace {

// Frees what hs_compile and hs_expression_info give.
struct CompileError {
    hs_compile_error_t* error = nullptr;
    ~CompileError() {
        if (error) hs_free_compile_error(error);
    }
};

// The longest match, or nothing where Hyperscan cannot take the pattern (0: it may match nothing at all).
std::uint32_t width_of(const std::string& pattern) {
    hs_expr_info_t* info = nullptr;
    CompileError wrong;
    if (hs_expression_info(pattern.c_str(), 0, &info, &wrong.error) != HS_SUCCESS) return 0;
    const auto width = info->min_width == 0 ? 0 : info->max_width;
    std::free(info);
    return width;
}

} // namespace

// A pattern that Hyperscan refuses only once all are compiled together ("too large") is taken out and the rest tried again.
void MultiPattern::build(std::span<const std::string> patterns) {
    std::vector<std::string> translated;
    for (const auto& pattern : patterns) translated.push_back(to_hyperscan(pattern));
    std::vector<std::uint32_t> ids;
    for (std::uint32_t i = 0; i < translated.size(); ++i) {
        // Hyperscan reads a pattern up to its first zero byte.
        width_[i] = translated[i].find('\0') == std::string::npos ? width_of(translated[i]) : 0;
        if (width_[i] == 0)
            alone_.push_back(i);
        else
            ids.push_back(i);
    }
    while (!ids.empty()) {
        std::vector<const char*> expressions;
        for (const auto id : ids) expressions.push_back(translated[id].c_str());
        const std::vector<unsigned> flags(ids.size(), 0);
        CompileError wrong;
        if (hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()),
                             HS_MODE_BLOCK, nullptr, &database_, &wrong.error) == HS_SUCCESS)
            break;
        database_ = nullptr;
        const int at = wrong.error ? wrong.error->expression : -1;
        const auto failed = at >= 0 ? static_cast<std::size_t>(at) : ids.size() - 1;
        alone_.push_back(ids[failed]);
        ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(failed));
    }
    std::ranges::sort(alone_);
    if (!alone_.empty())
        remark_ = fmt::format("{} of {} expressions are too much for Hyperscan", alone_.size(), patterns.size());
}

MultiPattern::MultiPattern(std::span<const std::string> patterns) : width_(patterns.size(), unbounded) {
    const std::string_view version = hs_version();
    if (version.starts_with("5.4.0") && hs_valid_platform() == HS_SUCCESS) {
        engine_ = "hyperscan 5.4.0";
        build(patterns);
        return;
    }
    remark_ = fmt::format("Hyperscan {} is not used: only 5.4.0 is known to miss nothing, and it needs SSSE3",
                          version.substr(0, version.find(' ')));
    for (std::uint32_t i = 0; i < patterns.size(); ++i) alone_.push_back(i);
}

MultiPattern::~MultiPattern() { hs_free_database(database_); }

PatternScan::PatternScan(const MultiPattern& patterns) : patterns_(patterns), open_(patterns.width_.size(), 0) {
    if (patterns.database_ && hs_alloc_scratch(patterns.database_, &scratch_) != HS_SUCCESS) throw std::bad_alloc();
}

PatternScan::~PatternScan() { hs_free_scratch(scratch_); }

int PatternScan::on_match(unsigned id, unsigned long long, unsigned long long to, unsigned, void* self) {
    static_cast<PatternScan*>(self)->add(id, static_cast<std::uint32_t>(to));
    return 0;
}

std::span<const Region> PatternScan::regions(std::string_view text) {
    regions_.clear();
    if (!patterns_.database_ || text.empty()) return regions_;
    const auto done =
        hs_scan(patterns_.database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch_, on_match, this);
    // The only ways to fail are a wrong call or damaged memory: no answer is better than a silent miss.
    if (done != HS_SUCCESS) std::abort();
    for (const auto& region : regions_) open_[region.pattern] = 0;
    merge();
    return regions_;
}

#else

void MultiPattern::build(std::span<const std::string>) {}

MultiPattern::MultiPattern(std::span<const std::string> patterns)
    : remark_("this build has no Hyperscan"), width_(patterns.size(), unbounded) {
    for (std::uint32_t i = 0; i < patterns.size(); ++i) alone_.push_back(i);
}

MultiPattern::~MultiPattern() = default;
PatternScan::PatternScan(const MultiPattern& patterns) : patterns_(patterns) {}
PatternScan::~PatternScan() = default;
std::span<const Region> PatternScan::regions(std::string_view) { return {}; }

#endif

// Most reports of one pattern come one behind the other: they lengthen its newest region.
void PatternScan::add(std::uint32_t pattern, std::uint32_t end) {
    const auto width = patterns_.width_[pattern];
    const auto begin = end > width ? end - width : 0;
    auto& open = open_[pattern];
    if (open != 0) {
        auto& newest = regions_[open - 1];
        if (begin <= newest.end && end >= newest.begin) {
            newest.begin = std::min(newest.begin, begin);
            newest.end = std::max(newest.end, end);
            return;
        }
    }
    regions_.push_back({pattern, begin, end});
    open = static_cast<std::uint32_t>(regions_.size());
}

// Hyperscan promises no order.
void PatternScan::merge() {
    std::ranges::sort(regions_, [](const Region& a, const Region& b) {
        return a.pattern != b.pattern ? a.pattern < b.pattern : a.begin < b.begin;
    });
    std::size_t kept = 0;
    for (const auto& region : regions_) {
        if (kept > 0 && regions_[kept - 1].pattern == region.pattern && region.begin <= regions_[kept - 1].end)
            regions_[kept - 1].end = std::max(regions_[kept - 1].end, region.end);
        else
            regions_[kept++] = region;
    }
    regions_.resize(kept);
}

} // namespace sallyport::content
