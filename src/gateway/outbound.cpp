#include "gateway/outbound.h"

#include "base/text.h"
#include "gateway/caller.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

void add(std::string& out, std::string_view name, std::string_view value) {
    const std::size_t before = out.size(), after = before + name.size() + value.size() + 4;
    // Not `size`, which libstdc++ 12 rounds up where the text has to grow.
    out.resize_and_overwrite(after, [&](char* bytes, std::size_t) {
        char* at = std::copy_n(name.data(), name.size(), bytes + before);
        *at++ = ':';
        *at++ = ' ';
        at = std::copy_n(value.data(), value.size(), at);
        *at++ = '\r';
        *at = '\n';
        return after;
    });
}

void add_credential(std::string& out, const UpstreamConfig& upstream, dialect::Dialect dialect) {
    if (upstream.credential.empty()) return;
    std::string_view header = upstream.credential_header;
    if (header.empty()) {
        switch (dialect) {
        case dialect::Dialect::anthropic_messages: header = "x-api-key"; break;
        case dialect::Dialect::gemini: header = "x-goog-api-key"; break;
        case dialect::Dialect::openai_responses:
        case dialect::Dialect::openai_chat: header = "authorization"; break;
        }
    }
    out += header;
    out += header == "authorization" ? ": Bearer " : ": ";
    out += upstream.credential.reveal();
    out += "\r\n";
}

bool stripped(const UpstreamConfig& upstream, std::string_view name) {
    return std::ranges::any_of(upstream.strip_headers,
                               [&](const std::string& one) { return equals_ignoring_case(one, name); });
}

bool stripped(const Changes& changes, std::string_view name) {
    return std::ranges::any_of(changes.stripped,
                               [&](std::string_view pattern) { return glob_matches(pattern, to_lower(name)); });
}

} // namespace

void build_head(const http::RequestHead& head, const dialect::Endpoint& endpoint, const Upstream& upstream,
                policy::AccountKind account, std::optional<std::uint64_t> body_bytes, const Changes& changes,
                std::string& out) {
    const UpstreamConfig& config = *upstream.config;
    out.reserve(out.size() + head.target.size() + head.fields.size() * 64 + 512);
    const bool personal = account == policy::AccountKind::personal;
    out += head.method;
    out += ' ';
    if (upstream.origin.proxy && !config.tls) { // absolute form, for the company's proxy
        out += "http://";
        out += config.authority;
    }
    out += config.base_path;
    out += endpoint.upstream_path;
    if (!head.query.empty()) {
        if (!query_has_credential(head.query)) {
            out += '?';
            out += head.query;
        } else if (const std::string query = query_without_credentials(head.query, personal); !query.empty()) {
            out += '?';
            out += query;
        }
    }
    out += " HTTP/1.1\r\n";
    const bool names_hops = head.fields.find("connection") != nullptr;
    bool length_told = false;
    if (head.fields.find("host") == nullptr) add(out, "Host", config.authority); // HTTP/1.0 may come without
    for (const http::Field& field : head.fields) {
        if (http::is_hop_by_hop(field.name)) continue;
        if (field.name == "host") {
            add(out, field.name, config.authority);
        } else if (field.name == "content-length") {
            if (body_bytes) add(out, field.name, std::to_string(*body_bytes));
            length_told = true;
        } else if ((changes.body && field.name == "content-encoding") ||
                   (changes.answer && field.name == "accept-encoding")) {
            continue;
        } else if (names_hops && head.fields.lists("connection", field.name)) {
            continue;
        } else if (never_forwarded(field.name)) {
            // A person's own credential goes on only where the policy allowed that account; our key never does.
            if (personal && carries_credential(field.name) && !holds_company_key(field.value))
                add(out, field.name, field.value);
        } else if (!stripped(config, field.name) && !stripped(changes, field.name)) {
            add(out, field.name, field.value);
        }
    }
    if (!personal) add_credential(out, config, endpoint.dialect);
    if (body_bytes && !length_told) add(out, "Content-Length", std::to_string(*body_bytes));
    if (upstream.origin.proxy && !config.tls && !upstream.origin.proxy_authorization.empty())
        add(out, "Proxy-Authorization", upstream.origin.proxy_authorization.reveal());
    out += "\r\n";
}

} // namespace sallyport::gateway
