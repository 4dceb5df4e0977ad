// The clients that are known here, and the npm packages that each is published as: its own, and one for each platform that holds its
// program. Advisories name packages, policy and ledger clients.
#pragma once

#include <span>
#include <string_view>

namespace sallyport::catalog {

struct Client {
    std::string_view name;    // "claude-code", as policy and ledger name it
    std::string_view package; // "@anthropic-ai/claude-code"
    std::string_view program; // "@anthropic-ai/claude-code-", before "linux-x64"
    bool is_published_as(std::string_view package_name) const;
};
std::span<const Client> clients();
const Client* client_named(std::string_view name);         // nullptr
const Client* client_of_package(std::string_view package); // nullptr
// "0.169.0" of "0.169.0-linux-x64": a version that is for one platform, as Codex has; else the version itself.
std::string_view version_without_platform(std::string_view version);

} // namespace sallyport::catalog
