// What one run of a client sent, byte for byte, and whom it asked for: the raw material of comparison and receipts. Plain values; nothing
// in it is believed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::lab {

// Where bytes of a connection came, in the order of all reads of the run.
struct Arrived {
    std::size_t offset = 0;
    std::uint64_t number = 0;
};

struct RecordedConnection {
    std::string host; // whom it is for: the TLS hello's name, or that for which the address was given, or the address
    std::string address; // that was dialled, without port
    std::uint16_t port = 0;
    bool tls = false;
    bool through_proxy = false; // behind a CONNECT
    std::string hello;          // the first TLS record as it came
    std::string sent;           // by the client, without TLS
    std::vector<Arrived> arrived;
    std::uint64_t received = 0; // bytes of our answers
    std::string problem;        // it did not take our certificate, said nothing …
};

struct RecordedName {
    std::string name; // empty: a question that could not be read
    std::uint16_t type = 0;
    std::string question; // the datagram
};

struct Recording {
    std::vector<RecordedConnection> connections;
    std::vector<RecordedName> names;
    std::string output; // what it wrote to its terminal, beginning
    int exit_code = 0;
    std::string ended; // empty: by itself; else why we ended it
    std::vector<std::string> problems;
    std::int64_t wall_ms = 0, began_ms = 0; // how long; when, by the wall
};

} // namespace sallyport::lab
