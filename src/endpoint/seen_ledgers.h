// What this machine saw of a gateway's ledger: with each binding the gateway shows its newest checkpoint and proves that it goes on from the
// last one that was seen here (C2SP tlog-witness, add-checkpoint, in the answer's place). So each developer's machine is a witness whom
// nobody can ask to forget: a ledger that was rolled back or rewritten is noticed at the next start of a client, which is refused.
//
//   DIRECTORY/<sha256 of the gateway's authority>/<sha256 of the log's origin>    the last checkpoint, as it was signed
//   DIRECTORY/<…>/apart-<sha256 of both>                                          two that contradict each other: evidence
//
// Whoever writes the ledger is not asked for its keys before: the first that are shown are believed, the connection to the gateway is TLS.
#pragma once

#include "base/error.h"
#include "tlog/checkpoint.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

class SeenLedgers {
public:
    // Of one gateway. What lies there and cannot be read counts as not seen.
    SeenLedgers(const std::filesystem::path& directory, std::string_view gateway_authority);

    // Lines of a head: which logs were seen, and how far. Empty: none yet.
    std::string fields() const;
    // The gateway's answer about the binding. A sentence for the person, or an empty one; error (refused): this ledger is not the one that was
    // seen here.
    Result<std::string> take(std::string_view answer);

private:
    Result<std::string> contradicted(const tlog::SignedCheckpoint& then, const tlog::SignedCheckpoint& now,
                                     const std::string& what);
    Result<std::string> keep(const tlog::SignedCheckpoint& next);
    std::filesystem::path file_of(std::string_view origin) const;

    std::filesystem::path folder_;
    std::string gateway_, unreadable_; // a file
    std::vector<tlog::SignedCheckpoint> seen_;
};

} // namespace sallyport::endpoint
