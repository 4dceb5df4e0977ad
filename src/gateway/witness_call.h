// One question to a witness of the ledger (C2SP tlog-witness) over the gateway's own client. Everything is tried once: when to ask
// again is for the caller (witnesses.h) to say.
#pragma once

#include "gateway/config.h"
#include "http/client.h"
#include "tlog/witness.h"

#include <string_view>
#include <vector>

namespace sallyport::gateway {

// A witness, and how it is reached. Its parts must live as long as a question is under way.
struct WitnessLine {
    net::Loop& loop;
    http::Pool& pool;
    const WitnessConfig& witness;
    const http::Origin& origin;
    std::int64_t timeout_ms; // of a whole question
};

// What became of a checkpoint that it was shown.
struct Shown {
    enum class What : std::uint8_t {
        cosigned,
        elsewhere,    // its last checkpoint is of another size than it was asked from: `size`
        inconsistent, // what it was shown does not go on from its last checkpoint
    };
    What what = What::cosigned;
    std::uint64_t size = 0;
    std::vector<crypto::NoteSignature> cosignatures;
};
// Errors: it was not reached in time, or its answer cannot be used; whole sentences.
net::Task<Result<Shown>> show_checkpoint(WitnessLine line, tlog::AddCheckpoint request);

// The last checkpoint of this log that it cosigned, with signatures by a key of the log (`keys`) and its own; nothing where it has none.
net::Task<Result<std::optional<tlog::Checkpoint>>> last_checkpoint(WitnessLine line, std::string origin,
                                                                   std::span<const crypto::NoteVerifier> keys);

} // namespace sallyport::gateway
