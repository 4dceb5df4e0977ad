#include "http/head.h"

#include "base/limits.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <bit>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace sallyport::http {

namespace {

// A token's characters in lower case (RFC 9110 section 5.6.2), 0 for all others.
constexpr std::array<char, 256> token_lower = [] {
    std::array<char, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = static_cast<char>(c);
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = static_cast<char>(c);
    for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = static_cast<char>(c + 32);
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = c;
    return table;
}();

bool is_token(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return token_lower[static_cast<unsigned char>(c)] != 0; });
}

// How many bytes may stand in a field value: visible characters, obs-text, space and tab (RFC 9110 section 5.5).
std::size_t value_length(std::string_view text) {
    std::size_t i = 0;
#ifdef __SSE2__
    // Sixteen bytes at a time: headers are most of what a small exchange has.
    for (; i + 16 <= text.size(); i += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
        const __m128i below_space = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
        const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
        const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F));
        const auto found =
            static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, below_space), del)));
        if (found != 0) return i + static_cast<std::size_t>(std::countr_zero(found));
    }
#endif
    for (; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F) return i;
    }
    return i;
}
bool is_field_value(std::string_view text) { return value_length(text) == text.size(); }

std::unexpected<Error> bad(std::string sentence, ErrorSource source) {
    return fail(ErrorKind::invalid, std::move(sentence), source);
}

// Takes one line off the front of `rest`. A CR or LF anywhere but in the CRLF at its end is an error.
Result<std::string_view> take_line(std::string_view& rest, ErrorSource source) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r')
        return bad("a line of the HTTP head does not end in CR LF", source);
    const std::string_view line = rest.substr(0, end - 1);
    rest.remove_prefix(end + 1);
    if (line.find('\r') != std::string_view::npos) return bad("a bare CR stands inside the HTTP head", source);
    return line;
}

// What is wrong where a line should have ended or gone on at `rest`.
std::unexpected<Error> bad_line(std::string_view rest, std::string otherwise, ErrorSource source) {
    if (rest.empty() || rest[0] == '\n') return bad("a line of the HTTP head does not end in CR LF", source);
    if (rest[0] == '\r' && !rest.starts_with("\r\n")) return bad("a bare CR stands inside the HTTP head", source);
    return bad(std::move(otherwise), source);
}

// One pass: a name is checked, lowered and hashed in one loop, and a value ends where the first byte stands that it may not have.
Result<void> parse_fields(std::string_view rest, Fields& fields, ErrorSource source) {
    fields.clear();
    while (!rest.starts_with("\r\n")) {
        std::uint32_t hash = FieldName::first_hash;
        std::size_t length = 0;
        for (; length < rest.size(); ++length) {
            const char lower = token_lower[static_cast<unsigned char>(rest[length])];
            if (lower == 0) break;
            hash = FieldName::next(hash, lower);
        }
        if (length == 0 && (rest.starts_with(' ') || rest.starts_with('\t')))
            return bad("a header line is folded (obs-fold), which is not accepted", source);
        if (length > 0 && rest.substr(length).starts_with("\r\n")) return bad("a header line has no colon", source);
        if (length == 0 || length == rest.size() || rest[length] != ':')
            return bad_line(rest.substr(length), "a header name is empty or has a character that is not allowed there",
                            source);
        const FieldName name(rest.substr(0, length), hash);
        rest.remove_prefix(length + 1);
        const std::size_t end = value_length(rest);
        if (!rest.substr(end).starts_with("\r\n"))
            return bad_line(rest.substr(end),
                            "the value of the header " + std::string(name) + " has a control character", source);
        if (fields.size() == limits::head_fields_max)
            return fail(ErrorKind::too_large, "more than " + std::to_string(limits::head_fields_max) + " header lines",
                        source);
        fields.add(name, trim(rest.substr(0, end)));
        rest.remove_prefix(end + 2);
    }
    if (rest.size() != 2) return bad("bytes follow the end of the HTTP head", source);
    return {};
}

// "HTTP/1.x" -> x, else -1.
int minor_version(std::string_view text) {
    if (text == "HTTP/1.1") return 1;
    if (text == "HTTP/1.0") return 0;
    return -1;
}

} // namespace

const Field* Fields::find(FieldName name) const {
    for (const Field& field : list_)
        if (field.name == name) return &field;
    return nullptr;
}

std::string_view Fields::value(FieldName name) const {
    const Field* field = find(name);
    return field == nullptr ? std::string_view() : field->value;
}

std::size_t Fields::count(FieldName name) const {
    return static_cast<std::size_t>(std::ranges::count(list_, name, &Field::name));
}

bool Fields::lists(FieldName name, std::string_view token) const {
    for (const Field& field : list_) {
        if (field.name != name) continue;
        std::string_view rest = field.value;
        while (true) {
            const std::size_t comma = rest.find(',');
            if (equals_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

std::size_t head_end(std::string_view bytes, std::size_t from) {
    const std::size_t start = from < 3 ? 0 : from - 3;
    const std::size_t found = bytes.find("\r\n\r\n", start);
    return found == std::string_view::npos ? found : found + 4;
}

Result<void> parse_request_head(std::string_view bytes, RequestHead& head, Targets targets) {
    constexpr auto source = ErrorSource::client;
    const Result<std::string_view> line = take_line(bytes, source);
    if (!line) return std::unexpected(line.error());
    const std::size_t first = line->find(' ');
    const std::size_t last = line->rfind(' ');
    if (first == std::string_view::npos || first == last)
        return bad("the request line is not 'METHOD target HTTP/1.1'", source);
    head.method = line->substr(0, first);
    head.target = line->substr(first + 1, last - first - 1);
    head.minor_version = minor_version(line->substr(last + 1));
    if (head.minor_version < 0) return bad("the request line does not end in HTTP/1.1 or HTTP/1.0", source);
    if (!is_token(head.method)) return bad("the request method has a character that is not allowed there", source);
    if (head.target.size() > limits::target_bytes_max)
        return fail(ErrorKind::too_large,
                    "the request target is longer than " + std::to_string(limits::target_bytes_max) + " bytes", source);
    if (head.target.empty() || std::ranges::any_of(head.target, [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte <= 0x20 || byte >= 0x7F || byte == '#';
        }))
        return bad("the request target is empty or has a character that is not allowed there", source);
    if (head.target[0] != '/' && head.target != "*" && head.method != "CONNECT" && targets == Targets::paths)
        return bad("the request target is not a path: this is a gateway, not a proxy (is HTTP_PROXY set to it? set the "
                   "base URL instead)",
                   source);
    const std::size_t question = head.target.find('?');
    head.path = head.target.substr(0, question);
    head.query = question == std::string_view::npos ? std::string_view() : head.target.substr(question + 1);
    if (auto fields = parse_fields(bytes, head.fields, source); !fields) return fields;
    const std::size_t hosts = head.fields.count("host");
    if (hosts > 1 || (hosts == 0 && head.minor_version == 1))
        return bad("the request must have exactly one Host header", source);
    return {};
}

Result<void> parse_response_head(std::string_view bytes, ResponseHead& head) {
    constexpr auto source = ErrorSource::upstream;
    const Result<std::string_view> line = take_line(bytes, source);
    if (!line) return std::unexpected(line.error());
    // "HTTP/1.1 200 OK"; the reason may be empty, and some leave out the space before it.
    if (line->size() < 12 || (*line)[8] != ' ') return bad("the upstream's status line is not HTTP/1.1", source);
    head.minor_version = minor_version(line->substr(0, 8));
    if (head.minor_version < 0) return bad("the upstream does not speak HTTP/1.1", source);
    head.status = 0;
    for (const char c : line->substr(9, 3)) {
        if (c < '0' || c > '9') return bad("the upstream's status code is not a number", source);
        head.status = head.status * 10 + (c - '0');
    }
    if (head.status < 100 || head.status > 599) return bad("the upstream's status code is out of range", source);
    if (line->size() > 12 && (*line)[12] != ' ') return bad("the upstream's status line is not HTTP/1.1", source);
    head.reason = line->size() > 13 ? line->substr(13) : std::string_view();
    if (!is_field_value(head.reason)) return bad("the upstream's reason phrase has a control character", source);
    return parse_fields(bytes, head.fields, source);
}

bool is_hop_by_hop(const FieldName& name) {
    static constexpr FieldNames names({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te",
                                       "trailer", "upgrade", "expect", "proxy-authorization"});
    return names.hold(name);
}

std::string_view reason_phrase(int status) {
    switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 529: return "Overloaded";
    default: return "";
    }
}

} // namespace sallyport::http
