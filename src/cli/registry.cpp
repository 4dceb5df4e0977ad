#include "cli/registry.h"

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/version.h"
#include "catalog/clients.h"
#include "cli/call.h"
#include "crypto/sha512.h"
#include "json/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace sallyport::cli {

namespace {

constexpr std::string_view abbreviated = "Accept: application/vnd.npm.install-v1+json, application/json;q=0.8\r\n";
constexpr std::size_t packages_max = 8; // of one client

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string registry_of_npmrc() {
    const auto text = read_file(variable("HOME") + "/.npmrc", limits::policy_bytes_max);
    if (!text) return {};
    for (std::size_t at = 0; at < text->size();) {
        const std::size_t end = std::min(text->find('\n', at), text->size());
        const std::string_view line = trim(std::string_view(*text).substr(at, end - at));
        at = end + 1;
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || trim(line.substr(0, equals)) != "registry") continue;
        std::string_view value = trim(line.substr(equals + 1));
        while (value.ends_with('\r')) value.remove_suffix(1);
        return std::string(value);
    }
    return {};
}

// npm names: lower case, digits, -._~ and one '/' behind a scope. What is not one is never put into an address.
bool is_name(std::string_view name) {
    if (name.starts_with('@')) {
        const std::size_t slash = name.find('/');
        if (slash == std::string_view::npos || slash < 2) return false;
        return is_name(name.substr(1, slash - 1)) && is_name(name.substr(slash + 1));
    }
    return !name.empty() && name.size() <= 214 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.' || c == '~';
    });
}

struct Listed {
    std::string version, tarball, integrity;
    std::vector<PackageName> optional;
};

std::string member(const json::Document& document, json::NodeIndex object, std::string_view name) {
    const auto node = object == json::no_node ? json::no_node : document.find(object, name);
    std::string scratch;
    return node == json::no_node || document[node].kind != json::Kind::string
               ? ""
               : std::string(document.text(node, scratch));
}

// "1.2.3", or "npm:@acme/code@1.2.3-linux-x64": another package under this name.
PackageName meant(std::string name, const std::string& spec) {
    if (!spec.starts_with("npm:")) return {std::move(name), spec};
    const std::size_t at = spec.rfind('@');
    return at <= 4 ? PackageName{std::move(name), spec} : PackageName{spec.substr(4, at - 4), spec.substr(at + 1)};
}

Result<Listed> read_listing(const std::string& text, const PackageName& wanted) {
    const Buffer raw(text);
    json::Document document;
    if (const auto parsed = document.parse(raw.view()); !parsed)
        return fail(ErrorKind::invalid,
                    fmt::format("what the registry says of {} is no JSON: {}", wanted.name, parsed.error().message));
    Listed listed{.version = wanted.version, .tarball = "", .integrity = "", .optional = {}};
    if (const auto tag = member(document, document.find(document.root(), "dist-tags"), wanted.version); !tag.empty())
        listed.version = tag;
    const auto versions = document.find(document.root(), "versions");
    const auto version = versions == json::no_node ? json::no_node : document.find(versions, listed.version);
    if (version == json::no_node)
        return fail(ErrorKind::invalid,
                    fmt::format("the registry has no version {} of {}", wanted.version, wanted.name));
    const auto dist = document.find(version, "dist");
    listed.tarball = member(document, dist, "tarball");
    listed.integrity = member(document, dist, "integrity");
    const auto optional = document.find(version, "optionalDependencies");
    std::string scratch, value;
    if (optional != json::no_node && document[optional].kind == json::Kind::object)
        for (auto at = document.first_child(optional); at != json::no_node; at = document.next_sibling(at))
            listed.optional.push_back(
                meant(std::string(document.key(at, scratch)), std::string(document.text(at, value))));
    return listed;
}

Result<std::string> get(const std::string& url, std::string_view fields, std::size_t bytes_max) {
    std::string path;
    auto origin = origin_of(url, path);
    if (!origin) return std::unexpected(origin.error());
    auto answer = call(*origin, "GET", path, std::string(fields) + "User-Agent: sallyport\r\n", "", bytes_max,
                       limits::registry_ms_max);
    if (!answer) return fail(answer.error().kind, fmt::format("{}: {}", origin->authority, answer.error().message));
    if (answer->status != 200)
        return fail(ErrorKind::unavailable,
                    fmt::format("{} answered {} for {}", origin->authority, answer->status, path));
    return std::move(answer->body);
}

Result<void> verify(const FetchedPackage& package) {
    if (!package.integrity.starts_with("sha512-"))
        return fail(ErrorKind::refused,
                    fmt::format("the registry names no sha512 of {} {}: what it sends cannot be verified", package.name,
                                package.version));
    const std::string digest = to_base64(crypto::sha512(package.bytes));
    // Several digests may be named, separated by blanks (W3C Subresource Integrity).
    if (!(" " + package.integrity + " ").contains(" sha512-" + digest + " "))
        return fail(ErrorKind::refused,
                    fmt::format("{} {} is not what the registry says it is: its sha512 is {}, not that of {}",
                                package.name, package.version, digest, package.integrity));
    return {};
}

Result<std::string> listing_of(const std::string& address, std::string name) {
    if (const auto slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "%2f");
    return get(address + "/" + name, abbreviated, limits::registry_document_bytes_max);
}

Result<FetchedPackage> fetch_one(const std::string& address, const PackageName& wanted, Listed& listed) {
    const auto listing = listing_of(address, wanted.name);
    if (!listing) return std::unexpected(listing.error());
    auto read = read_listing(*listing, wanted);
    if (!read) return std::unexpected(read.error());
    listed = std::move(*read);
    auto bytes = get(listed.tarball, "", limits::client_package_bytes_max);
    if (!bytes) return std::unexpected(bytes.error());
    FetchedPackage package{wanted.name, listed.version, std::move(*bytes), listed.integrity};
    if (auto verified = verify(package); !verified) return std::unexpected(verified.error());
    return package;
}

bool is_for(const PackageName& package, const std::string& platform) {
    return package.name.ends_with(platform) || package.version.ends_with(platform);
}

} // namespace

bool is_package_name(const std::string& text) { return text.starts_with("npm:"); }

Result<PackageName> package_name(const std::string& text) {
    const std::string spec = text.substr(std::min<std::size_t>(4, text.size()));
    const std::size_t at = spec.find('@', 1);
    PackageName name{spec.substr(0, at), at == std::string::npos ? "latest" : spec.substr(at + 1)};
    if (!is_name(name.name) || !is_name(name.version))
        return fail(ErrorKind::invalid, fmt::format("'{}' names no package; write npm:@acme/code@1.2.3", text));
    return name;
}

Result<Registry> Registry::find(const std::string& said) {
    std::string address = said;
    if (address.empty()) address = variable("npm_config_registry");
    if (address.empty()) address = registry_of_npmrc();
    if (address.empty())
        return fail(ErrorKind::invalid, "no registry is named: say --registry https://… (`npm config get registry` "
                                        "prints npm's), or fetch the package "
                                        "with `npm pack` and name the file");
    while (address.ends_with('/')) address.pop_back();
    return Registry(std::move(address));
}

Result<std::vector<std::string>> Registry::versions(const std::string& name) const {
    const auto listing = listing_of(address_, name);
    if (!listing) return std::unexpected(listing.error());
    const Buffer raw(*listing);
    json::Document document;
    if (const auto parsed = document.parse(raw.view()); !parsed)
        return fail(ErrorKind::invalid,
                    fmt::format("what the registry says of {} is no JSON: {}", name, parsed.error().message));
    const auto versions = document.find(document.root(), "versions");
    if (versions == json::no_node || document[versions].kind != json::Kind::object)
        return fail(ErrorKind::invalid, fmt::format("the registry lists no versions of {}", name));
    std::vector<std::string> out;
    std::string scratch;
    for (auto at = document.first_child(versions); at != json::no_node; at = document.next_sibling(at)) {
        const auto version = document.key(at, scratch);
        if (is_version(version) && catalog::version_without_platform(version) == version) out.emplace_back(version);
    }
    std::ranges::sort(out, [](const auto& a, const auto& b) { return compare_versions(a, b) < 0; });
    return out;
}

Result<std::vector<FetchedPackage>> Registry::fetch(const PackageName& wanted, const std::string& platform) const {
    std::vector<FetchedPackage> packages;
    Listed listed;
    auto first = fetch_one(address_, wanted, listed);
    if (!first) return std::unexpected(first.error());
    packages.push_back(std::move(*first));
    for (const PackageName& one : listed.optional) {
        if (platform.empty() || !is_for(one, platform) || !is_name(one.name) || !is_name(one.version)) continue;
        if (packages.size() >= packages_max) break;
        Listed ignored;
        auto next = fetch_one(address_, one, ignored);
        if (!next) return std::unexpected(next.error());
        packages.push_back(std::move(*next));
    }
    return packages;
}

} // namespace sallyport::cli
