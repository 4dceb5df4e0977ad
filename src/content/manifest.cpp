#include "content/manifest.h"

#include "base/file.h"
#include "base/limits.h"
#include "crypto/checksum.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sallyport::content {

namespace {

constexpr std::string_view first_line = "sallyport-index 1 ";
constexpr std::string_view file_name = "MANIFEST";

// Names that a writer gives: nothing that leads out of the folder.
bool is_file_name(std::string_view name) {
    return !name.empty() && name.size() <= 80 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

} // namespace

std::string Manifest::encode() const {
    std::string out = fmt::format("{}{}\n", first_line, serial);
    for (const std::string& name : segments) out += fmt::format("segment {}\n", name);
    for (const std::string& name : lists) out += fmt::format("list {}\n", name);
    return out + fmt::format("checksum {:016x}\n", crypto::checksum(out));
}

Result<Manifest> Manifest::parse(std::string_view text, const std::string& name) {
    const auto damaged = [&](std::string_view what) {
        return fail(ErrorKind::invalid, fmt::format("the index's {} is damaged ({}): index the repositories again, or "
                                                    "restore it from a backup",
                                                    name, what));
    };
    const std::size_t last = text.rfind("checksum ");
    if (last == std::string_view::npos ||
        text.substr(last) != fmt::format("checksum {:016x}\n", crypto::checksum(text.substr(0, last))))
        return damaged("checksum");
    std::string_view rest = text.substr(0, last);
    const std::string_view first = take_line(rest);
    Manifest manifest;
    if (!first.starts_with(first_line)) return damaged("it is of another version");
    const auto number = first.substr(first_line.size());
    if (std::from_chars(number.data(), number.data() + number.size(), manifest.serial).ec != std::errc{})
        return damaged("serial");
    while (!rest.empty()) {
        const std::string_view line = take_line(rest),
                               file = line.substr(std::min(line.find(' '), line.size() - 1) + 1);
        const bool segment = line.starts_with("segment ");
        if ((!segment && !line.starts_with("list ")) || !is_file_name(file)) return damaged("a line");
        (segment ? manifest.segments : manifest.lists).emplace_back(file);
    }
    return manifest;
}

Result<Manifest> Manifest::read(const std::filesystem::path& folder) {
    const auto file = folder / file_name;
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return Manifest{};
    const auto text = read_file(file, limits::index_manifest_bytes_max);
    return text ? parse(*text, file.string()) : std::unexpected(text.error());
}

Result<void> Manifest::replace(const std::filesystem::path& folder) const {
    return replace_file(folder / file_name, encode(), 0600);
}

} // namespace sallyport::content
