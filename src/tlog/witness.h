// What a witness decides (C2SP tlog-witness, add-checkpoint): whether a log's new checkpoint goes on from the last one that it
// cosigned. Whoever then finds a witness's cosignature knows that the log showed it no other history. Pure: no disk, no network,
// no clock.
//
// The request:
//
//   old <size of the last checkpoint that the witness cosigned, decimal>
//   <hash of the consistency proof, base64>*      at most 63
//
//   <checkpoint, a signed note>
//
// The answer, where all holds: the witness's signature lines alone. A log has the keys that bear its origin as their name.
#pragma once

#include "tlog/checkpoint.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::tlog {

inline constexpr std::size_t consistency_hashes_max = 63;

struct AddCheckpoint {
    std::uint64_t old_size = 0;
    std::vector<Digest> proof;
    SignedCheckpoint checkpoint;
};
std::string encode(const AddCheckpoint& request);
// The grammar alone: an error is the answer 400.
Result<AddCheckpoint> parse_add_checkpoint(std::string_view text);

struct WitnessVerdict {
    int status = 0; // 200, 400, 403, 404, 409 or 422, as the specification has them
    std::string
        body; // of every other answer than 200: of 409 the size and a newline (text/x.tlog.size), else a sentence
    // Of 200: what is to be cosigned and kept. Of the signatures only those of the log's known keys are left.
    std::optional<SignedCheckpoint> accepted;
};
// `known`: the keys of all logs that are witnessed. `last`: of this log, as it was cosigned; nothing where none was.
WitnessVerdict judge(const AddCheckpoint& request, std::span<const crypto::NoteVerifier> known,
                     const std::optional<Checkpoint>& last);

// The witness's signature lines of a note: what 200 is answered with.
std::string cosignature_lines(const crypto::Note& note, const crypto::NoteVerifier& witness);
// Out of such an answer: the signatures by that witness, which are of this checkpoint; others are passed over. Fails where there is
// none, or one that is not of this text.
Result<std::vector<crypto::NoteSignature>>
read_cosignatures(const SignedCheckpoint& checkpoint, std::string_view answer, const crypto::NoteVerifier& witness);

} // namespace sallyport::tlog
