#include "ledger/offloaded.h"

#include "base/encoding.h"
#include "base/file.h"
#include "tlog/lines.h"

#include <cerrno>
#include <cstring>
#include <set>

namespace sallyport::ledger {

namespace {
constexpr std::size_t list_bytes_max = 64u << 20; // some hundred thousand files
constexpr std::size_t digest_digits = 64;

std::optional<OffloadedFile> parse_line(std::string_view line) {
    const auto word = [&]() -> std::string_view {
        const std::size_t end = line.find(' ');
        if (end == std::string_view::npos) return {};
        const std::string_view out = line.substr(0, end);
        line.remove_prefix(end + 1);
        return out;
    };
    const std::string_view hex = word();
    const auto bytes = tlog::read_decimal(word());
    const std::string_view name = word();
    const auto digest = from_hex(hex);
    if (hex.size() != digest_digits || !digest || to_hex(*digest) != hex || !bytes || name.empty() ||
        name.contains('/') || name.front() == '.' || !line.starts_with('/') || line.contains('\0'))
        return std::nullopt;
    OffloadedFile out;
    out.content.bytes = *bytes;
    std::memcpy(out.content.digest.data(), digest->data(), out.content.digest.size());
    out.name = name;
    out.path = line;
    return out;
}
} // namespace

std::filesystem::path offloaded_list(const std::filesystem::path& folder) { return folder / "offloaded"; }

std::string encode(const std::vector<OffloadedFile>& files) {
    std::string out;
    for (const OffloadedFile& one : files)
        out += to_hex(crypto::bytes(one.content.digest)) + " " + std::to_string(one.content.bytes) + " " + one.name +
               " " + one.path.string() + "\n";
    return out;
}

Result<std::vector<OffloadedFile>> parse_offloaded(std::string_view text, const std::string& file) {
    std::vector<OffloadedFile> out;
    std::set<std::string, std::less<>> names;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto line = tlog::take_line(text);
        auto one = line ? parse_line(*line) : std::nullopt;
        if (!one || !names.insert(one->name).second)
            return fail(ErrorKind::invalid,
                        file + ":" + std::to_string(number) +
                            " does not say where a file was moved to; `sallyport ledger offload --rebuild` makes the "
                            "list anew of what is there");
        out.push_back(std::move(*one));
    }
    return out;
}

Result<std::vector<OffloadedFile>> read_offloaded(const std::filesystem::path& folder) {
    const auto file = offloaded_list(folder);
    std::error_code code;
    if (!std::filesystem::exists(file, code)) {
        if (code) return fail(ErrorKind::io, "cannot look at " + file.string() + ": " + code.message());
        return std::vector<OffloadedFile>();
    }
    const auto text = read_file(file, list_bytes_max);
    if (!text) return std::unexpected(text.error());
    return parse_offloaded(*text, file.string());
}

Result<void> write_offloaded(const std::filesystem::path& folder, const std::vector<OffloadedFile>& files) {
    return replace_file(offloaded_list(folder), encode(files), 0600);
}

std::filesystem::path where_is(const std::filesystem::path& file) {
    std::error_code code;
    if (std::filesystem::exists(file, code)) return file;
    const auto moved = read_offloaded(file.parent_path());
    if (!moved) return file;
    for (const OffloadedFile& one : *moved)
        if (file.filename() == one.name) return one.path;
    return file;
}

std::unexpected<Error> cannot_open(const std::filesystem::path& file) {
    const int reason = errno;
    if (reason == ENOENT || reason == ENOTDIR || reason == ENOTCONN || reason == EIO || reason == ESTALE)
        if (const auto moved = read_offloaded(file.parent_path()))
            for (const OffloadedFile& one : *moved)
                if (file.filename() == one.name)
                    return fail(ErrorKind::unavailable,
                                file.string() + " was offloaded to " + one.path.string() + ", which cannot be read (" +
                                    std::strerror(reason) +
                                    "); mount that directory again, or put the file back there: it has " +
                                    std::to_string(one.content.bytes) + " bytes, SHA-256 " +
                                    to_hex(crypto::bytes(one.content.digest)));
    errno = reason;
    return fail_errno("cannot open " + file.string());
}

} // namespace sallyport::ledger
