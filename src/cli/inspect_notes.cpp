#include "cli/inspect_notes.h"

#include "base/file.h"
#include "base/limits.h"
#include "catalog/claims.h"
#include "catalog/clients.h"
#include "cli/call.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

constexpr std::int64_t notes_ms_max = 15'000; // without a byte: an inspection does not wait long for them

Result<std::string> fetched(const std::string& address) {
    std::string path;
    auto origin = origin_of(address, path);
    if (!origin) return std::unexpected(origin.error());
    auto answer =
        call(*origin, "GET", path, "User-Agent: sallyport\r\n", "", limits::client_manifest_bytes_max, notes_ms_max);
    if (!answer) return fail(answer.error().kind, fmt::format("{}: {}", address, answer.error().message));
    if (answer->status != 200)
        return fail(ErrorKind::unavailable, fmt::format("{} answered {}", address, answer->status));
    return std::move(answer->body);
}

} // namespace

Result<std::string> read_notes(const std::string& said, const std::string& package) {
    if (said.starts_with("https://") || said.starts_with("http://")) return fetched(said);
    if (said != notes_feed) return read_file(said, limits::client_manifest_bytes_max);
    const auto* const client = catalog::client_of_package(package);
    const std::string address(client == nullptr ? std::string_view() : catalog::notes_address(client->name));
    if (address.empty())
        return fail(ErrorKind::invalid,
                    fmt::format("the catalogue names no release notes of {} that a program can fetch; name a file",
                                package.empty() ? "this client" : package));
    return fetched(address);
}

} // namespace sallyport::cli
