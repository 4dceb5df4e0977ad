// Heads: whatever is accepted can be read in one way only, and written out plainly it is read as the same.
#include "base/limits.h"
#include "base/text.h"
#include "http/framing.h"
#include "http/head.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace sallyport;
using namespace sallyport::http;

void require(bool holds) {
    if (!holds) std::abort();
}

// Of what was looked at before nothing is looked for again, and nothing is missed.
void check_end(std::string_view bytes, std::size_t end) {
    for (std::size_t have = 0, looked = 0; have <= bytes.size(); looked = have, have += 1 + have / 3) {
        const std::size_t found = head_end(bytes.substr(0, have), looked);
        require(found == (have < end ? std::string_view::npos : end));
        if (found != std::string_view::npos) return;
    }
}

void check_fields(const Fields& fields, std::string_view bytes) {
    require(fields.size() <= limits::head_fields_max);
    for (const Field& field : fields) {
        require(!field.name.text().empty() && field.name.text().find_first_of(" \t\r\n:") == std::string_view::npos);
        require(field.name.text().data() >= bytes.data() &&
                field.value.data() + field.value.size() <= bytes.data() + bytes.size());
        require(trim(field.value) == field.value);
        for (const char c : field.value) require((static_cast<unsigned char>(c) >= 0x20 || c == '\t') && c != 0x7F);
        require(fields.count(field.name) > 0 && fields.find(field.name) != nullptr);
    }
}

void check_framing(const Result<Framing>& framing, const Fields& fields) {
    if (!framing) return;
    const std::size_t lengths = fields.count("content-length"), codings = fields.count("transfer-encoding");
    if (framing->kind == Framing::Kind::chunked)
        require(codings == 1 && lengths == 0 && fields.lists("transfer-encoding", "chunked"));
    if (framing->kind == Framing::Kind::length) require(codings == 0 && lengths == 1);
}

std::string written(std::string first_line, const Fields& fields) {
    for (const Field& field : fields) first_line.append("\r\n").append(field.name).append(": ").append(field.value);
    return first_line + "\r\n\r\n";
}

bool same(const Fields& a, const Fields& b) {
    if (a.size() != b.size()) return false;
    for (auto one = a.begin(), other = b.begin(); one != a.end(); ++one, ++other)
        if (one->name != other->name || one->value != other->value) return false;
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t end = head_end(bytes, 0);
    check_end(bytes, end);
    const std::string_view head_bytes = bytes.substr(0, end);

    RequestHead request;
    if (parse_request_head(head_bytes, request)) {
        require(end != std::string_view::npos && request.fields.count("host") <= 1);
        require(request.target.size() <= limits::target_bytes_max &&
                request.target.find_first_of(" \t\r\n#") == std::string_view::npos);
        require(request.target ==
                std::string(request.path) +
                    (request.path.size() < request.target.size() ? "?" + std::string(request.query) : ""));
        check_fields(request.fields, bytes);
        check_framing(request_framing(request), request.fields);
        const std::string plain = written(std::string(request.method) + " " + std::string(request.target) + " HTTP/1." +
                                              std::to_string(request.minor_version),
                                          request.fields);
        RequestHead again;
        require(parse_request_head(plain, again) && again.method == request.method && again.target == request.target &&
                same(again.fields, request.fields));
    }
    ResponseHead response;
    if (parse_response_head(head_bytes, response)) {
        require(end != std::string_view::npos && response.status >= 100 && response.status <= 599);
        check_fields(response.fields, bytes);
        for (const char* method : {"POST", "HEAD"}) {
            const auto framing = response_framing(response, method);
            check_framing(framing, response.fields);
            const bool bodiless = std::string_view(method) == "HEAD" || response.status < 200 ||
                                  response.status == 204 || response.status == 304;
            if (bodiless) require(framing && framing->kind == Framing::Kind::none);
        }
        const std::string plain = written("HTTP/1." + std::to_string(response.minor_version) + " " +
                                              std::to_string(response.status) + " " + std::string(response.reason),
                                          response.fields);
        ResponseHead again;
        require(parse_response_head(plain, again) && again.status == response.status &&
                again.reason == response.reason && same(again.fields, response.fields));
    }
    return 0;
}
