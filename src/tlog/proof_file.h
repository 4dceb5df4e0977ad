// Where an entry stands in a log, to be checked offline (C2SP tlog-proof):
//
//   c2sp.org/tlog-proof@v1
//   [extra <base64>]
//   index <decimal>
//   <hash, base64>*
//
//   <checkpoint>
#pragma once

#include "tlog/checkpoint.h"

namespace sallyport::tlog {

struct EntryProof {
    std::uint64_t index = 0;
    std::vector<Digest> hashes; // from the leaf's sibling up
    SignedCheckpoint checkpoint;
};

std::string encode(const EntryProof& proof);
// "extra" is read over: nothing vouches for it.
Result<EntryProof> parse_proof(std::string_view text);
// That the entry stands there. The checkpoint's signatures are for the caller to ask.
bool proves(const EntryProof& proof, std::string_view entry);

} // namespace sallyport::tlog
