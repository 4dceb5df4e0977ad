// Many regular expressions (RE2 syntax, bytes) searched at once. With Hyperscan one pass says near which places each expression may
// match, without RE2 the exact matches would need a pass per expression; without Hyperscan the places are the whole text.
// RE2 has the last word either way, so that both find the same: see SecretScanner.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct hs_database;
struct hs_scratch;

namespace sallyport::content {

// Any match of `pattern` lies within such a part of the text, whole.
struct Region {
    std::uint32_t pattern = 0;
    std::uint32_t begin = 0, end = 0;
};

// Immutable after construction; shared by threads.
class MultiPattern {
public:
    // Hyperscan for what it can take. Never fails: what is left out is in alone().
    explicit MultiPattern(std::span<const std::string> patterns);
    ~MultiPattern();
    MultiPattern(const MultiPattern&) = delete;
    MultiPattern& operator=(const MultiPattern&) = delete;

    // What prepared_databases() is to hold of these patterns, for CPUs with AVX2 or for all. Empty where Hyperscan is not there or takes
    // not all of them.
    enum class Cpu : std::uint8_t { avx2, any };
    static std::string database_for(Cpu cpu, std::span<const std::string> patterns);
    static std::vector<std::uint32_t> widths_of(std::span<const std::string> patterns);

    // "hyperscan 5.4.0" or "re2".
    const std::string& engine() const { return engine_; }
    // Why Hyperscan serves not at all, or not some pattern; empty where it serves all.
    const std::string& remark() const { return remark_; }
    // Indices of the patterns that each() never reports: search the whole text for them.
    const std::vector<std::uint32_t>& alone() const { return alone_; }

private:
    friend class PatternScan;
    void build(std::span<const std::string> patterns);
    bool take_prepared(std::span<const std::string> patterns);
    void compile(std::span<const std::string> patterns);

    std::string engine_ = "re2", remark_;
    std::vector<std::uint32_t> alone_;
    std::vector<std::uint32_t> width_; // the longest match of each pattern, bytes; unbounded: UINT32_MAX
    hs_database* database_ = nullptr;
};

// The working memory of one thread for one MultiPattern, which must outlive it.
class PatternScan {
public:
    explicit PatternScan(const MultiPattern& patterns);
    ~PatternScan();
    PatternScan(const PatternScan&) = delete;
    PatternScan& operator=(const PatternScan&) = delete;

    // By pattern, then by begin, disjoint; valid until the next call. Allocates only where a text has more regions than any before.
    std::span<const Region> regions(std::string_view text);

private:
    static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void* self);
    void add(std::uint32_t pattern, std::uint32_t end);
    void merge();

    const MultiPattern& patterns_;
    hs_scratch* scratch_ = nullptr;
    std::vector<Region> regions_;
    std::vector<std::uint32_t> open_; // per pattern: the place of its newest region plus one, 0: none yet
};

// The same language in Hyperscan's (PCRE's) syntax: the two disagree on \s and \v, and on brackets within brackets. Nothing where
// they may disagree on more: Unicode classes, case beyond ASCII. `pattern` must be one that RE2 accepts.
std::optional<std::string> to_hyperscan(std::string_view pattern);

} // namespace sallyport::content
