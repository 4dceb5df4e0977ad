#include "gateway/pdp_answer.h"

#include "base/limits.h"
#include "content/code_points.h"
#include "json/document.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::gateway {

namespace {

using json::no_node;
using json::NodeIndex;

std::unexpected<Error> unread(const char* what) { return fail(ErrorKind::invalid, what, ErrorSource::upstream); }

bool is_blank(char32_t c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029; }

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
    for (std::size_t at = 0; at < text.size();) {
        const content::CodePoint next = content::code_point_at(text, at);
        const std::string_view here = text.substr(at, next.size);
        at += next.size;
        if (next.trait != content::Trait::broken && is_blank(next.value)) {
            blank = !line.empty();
        } else if (!content::is_unprintable(next)) {
            if (line.size() + here.size() + (blank ? 1 : 0) > bytes_max) break;
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
