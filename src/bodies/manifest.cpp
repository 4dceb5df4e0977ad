#include "bodies/manifest.h"

namespace sallyport::bodies {

void add_run(std::vector<Run>& runs, const Run& run) {
    if (run.length == 0) return;
    if (!runs.empty() && runs.back().chunk == run.chunk && runs.back().offset + runs.back().length == run.offset)
        runs.back().length += run.length;
    else
        runs.push_back(run);
}

void put_number(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

bool take_number(std::string_view& text, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !text.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(text.front());
        text.remove_prefix(1);
        if (shift == 63 && byte > 1) return false;
        value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) return true;
    }
    return false;
}

void encode(std::span<const Run> runs, std::uint64_t own, std::string& out) {
    put_number(out, runs.size());
    for (const Run& run : runs) {
        put_number(out, own - run.chunk);
        put_number(out, run.offset);
        put_number(out, run.length);
    }
}

Result<std::vector<Run>> decode_manifest(std::string_view text, std::uint64_t own) {
    const auto damaged = [] { return fail(ErrorKind::invalid, "the manifest of a body is damaged"); };
    std::uint64_t count = 0;
    // A run takes three bytes at least.
    if (!take_number(text, count) || count > text.size() / 3) return damaged();
    std::vector<Run> runs;
    runs.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t back = 0, offset = 0, length = 0;
        if (!take_number(text, back) || !take_number(text, offset) || !take_number(text, length) || back > own ||
            offset > UINT32_MAX || length > UINT32_MAX || length == 0)
            return damaged();
        runs.push_back({own - back, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(length)});
    }
    if (!text.empty()) return damaged();
    return runs;
}

} // namespace sallyport::bodies
