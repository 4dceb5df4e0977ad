#include "gateway/config_reader.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace sallyport::gateway {

using policy::Fields;
using policy::Node;

namespace {
constexpr std::size_t secret_bytes_max = 64 * 1024;
}

std::optional<Url> ConfigReader::url(Node node, std::string_view what, UrlKind kind) {
    const auto text = reader_.text(node, what);
    if (!text) return std::nullopt;
    std::string_view rest = *text;
    Url url;
    if (rest.starts_with("https://")) {
        url.tls = true;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else if (kind == UrlKind::destination && rest.starts_with("syslog+tls://")) {
        url.tls = url.syslog = true;
        rest.remove_prefix(13);
    } else {
        reader_.mistake(node, std::string(what) + (kind == UrlKind::destination
                                                       ? " must begin with https://, http://, syslog+tls:// or file:"
                                                       : " must begin with http:// or https://"));
        return std::nullopt;
    }
    const std::size_t slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    if (slash != std::string_view::npos) url.path = rest.substr(slash);
    while (url.path.ends_with('/')) url.path.pop_back();
    if (url.path.find_first_of("?#% ") != std::string::npos) {
        reader_.mistake(node, std::string(what) + " must be a plain path: no query, fragment or escapes");
        return std::nullopt;
    }
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
        if (kind != UrlKind::proxy) {
            reader_.mistake(node, std::string(what) + " must not hold a user or password; use 'credential'");
            return std::nullopt;
        }
        url.user_info = Secret(std::string(authority.substr(0, at)));
        authority.remove_prefix(at + 1);
    }
    url.authority = authority;
    std::string with_port(authority);
    const bool has_port = authority.rfind(':') != std::string_view::npos && !authority.ends_with(']');
    if (!has_port) with_port += url.syslog ? ":6514" : url.tls ? ":443" : ":80";
    const auto where = net::parse_host_port(with_port);
    constexpr std::string_view host_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
    const bool odd = authority.find_first_not_of(host_characters) != std::string_view::npos ||
                     authority.starts_with('[') != (authority.find(']') != std::string_view::npos);
    if (!where || where->port == 0 || odd) {
        reader_.mistake(node, std::string(what) + " has no usable host and port: " + policy::shown(authority));
        return std::nullopt;
    }
    url.where = *where;
    return url;
}

std::filesystem::path ConfigReader::path(Node node, std::string_view what) {
    const auto text = reader_.text(node, what);
    return text ? folder_ / *text : std::filesystem::path();
}

std::optional<net::HostPort> ConfigReader::address(Node node, std::string_view what) {
    const auto text = reader_.text(node, what);
    if (!text) return std::nullopt;
    const auto where = net::parse_host_port(*text);
    if (!where) {
        reader_.mistake(node, where.error().message);
        return std::nullopt;
    }
    return *where;
}

Secret ConfigReader::secret(Node node, std::string_view what) {
    const auto text = reader_.text(node, what);
    if (!text) return {};
    std::string_view reference = *text;
    const bool is_env = reference.starts_with("${env:") && reference.ends_with('}');
    const bool is_file = reference.starts_with("${file:") && reference.ends_with('}');
    if (!is_env && !is_file) {
        reader_.mistake(node, std::string(what) +
                                  " must be a reference, ${env:NAME} or ${file:path}, never the secret itself");
        return {};
    }
    reference.remove_prefix(is_env ? 6 : 7);
    reference.remove_suffix(1);
    if (!with_secrets_) return {};
    if (is_env) {
        const char* value = std::getenv(std::string(reference).c_str());
        if (value == nullptr || *value == 0) {
            reader_.mistake(node, std::string(what) + " refers to the environment variable " +
                                      policy::shown(reference) + ", which is not set");
            return {};
        }
        return usable(node, what, value);
    }
    const auto content = read_file(folder_ / reference, secret_bytes_max);
    if (!content) {
        reader_.mistake(node, std::string(what) + ": " + content.error().message);
        return {};
    }
    std::string_view trimmed = *content;
    while (!trimmed.empty() && (trimmed.back() == '\n' || trimmed.back() == '\r')) trimmed.remove_suffix(1);
    return usable(node, what, std::string(trimmed));
}

Secret ConfigReader::usable(Node node, std::string_view what, std::string value) {
    Secret made(std::move(value));
    if (std::ranges::any_of(made.reveal(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; })) {
        reader_.mistake(node, std::string(what) +
                                  " refers to a value with spaces or control characters, which no header can carry");
        return {};
    }
    return made;
}

std::optional<std::string> ConfigReader::header_name(Node node, std::string_view what) {
    const auto text = reader_.text(node, what);
    if (!text) return std::nullopt;
    std::string name = to_lower(*text);
    const bool token = std::ranges::all_of(
        name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
    if (token && !http::is_hop_by_hop(name) && name != "host" && name != "content-length") return name;
    reader_.mistake(node, std::string(what) + " cannot be " + policy::shown(*text) +
                              ": it is no header name, or one that frames the message");
    return std::nullopt;
}

void ConfigReader::proxy(Node node, HostConfig& host) {
    if (!node || node.text() == "none") return;
    auto url = this->url(node, "the proxy's URL", UrlKind::proxy);
    if (!url) return;
    if (url->tls)
        reader_.mistake(node, "a proxy that is itself spoken to by TLS is not supported; write http://host:port");
    host.proxy = url->where;
    if (!url->user_info.empty()) host.proxy_authorization = Secret("Basic " + to_base64(url->user_info.reveal()));
}

void ConfigReader::host(Fields& fields, const std::optional<Url>& url, HostConfig& host) {
    static std::atomic<std::size_t> pool_ids = 0;
    host.pool_id = ++pool_ids;
    if (url) {
        host.tls = url->tls;
        host.where = url->where;
        host.authority = url->authority;
        host.base_path = url->path;
    }
    if (const Node credential = fields.take("credential")) host.credential = secret(credential, "the credential");
    if (const Node ca = fields.take("ca")) host.ca_file = path(ca, "the CA file").string();
    const Node own_proxy = fields.take("proxy");
    proxy(own_proxy ? own_proxy : proxy_node_, host);
}

void ConfigReader::milliseconds(Fields& fields, std::string_view name, std::int64_t least, std::int64_t most,
                                std::int64_t& into) {
    const Node value = fields.take(name);
    const auto ms = reader_.milliseconds(value, name);
    if (!ms) return;
    if (*ms < least || *ms > most)
        reader_.mistake(value, std::string(name) + " must be between " + std::to_string(least) + "ms and " +
                                   std::to_string(most / 1000) + "s");
    else
        into = *ms;
}

} // namespace sallyport::gateway
