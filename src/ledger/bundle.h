// A bundle: entries of a ledger with all that is needed to check them offline, in one file for an auditor. docs/formats/bundle.md is
// the format; verifier/verify.py, which every bundle brings along, checks the same independently.
#pragma once

#include "base/error.h"
#include "tlog/checkpoint.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::ledger {

struct BundleRequest {
    std::filesystem::path directory;                               // of the ledger
    std::vector<crypto::NoteVerifier> keys;                        // of the log and of witnesses
    std::vector<std::uint64_t> entries;                            // indices
    std::vector<tlog::SignedCheckpoint> earlier;                   // that the newer one is proven to go on from
    std::function<Result<std::string>(std::uint64_t index)> entry; // its text
    // name ("1207.request") -> bytes that the entry has the digest of
    std::map<std::string, std::string> bodies{};
    // That its checkpoint must have, by `keys`: the newest such one is taken. 0: the newest, whoever cosigned it.
    std::size_t cosignatures = 0;
    // For people: a page about what is in it, under that checkpoint.
    std::function<std::string(const tlog::Checkpoint& checkpoint)> page;
};
Result<std::string> make_bundle(const BundleRequest& request);

// Parts for people: nothing proves what they say.
inline constexpr std::string_view unproven_parts[] = {"page.html", "verify.py"};

// `problem` is one of the words of docs/formats/bundle.md; empty where all holds.
struct BundleVerdict {
    std::string problem, part, sentence;
    std::string origin; // these where all holds
    std::uint64_t size = 0;
    std::vector<std::uint64_t> entries, earlier;
    std::vector<std::string> witnesses;
    std::vector<crypto::NoteVerifier> keys; // that were believed
    bool ok() const { return problem.empty(); }
};
// `trusted`: the keys to believe; where there are none, those that the bundle brings along.
BundleVerdict verify_bundle(std::string_view bundle, std::span<const crypto::NoteVerifier> trusted);

// A tar file written in one way only (POSIX.1-1988 ustar; names ascending): parts by name.
using Parts = std::map<std::string, std::string, std::less<>>;
std::string encode_parts(const Parts& parts);

} // namespace sallyport::ledger
