#include "cli/kept.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "crypto/crypto.h"

namespace sallyport::cli {

Result<std::unique_ptr<KeptReader>> KeptReader::open(Visit& visit) {
    auto keys = store::BodyKeys::open(visit.installation.body_keys_file());
    if (!keys) return std::unexpected(keys.error());
    return std::unique_ptr<KeptReader>(new KeptReader(visit, std::move(*keys)));
}

Result<void> KeptReader::record(const std::string& by, const std::string& why, const std::string& about) {
    const auto who = visit_.pseudonyms->of(identity::NameKind::person, by.empty() ? operator_name() : by);
    return visit_.state->add_act(
        {"a_" + to_hex(crypto::random_bytes(10)), "read-body", std::string(who.view()), why, about, wall_ms()});
}

Result<std::string> KeptReader::body(const ledger::Body& body) {
    if (body.kept == ledger::not_kept)
        return fail(ErrorKind::refused, "its body was not kept: the policy in force then says so (bodies); only its "
                                        "digest is recorded");
    if (body.kept == ledger::kept_lost)
        return fail(ErrorKind::invalid, "its body could not be kept, which was recorded");
    auto bytes = reader_.body(static_cast<std::uint64_t>(body.kept));
    if (!bytes) return bytes;
    if (bytes->size() != body.bytes || (!body.keyed && crypto::sha256(*bytes) != body.digest))
        return fail(ErrorKind::invalid,
                    "what was kept is not what was recorded: it has another digest; `sallyport ledger "
                    "verify` tells more");
    return bytes;
}

} // namespace sallyport::cli
