// What happens between fork and exec, in the keeper, in process 1 and in the program. Each step returns "" or what the kernel refused.
#pragma once

#include "sandbox/boundary.h"

#include <string>

namespace sallyport::sandbox {

// A new user namespace (the same user), and one each for mounts, processes, network, System V IPC, host name and cgroups.
std::string leave_namespaces(const std::string& host_name);
// `every_address`: all of IPv4 is this host's (a local route for it, as ip-route(8) has them).
std::string raise_loopback(bool every_address);
// A new root made of `places`; the old one is gone. /proc is that of this process namespace.
std::string build_root(const std::vector<Place>& places);
// No capability, now or by any program; nobody traces this process.
std::string give_up_capabilities();
// Landlock: writing below these places only, signals and abstract sockets within. "" too where the kernel is too old for it.
std::string restrict_files(const std::vector<Place>& places);
// seccomp: what a coding client has no use for and others escaped by.
std::string restrict_calls(bool may_debug);

// "mount /proc: Operation not permitted"
std::string refused(const std::string& what);

} // namespace sallyport::sandbox
