#include "gateway/one_reading.h"

#include "base/text.h"
#include "gateway/caller.h"

namespace sallyport::gateway {

namespace {

// Servers and proxies that know these act on another method or path than the request line's.
constexpr http::FieldNames overrides({"x-http-method-override", "x-http-method", "x-method-override", "x-original-url",
                                      "x-original-uri", "x-rewrite-url"});

// What the bytes of a body mean, or what was judged. Connection takes fields off on the way that are for this hop only (RFC 9110,
// 7.6.1); without Content-Encoding, say, the same bytes are another text.
constexpr http::FieldNames meaning({"host", "content-length", "content-type", "content-encoding", "content-language",
                                    "content-location", "content-range", "content-md5", "content-disposition",
                                    "content-digest", "repr-digest", "user-agent", "originator"});

std::string_view named_by_connection(const http::Fields& fields) {
    for (const http::Field& field : fields)
        if ((meaning.hold(field.name) || never_forwarded(field.name)) && fields.lists("connection", field.name))
            return field.name;
    return {};
}

} // namespace

std::string second_reading(const http::RequestHead& head) {
    if (head.fields.find("connection") != nullptr)
        if (const std::string_view name = named_by_connection(head.fields); !name.empty())
            return "its Connection header names " + to_lower(name) + ", which is for the upstream";
    for (const http::Field& field : head.fields)
        if (overrides.hold(field.name))
            return "its header " + to_lower(field.name) + " makes some servers read another request";
    if (query_overrides_headers(head.query)) return "a parameter of its query stands for headers";
    return {};
}

} // namespace sallyport::gateway
