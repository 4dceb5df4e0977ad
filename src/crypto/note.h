// Signed notes (C2SP signed-note v1.0.0): a text that ends in a newline, an empty line, and a line for each signature,
// "— <name> <base64 of 4 bytes of key id and the signature>". Here with Ed25519 (RFC 8032), by a note's author (algorithm byte 0x01) or
// as a cosignature (0x04, C2SP tlog-cosignature v1): 8 bytes of time in front, which are signed too.
//
//   verifier key  <name>+<key id, 8 hex digits>+<base64 of the algorithm byte and the 32 bytes of the public key>
//   signer key    PRIVATE+KEY+<name>+<key id>+<base64 of the algorithm byte and the 32 bytes of the seed>
//
// A note is UTF-8. Names are not empty and hold neither spaces, those of Unicode neither, nor '+'. A public key is a point of the curve
// in its one encoding (ed25519.h). Unknown signatures are passed over, as the specification asks.
#pragma once

#include "base/error.h"
#include "base/secret.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::crypto {

inline constexpr std::size_t note_bytes_max = 1u << 20;
inline constexpr std::size_t note_signatures_max = 100;

enum class NoteAlgorithm : char { ed25519 = 0x01, cosignature = 0x04 };

class NoteVerifier {
public:
    static Result<NoteVerifier> parse(std::string_view verifier_key);
    const std::string& name() const { return name_; }
    const std::string& key_id() const { return key_id_; } // 4 bytes
    NoteAlgorithm algorithm() const { return algorithm_; }
    std::string text() const; // the verifier key
    bool verifies(std::string_view text, std::string_view signature) const;

private:
    friend class NoteSigner;
    std::string name_, key_id_, public_key_;
    NoteAlgorithm algorithm_ = NoteAlgorithm::ed25519;
};

class NoteSigner {
public:
    static Result<NoteSigner> generate(std::string_view name, NoteAlgorithm algorithm = NoteAlgorithm::ed25519);
    static Result<NoteSigner> parse(const Secret& signer_key);
    Secret text() const; // the signer key
    const NoteVerifier& verifier() const { return verifier_; }
    // 64 bytes; of a cosignature 72, with the time of now in front.
    std::string sign(std::string_view text) const;

private:
    NoteVerifier verifier_;
    Secret seed_;
};

struct NoteSignature {
    std::string name;
    std::string key_id; // 4 bytes
    std::string bytes;
};
struct Note {
    std::string text; // with its last newline
    std::vector<NoteSignature> signatures;
};
Result<Note> parse_note(std::string_view note);
std::string encode(const Note& note);
// Adds the signer's signature; an older one of the same key is replaced.
void sign(Note& note, const NoteSigner& signer);
// The names of those who signed it rightly, each once. A signature that claims to be by one of them and is not is an error.
Result<std::vector<std::string>> signers_of(const Note& note, std::span<const NoteVerifier> known);

} // namespace sallyport::crypto
