#include "ledger/canonical.h"

#include "base/log.h"

namespace sallyport::ledger {

namespace {
// A surrogate in its three-byte form (WTF-8, what json::Document makes of a lone \ud800): ED A0..BF 80..BF.
bool is_surrogate(std::string_view text) {
    return text.size() >= 3 && text[0] == '\xED' && static_cast<unsigned char>(text[1]) >= 0xA0 &&
           static_cast<unsigned char>(text[1]) <= 0xBF && (static_cast<unsigned char>(text[2]) & 0xC0) == 0x80;
}
} // namespace

void append_escaped(std::string& out, std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    for (std::size_t from = 0; from < text.size();) {
        std::size_t to = text.find('\xED', from);
        while (to != std::string_view::npos && !is_surrogate(text.substr(to))) to = text.find('\xED', to + 1);
        append_json_escaped(out, text.substr(from, to - from));
        if (to == std::string_view::npos) return;
        const unsigned unit = 0xD000u | (static_cast<unsigned char>(text[to + 1]) & 0x3Fu) << 6 |
                              (static_cast<unsigned char>(text[to + 2]) & 0x3Fu);
        out += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4) out += digits[unit >> shift & 15];
        from = to + 3;
    }
}

} // namespace sallyport::ledger
