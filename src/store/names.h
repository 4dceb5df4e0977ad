// Names behind pseudonyms, sealed: names.db, beside state.db and never in a data backup, so that a name that was forgotten does not come
// back with one. state.h offers them; this is where they lie.
#pragma once

#include "store/database.h"
#include "store/state.h"

namespace sallyport::store {

// The caller locks.
class Names {
public:
    static Result<Names> open(const std::filesystem::path& file);

    Result<void> remember(std::span<const SealedName> names);
    Result<std::optional<SealedName>> find(std::string_view pseudonym);
    Result<bool> forget(std::string_view pseudonym);
    Result<std::vector<SealedName>> list(NameKind kind);
    // Names that an older release kept in state.db, which is in data backups: they come here, and nothing of them stays there.
    Result<void> take_from(Database& state);

private:
    explicit Names(Database opened) : db_(std::move(opened)) {}
    Database db_;
    Statement insert_, by_pseudonym_, delete_, of_kind_;
};

} // namespace sallyport::store
