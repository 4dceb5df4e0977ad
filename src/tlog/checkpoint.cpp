#include "tlog/checkpoint.h"

#include "tlog/lines.h"

#include <algorithm>

namespace sallyport::tlog {

std::string encode(const Checkpoint& checkpoint) {
    return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + hash_text(checkpoint.root) + "\n";
}

Result<Checkpoint> parse_checkpoint(std::string_view text, Extensions extensions) {
    const auto bad = [](std::string_view why) {
        return fail(ErrorKind::invalid, "the checkpoint " + std::string(why));
    };
    const auto origin = take_line(text), size = take_line(text), root = take_line(text);
    if (!root || (extensions == Extensions::refused && !text.empty()))
        return bad("is not three lines: origin, size, root");
    while (!text.empty())
        if (const auto line = take_line(text); !line || line->empty())
            return bad("has an extension line that is empty or does not end");
    const auto count = read_decimal(*size);
    const auto hash = read_hash(*root);
    if (origin->empty()) return bad("names no origin");
    if (!count) return bad("has a size that is no decimal number");
    if (!hash) return bad("has a root that is not 32 bytes in base64");
    if (extensions == Extensions::refused && *count == 0 && *hash != empty_root())
        return bad("is of no entries and has not their root");
    return Checkpoint{std::string(*origin), *count, *hash};
}

SignedCheckpoint signed_by(const crypto::NoteSigner& signer, Checkpoint checkpoint) {
    crypto::Note note{encode(checkpoint), {}};
    crypto::sign(note, signer);
    return {std::move(checkpoint), std::move(note)};
}

Result<SignedCheckpoint> parse_signed_checkpoint(std::string_view text, Extensions extensions) {
    auto note = crypto::parse_note(text);
    if (!note) return std::unexpected(note.error());
    auto checkpoint = parse_checkpoint(note->text, extensions);
    if (!checkpoint) return std::unexpected(checkpoint.error());
    return SignedCheckpoint{std::move(*checkpoint), std::move(*note)};
}

Result<std::vector<std::string>> check_signatures(const SignedCheckpoint& checkpoint,
                                                  std::span<const crypto::NoteVerifier> keys) {
    std::vector<crypto::NoteVerifier> of_log, of_witnesses;
    for (const crypto::NoteVerifier& key : keys)
        (key.algorithm() == crypto::NoteAlgorithm::ed25519 ? of_log : of_witnesses).push_back(key);
    const auto logs = crypto::signers_of(checkpoint.note, of_log);
    if (!logs) return std::unexpected(logs.error());
    auto witnesses = crypto::signers_of(checkpoint.note, of_witnesses);
    if (!witnesses) return witnesses;
    if (std::ranges::find(*logs, checkpoint.checkpoint.origin) == logs->end())
        return fail(ErrorKind::refused, "the checkpoint of " + checkpoint.checkpoint.origin +
                                            " is signed by none of the log's keys that are known here");
    std::ranges::sort(*witnesses);
    return witnesses;
}

} // namespace sallyport::tlog
