#include "handover/joiner.h"

#include "base/limits.h"

namespace sallyport::handover {

namespace {
std::string key_of(std::string_view exchange, std::uint32_t attempt) {
    return std::string(exchange) + "#" + std::to_string(attempt);
}

std::unexpected<Error> unread(std::uint64_t index, const Error& error) {
    return fail(error.kind,
                "entry " + std::to_string(index) + " of the ledger cannot be handed over: " + error.message);
}
} // namespace

Result<ledger::Entry> Joiner::intent_at(std::uint64_t index, const Position& position) const {
    const auto text = Tail::read_again(position, index);
    if (!text) return std::unexpected(text.error());
    auto entry = ledger::decode(*text);
    if (!entry) return unread(index, entry.error());
    if (entry->as<ledger::Intent>() == nullptr)
        return fail(ErrorKind::internal, "entry " + std::to_string(index) + " is no intent");
    return entry;
}

Result<void> Joiner::tell_oldest(std::uint64_t as_index, const Told& told) {
    const auto oldest = open_.begin();
    const auto entry = intent_at(oldest->first, oldest->second.position);
    if (!entry) return std::unexpected(entry.error());
    told(event_of(origin_, as_index, *entry->as<ledger::Intent>(), nullptr));
    by_key_.erase(oldest->second.key);
    open_.erase(oldest);
    return {};
}

Result<void> Joiner::tell_abandoned(const Told& told) { return tell_oldest(open_.begin()->first, told); }

Result<void> Joiner::read(const TailEntry& entry, const Told& told) {
    const auto decoded = ledger::decode(entry.text);
    if (!decoded) return unread(entry.index, decoded.error());
    if (const auto* intent = decoded->as<ledger::Intent>()) {
        // More than can be open at once by far; the oldest is told without its outcome rather than kept.
        if (open_.size() >= limits::handover_open_max)
            if (auto told_it = tell_oldest(open_.begin()->first, told); !told_it) return told_it;
        std::string key = key_of(intent->exchange, intent->attempt);
        by_key_[key] = entry.index;
        open_[entry.index] = {std::move(key), entry.position};
    } else if (const auto* outcome = decoded->as<ledger::Outcome>()) {
        const auto known = by_key_.find(key_of(outcome->exchange, outcome->attempt));
        if (known == by_key_.end()) return {}; // its intent is before the place where this destination began
        const auto place = open_.find(known->second);
        const auto begun = intent_at(place->first, place->second.position);
        if (!begun) return std::unexpected(begun.error());
        told(event_of(origin_, entry.index, *begun->as<ledger::Intent>(), outcome));
        open_.erase(place);
        by_key_.erase(known);
    } else if (const auto* refusal = decoded->as<ledger::Refusal>()) {
        told(event_of(origin_, entry.index, *refusal));
    } else if (decoded->kind() == ledger::Kind::start) {
        abandoned_below_ = entry.index;
    }
    return {};
}

} // namespace sallyport::handover
