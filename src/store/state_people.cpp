// store::State: what was done to what is kept, names, and who opened them.
#include "store/state_tables.h"

namespace sallyport::store {

Result<void> State::add_act(const ActRecord& act) {
    if (act.what.size() + act.by.size() + act.why.size() + act.about.size() > act_bytes_max)
        return fail(ErrorKind::invalid,
                    "what is done and why is recorded, and takes at most " + std::to_string(act_bytes_max) +
                        " bytes: shorten the reason, the matter, or what it is asked by",
                    ErrorSource::client);
    const std::scoped_lock lock(inside_->mutex);
    inside_->insert_act.bind(1, act.id).bind(2, act.what).bind(3, act.by).bind(4, act.why);
    inside_->insert_act.bind(5, act.about).bind(6, act.at_ms);
    return inside_->insert_act.run();
}

Result<std::vector<ActRecord>> State::unrecorded_acts() {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->acts_left, act_of);
}

Result<std::vector<ActRecord>> State::acts_since(std::int64_t at_ms) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->every(inside_->acts_later.bind(1, at_ms), act_of);
}

Result<void> State::act_recorded(std::string_view id) {
    const std::scoped_lock lock(inside_->mutex);
    inside_->mark_act.bind(1, id);
    return inside_->mark_act.run();
}

Result<void> State::remember_names(std::span<const SealedName> names) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->names.remember(names);
}

Result<std::optional<SealedName>> State::sealed_name(std::string_view pseudonym) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->names.find(pseudonym);
}

Result<bool> State::forget_name(std::string_view pseudonym) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->names.forget(pseudonym);
}

Result<std::vector<SealedName>> State::names(NameKind kind) {
    const std::scoped_lock lock(inside_->mutex);
    return inside_->names.list(kind);
}

Result<void> State::copy_to(const std::filesystem::path& file) {
    const std::scoped_lock lock(inside_->mutex);
    auto copied = inside_->copy.bind(1, std::string_view(file.native())).run();
    if (!copied)
        copied = fail(copied.error().kind, inside_->db.path() + " cannot be copied: " + copied.error().message);
    return copied;
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
