#include "tlog/lines.h"

#include "base/encoding.h"

#include <algorithm>
#include <charconv>

namespace sallyport::tlog {

std::optional<std::string_view> take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

std::optional<std::uint64_t> read_decimal(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc() || stop != end || (text.front() == '0' && text.size() > 1))
        return std::nullopt;
    return value;
}

std::optional<Digest> read_hash(std::string_view base64) {
    const auto bytes = from_base64(base64);
    Digest hash;
    if (!bytes || bytes->size() != hash.size()) return std::nullopt;
    std::ranges::copy(*bytes, hash.begin());
    return hash;
}

std::string hash_text(const Digest& hash) { return to_base64(crypto::bytes(hash)); }

std::optional<std::vector<Digest>> take_hashes(std::string_view& text, std::size_t hashes_max) {
    std::vector<Digest> hashes;
    while (true) {
        const auto line = take_line(text);
        if (!line) return std::nullopt;
        if (line->empty()) return hashes;
        const auto hash = read_hash(*line);
        if (!hash || hashes.size() == hashes_max) return std::nullopt;
        hashes.push_back(*hash);
    }
}

} // namespace sallyport::tlog
