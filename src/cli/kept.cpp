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

Result<void> KeptReader::record(std::string_view what, const std::string& by, const std::string& why,
                                const std::string& about) {
    const auto who = visit_.pseudonyms->of(identity::NameKind::person, by.empty() ? operator_name() : by);
    return visit_.state->add_act(
        {"a_" + to_hex(crypto::random_bytes(10)), std::string(what), std::string(who.view()), why, about, wall_ms()});
}

} // namespace sallyport::cli
