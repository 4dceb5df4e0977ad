// Ways in: what listens inside a boundary can be connected to from outside, by whoever made it. A small process inside makes each
// connection and hands it out; it runs no program of anybody's, and nobody inside traces it. One that was stopped or killed answers no
// more, and is not asked again.
#pragma once

#include "base/error.h"

#include <array>
#include <cstdint>
#include <vector>

namespace sallyport::sandbox {

class Dialer {
public:
    explicit Dialer(int socket); // takes it
    ~Dialer();
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;

    // Ports that something inside listens on, on its loopback or everywhere; ascending, each once.
    std::vector<std::uint16_t> listening();
    // A socket that is connected to 127.0.0.1:port inside, or [::1]:port: the caller's, not blocking.
    Result<int> connect(std::uint16_t port);

private:
    bool take_tables();
    int socket_;
    std::array<int, 2> tables_ = {-1, -1};
};

// Ports of listening sockets in the text of /proc/net/tcp or tcp6 (proc(5)), appended. Lines that are none are passed over.
void add_listening(std::string_view table, std::vector<std::uint16_t>& out);

// Inside: never returns.
[[noreturn]] void be_dialer(int socket);

} // namespace sallyport::sandbox
