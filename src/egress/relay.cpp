#include "egress/relay.h"

#include "base/text.h"
#include "crypto/crypto.h"

#include <algorithm>
#include <charconv>

namespace sallyport::egress {

namespace {

// Belongs to the connection with us, or to us.
bool stays_here(const http::FieldName& name, const http::Fields& fields) {
    const std::string lower = to_lower(name);
    return http::is_hop_by_hop(name) || name == "content-length" || lower.starts_with("proxy-") ||
           lower.starts_with("x-sallyport-") || fields.lists("connection", name);
}

std::string head_of(const http::RequestHead& head, const Relaying& how, std::optional<std::uint64_t> length) {
    std::string out;
    out.reserve(512);
    out.append(head.method)
        .append(" ")
        .append(how.target)
        .append(" HTTP/1.1\r\nHost: ")
        .append(how.authority)
        .append("\r\n");
    for (const http::Field& field : head.fields) {
        if (field.name == "host" || stays_here(field.name, head.fields)) continue;
        out.append(field.name.text()).append(": ").append(field.value).append("\r\n");
    }
    if (!length)
        out += "Transfer-Encoding: chunked\r\n";
    else if (*length > 0 || head.fields.find("content-length") != nullptr)
        out += "Content-Length: " + std::to_string(*length) + "\r\n";
    if (!how.keep_alive) out += "Connection: close\r\n";
    out += "\r\n";
    return out;
}

// The request, its body behind it.
net::Task<Result<void>> send(http::Exchange& exchange, http::ClientConnection& upstream, const Relaying& how,
                             Requested& request, crypto::Sha256& digest) {
    const std::optional<std::uint64_t> length = exchange.declared_length();
    std::string head = head_of(exchange.head(), how, length);
    iovec first = {head.data(), head.size()};
    const Result<void> begun = co_await upstream.send({&first, 1}, how.timeouts->write_idle_ms);
    if (!begun || length == 0) co_return begun;
    Buffer part(limits::relay_buffer_bytes);
    for (bool last = false; !last;) {
        part.clear();
        const Result<bool> read = co_await exchange.read_part(part);
        if (!read) co_return std::unexpected(read.error());
        last = *read;
        digest.add(part.view());
        request.body_bytes += part.size();
        if (request.body_bytes > how.bytes_max)
            co_return fail(ErrorKind::too_large, "more bytes than the policy lets out in one contact",
                           ErrorSource::client);
        char size[20];
        char* const end = std::to_chars(size, size + 16, part.size(), 16).ptr;
        end[0] = '\r', end[1] = '\n';
        constexpr std::string_view tails[] = {"\r\n", "\r\n0\r\n\r\n", "0\r\n\r\n"};
        const std::string_view tail = part.empty() ? tails[2] : tails[last ? 1 : 0];
        iovec pieces[] = {{size, static_cast<std::size_t>(end + 2 - size)},
                          {part.data(), part.size()},
                          {const_cast<char*>(tail.data()), tail.size()}};
        std::span<iovec> sending(pieces);
        if (length)
            sending = sending.subspan(1, 1); // no chunks
        else if (part.empty())
            sending = sending.subspan(2, last ? 1 : 0);
        const Result<void> sent = co_await upstream.send(sending, how.timeouts->write_idle_ms);
        if (!sent) co_return sent;
    }
    co_return {};
}

// The answer's body, behind its head. True: it was whole.
net::Task<bool> receive(http::Exchange& exchange, http::ClientConnection& upstream, const Relaying& how,
                        Requested& request, Error& why) {
    while (true) {
        const Result<http::ClientConnection::Part> part = co_await upstream.read_part(how.timeouts->upstream_idle_ms);
        if (!part) {
            why = part.error();
            co_return false;
        }
        request.answer_bytes += part->bytes;
        if (request.answer_bytes > how.bytes_max) {
            why = {ErrorKind::too_large, ErrorSource::upstream, Retry::never,
                   "more bytes than the policy lets in in one contact"};
            co_return false;
        }
        const bool last = part->last;
        const Result<void> written = co_await exchange.write(part->pieces, last);
        if (!written) {
            why = written.error();
            co_return false;
        }
        if (last) co_return true;
    }
}

std::optional<std::uint64_t> announced(const http::ResponseHead& head, const http::Framing& framing) {
    if (framing.kind == http::Framing::Kind::length) return framing.length;
    if (framing.kind != http::Framing::Kind::none) return {};
    std::uint64_t length = 0; // of HEAD and 304, which tell what they do not send
    const std::string_view text = head.fields.value("content-length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    return length;
}

} // namespace

Requested requested(const http::RequestHead& head, std::string_view path_and_query, const Receipts& receipts) {
    Requested request;
    request.method = head.method.substr(0, 32);
    const std::size_t question = path_and_query.find('?');
    request.path = path_shown(path_and_query.substr(0, question));
    if (question != std::string_view::npos) request.query_digest = receipts.digest(path_and_query.substr(question + 1));
    for (const http::Field& field : head.fields) {
        if (request.header_names.size() == limits::receipt_headers_max) {
            request.header_names.push_back("(" + std::to_string(head.fields.size() - limits::receipt_headers_max) +
                                           " more)");
            break;
        }
        request.header_names.push_back(to_lower(field.name.text().substr(0, 64)));
    }
    return request;
}

net::Task<Relayed> relay(http::Exchange& exchange, http::ClientConnection& upstream, const Relaying& how,
                         const Receipts& receipts, Requested& request, Error& why) {
    net::Stream& stream = upstream.stream();
    exchange.on_gone([&stream] { stream.cancel(); });
    crypto::Sha256 digest;
    Result<void> step = co_await send(exchange, upstream, how, request, digest);
    if (request.body_bytes > 0) request.body_digest = receipts.digest(digest.finish());
    http::ResponseHead head;
    if (step)
        step = co_await upstream.read_head(head, exchange.head().method,
                                           exchange.loop().now_ms() + how.timeouts->upstream_head_ms);
    if (!step) {
        exchange.on_gone({});
        why = step.error();
        co_return Relayed::unanswered;
    }
    request.status = head.status;
    {
        std::vector<http::Field> fields;
        for (const http::Field& field : head.fields)
            if (!stays_here(field.name, head.fields)) fields.push_back(field);
        exchange.start(head.status, head.reason, fields, announced(head, upstream.framing()));
    }
    const bool whole = co_await receive(exchange, upstream, how, request, why);
    exchange.on_gone({});
    if (!whole) exchange.abort();
    co_return whole ? Relayed::whole : Relayed::cut;
}

} // namespace sallyport::egress
