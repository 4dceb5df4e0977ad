#include "gateway/pdp_answer.h"

#include "base/limits.h"
#include "json/document.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::gateway {

namespace {

using json::no_node;
using json::NodeIndex;

std::unexpected<Error> unread(const char* what) { return fail(ErrorKind::invalid, what, ErrorSource::upstream); }

struct Character {
    char32_t code = 0;
    std::size_t bytes = 0; // 0: what stands here is not UTF-8
};

// RFC 3629: shortest form, no surrogates, nothing above U+10FFFF.
Character character_at(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    static constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    if (first < 0xC2 || first > 0xF4 || text.size() < size) return {};
    char32_t code = first & (0x7Fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0u) != 0x80) return {};
        code = code << 6 | (byte(i) & 0x3Fu);
    }
    const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < least[size] || code > 0x10FFFF || is_surrogate ? Character{} : Character{code, size};
}

bool is_blank(char32_t c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029; }

// Control characters, and those that are not seen but change what is: directions, joiners, byte order marks, tags.
bool is_hidden(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0xAD || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xE0000 && c <= 0xE007F);
}

// What says it twice or in another form says nothing: the denial stands without a reason.
std::string reason_of(const json::Document& document, NodeIndex context) {
    NodeIndex node = context;
    for (const std::string_view key : {"reason_user", "en"}) {
        const auto found = document.find_once(node, key);
        if (!found || *found == no_node) return {};
        node = *found;
    }
    if (document[node].kind != json::Kind::string) return {};
    std::string scratch;
    return plain_line(document.text(node, scratch), limits::pdp_reason_bytes_max);
}

} // namespace

std::string plain_line(std::string_view text, std::size_t bytes_max) {
    std::string line;
    bool blank = false; // one is due before the next character
    while (!text.empty()) {
        const Character next = character_at(text);
        const std::size_t bytes = std::max<std::size_t>(next.bytes, 1);
        const std::string_view here = text.substr(0, bytes);
        text.remove_prefix(bytes);
        if (next.bytes != 0 && is_blank(next.code)) {
            blank = !line.empty();
        } else if (next.bytes != 0 && !is_hidden(next.code)) {
            if (line.size() + bytes + (blank ? 1 : 0) > bytes_max) break;
            if (std::exchange(blank, false)) line += ' ';
            line += here;
        }
    }
    return line;
}

Result<PdpAnswer> read_pdp_answer(std::string_view body) {
    json::Document document;
    if (body.empty() || !document.parse(body)) return unread("its answer is not JSON");
    const NodeIndex root = document.root();
    if (document[root].kind != json::Kind::object) return unread("its answer is not a JSON object");
    const auto decision = document.find_once(root, "decision"), context = document.find_once(root, "context");
    if (!decision || !context) return unread("its answer says something twice");
    if (*decision == no_node) return unread("its answer holds no decision");
    if (document[*decision].kind != json::Kind::boolean) return unread("the decision in its answer is no boolean");
    PdpAnswer answer;
    answer.permitted = document.raw_value(*decision) == "true";
    if (!answer.permitted && *context != no_node) answer.reason = reason_of(document, *context);
    return answer;
}

} // namespace sallyport::gateway
