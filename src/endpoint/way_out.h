// The gateway as a client inside the boundary reaches it: plain HTTP at a door on its own loopback. Each request goes on to the gateway as
// it came, with the company key and the run's binding, which the client does not know: what is not there cannot be stolen or changed.
#pragma once

#include "endpoint/holder.h"
#include "http/client.h"
#include "http/server.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::endpoint {

struct WayOutOptions {
    GatewayAccess gateway;
    identity::Statement statement; // of the run
};

class WayOut {
public:
    // Belongs to the loop's thread.
    WayOut(net::Loop& loop, net::Resolver& resolver, WayOutOptions options);
    WayOut(const WayOut&) = delete;
    WayOut& operator=(const WayOut&) = delete;

    Result<void> listen(int descriptor); // takes it
    void cut();                          // ends what still runs

    struct Figures {
        std::uint64_t exchanges = 0, sent_bytes = 0, received_bytes = 0; // bodies
        std::uint64_t refused = 0;                                       // by the gateway: 4xx
        std::string untold;                                              // why it could not be told what the run was
        std::string unreachable; // the last sentence why the gateway could not be had
    };
    const Figures& figures() const { return figures_; }
    Holder& holder() { return holder_; } // given its binding first of all
    const Holder& holder() const { return holder_; }
    // The same for model calls that come another way.
    net::Task<void> relay(http::Exchange& exchange);
    // Tells the gateway what the run was, as far as it can be had.
    net::Task<void> tell(std::string told);

private:
    struct Sent {
        bool answered = false;
        bool again = false; // nothing was answered, and a fresh connection may do better
    };
    net::Task<Sent> send(http::Exchange& exchange, Buffer& body, const crypto::Digest& digest,
                         http::ClientConnection& upstream);
    net::Task<bool> pass_on(http::Exchange& exchange, const http::ResponseHead& answer,
                            http::ClientConnection& upstream);
    net::Task<void> answer_unreachable(http::Exchange& exchange, const Error& error);
    std::string head_for(const http::RequestHead& head, std::size_t body_bytes, const crypto::Digest& body) const;

    net::Loop& loop_;
    WayOutOptions options_;
    http::BufferPool buffers_;
    http::Pool pool_;
    Holder holder_;
    std::atomic<std::size_t> connections_ = 0;
    Figures figures_;
    http::Server server_; // last: its exchanges use all of the above
};

} // namespace sallyport::endpoint
