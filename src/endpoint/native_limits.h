// What a policy comes to for one client on one machine, where no class and no repository is known: the loosest that any of its rules
// lets through. Stricter would stop work that the gateway allows.
#pragma once

#include "endpoint/controls.h"

namespace sallyport::endpoint {

struct Server {
    std::string name;
    std::vector<std::string> urls; // may be patterns; empty: known by its name
};

struct NativeLimits {
    std::string gateway;
    std::string least, most;                        // versions, both included; empty: none
    bool versions_exact = true;                     // least and most say all that the policy says
    std::optional<std::vector<std::string>> models; // all that may be used, by name; nothing: cannot be listed
    std::vector<std::string> denied;                // whatever the repository
    std::optional<std::vector<Server>> servers;     // MCP servers that some repository may use; nothing: any
    std::vector<std::string> denied_servers;        // that the policy names, for repositories of other classes only
    bool vendor_tools = true;                       // some rule lets the vendor's own tools run
    bool personal_accounts = true;
};

// What a client can be told; each empty or in words where it is said.
struct Said {
    std::string address, versions, models, denied, servers, vendor_tools, accounts, quiet;
    std::string servers_partly; // some only
};

// Writes the client's files and tells what they say.
Said write_controls(const Client& client, const NativeLimits& limits, Controls& out);

} // namespace sallyport::endpoint
