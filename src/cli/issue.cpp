#include "cli/issue.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "crypto/crypto.h"
#include "identity/keys.h"

namespace sallyport::cli {

Result<IssuedKey> issue_key(Visit& visit, const KeyWish& wish) {
    IssuedKey issued;
    issued.key = identity::new_company_key();
    store::KeyRecord record;
    record.id = identity::new_key_id();
    record.digest = crypto::bytes(crypto::Mac(visit.installation.keys().key_digests).of(issued.key.reveal()));
    record.person = visit.pseudonyms->remember(identity::NameKind::person, wish.person).view();
    record.team = wish.team;
    record.role = wish.role;
    record.access = wish.access;
    record.max_class = wish.max_class;
    record.label = wish.label;
    record.created_ms = wall_ms();
    record.expires_ms = wish.expires_ms;
    if (auto kept = visit.pseudonyms->keep_names(*visit.state); !kept) return std::unexpected(kept.error());
    auto made = visit.state->issue_key(to_hex(crypto::random_bytes(16)), record);
    if (!made) return std::unexpected(made.error());
    issued.record = std::move(*made);
    return issued;
}

} // namespace sallyport::cli
