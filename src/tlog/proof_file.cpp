#include "tlog/proof_file.h"

#include "base/encoding.h"
#include "tlog/lines.h"

namespace sallyport::tlog {

namespace {
constexpr std::string_view first_line = "c2sp.org/tlog-proof@v1";
constexpr std::size_t hashes_max = 63;
} // namespace

std::string encode(const EntryProof& proof) {
    std::string out = std::string(first_line) + "\nindex " + std::to_string(proof.index) + "\n";
    for (const Digest& hash : proof.hashes) out += hash_text(hash) + "\n";
    return out + "\n" + crypto::encode(proof.checkpoint.note);
}

Result<EntryProof> parse_proof(std::string_view text) {
    const auto bad = [](std::string_view why) { return fail(ErrorKind::invalid, "the proof " + std::string(why)); };
    if (take_line(text) != first_line) return bad("does not begin with " + std::string(first_line));
    auto line = take_line(text);
    if (line && line->starts_with("extra ")) {
        if (!from_base64(line->substr(6))) return bad("has an extra line that is not base64");
        line = take_line(text);
    }
    const auto index = line && line->starts_with("index ") ? read_decimal(line->substr(6)) : std::nullopt;
    if (!index) return bad("names no index");
    auto hashes = take_hashes(text, hashes_max);
    if (!hashes) return bad("has lines that are not at most 63 hashes and an empty line");
    auto checkpoint = parse_signed_checkpoint(text);
    if (!checkpoint) return std::unexpected(checkpoint.error());
    return EntryProof{*index, std::move(*hashes), std::move(*checkpoint)};
}

bool proves(const EntryProof& proof, std::string_view entry) {
    const Checkpoint& checkpoint = proof.checkpoint.checkpoint;
    return verify_inclusion(proof.index, checkpoint.size, leaf_hash(entry), proof.hashes, checkpoint.root);
}

} // namespace sallyport::tlog
