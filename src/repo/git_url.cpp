#include "repo/git_url.h"

#include "base/text.h"
#include "repo/identity.h"

#include <algorithm>

namespace sallyport::repo {

namespace {

bool is_loopback(std::string_view host) {
    const bool is_address =
        !host.empty() && std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
    return host == "localhost" || host == "[::1]" || (is_address && host.starts_with("127."));
}

std::unexpected<Error> bad(std::string_view why) {
    return fail(ErrorKind::invalid, "the address of a repository " + std::string(why));
}

// "https", or empty for "user@host:path".
std::string scheme_of(std::string_view text) {
    const std::size_t end = text.find("://");
    return end == std::string_view::npos ? std::string() : to_lower(text.substr(0, end));
}

std::string_view authority_of(std::string_view text) {
    const std::size_t begin = text.find("://");
    if (begin == std::string_view::npos) return text.substr(0, text.find(':', text.find('@')));
    text.remove_prefix(begin + 3);
    return text.substr(0, text.find('/'));
}

} // namespace

bool looks_like_url(std::string_view text) {
    if (text.contains("://")) return true;
    const std::size_t at = text.find('@'), colon = text.find(':', at == std::string_view::npos ? 0 : at);
    return at != std::string_view::npos && colon != std::string_view::npos && colon < text.find('/');
}

Result<GitUrl> read_git_url(std::string_view text) {
    const std::string scheme = scheme_of(text);
    const std::string_view authority = authority_of(text);
    const std::size_t at = authority.rfind('@');
    const std::string_view user = at == std::string_view::npos ? std::string_view() : authority.substr(0, at);
    GitUrl url;
    url.text = text;
    if (scheme == "https")
        url.scheme = GitUrl::Scheme::https;
    else if (scheme == "http")
        url.scheme = GitUrl::Scheme::http;
    else if (scheme == "ssh" || (scheme.empty() && looks_like_url(text)))
        url.scheme = GitUrl::Scheme::ssh;
    else if (scheme == "file")
        url.scheme = GitUrl::Scheme::file;
    else
        return bad("begins with https://, ssh://, user@host: or file://");
    if (user.contains(':')) return bad("holds a password; put it into a file and name that: --credential-file FILE");
    if (url.scheme == GitUrl::Scheme::ssh)
        url.user = user;
    else if (!user.empty())
        return bad("holds a user; put the credential into a file and name that: --credential-file FILE");
    if (text.find_first_of("?#'\"\\") != std::string_view::npos)
        return bad("has no query, fragment, quote or backslash");
    const auto name = normalise_remote(text);
    if (!name)
        return bad("names no repository; it has a host and a path, as in https://git.acme.example/core/engine.git");
    url.name = *name;
    url.host = name->substr(0, name->find('/'));
    if (url.scheme == GitUrl::Scheme::http && !is_loopback(url.host))
        return bad("begins with http:// only on this machine, since what is read that way can be changed on its way; "
                   "use https://");
    if (url.scheme == GitUrl::Scheme::file && !authority.empty() && to_lower(authority) != "localhost")
        return bad("of a file names no host: file:///srv/git/engine.git");
    return url;
}

} // namespace sallyport::repo
