// What one machine says of itself: the facts of `sallyport discover`, signed with a key of that machine (Ed25519, a signed note as
// crypto/note.h has it). The machine's name is made from its key, so that nobody can report for another; whose machine it is stands nowhere.
// The format: docs/discover.md.
#pragma once

#include "base/error.h"
#include "crypto/note.h"
#include "endpoint/facts_found.h"
#include "endpoint/judge_facts.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

inline constexpr std::string_view report_format = "sallyport-discover/1";
inline constexpr std::size_t report_bytes_max = crypto::note_bytes_max;
inline constexpr std::size_t report_facts_max = 20'000;

class Machine {
public:
    // The key of this machine; it is made, 0600, where there is none and `make` says so. Nothing: there is none.
    static Result<std::optional<Machine>> open(const std::filesystem::path& folder, bool make);
    const std::string& id() const { return id_; }
    // 32 bytes: vendors' keys are named under it, so that another machine's names say nothing of this one's.
    Secret digest_key() const;
    // The report, signed. Errors: it would be larger than a reader takes.
    Result<std::string> report(const std::vector<FoundFact>& facts, std::int64_t at_ms) const;

private:
    explicit Machine(crypto::NoteSigner signer);
    crypto::NoteSigner signer_;
    std::string id_;
};

// "machine-" and 32 hex digits.
std::string machine_id(const crypto::NoteVerifier& key);

struct Report {
    std::string machine;
    std::int64_t at_ms = 0;
    std::vector<FoundFact> facts; // clients, tools and base URLs only
};
// Why a report is not taken; the words are those of docs/discover.md.
enum class Refusal : std::uint8_t { not_a_report, foreign_format, bad_signature, damaged };
std::string_view name(Refusal);
std::expected<Report, Refusal> read_report(std::string_view note);

} // namespace sallyport::endpoint
