// Hardening of the gateway process (law 10, law 8).
#pragma once

#include "base/error.h"

namespace sallyport::sandbox {

// Denies execve and execveat (EPERM) to every thread of the process, for good (seccomp with TSYNC).
Result<void> deny_exec();

// No core dumps and no ptrace by other processes of the same user: memory holds keys.
Result<void> deny_dumps();

} // namespace sallyport::sandbox
