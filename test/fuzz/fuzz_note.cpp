// Signed notes and verifier keys as a stranger would send them: reading ends with a note that is written again as it was, or with an
// error that has a sentence; no signature of a text that was not signed verifies.
#include "crypto/note.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace crypto = sallyport::crypto;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto key = crypto::NoteVerifier::parse(input); key ? key->text() != input : key.error().message.empty())
        std::abort();
    const auto note = crypto::parse_note(input);
    if (!note) {
        if (note.error().message.empty()) std::abort();
        return 0;
    }
    if (crypto::encode(*note) != input) std::abort();
    static const auto known =
        crypto::NoteVerifier::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    const auto signers = crypto::signers_of(*note, {&*known, 1});
    static constexpr std::string_view signed_text =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    if (signers && !signers->empty() && note->text != signed_text) std::abort();
    return 0;
}
