#include "lab/package.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "json/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sallyport::lab {

namespace {

constexpr auto run_by_installers = std::to_array<std::string_view>({"preinstall", "install", "postinstall", "prepare"});
constexpr auto platforms =
    std::to_array<std::string_view>({"linux", "darwin", "win32", "windows", "android", "freebsd", "musl"});

std::string text_of(const json::Document& document, json::NodeIndex node) {
    if (node == json::no_node || document[node].kind != json::Kind::string) return {};
    std::string scratch;
    return std::string(document.text(node, scratch));
}

template <class Each> void each_member(const json::Document& document, std::string_view name, const Each& each) {
    const auto object = document.find(document.root(), name);
    if (object == json::no_node || document[object].kind != json::Kind::object) return;
    std::string scratch;
    for (auto at = document.first_child(object); at != json::no_node; at = document.next_sibling(at))
        each(std::string(document.key(at, scratch)), text_of(document, at));
}

// "package.json", or "package/package.json" of a tarball.
bool is_root(std::string_view path) { return std::ranges::count(path, '/') <= 1 && !path.contains("node_modules/"); }

} // namespace

bool is_manifest(std::string_view path) { return path == "package.json" || path.ends_with("/package.json"); }

std::string read_manifest(const std::string& path, std::string_view text, PackageFacts& facts) {
    if (text.size() > limits::client_manifest_bytes_max)
        return fmt::format("{} is larger than any package.json; it was not read", path);
    const Buffer raw(text);
    json::Document document;
    if (const auto parsed = document.parse(raw.view()); !parsed)
        return fmt::format("{}: {}", path, parsed.error().message);
    if (document[document.root()].kind != json::Kind::object) return path + " is no object";
    // `prepare` is run for what is not from a registry only.
    each_member(document, "scripts", [&](std::string when, std::string command) {
        if (std::ranges::find(run_by_installers, when) != run_by_installers.end())
            facts.scripts.push_back(
                {path, when == "prepare" ? "prepare (from a repository only)" : std::move(when), std::move(command)});
    });
    if (!is_root(path) || !facts.name.empty()) return {};
    facts.name = text_of(document, document.find(document.root(), "name"));
    facts.version = text_of(document, document.find(document.root(), "version"));
    each_member(document, "optionalDependencies", [&](const std::string& name, const std::string& version) {
        if (std::ranges::any_of(platforms,
                                [&](std::string_view one) { return name.contains(one) || version.contains(one); }))
            facts.platform_packages.push_back(name + "@" + version);
    });
    each_member(document, "bin",
                [&](const std::string&, std::string file) { facts.programs.push_back(std::move(file)); });
    return {};
}

} // namespace sallyport::lab
