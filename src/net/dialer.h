// Names to addresses, and connecting to the first that answers. Names are looked up by the system's resolver on threads of its own, which
// start with the first name, are remembered for a short while, and never looked up twice at once.
#pragma once

#include "net/tcp.h"

#include <memory>
#include <string>
#include <vector>

namespace sallyport::net {

// Shared by all loops.
class Resolver {
public:
    Resolver();
    ~Resolver(); // waits for the look-ups under way
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // The addresses of a name, the system's preferred first. Errors: unavailable, retry other_upstream.
    Task<Result<std::vector<SocketAddress>>> resolve(Loop& loop, HostPort where);

private:
    struct Shared;
    struct Waiting;
    std::shared_ptr<Shared> shared_;
};

// A connected TCP stream to `where`, within the deadline over all its addresses.
Task<Result<std::unique_ptr<Stream>>> dial(Loop& loop, Resolver& resolver, HostPort where, std::int64_t deadline_ms);

} // namespace sallyport::net
