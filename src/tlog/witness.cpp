#include "tlog/witness.h"

#include "base/limits.h"
#include "tlog/lines.h"

#include <algorithm>

namespace sallyport::tlog {

namespace {

constexpr std::string_view old_word = "old ";

WitnessVerdict no(int status, std::string sentence) { return {status, std::move(sentence) + "\n", std::nullopt}; }

bool is_by(const crypto::NoteSignature& one, const crypto::NoteVerifier& key) {
    return one.name == key.name() && one.key_id == key.key_id();
}

// One of each key: a note may repeat a line.
std::vector<crypto::NoteSignature> signatures_by(const crypto::Note& note, std::span<const crypto::NoteVerifier> keys) {
    std::vector<crypto::NoteSignature> out;
    for (const crypto::NoteSignature& one : note.signatures) {
        const bool is_known = std::ranges::any_of(keys, [&](const auto& key) { return is_by(one, key); });
        const bool is_there = std::ranges::any_of(
            out, [&](const auto& kept) { return kept.name == one.name && kept.key_id == one.key_id; });
        if (is_known && !is_there) out.push_back(one);
    }
    return out;
}

} // namespace

std::string encode(const AddCheckpoint& request) {
    std::string out = std::string(old_word) + std::to_string(request.old_size) + "\n";
    for (const Digest& hash : request.proof) out += hash_text(hash) + "\n";
    return out + "\n" + crypto::encode(request.checkpoint.note);
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view text) {
    AddCheckpoint out;
    const auto first = take_line(text);
    const auto old_size =
        first && first->starts_with(old_word) ? read_decimal(first->substr(old_word.size())) : std::nullopt;
    if (!old_size) return fail(ErrorKind::invalid, "the request does not begin with a line 'old' and a decimal size");
    out.old_size = *old_size;
    auto proof = take_hashes(text, consistency_hashes_max);
    if (!proof)
        return fail(ErrorKind::invalid, "behind the old size there are no lines of a proof, at most " +
                                            std::to_string(consistency_hashes_max) +
                                            " hashes in base64, that end with an empty line");
    out.proof = std::move(*proof);
    auto checkpoint = parse_signed_checkpoint(text, tlog::Extensions::read_over);
    if (!checkpoint) return std::unexpected(checkpoint.error());
    out.checkpoint = std::move(*checkpoint);
    if (out.checkpoint.note.text.size() > limits::witnessed_text_bytes_max)
        return fail(ErrorKind::too_large, "the checkpoint's text is longer than " +
                                              std::to_string(limits::witnessed_text_bytes_max) + " bytes");
    return out;
}

WitnessVerdict judge(const AddCheckpoint& request, std::span<const crypto::NoteVerifier> known,
                     const std::optional<Checkpoint>& last) {
    const Checkpoint& next = request.checkpoint.checkpoint;
    std::vector<crypto::NoteVerifier> keys;
    std::ranges::copy_if(known, std::back_inserter(keys),
                         [&](const crypto::NoteVerifier& key) { return key.name() == next.origin; });
    if (keys.empty()) return no(404, "this witness does not know the log " + next.origin);
    const auto signers = crypto::signers_of(request.checkpoint.note, keys);
    if (!signers) return no(403, signers.error().message);
    if (signers->empty())
        return no(403, "none of the keys that are known of " + next.origin + " signed the checkpoint");
    if (request.old_size > next.size) return no(400, "the old size is larger than the checkpoint's");
    const Checkpoint before = last.value_or(Checkpoint{next.origin, 0, empty_root()});
    if (request.old_size != before.size) return {409, std::to_string(before.size) + "\n", std::nullopt};
    if (next.size == 0 && next.root != empty_root()) return no(422, "the root is not that of no entries");
    if (request.old_size == 0 && !request.proof.empty()) return no(422, "from no entries on there is nothing to prove");
    if (!verify_consistency(before.size, before.root, next.size, next.root, request.proof))
        return no(422, before.size == next.size ? "this size was cosigned with another root, or there is a proof"
                                                : "the proof does not lead from the last checkpoint to this one");
    SignedCheckpoint accepted{next, {request.checkpoint.note.text, signatures_by(request.checkpoint.note, keys)}};
    return {200, {}, std::move(accepted)};
}

std::string cosignature_lines(const crypto::Note& note, const crypto::NoteVerifier& witness) {
    const crypto::Note only{{}, signatures_by(note, {&witness, 1})};
    return crypto::encode(only).substr(1); // behind the empty line
}

Result<std::vector<crypto::NoteSignature>>
read_cosignatures(const SignedCheckpoint& checkpoint, std::string_view answer, const crypto::NoteVerifier& witness) {
    const auto note = crypto::parse_note(checkpoint.note.text + "\n" + std::string(answer));
    if (!note || note->text != checkpoint.note.text)
        return fail(ErrorKind::invalid, "its answer is not lines of signatures", ErrorSource::upstream);
    const auto signers = crypto::signers_of(*note, {&witness, 1});
    if (!signers) return fail(ErrorKind::invalid, signers.error().message, ErrorSource::upstream);
    if (signers->empty())
        return fail(ErrorKind::invalid, "it answered without a signature by " + witness.text(), ErrorSource::upstream);
    return signatures_by(*note, {&witness, 1});
}

} // namespace sallyport::tlog
