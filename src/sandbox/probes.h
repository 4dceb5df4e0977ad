// The boundary measured: probes that try every known way out from inside, each with a verdict. Baits are laid outside first, so that a
// way that is closed is told from a way with nothing at its end: every bait is reached once from outside.
#pragma once

#include "base/error.h"
#include "sandbox/boundary.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace sallyport::sandbox {

// What lies outside, for probes to reach for. All paths are within `folder`, which the boundary does not show but for the workspace.
struct Bait {
    std::filesystem::path folder, workspace, home;
    std::filesystem::path secret;      // a file outside of the workspace
    std::filesystem::path home_secret; // a file in the person's home folder
    std::filesystem::path tmp_secret;  // a file in /tmp
    std::filesystem::path socket, agent_socket;
    std::string abstract_socket;
    std::uint16_t tcp_port = 0, tcp6_port = 0, udp_port = 0; // on loopback
    pid_t process = 0;                                       // of the same user
    int descriptor = -1;                                     // of `secret`, open and inheritable
    int shared_memory = -1;                                  // System V
    std::string shared_name;                                 // POSIX, "/…"
};
inline constexpr std::string_view bait_text = "the bait of a probe";

enum class Verdict : std::uint8_t {
    closed,
    open,
    not_here, // this kernel has no such way
    failed,   // the probe itself could not be made, or did not end
};
const char* name_of(Verdict verdict);

struct Probe {
    const char* name; // "udp-to-loopback"
    const char* way;  // "a datagram to a port outside"
    Verdict (*attempt)(const Bait& bait);
    bool baited = false; // open without a boundary, and harmless there
};
// In groups: network, files, processes and kernel.
std::vector<Probe> all_probes();

struct Probed {
    Probe probe;
    Verdict verdict = Verdict::failed;
};
// Lays the baits, makes a boundary with the places that `view` gives for the bait's workspace and home, and tries each probe in it, in
// a process of its own. Takes about 100 ms. Call it before this process has made a thread.
using ViewOf = std::function<Result<std::vector<Place>>(const Bait& bait)>;
Result<std::vector<Probed>> probe_boundary(const ViewOf& view);

// Those with a bait, in this process's own surroundings: they are open there, or a verdict of "closed" would mean nothing.
Result<std::vector<Probed>> probe_without_boundary();

// The tier that the verdicts earn: 'A' where every way is closed or not here, else 0.
char tier_of(const std::vector<Probed>& probed);

// For the tables of probes.
std::vector<Probe> network_probes();
std::vector<Probe> file_probes();
std::vector<Probe> kernel_probes();

} // namespace sallyport::sandbox
