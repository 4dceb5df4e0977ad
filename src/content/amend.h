// The bytes that leave in place of those that came: findings redacted, withheld or normalised, everything else as it was (law 1). What is put in a
// finding's place depends only on its text, its rule and this installation, so a conversation that is sent again is amended alike.
#pragma once

#include "content/inspector.h"
#include "content/restore.h"
#include "crypto/crypto.h"

#include <cstdint>
#include <string>

namespace sallyport::content {

// Which findings, as sets of (kind, confidence): bit kind * confidences + confidence.
struct Amending {
    std::uint32_t redact = 0, withhold = 0, normalise = 0;
};

class Amender {
public:
    // `key`: at least 32 random bytes of the installation.
    explicit Amender(const crypto::Mac& key) : key_(key) {}

    // Appends the amended body to `out`, and to `replaced` what stands for what in it, each once. Fails (invalid, source client) where a finding stands in what cannot be changed without
    // breaking it: a key, an id or another word of the protocol, thought that the vendor signed, a header. The message says where,
    // never what.
    Result<void> amend(const json::Document& document, const dialect::Request& request, const Inspection& inspection,
                       Amending what, std::string& out, std::vector<Replacement>* replaced = nullptr) const;

    // "[[sallyport:github-token:kq3d…]]": 100 bits of the text's keyed digest, so that one secret has one name and nobody without
    // the key can test a guess.
    std::string placeholder(std::string_view text, std::string_view rule) const;
    // "n_kq3d…" of what was found, with the same 100 bits; empty where it stands in no document.
    std::string id_of(const json::Document& document, const Finding& finding) const;

private:
    std::string name_of(std::string_view text) const;
    const crypto::Mac& key_;
};

} // namespace sallyport::content
