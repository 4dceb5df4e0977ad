// Sends an answer, whole or in the way a fault wants it broken.
#pragma once

#include "http/exchange.h"
#include "sim/answer.h"
#include "sim/faults.h"
#include "sim/waiting.h"

#include <memory>
#include <string>
#include <vector>

namespace sallyport::sim {

struct Reply {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<http::Field> fields; // beside Content-Type; they view what outlives the sending
    std::shared_ptr<const Composed> answer;
    bool streams = false;
    std::size_t events_per_write = 1;
    std::string error_event; // the dialect's, of a stream
    std::string ping_event;  // what keeps it open
    Fault fault;
};

// Tells whether the client was there to the end: false where it left first.
// `local_port` is the vendor's own, by which a connection that shall be reset is found.
class Sender {
public:
    Sender(http::Exchange& exchange, const http::Arrival& arrival, Gate& gate, std::uint16_t local_port);
    ~Sender();
    net::Task<bool> send(const Reply& reply);

private:
    net::Task<bool> send_broken(const Reply& reply);
    net::Task<bool> send_bad_chunk(const Reply& reply, const Composed& shaped);
    net::Task<bool> send_events(const Reply& reply, const Composed& shaped, bool finishes);
    net::Task<bool> send_in_pieces(const Fault& fault, std::string_view bytes, bool last);
    net::Task<bool> write(std::string_view bytes, bool last);
    net::Task<bool> pause(std::int64_t ms);
    net::Task<bool> pass_gate();
    net::Task<bool> ping(const Reply& reply);
    void start(const Reply& reply, std::optional<std::uint64_t> length);
    void cut(bool reset);

    http::Exchange& exchange_;
    const http::Arrival& arrival_;
    Gate& gate_;
    std::uint16_t local_port_;
    std::vector<http::Field> fields_;
    bool gone_ = false;
    Pause* pausing_ = nullptr;
};

} // namespace sallyport::sim
