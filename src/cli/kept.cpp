#include "cli/kept.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "bodies/writer.h"
#include "crypto/crypto.h"
#include "store/holds.h"

namespace sallyport::cli {

namespace {
constexpr std::int64_t made_late_ms = 60'000; // a key is made when the first body that needs it is written
} // namespace

Result<std::unique_ptr<KeptReader>> KeptReader::open(Visit& visit) {
    auto keys =
        store::open_body_keys(visit.installation.body_keys_file(), visit.installation.bodies_directory(), *visit.state);
    if (!keys) return std::unexpected(keys.error());
    return std::unique_ptr<KeptReader>(new KeptReader(visit, std::move(*keys)));
}

Result<void> KeptReader::record(std::string_view what, const std::string& by, const std::string& why,
                                const std::string& about) {
    return record_act(visit_, what, by, why, about);
}

void KeptReader::belongs_to(const ledger::Intent& intent) {
    const policy::Facts& facts = intent.judgement.facts;
    at_ms_ = intent.at_ms;
    place_ = bodies::place_at(facts.repository, facts.person, policy::name(intent.judgement.effective_class), at_ms_);
}

Result<std::string> KeptReader::why_erased(Error missing) {
    if (at_ms_ == 0) return std::unexpected(std::move(missing));
    const auto keys = keys_->list({.repository = place_.repository,
                                   .person = place_.person,
                                   .effective_class = place_.effective_class,
                                   .before_ms = 0});
    if (!keys) return std::unexpected(keys.error());
    for (const store::BodyKeyRecord& key :
         *keys) // the place's key of that time; another one followed where it was destroyed
        if (key.place == place_ && key.erased_ms >= at_ms_ && key.made_ms <= at_ms_ + made_late_ms)
            return fail(ErrorKind::refused, "the body was erased: " + key.erased_why);
    return std::unexpected(std::move(missing));
}

Result<std::string> KeptReader::body(const ledger::Body& body) {
    auto bytes = bodies::recorded_body(reader_, body);
    return !bytes && body.kept > 0 && bytes.error().kind == ErrorKind::invalid ? why_erased(std::move(bytes.error()))
                                                                               : bytes;
}

} // namespace sallyport::cli
