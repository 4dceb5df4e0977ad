#include "gateway/url.h"

namespace sallyport::gateway {

std::optional<Url> read_url(policy::Reader& reader, policy::Node node, std::string_view what, bool may_have_user) {
    const auto text = reader.text(node, what);
    if (!text) return std::nullopt;
    std::string_view rest = *text;
    Url url;
    if (rest.starts_with("https://")) {
        url.tls = true;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        reader.mistake(node, std::string(what) + " must begin with http:// or https://");
        return std::nullopt;
    }
    const std::size_t slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    if (slash != std::string_view::npos) url.path = rest.substr(slash);
    while (url.path.ends_with('/')) url.path.pop_back();
    if (url.path.find_first_of("?#% ") != std::string::npos) {
        reader.mistake(node, std::string(what) + " must be a plain path: no query, fragment or escapes");
        return std::nullopt;
    }
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
        if (!may_have_user) {
            reader.mistake(node, std::string(what) + " must not hold a user or password; use 'credential'");
            return std::nullopt;
        }
        url.user_info = Secret(std::string(authority.substr(0, at)));
        authority.remove_prefix(at + 1);
    }
    url.authority = authority;
    std::string with_port(authority);
    const bool has_port = authority.rfind(':') != std::string_view::npos && !authority.ends_with(']');
    if (!has_port) with_port += url.tls ? ":443" : ":80";
    const auto where = net::parse_host_port(with_port);
    constexpr std::string_view host_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
    const bool odd = authority.find_first_not_of(host_characters) != std::string_view::npos ||
                     authority.starts_with('[') != (authority.find(']') != std::string_view::npos);
    if (!where || where->port == 0 || odd) {
        reader.mistake(node, std::string(what) + " has no usable host and port: " + policy::shown(authority));
        return std::nullopt;
    }
    url.where = *where;
    return url;
}

} // namespace sallyport::gateway
