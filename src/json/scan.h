// Looks for bytes of interest 32 at a time: the work of reading long strings. SSE2 is part of every x86-64; AVX2 is used where
// the compiler was told to (-march=x86-64-v3). Measured: with SSE2 alone this is no longer what a long body waits for, so there
// is no choice at run time. Other machines take the portable form.
//
// All read 32 bytes at `p`, which may lie beyond the text: the caller sees to it that they are readable.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sallyport::json {

inline constexpr unsigned scan_width = 32;

#if defined(__AVX2__)

// Bit i: p[i] ends the plain run of a JSON string (a quote, a backslash or a control character).
inline std::uint32_t string_mask(const char* p) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    const __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
    const __m256i quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
    const __m256i escape = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(control, _mm256_or_si256(quote, escape))));
}

// Bit i: p[i] == wanted.
inline std::uint32_t byte_mask(const char* p, char wanted) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(wanted))));
}

#elif defined(__SSE2__)

inline std::uint32_t string_mask(const char* p) {
    const auto half = [](const char* at) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        const __m128i escape = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, escape))));
    };
    return half(p) | half(p + 16) << 16;
}

inline std::uint32_t byte_mask(const char* p, char wanted) {
    const auto half = [wanted](const char* at) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted))));
    };
    return half(p) | half(p + 16) << 16;
}

#else

inline std::uint32_t string_mask(const char* p) {
    std::uint32_t mask = 0;
    for (unsigned i = 0; i < scan_width; ++i) {
        const auto byte = static_cast<unsigned char>(p[i]);
        mask |= static_cast<std::uint32_t>(byte < 0x20 || byte == '"' || byte == '\\') << i;
    }
    return mask;
}

inline std::uint32_t byte_mask(const char* p, char wanted) {
    std::uint32_t mask = 0;
    for (unsigned i = 0; i < scan_width; ++i) mask |= static_cast<std::uint32_t>(p[i] == wanted) << i;
    return mask;
}

#endif

} // namespace sallyport::json
