// The `grants` section of policy.yaml: what a client may do besides, inside its boundary (docs/boundary.md). What no grant names it may not.
// Pure; a list of grants is immutable once read.
#pragma once

#include "policy/facts.h"
#include "policy/yaml.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sallyport::policy {

inline constexpr std::size_t grants_max = 100, ssh_grants_max = 8; // of them

struct PortRange {
    std::uint16_t first = 0, last = 0;
};

// A server at which the person's ssh-agent signs in.
struct SshServer {
    std::string host; // lower case
    std::uint16_t port = 22;
    std::vector<std::string> keys; // "ssh-ed25519 AAAA…": what it proves itself with
};

// Either ports or a server.
struct Grant {
    std::string id;               // "grant-2" where none is stated
    std::vector<PortRange> ports; // what listens there inside may be reached on the person's own machine
    SshServer ssh;                // no host: it is about ports
    std::uint32_t classes = 0;    // bit i: class i
    bool asks = true;             // the person says so at the start of a run (sallyport run --grant ID)
    std::string why;              // one sentence, shown to the person
};

// The first that names the port, or nullptr.
const Grant* grant_of_port(std::span<const Grant> grants, std::uint16_t port);

// The list under `grants`. Mistakes are told to the reader.
std::vector<Grant> read_grants(Reader& reader, Node list);
std::string text_of(const PortRange& range); // "3000", "3000-3010"

} // namespace sallyport::policy
