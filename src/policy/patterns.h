// Many globs, asked at once which of them match a text. `*` is any run without '/', `**` any run, `?` one character but '/'.
//
// Patterns are kept under their literal beginning (all of it before the first wildcard). A text is hashed once from left to
// right; at each length at which some beginning ends, the hash finds the patterns to compare the rest with. So an exact name or a
// `beginning*` costs one probe, however many there are. Patterns with a longer literal behind a wildcard ("host/*/service-*") would
// share their beginnings, so they are kept under the last four bytes of that literal and found when the text holds these.
// Only patterns that have neither are tried one by one.
//
// Immutable after the last add(). Lookups do not allocate.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::policy {

// Texts and patterns beyond this match nothing: callers decide what that means, always to the closed side.
inline constexpr std::size_t name_bytes_max = 512;

class PatternIndex {
public:
    void add(std::string_view pattern, std::uint32_t value); // at most name_bytes_max
    // Calls found(value) for each pattern that matches, in no particular order, perhaps more than once.
    template <class Found> void each_match(std::string_view text, const Found& found) const {
        if (text.size() > name_bytes_max) return;
        if (!grams_.empty())
            for (std::size_t end = gram_bytes; end <= text.size(); ++end) {
                const auto gram = gram_at(text.data() + end - gram_bytes);
                if ((gram_seen_[gram_bit(gram) / 64] >> (gram_bit(gram) % 64) & 1) == 0) continue;
                const auto chain = grams_.find(gram);
                for (auto at = chain == grams_.end() ? none : chain->second; at != none; at = patterns_[at].next)
                    if (rest_matches(patterns_[at].rest, text)) found(patterns_[at].value);
            }
        std::uint64_t hash = hash_start;
        for (std::size_t length = 0;; ++length) {
            if (ends_here(length))
                for (auto at = bucket_of(hash, text.substr(0, length)); at != none; at = patterns_[at].next)
                    if (rest_matches(patterns_[at].rest, text.substr(length))) found(patterns_[at].value);
            if (length == text.size() || length >= length_max_) return;
            hash = hash_step(hash, text[length]);
        }
    }

private:
    struct Pattern {
        std::string rest; // behind the literal beginning; the whole pattern where it is kept under a gram
        std::uint32_t value;
        std::uint32_t next;
    };
    struct Bucket {
        std::string beginning;
        std::uint64_t hash;
        std::uint32_t first;
    };
    static constexpr std::uint32_t none = 0xFFFFFFFF;
    static constexpr std::uint64_t hash_start = 0xCBF29CE484222325; // FNV-1a
    static std::uint64_t hash_step(std::uint64_t hash, char c) {
        return (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    }
    static bool rest_matches(std::string_view rest, std::string_view text);
    bool ends_here(std::size_t length) const { return (lengths_[length / 64] >> (length % 64) & 1) != 0; }
    static constexpr std::size_t gram_bytes = 4;
    static std::uint32_t gram_at(const char* bytes) {
        std::uint32_t gram = 0;
        std::memcpy(&gram, bytes, gram_bytes);
        return gram;
    }
    static std::size_t gram_bit(std::uint32_t gram) { return gram * 0x9E3779B1u >> 20; } // one of gram_seen_'s 4,096
    bool add_by_gram(std::string_view pattern, std::size_t beginning, std::uint32_t value);
    std::size_t slot_of(std::uint64_t hash, std::string_view beginning) const;
    std::uint32_t bucket_of(std::uint64_t hash, std::string_view beginning) const;
    void grow();

    std::array<std::uint64_t, name_bytes_max / 64 + 1> lengths_{};
    std::size_t length_max_ = 0;
    std::vector<Pattern> patterns_;
    std::vector<Bucket> buckets_;
    std::array<std::uint64_t, 64> gram_seen_{}; // what grams_ holds, to look nearly nothing up in vain
    std::unordered_map<std::uint32_t, std::uint32_t> grams_;
    std::vector<std::uint32_t> slots_; // open addressing, at most half full: index into buckets_ or none
};

// Whether some text matches both patterns.
bool globs_meet(std::string_view a, std::string_view b);

} // namespace sallyport::policy
