// A simulated vendor of all four dialects on one port, plain or TLS: for tests, drills, benchmarks and the demo. It stands in
// for a model with rules a person can predict (directive.h) and goes wrong on demand (faults.h).
//
//   Result<std::unique_ptr<Vendor>> vendor = Vendor::start(options);   // serves on threads of its own
//   … (*vendor)->url() …                                               // the destructor stops it
#pragma once

#include "base/error.h"
#include "sim/faults.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::sim {

struct VendorOptions {
    std::string listen = "127.0.0.1:0"; // port 0: any free one
    std::string tls_certificate;        // PEM files; both or neither
    std::string tls_key;
    std::string log_file; // see record.h
    std::string save_folder;
    std::vector<std::string> faults; // see faults.h
    std::uint64_t seed = 1;
    unsigned threads = 1; // loops that share the port
    bool gate = false;    // each event waits for GET /vendor/next
    bool digest = true;   // false: no sha256 and nothing remembered, for benchmarks
};

class Vendor {
public:
    // Errors say which option is wrong.
    static Result<std::unique_ptr<Vendor>> start(const VendorOptions&);
    ~Vendor(); // cuts what is under way
    Vendor(const Vendor&) = delete;
    Vendor& operator=(const Vendor&) = delete;

    std::uint16_t port() const;
    std::string url() const; // "http://127.0.0.1:9101"

private:
    struct Parts;
    explicit Vendor(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

} // namespace sallyport::sim
