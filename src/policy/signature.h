// Signed policies: beside policy.yaml stands policy.yaml.sig, a signed note (crypto/note.h) over the policy's digest and a version
// that only grows. Who may sign, and how many must, is said in sallyport.yaml, never in the policy itself.
//
//   sallyport policy v1
//   sha256:<digest of the policy and what it includes>
//   version <number>
#pragma once

#include "crypto/note.h"
#include "policy/document.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sallyport::policy {

struct Signature {
    std::uint64_t version = 0;        // 0: not signed
    std::vector<std::string> signers; // names, in the order of their signatures
};

std::string signed_text(const Policy& policy, std::uint64_t version);
std::filesystem::path signature_file(const std::filesystem::path& policy_file);
// The version that a note's text names for this policy; an error says what does not fit.
Result<std::uint64_t> version_of(const Policy& policy, std::string_view text);
// Whether at least `needed` of the known signers signed this very policy.
Result<Signature> check_signature(const Policy& policy, std::string_view note,
                                  std::span<const crypto::NoteVerifier> known, std::size_t needed);

} // namespace sallyport::policy
