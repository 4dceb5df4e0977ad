#include "lab/requests.h"

#include "base/buffer.h"
#include "base/text.h"
#include "http/coding.h"

#include <algorithm>
#include <charconv>

namespace sallyport::lab {

namespace {

constexpr std::size_t decoded_bytes_max = 64u << 20;
constexpr std::size_t requests_max = 10'000;

std::size_t number_of(std::string_view text, int base) {
    std::size_t out = 0;
    text = trim(text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    return error == std::errc() && end != text.data() ? out : std::string::npos;
}

void split_target(SentRequest& request) {
    std::string_view rest = request.target;
    if (const auto scheme = rest.find("://"); scheme != std::string_view::npos && !rest.starts_with('/')) {
        const auto slash = rest.find('/', scheme + 3);
        rest = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
    }
    const auto mark = rest.find('?');
    request.path = rest.substr(0, mark);
    if (mark != std::string_view::npos) request.query = rest.substr(mark + 1);
}

bool read_head(std::string_view head, SentRequest& request) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    const auto first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || last <= first || !line.substr(last + 1).starts_with("HTTP/")) return false;
    request.method = line.substr(0, first);
    request.target = line.substr(first + 1, last - first - 1);
    request.version = line.substr(last + 1);
    split_target(request);
    for (std::size_t at = end + 2; at < head.size();) {
        const std::size_t next = std::min(head.find("\r\n", at), head.size());
        const std::string_view field = head.substr(at, next - at);
        if (field.empty()) break;
        const auto colon = field.find(':');
        request.fields.emplace_back(field.substr(0, colon),
                                    colon == std::string_view::npos ? std::string_view() : field.substr(colon + 1));
        at = next + 2;
    }
    return true;
}

// The bytes of the body from `at` on; moves `at` behind them.
void read_body(std::string_view sent, std::size_t& at, SentRequest& request) {
    if (equals_ignoring_case(request.value("transfer-encoding"), "chunked")) {
        request.framing = "chunked";
        while (true) {
            const std::size_t end = sent.find("\r\n", at);
            const std::size_t size =
                end == std::string_view::npos ? std::string::npos : number_of(sent.substr(at, end - at), 16);
            if (size == std::string::npos || size > sent.size() - (end + 2)) {
                request.whole = false;
                request.body += sent.substr(std::min(at, sent.size()));
                at = sent.size();
                return;
            }
            request.body += sent.substr(end + 2, size);
            if (size > 0) request.chunks.push_back(size);
            at = std::min(end + 2 + size + 2, sent.size());
            if (size == 0) return;
        }
    }
    const std::string_view length = request.value("content-length");
    if (length.empty()) {
        request.framing = "none";
        return;
    }
    request.framing = "length";
    const std::size_t size = number_of(length, 10);
    request.whole = size != std::string::npos && size <= sent.size() - at;
    request.body = sent.substr(at, request.whole ? size : std::string::npos);
    at += request.body.size();
}

void undo_coding(SentRequest& request) {
    const std::string_view coding = request.value("content-encoding");
    if (http::is_identity(coding)) return;
    const auto decoder = http::make_decoder(coding, ErrorSource::client);
    Buffer decoded;
    if (!decoder || !decoder->decode(request.body, decoded, decoded_bytes_max) || !decoder->finished()) return;
    request.coding = coding;
    request.body = decoded.view();
}

} // namespace

std::string_view SentRequest::value(std::string_view name) const {
    for (const auto& [one, content] : fields)
        if (equals_ignoring_case(one, name)) return trim(content);
    return {};
}

std::vector<SentRequest> read_requests(std::string_view sent) {
    std::vector<SentRequest> out;
    for (std::size_t at = 0; at < sent.size() && out.size() < requests_max;) {
        SentRequest request;
        const std::size_t begin = at;
        const std::size_t end = sent.find("\r\n\r\n", at);
        if (end == std::string_view::npos || !read_head(sent.substr(at, end + 2 - at), request)) {
            request = {};
            request.method = "?";
            request.body = sent.substr(at);
            request.whole = false;
            at = sent.size();
        } else {
            at = end + 4;
            read_body(sent, at, request);
            undo_coding(request);
        }
        request.bytes = at - begin;
        request.number = begin; // where it began
        out.push_back(std::move(request));
    }
    return out;
}

std::vector<SentRequest> requests_of(const Recording& recording) {
    std::vector<SentRequest> out;
    for (std::size_t i = 0; i < recording.connections.size(); ++i) {
        const RecordedConnection& connection = recording.connections[i];
        for (SentRequest& one : read_requests(connection.sent)) {
            one.host = connection.host;
            one.port = connection.port;
            one.tls = connection.tls;
            one.through_proxy = connection.through_proxy;
            one.connection = i;
            const auto after = std::ranges::upper_bound(connection.arrived, one.number, {}, &Arrived::offset);
            one.number = after == connection.arrived.begin() ? 0 : std::prev(after)->number;
            out.push_back(std::move(one));
        }
    }
    std::ranges::sort(out, {}, [](const SentRequest& one) { return std::pair(one.number, one.connection); });
    return out;
}

} // namespace sallyport::lab
