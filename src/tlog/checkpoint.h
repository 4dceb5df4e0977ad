// A checkpoint (C2SP tlog-checkpoint v1.0.0): three lines, signed as a note (crypto/note.h).
//
//   <origin>
//   <size, decimal>
//   <root, base64>
//   [extension lines]
#pragma once

#include "crypto/note.h"
#include "tlog/merkle.h"

#include <string>

namespace sallyport::tlog {

struct Checkpoint {
    std::string origin; // which log
    std::uint64_t size = 0;
    Digest root = empty_root();
    bool operator==(const Checkpoint&) const = default;
};

std::string encode(const Checkpoint& checkpoint);
// Extension lines: no log of ours writes them, and nobody could check what they say. In other people's logs they may be read over;
// then the root of no entries is whatever it says, too.
enum class Extensions : std::uint8_t { refused, read_over };
Result<Checkpoint> parse_checkpoint(std::string_view text, Extensions extensions = Extensions::refused);

// A signed one: the checkpoint, and the note that says so.
struct SignedCheckpoint {
    Checkpoint checkpoint;
    crypto::Note note;
};
SignedCheckpoint signed_by(const crypto::NoteSigner& signer, Checkpoint checkpoint);
// Its text and the grammar of its signatures; who signed is for the caller to ask (check_signatures).
Result<SignedCheckpoint> parse_signed_checkpoint(std::string_view text, Extensions extensions = Extensions::refused);
// The names of the witnesses among `keys` who cosigned it, each once, sorted. Fails where the log itself did not sign with one of
// them (a key that bears the origin's name), and where a signature by one of them is not of this text.
Result<std::vector<std::string>> check_signatures(const SignedCheckpoint& checkpoint,
                                                  std::span<const crypto::NoteVerifier> keys);

} // namespace sallyport::tlog
