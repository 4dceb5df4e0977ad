#include "cli/call.h"

namespace sallyport::cli {

namespace {

struct Wish {
    std::string_view method;
    std::string head;
    const std::string& body;
    std::size_t bytes_max;
    std::int64_t answer_ms;
};

net::Task<void> ask(net::Loop& loop, http::Pool& pool, const http::Origin& origin, Wish wish,
                    Result<CalledAnswer>& into) {
    auto connection = co_await pool.take(0, origin, true, wish.answer_ms);
    Result<void> step;
    if (!connection) step = std::unexpected(connection.error());
    CalledAnswer answer;
    if (step) {
        iovec pieces[] = {{wish.head.data(), wish.head.size()},
                          {const_cast<char*>(wish.body.data()), wish.body.size()}};
        step = co_await (*connection)->send(pieces, wish.answer_ms);
    }
    http::ResponseHead answer_head;
    if (step) step = co_await (*connection)->read_head(answer_head, wish.method, loop.now_ms() + wish.answer_ms);
    answer.status = answer_head.status;
    for (bool last = false; step && !last;) {
        const auto part = co_await (*connection)->read_part(wish.answer_ms);
        if (!part) {
            step = std::unexpected(part.error());
            break;
        }
        for (const iovec& piece : part->pieces)
            answer.body.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        if (answer.body.size() > wish.bytes_max)
            step = fail(ErrorKind::too_large, "the answer is longer than " + std::to_string(wish.bytes_max) + " bytes");
        last = part->last;
    }
    if (step)
        into = std::move(answer);
    else
        into = std::unexpected(step.error());
    loop.stop();
}

} // namespace

Result<http::Origin> origin_of(const std::string& url, std::string& base_path) {
    http::Origin origin;
    origin.tls = url.starts_with("https://");
    if (!origin.tls && !url.starts_with("http://"))
        return fail(ErrorKind::invalid, "a gateway's URL begins with http:// or https://; got '" + url + "'");
    std::string rest = url.substr(url.find("://") + 3);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    base_path = rest.substr(slash);
    while (base_path.ends_with('/')) base_path.pop_back();
    origin.authority = rest.substr(0, slash);
    const bool has_port = origin.authority.find(':', origin.authority.find(']') + 1) != std::string::npos;
    auto where = net::parse_host_port(has_port ? origin.authority : origin.authority + (origin.tls ? ":443" : ":80"));
    if (!where) return std::unexpected(where.error());
    origin.where = std::move(*where);
    if (origin.tls) {
        auto context = net::TlsContext::client({});
        if (!context) return std::unexpected(context.error());
        origin.tls_context = std::move(*context);
    }
    return origin;
}

Result<CalledAnswer> call(const http::Origin& origin, std::string_view method, const std::string& target,
                          const std::string& fields, const std::string& body, std::size_t bytes_max,
                          std::int64_t answer_ms) {
    net::Loop loop;
    net::Resolver resolver;
    http::BufferPool buffers;
    http::Pool pool(loop, resolver, buffers);
    std::string head = std::string(method) + " " + target + " HTTP/1.1\r\nHost: " + origin.authority + "\r\n" + fields;
    if (!body.empty() || method == "POST") head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    head += "\r\n";
    Result<CalledAnswer> answer = fail(ErrorKind::internal, "not called");
    loop.spawn(ask(loop, pool, origin, {method, std::move(head), body, bytes_max, answer_ms}, answer));
    loop.run();
    return answer;
}

} // namespace sallyport::cli
