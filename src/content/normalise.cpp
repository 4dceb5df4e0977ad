#include "content/normalise.h"

#include "content/numbering.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sallyport::content {

namespace {

constexpr std::size_t block = 64; // bytes of one step; the buffers have as much room more

// What a byte becomes; 0 where it is left out.
constexpr std::array<char, 256> normal_form = [] {
    std::array<char, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        const bool upper = byte >= 'A' && byte <= 'Z';
        const bool kept = upper || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80;
        table[byte] = kept ? static_cast<char>(upper ? byte + 32 : byte) : '\0';
    }
    return table;
}();

// A step takes text[begin, end) and writes what is kept to `out`, and to `offsets` where that is not null; it gives the count.
struct SoftwareStep {
    std::size_t operator()(std::string_view text, std::size_t begin, std::size_t end, char* out,
                           std::uint32_t* offsets) const {
        std::size_t count = 0;
        for (std::size_t at = begin; at < end; ++at) {
            const char form = normal_form[static_cast<unsigned char>(text[at])];
            out[count] = form; // without a branch: what is left out is written over
            if (offsets != nullptr) offsets[count] = static_cast<std::uint32_t>(at);
            count += form != '\0';
        }
        return count;
    }
};

#if defined(__x86_64__)
#define SALLYPORT_VBMI2 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt")))

struct VectorStep {
    SALLYPORT_VBMI2 std::size_t operator()(std::string_view text, std::size_t begin, std::size_t end, char* out,
                                           std::uint32_t* offsets) const {
        const __m512i iota = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        const __m512i case_bit = _mm512_set1_epi8(32);
        std::size_t count = 0;
        for (std::size_t at = begin; at < end; at += block) {
            const std::size_t left = end - at;
            const __mmask64 there = left >= block ? ~0ULL : (1ULL << left) - 1;
            const __m512i bytes = _mm512_maskz_loadu_epi8(there, text.data() + at);
            const __mmask64 upper =
                _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('A')), _mm512_set1_epi8(26));
            const __mmask64 lower =
                _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('a')), _mm512_set1_epi8(26));
            const __mmask64 digit =
                _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
            const __mmask64 kept = (upper | lower | digit | _mm512_movepi8_mask(bytes)) & there;
            const __m512i form = _mm512_or_si512(bytes, _mm512_maskz_mov_epi8(upper, case_bit));
            _mm512_storeu_si512(out + count, _mm512_maskz_compress_epi8(kept, form));
            if (offsets != nullptr) {
                std::uint32_t* to = offsets + count;
                for (unsigned part = 0; part < 4; ++part) {
                    const auto mask = static_cast<__mmask16>(kept >> (16 * part));
                    const __m512i places = _mm512_add_epi32(iota, _mm512_set1_epi32(static_cast<int>(at + 16 * part)));
                    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(mask, places));
                    to += __builtin_popcount(mask);
                }
            }
            count += static_cast<std::size_t>(__builtin_popcountll(kept));
        }
        return count;
    }
};

const bool has_vbmi2 = [] {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}();
#endif

} // namespace

template <class Step> void Normalised::fill(std::string_view text, Numbering numbering, Step step) {
    size_ = 0;
    if (room_ < text.size() + block) {
        room_ = text.size() + block;
        text_ = std::make_unique_for_overwrite<char[]>(room_);
        offsets_ = std::make_unique_for_overwrite<std::uint32_t[]>(room_);
    }
    std::vector<LeftOut> numbers;
    if (numbering == Numbering::left_out) find_numbering(text, numbers);
    std::size_t at = 0;
    for (const LeftOut& number : numbers) {
        size_ += step(text, at, number.begin, text_.get() + size_, offsets_.get() + size_);
        at = number.end;
    }
    size_ += step(text, at, text.size(), text_.get() + size_, offsets_.get() + size_);
}

void normalise_in_software(std::string_view text, Numbering numbering, Normalised& out) {
    out.fill(text, numbering, SoftwareStep{});
}

void normalise(std::string_view text, Numbering numbering, Normalised& out) {
#if defined(__x86_64__)
    if (has_vbmi2) return out.fill(text, numbering, VectorStep{});
#endif
    out.fill(text, numbering, SoftwareStep{});
}

void normalise_document(std::string_view text, NormalisedDocument& out) {
    out.lines.clear();
    out.text.resize(text.size() + block);
    std::size_t size = 0;
    for (std::size_t line = 0; line < text.size();) {
        out.lines.push_back(static_cast<std::uint32_t>(size));
        const void* newline = std::memchr(text.data() + line, '\n', text.size() - line);
        const std::size_t end = newline == nullptr
                                    ? text.size()
                                    : static_cast<std::size_t>(static_cast<const char*>(newline) - text.data());
#if defined(__x86_64__)
        size += has_vbmi2 ? VectorStep{}(text, line, end, out.text.data() + size, nullptr)
                          : SoftwareStep{}(text, line, end, out.text.data() + size, nullptr);
#else
        size += SoftwareStep{}(text, line, end, out.text.data() + size, nullptr);
#endif
        line = end + 1;
    }
    out.text.resize(size);
}

} // namespace sallyport::content
