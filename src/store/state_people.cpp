// store::State: what was done to what is kept, names, and who opened them.
#include "store/state_tables.h"

namespace sallyport::store {

Result<void> State::add_act(const ActRecord& act) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->insert_act.bind(1, act.id).bind(2, act.what).bind(3, act.by).bind(4, act.why);
    inside_->insert_act.bind(5, act.about).bind(6, act.at_ms);
    return inside_->insert_act.run();
}

Result<std::vector<ActRecord>> State::unrecorded_acts() {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->acts_left, act_of);
}

Result<void> State::act_recorded(std::string_view id) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->mark_act.bind(1, id);
    return inside_->mark_act.run();
}

Result<void> State::remember_names(std::span<const SealedName> names) {
    if (names.empty()) return {};
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    for (const SealedName& name : names) {
        inside_->insert_name.bind(1, name.pseudonym)
            .bind(2, static_cast<std::int64_t>(name.kind))
            .bind_blob(3, name.sealed);
        if (auto done = inside_->insert_name.run(); !done) return done;
    }
    return transaction->commit();
}

Result<std::optional<SealedName>> State::sealed_name(std::string_view pseudonym) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->name_by_pseudonym.bind(1, pseudonym);
    return inside_->one(inside_->name_by_pseudonym, name_of);
}

Result<bool> State::forget_name(std::string_view pseudonym) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->delete_name.bind(1, pseudonym);
    const auto row = inside_->delete_name.step();
    if (!row) return std::unexpected(row.error());
    const bool was_there = *row;
    if (was_there)
        if (auto rest = inside_->delete_name.run(); !rest) return std::unexpected(rest.error());
    inside_->delete_name.reset();
    if (auto wiped = inside_->db.wipe_log(); !wiped) return std::unexpected(wiped.error());
    return was_there;
}

Result<std::vector<SealedName>> State::names(NameKind kind) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->names_of_kind.bind(1, static_cast<std::int64_t>(kind));
    return inside_->every(inside_->names_of_kind, name_of);
}

Result<UnmaskingRecord> State::ask_to_unmask(const UnmaskingRecord& wish, std::int64_t since_ms) {
    const std::scoped_lock lock(inside_->mutex);
    auto transaction = Transaction::begin(inside_->db);
    if (!transaction) return std::unexpected(transaction.error());
    inside_->unmasking_of_case.bind(1, wish.pseudonym).bind(2, wish.case_number).bind(3, since_ms);
    auto there = inside_->one(inside_->unmasking_of_case, unmasking_of);
    if (!there) return std::unexpected(there.error());
    if (there->has_value()) return std::move(**there);
    Statement& insert = inside_->insert_unmasking;
    insert.bind(1, wish.id).bind(2, wish.pseudonym).bind(3, wish.case_number).bind(4, wish.asked_by);
    insert.bind(5, wish.asked_access).bind(6, wish.asked_ms);
    insert.bind(7, std::string_view()).bind(8, std::string_view()).bind(9, std::int64_t{0});
    if (auto done = insert.run(); !done) return std::unexpected(done.error());
    if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
    return wish;
}

Result<UnmaskingRecord> State::approve_unmasking(std::string_view id, std::string_view person, std::string_view access,
                                                 std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->approve_unmasking.bind(1, id).bind(2, person).bind(3, access).bind(4, at_ms);
    if (auto done = inside_->approve_unmasking.run(); !done) return std::unexpected(done.error());
    auto all = inside_->every(inside_->all_unmaskings, unmasking_of);
    if (!all) return std::unexpected(all.error());
    for (UnmaskingRecord& one : *all)
        if (one.id == id) return std::move(one);
    return fail(ErrorKind::invalid, "nobody asked for '" + std::string(id) + "'", ErrorSource::client);
}

} // namespace sallyport::store
