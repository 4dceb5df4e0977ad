#include "policy/version_entry.h"

#include "base/limits.h"
#include "policy/yaml.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

namespace {

Node member(Node map, std::string_view key) {
    for (std::size_t i = 0; map.is_map() && i < map.size(); ++i)
        if (map.key(i) == key) return map.at(i);
    return {};
}

Node versions_of(const Reader& reader, std::string_view client) {
    return member(member(member(reader.root(), "clients"), client), "versions");
}

std::size_t offset_of(std::string_view text, Place place) {
    std::size_t at = 0;
    for (int line = 1; line < place.line && at < text.size(); ++line) at = text.find('\n', at) + 1;
    return std::min(text.size(), at + static_cast<std::size_t>(place.column - 1));
}

std::string read_back(std::string_view text, std::string_view client) {
    Reader reader("policy.yaml");
    if (!reader.parse(text, limits::policy_bytes_max) || !reader.clean()) return {};
    const Node node = versions_of(reader, client);
    return node.is_map() || node.is_list() || !node ? std::string() : std::string(node.text());
}

} // namespace

Result<std::string> with_versions(std::string_view text, std::string_view client, std::string_view range) {
    Reader reader("policy.yaml");
    if (!reader.parse(text, limits::policy_bytes_max) || !reader.clean())
        return fail(ErrorKind::invalid, reader.mistakes().front().text());
    const auto by_hand = [&] {
        return fail(ErrorKind::invalid, fmt::format("the policy states no versions of {} that can be changed in their "
                                                    "line; write by hand: versions: \"{}\"",
                                                    client, range));
    };
    const Node node = versions_of(reader, client);
    if (!node || node.is_map() || node.is_list()) return by_hand();
    const std::size_t at = offset_of(text, node.place());
    const std::string_view rest = text.substr(at);
    const bool quoted = rest.starts_with('"') || rest.starts_with('\'');
    if (!rest.substr(quoted ? 1 : 0).starts_with(node.text())) return by_hand();
    const std::size_t size = node.text().size() + (quoted ? 2 : 0);
    std::string out(text);
    out.replace(at, size, fmt::format("\"{}\"", range));
    if (read_back(out, client) != range) return by_hand();
    return out;
}

} // namespace sallyport::policy
