#include "bodies/recorded.h"

#include "crypto/crypto.h"

namespace sallyport::bodies {

Result<std::string> recorded_body(Reader& reader, const ledger::Body& body) {
    if (body.kept == ledger::not_kept)
        return fail(ErrorKind::refused, "its body was not kept: the policy in force then says so (bodies); only its "
                                        "digest is recorded");
    if (body.kept == ledger::kept_lost)
        return fail(ErrorKind::invalid,
                    body.lost == ledger::Lost::limit
                        ? "its body was not kept, which was recorded: as much as sallyport.yaml allows was kept "
                          "already (bodies: limit)"
                        : "its body could not be kept, which was recorded");
    auto bytes = reader.body(static_cast<std::uint64_t>(body.kept));
    if (!bytes) return bytes;
    if (bytes->size() != body.bytes || (!body.keyed && crypto::sha256(*bytes) != body.digest))
        return fail(ErrorKind::invalid,
                    "what was kept is not what was recorded: it has another digest. The ledger still says which one it "
                    "had; a backup may hold the body");
    return bytes;
}

Result<RecordedBody> body_of(const ledger::Shown& shown, std::string_view which) {
    std::optional<RecordedBody> found;
    for (const ledger::EntryText& entry : shown.entries) {
        const auto read = ledger::decode(entry.json);
        if (!read) return std::unexpected(read.error());
        const auto* intent = read->as<ledger::Intent>();
        const auto* outcome = read->as<ledger::Outcome>();
        if (which == "request" && intent != nullptr) found = {intent->sent, entry.index};
        if (which == "response" && outcome != nullptr) found = {outcome->answer, entry.index};
    }
    if (!found)
        return fail(ErrorKind::invalid, "the exchange has no " + std::string(which) + " that is recorded",
                    ErrorSource::client);
    return *found;
}

} // namespace sallyport::bodies
