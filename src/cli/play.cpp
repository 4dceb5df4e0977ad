#include "cli/play.h"

#include "base/buffer.h"
#include "http/client.h"
#include "http/event_stream.h"
#include "json/document.h"

namespace sallyport::cli {

namespace {

constexpr std::int64_t answer_ms = 20'000;

net::Task<void> ask(net::Loop& loop, http::Pool& pool, const http::Origin& origin, std::string head,
                    const std::string& body, Result<PlayedAnswer>& into) {
    auto connection = co_await pool.take(0, origin, true, answer_ms);
    Result<void> step;
    if (!connection) step = std::unexpected(connection.error());
    PlayedAnswer answer;
    if (step) {
        iovec pieces[] = {{head.data(), head.size()}, {const_cast<char*>(body.data()), body.size()}};
        step = co_await (*connection)->send(pieces, answer_ms);
    }
    http::ResponseHead answer_head;
    if (step) step = co_await (*connection)->read_head(answer_head, "POST", loop.now_ms() + answer_ms);
    answer.status = answer_head.status;
    for (bool last = false; step && !last;) {
        const auto part = co_await (*connection)->read_part(answer_ms);
        if (!part) {
            step = std::unexpected(part.error());
            break;
        }
        for (const iovec& piece : part->pieces)
            answer.body.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        last = part->last;
    }
    if (step)
        into = std::move(answer);
    else
        into = std::unexpected(step.error());
    loop.stop();
}

// The texts a person would read: members with these names, anywhere in the document.
void collect(const json::Document& document, std::string& text) {
    std::string scratch;
    for (json::NodeIndex i = 0; i < document.nodes().size(); ++i) {
        if (document[i].kind != json::Kind::string) continue;
        const std::string_view key = document.raw_key(i);
        if (key == "text" || key == "message" || key == "content" || key == "delta")
            text += document.text(i, scratch);
        else if (key == "name" && document[i].parent != json::no_node)
            text += "[calls " + std::string(document.text(i, scratch)) + "] ";
    }
}

void collect_text(std::string_view body, std::string& text) {
    std::string padded(body);
    padded.append(Buffer::padding, '\0');
    json::Document document;
    if (document.parse(std::string_view(padded).substr(0, body.size()))) collect(document, text);
}

} // namespace

Result<PlayedAnswer> play(const std::string& url, const PlayedRequest& request) {
    net::Loop loop;
    net::Resolver resolver;
    http::BufferPool buffers;
    http::Pool pool(loop, resolver, buffers);
    http::Origin origin;
    origin.authority = url.substr(url.find("://") + 3);
    const auto where = net::parse_host_port(origin.authority);
    if (!where) return std::unexpected(where.error());
    origin.where = *where;
    std::string head =
        "POST " + request.target + " HTTP/1.1\r\nHost: " + origin.authority + "\r\nContent-Type: application/json\r\n";
    for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
    head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n";
    Result<PlayedAnswer> answer = fail(ErrorKind::internal, "not played");
    loop.spawn(ask(loop, pool, origin, std::move(head), request.body, answer));
    loop.run();
    return answer;
}

std::string gist(const PlayedAnswer& answer) {
    std::string text;
    if (answer.body.find("data: ") == std::string::npos) {
        collect_text(answer.body, text);
        return text;
    }
    http::EventStream stream;
    stream.feed(answer.body, [&](std::string_view event, std::string_view data) {
        // Whole items repeat what their deltas said.
        if (event.ends_with(".done") || event == "response.completed" || event == "response.created") return;
        collect_text(data, text);
    });
    return text;
}

} // namespace sallyport::cli
