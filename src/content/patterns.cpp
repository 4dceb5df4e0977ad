#include "content/patterns.h"

#include "base/encoding.h"
#include "content/prepared.h"
#include "crypto/crypto.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#ifdef SALLYPORT_HYPERSCAN
#include <hs.h>
#endif

namespace sallyport::content {

namespace {

constexpr std::uint32_t unbounded = 0xFFFFFFFF;

// Rewrites a pattern that RE2 has accepted, character by character.
class Translation {
public:
    explicit Translation(std::string_view pattern) : rest_(pattern) {}

    std::optional<std::string> run() {
        while (!rest_.empty()) {
            if (rest_.front() == '\\' && rest_.size() > 1)
                escape();
            else if (in_class_)
                inside_class();
            else
                outside_class();
        }
        if (impossible_ || (folds_case_ && beyond_ascii_)) return std::nullopt;
        return std::move(out_);
    }

private:
    void copy(std::size_t count) {
        const auto part = rest_.substr(0, count);
        for (const char c : part) beyond_ascii_ = beyond_ascii_ || static_cast<unsigned char>(c) >= 0x80;
        out_ += part;
        rest_.remove_prefix(part.size());
    }
    void put(std::string_view text, std::size_t instead_of) {
        out_ += text;
        rest_.remove_prefix(instead_of);
    }

    void escape() {
        switch (rest_[1]) {
        case 's': return put(in_class_ ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]", 2);
        case 'S': return put(in_class_ ? "\\x00-\\x08\\x0b\\x0e-\\x1f\\x21-\\xff" : "[^\\t\\n\\f\\r ]", 2);
        case 'v': return put("\\x0b", 2);
        case 'Q': return copy(in_class_ ? 2 : std::min(rest_.find("\\E", 2), rest_.size() - 2) + 2);
        case 'p':
        case 'P':
        case 'C': impossible_ = true; break;
        case 'x': beyond_ascii_ = beyond_ascii_ || rest_.size() < 4 || rest_[2] > '7'; break; // \x{...} too
        default: beyond_ascii_ = beyond_ascii_ || rest_[1] == '2' || rest_[1] == '3';         // octal
        }
        copy(2);
    }

    void outside_class() {
        if (rest_.starts_with("(?")) {
            const auto flags = rest_.substr(2, rest_.find_first_of(":)<", 2) - 2);
            folds_case_ = folds_case_ || flags.find('i') != std::string_view::npos;
        }
        in_class_ = rest_.front() == '[';
        copy(1);
        if (!in_class_) return;
        if (rest_.starts_with('^')) copy(1);
        if (rest_.starts_with(']')) put("\\]", 1);
    }

    void inside_class() {
        if (rest_.starts_with("[:")) {
            // "[:alpha:]", and only where it is no end of a range: what "0-[:" says, the two may disagree on.
            const auto end = rest_.find_first_not_of("^abcdefghijklmnopqrstuvwxyz", 2);
            impossible_ = impossible_ || out_.ends_with('-');
            if (end != std::string_view::npos && end > 2 && rest_.substr(end).starts_with(":]")) return copy(end + 2);
        }
        if (rest_.front() == '[') return put("\\[", 1);
        in_class_ = rest_.front() != ']';
        copy(1);
    }

    std::string_view rest_;
    std::string out_;
    bool in_class_ = false, folds_case_ = false, beyond_ascii_ = false, impossible_ = false;
};

} // namespace

std::optional<std::string> to_hyperscan(std::string_view pattern) { return Translation(pattern).run(); }

std::string prepared_name(std::span<const std::string> patterns, std::string_view engine) {
    crypto::Sha256 sum;
    sum.add(engine);
    for (const std::string& pattern : patterns) {
        sum.add(fmt::format("\n{}:", pattern.size()));
        sum.add(pattern);
    }
    return to_hex(crypto::bytes(sum.finish()));
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
    if (pattern.empty() || pattern.find('\0') != std::string::npos) return 0; // it reads up to a zero byte only
    hs_expr_info_t* info = nullptr;
    CompileError wrong;
    if (hs_expression_info(pattern.c_str(), 0, &info, &wrong.error) != HS_SUCCESS) return 0;
    const auto width = info->min_width == 0 ? 0 : info->max_width;
    std::free(info);
    return width;
}

} // namespace

std::vector<std::uint32_t> MultiPattern::widths_of(std::span<const std::string> patterns) {
    std::vector<std::uint32_t> widths;
    for (const std::string& pattern : patterns) widths.push_back(width_of(to_hyperscan(pattern).value_or("")));
    return widths;
}

void MultiPattern::build(std::span<const std::string> patterns) {
    if (!take_prepared(patterns)) compile(patterns);
    for (std::uint32_t i = 0; i < patterns.size(); ++i)
        if (width_[i] == 0) alone_.push_back(i);
    if (!alone_.empty())
        remark_ = fmt::format("{} of {} expressions are too much for Hyperscan", alone_.size(), patterns.size());
}

// A pattern that Hyperscan refuses only once all are compiled together ("too large") is taken out and the rest tried again.
void MultiPattern::compile(std::span<const std::string> patterns) {
    width_ = widths_of(patterns);
    std::vector<std::string> translated;
    std::vector<std::uint32_t> ids;
    for (std::uint32_t i = 0; i < patterns.size(); ++i) {
        translated.push_back(to_hyperscan(patterns[i]).value_or(""));
        if (width_[i] != 0) ids.push_back(i);
    }
    while (!ids.empty()) {
        std::vector<const char*> expressions;
        expressions.reserve(ids.size());
        for (const auto id : ids) expressions.push_back(translated[id].c_str());
        const std::vector<unsigned> flags(ids.size(), 0);
        CompileError wrong;
        if (hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()),
                             HS_MODE_BLOCK, nullptr, &database_, &wrong.error) == HS_SUCCESS)
            break;
        database_ = nullptr;
        const int at = wrong.error ? wrong.error->expression : -1;
        const auto failed = at >= 0 ? static_cast<std::size_t>(at) : ids.size() - 1;
        width_[ids[failed]] = 0;
        ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(failed));
    }
}

bool MultiPattern::take_prepared(std::span<const std::string> patterns) {
    if (prepared_databases == nullptr) return false;
    const std::string name = prepared_name(patterns, engine_);
    for (const Prepared& one : prepared_databases()) // the first that is for this CPU
        if (one.name == name && hs_deserialize_database(one.bytes.data(), one.bytes.size(), &database_) == HS_SUCCESS)
            return true;
    database_ = nullptr;
    return false;
}

std::string MultiPattern::database_for(Cpu cpu, std::span<const std::string> patterns) {
    std::vector<std::string> translated;
    std::vector<const char*> expressions;
    std::vector<unsigned> ids;
    for (const std::string& pattern : patterns) translated.push_back(to_hyperscan(pattern).value_or(""));
    for (std::uint32_t i = 0; i < translated.size(); ++i) {
        if (width_of(translated[i]) == 0) continue;
        expressions.push_back(translated[i].c_str());
        ids.push_back(i);
    }
    const std::vector<unsigned> flags(ids.size(), 0);
    const hs_platform_info_t platform{.tune = HS_TUNE_FAMILY_GENERIC,
                                      .cpu_features = cpu == Cpu::avx2 ? HS_CPU_FEATURES_AVX2 : 0ull,
                                      .reserved1 = 0,
                                      .reserved2 = 0};
    hs_database_t* database = nullptr;
    CompileError wrong;
    if (hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()), HS_MODE_BLOCK,
                         &platform, &database, &wrong.error) != HS_SUCCESS)
        return {};
    char* bytes = nullptr;
    std::size_t size = 0;
    const bool done = hs_serialize_database(database, &bytes, &size) == HS_SUCCESS;
    std::string out = done ? std::string(bytes, size) : std::string();
    std::free(bytes);
    hs_free_database(database);
    return out;
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
std::string MultiPattern::database_for(Cpu, std::span<const std::string>) { return {}; }
std::vector<std::uint32_t> MultiPattern::widths_of(std::span<const std::string>) { return {}; }

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
