#include "gateway/body_search.h"

#include "base/limits.h"
#include "base/text.h"
#include "bodies/recorded.h"
#include "gateway/answer_reader.h"
#include "http/coding.h"
#include "http/event_stream.h"
#include "json/document.h"

namespace sallyport::gateway {

namespace {

constexpr std::size_t runs_known_max = 4u << 20; // 100 MB; then what repeats is read again

// Its first bytes are text in UTF-8; a body in a content coding does not look like that.
bool begins_as_text(std::string_view body) {
    std::size_t due = 0; // bytes of a character
    for (const char c : body.substr(0, 256)) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0) == 0x80) {
            if (due-- == 0) return false;
            continue;
        }
        if (due != 0 || byte >= 0xF8 || (byte < ' ' && byte != '\t' && byte != '\r' && byte != '\n')) return false;
        due = byte < 0x80 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    }
    return true;
}

std::optional<Buffer> decode(std::string_view coding, std::string_view body) {
    const auto decoder = http::make_decoder(coding, ErrorSource::gateway);
    Buffer out;
    if (!decoder->decode(body, out, limits::decoded_body_bytes_max) || !decoder->finished()) return std::nullopt;
    return out;
}

} // namespace

std::size_t BodySearch::RunHash::operator()(const bodies::Run& run) const {
    return std::hash<std::uint64_t>{}(run.chunk * 0x9E37'79B9'7F4A'7C15 ^ std::uint64_t{run.offset} << 32 ^ run.length);
}

BodySearch::BodySearch(bodies::Reader& reader, std::span<const std::string> words)
    : reader_(reader), all_(static_cast<Mask>((std::uint64_t{1} << words.size()) - 1)) {
    for (const std::string& word : words) words_.push_back(to_lower(word));
}

bool BodySearch::is_there(const ledger::Body& body) {
    if (body.kept == ledger::not_kept) ++figures_.missing;
    if (body.kept == ledger::kept_lost) ++figures_.unread;
    return body.kept > 0;
}

bool BodySearch::takes(const Error& error) {
    if (error.kind == ErrorKind::refused) {
        ++figures_.missing;
    } else {
        ++figures_.unread;
        if (figures_.problem.empty()) figures_.problem = error.message;
    }
    return false;
}

BodySearch::Mask BodySearch::words_in(std::string_view text) {
    lower_.resize(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) lower_[i] = ascii_lower(text[i]);
    Mask found = 0;
    for (std::size_t i = 0; i < words_.size(); ++i)
        if (lower_.contains(words_[i])) found |= Mask{1} << i;
    return found;
}

// Arguments of tools are JSON inside of JSON, so what was read once may have escapes again.
BodySearch::Mask BodySearch::words_in_raw(std::string_view bytes) {
    decoded_.clear();
    if (!bytes.contains('\\')) return words_in(bytes);
    json::unescape_what_is_escaped(bytes, decoded_);
    Mask found = words_in(decoded_);
    if (found == all_ || !decoded_.contains('\\')) return found;
    twice_.clear();
    json::unescape_what_is_escaped(decoded_, twice_);
    return found | words_in(twice_);
}

std::optional<std::string> BodySearch::plain(std::string body) {
    if (begins_as_text(body)) return body;
    for (const std::string_view coding : {"gzip", "zstd", "br", "deflate"})
        if (const auto out = decode(coding, body)) return std::string(out->view());
    takes({ErrorKind::invalid, ErrorSource::gateway, Retry::never, "a body is in a content coding that is not known"});
    return std::nullopt;
}

bool BodySearch::in_request(const ledger::Body& body) {
    if (!is_there(body)) return false;
    const auto runs = reader_.runs(static_cast<std::uint64_t>(body.kept));
    if (!runs) return takes(runs.error());
    ++figures_.bodies;
    figures_.bytes += body.bytes;
    Mask found = 0;
    for (const bodies::Run& run : *runs) {
        if (const auto known = known_.find(run); known != known_.end()) {
            found |= known->second;
            continue;
        }
        const auto bytes = reader_.bytes(run);
        if (!bytes) return takes(bytes.error());
        figures_.bytes_read += bytes->size();
        if (&run == runs->data() && !begins_as_text(*bytes)) {
            auto whole = bodies::recorded_body(reader_, body);
            if (!whole) return takes(whole.error());
            const auto text = plain(std::move(*whole));
            return text && words_in_raw(*text) == all_;
        }
        if (known_.size() >= runs_known_max) known_.clear();
        found |= known_.emplace(run, words_in_raw(*bytes)).first->second;
    }
    return found == all_;
}

BodySearch::Mask BodySearch::words_in_answer(std::string_view body, std::optional<dialect::Dialect> dialect) {
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    if (!dialect || first == std::string_view::npos || body[first] == '{' || body[first] == '[')
        return words_in_raw(body);
    AnswerReader reader(*dialect);
    http::EventStream stream;
    stream.feed(body, [&](std::string_view, std::string_view data) { reader.event(data); });
    // What is no stream after all, or too long a one, is looked at as it stands.
    Mask found = reader.whole() && !reader.parts().empty() ? 0 : words_in_raw(body);
    for (const auto& [number, part] : reader.parts()) {
        found |= words_in(part.text);
        if (part.text.contains('\\')) found |= words_in_raw(part.text);
    }
    return found;
}

bool BodySearch::in_response(const ledger::Body& body, std::optional<dialect::Dialect> dialect) {
    if (!is_there(body)) return false;
    auto bytes = bodies::recorded_body(reader_, body);
    if (!bytes) return takes(bytes.error());
    ++figures_.bodies;
    figures_.bytes += bytes->size();
    figures_.bytes_read += bytes->size();
    const auto text = plain(std::move(*bytes));
    return text && words_in_answer(*text, dialect) == all_;
}

} // namespace sallyport::gateway
