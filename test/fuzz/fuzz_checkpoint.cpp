// Signed checkpoints and proofs of entries as a stranger would send them: what is read is written again as it was, what is not has an
// error with a sentence; extension lines are read over where that is asked and change nothing else.
#include "tlog/proof_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace tlog = sallyport::tlog;

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

void check_checkpoint(std::string_view input) {
    const auto strict = tlog::parse_signed_checkpoint(input);
    const auto lenient = tlog::parse_signed_checkpoint(input, tlog::Extensions::read_over);
    if (strict) {
        check(sallyport::crypto::encode(strict->note) == input &&
              tlog::encode(strict->checkpoint) == strict->note.text);
        check(lenient && lenient->checkpoint == strict->checkpoint);
    } else {
        check(!strict.error().message.empty());
    }
    if (lenient) {
        check(sallyport::crypto::encode(lenient->note) == input);
        check(lenient->note.text.starts_with(tlog::encode(lenient->checkpoint)));
    }
}

void check_proof(std::string_view input) {
    const auto proof = tlog::parse_proof(input);
    if (!proof) return check(!proof.error().message.empty());
    // The second line may be "extra …", which is read over.
    std::string without(input);
    const std::size_t second = without.find('\n') + 1;
    if (without.compare(second, 6, "extra ") == 0) without.erase(second, without.find('\n', second) + 1 - second);
    check(tlog::encode(*proof) == without);
    // The checkpoint's size is any number here: no proof of an index beyond it holds.
    if (tlog::proves(*proof, "entry")) check(proof->index < proof->checkpoint.checkpoint.size);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_checkpoint(input);
    check_proof(input);
    return 0;
}
