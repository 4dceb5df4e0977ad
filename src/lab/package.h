// What a package says of itself in package.json (npm): name, version, what it would run when it is installed, which further packages hold
// its programs. It is listed; nothing of it is run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::lab {

struct InstallScript {
    std::string file, when, command; // "package.json", "postinstall", "node install.js"
    bool operator==(const InstallScript&) const = default;
};

struct PackageFacts {
    std::string name, version;
    std::vector<InstallScript> scripts;         // those that an installer runs without being asked
    std::vector<std::string> platform_packages; // "…-linux-x64": the program itself is often in there
    std::vector<std::string> programs;          // as paths within it
};

// Adds what this package.json says. That of the package itself (at its root) gives name and version; those of packages within it only
// their scripts. A sentence where it cannot be read; empty otherwise.
std::string read_manifest(const std::string& path, std::string_view json, PackageFacts& facts);
bool is_manifest(std::string_view path);

} // namespace sallyport::lab
