// Packages from an npm registry, verified: the registry says the digest (sha512), and what came is compared with it. Nothing of a package is
// run or unpacked to the disk. The registry's address is a setting; none is built in.
#pragma once

#include "base/error.h"

#include <string>
#include <vector>

namespace sallyport::cli {

struct PackageName {
    std::string name, version; // "@acme/code", "1.2.3" or a tag such as "latest"
};
// "npm:@acme/code@1.2.3"; without a version the tag "latest".
Result<PackageName> package_name(const std::string& text);
bool is_package_name(const std::string& text); // begins with "npm:"

struct FetchedPackage {
    std::string name, version, bytes, integrity; // "sha512-…", verified
};

class Registry {
public:
    // What was said, or what npm is told here: npm_config_registry, else `registry=` in ~/.npmrc (no other line of it is looked at).
    static Result<Registry> find(const std::string& said);

    // All that it lists of a package, in their order; without those for one platform.
    Result<std::vector<std::string>> versions(const std::string& name) const;
    // The package; with `platform` ("linux-x64") also those of its optional dependencies that are for it, where its program is.
    Result<std::vector<FetchedPackage>> fetch(const PackageName& wanted, const std::string& platform) const;

private:
    explicit Registry(std::string address) : address_(std::move(address)) {}
    std::string address_; // without a slash at its end
};

} // namespace sallyport::cli
