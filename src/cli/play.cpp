#include "cli/play.h"

#include "base/buffer.h"
#include "cli/call.h"
#include "http/event_stream.h"
#include "json/document.h"

namespace sallyport::cli {

namespace {

constexpr std::int64_t answer_ms = 20'000;
constexpr std::size_t answer_bytes_max = 64u << 20;

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
    std::string base_path;
    const auto origin = origin_of(url, base_path);
    if (!origin) return std::unexpected(origin.error());
    std::string fields = "Content-Type: application/json\r\n";
    for (const auto& [name, value] : request.headers) fields += name + ": " + value + "\r\n";
    auto answer = call(*origin, "POST", base_path + request.target, fields, request.body, answer_bytes_max, answer_ms);
    if (!answer) return std::unexpected(answer.error());
    return PlayedAnswer{answer->status, std::move(answer->body)};
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
