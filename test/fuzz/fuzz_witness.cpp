// A request to a witness as a stranger would send it: whatever comes, it is read back as it was or refused with a sentence; it gets one of
// the specification's answers; and what is taken goes on from what was cosigned before and bears a signature of the log.
#include "tlog/witness.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace crypto = sallyport::crypto;
namespace tlog = sallyport::tlog;

namespace {
// The log of the corpus, whose key was thrown away; its entries are "0", "1", …
const crypto::NoteVerifier& log_key() {
    static const auto key =
        crypto::NoteVerifier::parse("corpus.example/log+bb73437a+AZBwVc2foz+Z6QvBAFVlrTJG+QbPbQ5ChH2jR+qMr5G/");
    return *key;
}

tlog::Checkpoint at(std::uint64_t size) {
    tlog::GrowingTree tree;
    while (tree.size() < size)
        tree.add(tlog::leaf_hash(std::to_string(tree.size())), [](unsigned, std::uint64_t, const tlog::Digest&) {});
    return {log_key().name(), size, tree.root()};
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto request = tlog::parse_add_checkpoint(input);
    if (!request) {
        if (request.error().message.empty()) std::abort();
        return 0;
    }
    if (tlog::encode(*request) != input) std::abort();
    static const std::array<std::optional<tlog::Checkpoint>, 3> pasts = {std::nullopt, at(3), at(7)};
    for (const auto& last : pasts) {
        const tlog::WitnessVerdict verdict = tlog::judge(*request, {&log_key(), 1}, last);
        constexpr std::array statuses = {200, 400, 403, 404, 409, 422};
        if (std::ranges::find(statuses, verdict.status) == statuses.end()) std::abort();
        if (verdict.accepted.has_value() != (verdict.status == 200)) std::abort();
        if (!verdict.accepted) {
            if (!verdict.body.ends_with('\n')) std::abort();
            continue;
        }
        const tlog::Checkpoint& next = verdict.accepted->checkpoint;
        if (next.origin != log_key().name() || next.size < (last ? last->size : 0)) std::abort();
        if (last && next.size == last->size && next.root != last->root) std::abort();
        const auto signers = crypto::signers_of(verdict.accepted->note, {&log_key(), 1});
        if (!signers || signers->size() != 1 || verdict.accepted->note.signatures.size() != 1) std::abort();
    }
    return 0;
}
