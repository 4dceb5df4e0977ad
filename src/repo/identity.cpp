#include "repo/identity.h"

#include "base/text.h"

#include <algorithm>

namespace sallyport::repo {
namespace {

// One that is no host name on any network, so that nobody can claim to be it by a remote.
constexpr std::string_view local_host = "local";

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Escapes are undone, so that "%65ngine" is "engine"; one that would hide structure or look like another escape is hostile.
bool unescape(std::string_view text, std::string& out) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (text.size() - i < 3) return false;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return false;
        const auto byte = static_cast<unsigned char>(high * 16 + low);
        if (byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\' || byte == '%') return false;
        out += static_cast<char>(byte);
        i += 2;
    }
    return true;
}

// Port and user are dropped; a bracketed IPv6 address keeps its brackets.
std::optional<std::string> read_host(std::string_view authority) {
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
    std::size_t end = authority.find(':');
    if (authority.starts_with('[')) {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        end = close + 1;
        if (end < authority.size() && authority[end] != ':') return std::nullopt;
    }
    if (end < authority.size()) {
        const std::string_view port = authority.substr(end + 1);
        if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
    }
    std::string host;
    if (!unescape(authority.substr(0, end), host)) return std::nullopt;
    if (host.ends_with('.')) host.pop_back(); // the root of the DNS
    const bool odd =
        std::ranges::any_of(host, [](char c) { return c == ' ' || c == '*' || c == '?' || c == '@' || c == '~'; });
    if (host.empty() || host.starts_with('.') || host.contains("..") || odd) return std::nullopt;
    return to_lower(host);
}

// Segments between single slashes; ".git" and slashes at the end do not count.
std::optional<std::string> read_path(std::string_view raw) {
    raw = raw.substr(0, raw.find_first_of("?#"));
    while (raw.starts_with('/')) raw.remove_prefix(1);
    while (raw.ends_with('/')) raw.remove_suffix(1);
    std::string path;
    if (!unescape(raw, path)) return std::nullopt;
    if (path.ends_with(".git")) path.resize(path.size() - 4);
    if (path.empty() || path.contains('\\')) return std::nullopt;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view segment = std::string_view(path).substr(begin, end - begin);
        if (segment.empty() || segment == "." || segment == "..") return std::nullopt;
        begin = end + 1;
    }
    return path;
}

std::optional<std::string> join(const std::optional<std::string>& host, const std::optional<std::string>& path) {
    if (!host || !path) return std::nullopt;
    return *host + '/' + *path;
}

// Well-formed UTF-8 (Unicode 15, table 3-7), so that a name is recorded as it was judged.
bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        const std::size_t more = first < 0x80                    ? 0
                                 : first >= 0xC2 && first < 0xE0 ? 1
                                 : first >= 0xE0 && first < 0xF0 ? 2
                                                                 : 3;
        if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || i + more >= text.size()) return false;
        for (std::size_t k = 1; k <= more; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
        const auto second = more > 0 ? static_cast<unsigned char>(text[i + 1]) : 0;
        if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
            (first == 0xF4 && second > 0x8F))
            return false;
        i += more + 1;
    }
    return true;
}

std::optional<std::string> read_remote(std::string_view remote) {
    if (remote.empty() || remote.size() > remote_bytes_max) return std::nullopt;
    const auto forbidden = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
    if (std::ranges::any_of(remote, forbidden)) return std::nullopt;

    if (const std::size_t scheme_end = remote.find("://"); scheme_end != std::string_view::npos) {
        const std::string scheme = to_lower(remote.substr(0, scheme_end));
        const std::string_view rest = remote.substr(scheme_end + 3);
        if (scheme == "file") return join(std::string(local_host), read_path(rest));
        for (const std::string_view known :
             {"https", "http", "ssh", "git", "git+ssh", "ssh+git", "git+https", "ftp", "ftps"}) {
            if (scheme != known) continue;
            const std::size_t slash = rest.find('/');
            if (slash == std::string_view::npos) return std::nullopt;
            return join(read_host(rest.substr(0, slash)), read_path(rest.substr(slash)));
        }
        return std::nullopt;
    }
    if (remote.starts_with('/') || remote.starts_with("./") || remote.starts_with("../"))
        return join(std::string(local_host), read_path(remote));

    // "user@host:path": the colon comes before any slash; a bracketed address may hold colons itself.
    const std::size_t host_end = remote.find('[') < remote.find('/') ? remote.find(']') : 0;
    const std::size_t colon = host_end == std::string_view::npos ? host_end : remote.find(':', host_end);
    const std::size_t slash = remote.find('/');
    if (colon != std::string_view::npos && colon < slash) {
        // This form knows no password; what looks like one must not become a path.
        if (remote.substr(colon, slash - colon).contains('@')) return std::nullopt;
        return join(read_host(remote.substr(0, colon)), read_path(remote.substr(colon + 1)));
    }
    // "host/path", which is what this function returns.
    if (slash == std::string_view::npos) return std::nullopt;
    return join(read_host(remote.substr(0, slash)), read_path(remote.substr(slash)));
}

} // namespace

std::optional<std::string> normalise_remote(std::string_view remote) {
    auto read = read_remote(remote);
    return read && is_utf8(*read) ? read : std::nullopt;
}

} // namespace sallyport::repo
