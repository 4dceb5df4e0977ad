#include "handover/cursor.h"

#include "base/buffer.h"
#include "base/file.h"
#include "json/document.h"
#include "json/writer.h"

#include <charconv>

namespace sallyport::handover {

namespace {
constexpr std::size_t cursor_bytes_max = 4096;
constexpr std::uint64_t cursor_version = 1;

std::optional<std::uint64_t> number_of(const json::Document& document, std::string_view key) {
    const auto node = document.find_once(document.root(), key);
    if (!node || *node == json::no_node) return std::nullopt;
    const std::string_view text = document.raw_value(*node);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}
} // namespace

std::string cursor_text(const Cursor& cursor) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("from", cursor.from);
    writer.member("next", cursor.next);
    writer.member("origin", cursor.origin);
    writer.member("v", cursor_version);
    writer.end_object();
    return out + "\n";
}

Result<Cursor> parse_cursor(std::string_view text, const std::string& file) {
    const auto bad = [&](const char* what) {
        return fail(ErrorKind::invalid, file + " is no cursor of a destination: " + what +
                                            "; delete it, and the destination begins where its 'from' says");
    };
    const Buffer raw(text);
    json::Document document;
    if (text.empty() || !document.parse(raw.view())) return bad("it is not JSON");
    if (document[document.root()].kind != json::Kind::object) return bad("it is no object");
    const auto version = number_of(document, "v"), next = number_of(document, "next"),
               from = number_of(document, "from");
    const auto origin = document.find_once(document.root(), "origin");
    if (!version || !next || !from || !origin || *origin == json::no_node ||
        document[*origin].kind != json::Kind::string)
        return bad("a member is missing");
    if (*version != cursor_version)
        return fail(ErrorKind::invalid, file + " was written by a newer version of sallyport; use that one");
    if (*from > *next) return bad("'from' is above 'next'");
    std::string scratch;
    return Cursor{std::string(document.text(*origin, scratch)), *next, *from};
}

Result<std::optional<Cursor>> read_cursor(const std::filesystem::path& file) {
    std::error_code code;
    if (!std::filesystem::exists(file, code)) {
        if (code) return fail(ErrorKind::io, "cannot look at " + file.string() + ": " + code.message());
        return std::nullopt;
    }
    const auto text = read_file(file, cursor_bytes_max);
    if (!text) return std::unexpected(text.error());
    auto cursor = parse_cursor(*text, file.string());
    if (!cursor) return std::unexpected(cursor.error());
    return std::move(*cursor);
}

Result<void> write_cursor(const std::filesystem::path& file, const Cursor& cursor) {
    return replace_file(file, cursor_text(cursor), 0600);
}

} // namespace sallyport::handover
