#include "egress/target.h"

#include "base/network.h"
#include "base/text.h"
#include "policy/egress.h"

#include <charconv>
#include <system_error>

namespace sallyport::egress {

namespace {

std::unexpected<Error> bad(std::string sentence) {
    return fail(ErrorKind::invalid, std::move(sentence), ErrorSource::client);
}

Result<std::uint16_t> parse_port(std::string_view digits) {
    unsigned port = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (code != std::errc() || end != digits.data() + digits.size() || digits.size() > 5 || digits[0] == '0' ||
        port > 65'535)
        return bad("the port of the target is not a number from 1 to 65535");
    return static_cast<std::uint16_t>(port);
}

// `usual_port` 0: one must be given.
Result<Target> parse(std::string_view text, std::uint16_t usual_port) {
    if (text.find('@') != std::string_view::npos)
        return bad("the target holds user info, which no proxy needs to know");
    Target target;
    std::string_view host = text, port;
    bool has_port = false;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return bad("the target has an opening bracket and no closing one");
        host = text.substr(1, close - 1);
        const std::string_view behind = text.substr(close + 1);
        if (!behind.empty() && behind[0] != ':')
            return bad("something other than a port stands behind the target's brackets");
        has_port = !behind.empty();
        port = has_port ? behind.substr(1) : behind;
        const auto address = parse_ip_address(host);
        if (!address || host.find(':') == std::string_view::npos)
            return bad("what stands in the target's brackets is no IPv6 address (zones are not accepted)");
        target.host = address->text();
        target.is_address = true;
    } else {
        const std::size_t colon = text.find(':');
        host = text.substr(0, colon);
        has_port = colon != std::string_view::npos;
        if (has_port) port = text.substr(colon + 1);
        target.host = to_lower(host);
        target.is_address = parse_ip_address(host).has_value();
        if (!target.is_address && !policy::is_host_name(target.host))
            return bad("the target's host is neither a host name nor an address in its usual form (no empty labels, no "
                       "dot at the end, no "
                       "percent or control characters, Unicode as xn--…, IPv4 as four decimal numbers)");
    }
    if (!has_port && usual_port == 0) return bad("the target has no port");
    target.port = usual_port;
    if (has_port) {
        const auto read = parse_port(port.empty() ? std::string_view("0") : port);
        if (!read) return std::unexpected(read.error());
        target.port = *read;
    }
    return target;
}

} // namespace

std::string Target::text() const {
    return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Result<Target> parse_authority(std::string_view text) { return parse(text, 0); }

Result<Url> parse_url(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    if (text.size() > scheme.size() && equals_ignoring_case(text.substr(0, 8), "https://"))
        return bad("an https URL is asked for by CONNECT, not in clear");
    if (text.size() < scheme.size() || !equals_ignoring_case(text.substr(0, scheme.size()), scheme))
        return bad("the target is no http URL: this is a forward proxy (HTTP_PROXY, HTTPS_PROXY), not a base URL");
    text.remove_prefix(scheme.size());
    const std::size_t end = text.find_first_of("/?#\\");
    Url url;
    const auto target = parse(text.substr(0, end), 80);
    if (!target) return std::unexpected(target.error());
    url.target = *target;
    url.path_and_query = end == std::string_view::npos ? std::string_view("/") : text.substr(end);
    if (url.path_and_query[0] != '/') return bad("the target's host is not followed by a path");
    return url;
}

bool same_host(std::string_view host_header, const Target& target, std::uint16_t usual_port) {
    const auto said = parse(host_header, usual_port);
    return said && said->host == target.host && said->port == target.port;
}

} // namespace sallyport::egress
