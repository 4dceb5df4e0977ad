// `sallyport ledger witness` on the network: C2SP tlog-witness over a WitnessStore, on one loop of its own with threads for the disk.
//
//   POST /add-checkpoint                        200, 400, 403, 404, 409 (text/x.tlog.size), 422; 503 where the disk fails
//   GET /<sha256 of the origin, hex>/checkpoint 200, 404
#pragma once

#include "ledger/witness_store.h"
#include "net/tcp.h"

#include <memory>
#include <string>

namespace sallyport::gateway {

struct WitnessListener {
    net::HostPort address;        // port 0: any free one
    std::string certificate_file; // PEM, both or neither
    std::string key_file;
};

class WitnessServer {
public:
    // Serves until destroyed, which ends what is under way. `store` must live longer.
    static Result<std::unique_ptr<WitnessServer>> start(const WitnessListener& listener, ledger::WitnessStore& store);
    ~WitnessServer();
    WitnessServer(const WitnessServer&) = delete;
    WitnessServer& operator=(const WitnessServer&) = delete;
    const std::string& url() const;

private:
    struct Parts;
    explicit WitnessServer(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

} // namespace sallyport::gateway
