// From entries to events: an intent waits until its outcome comes, a refusal is an event at once. Where the gateway started anew
// meanwhile, no outcome will come: the intents before it are told without one.
//
// Of an open intent only its place in the ledger is kept, so memory is bounded whatever entries hold. One thread.
#pragma once

#include "handover/event.h"
#include "handover/tail.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace sallyport::handover {

class Joiner {
public:
    using Told = std::function<void(const Event&)>; // valid during the call

    explicit Joiner(std::string origin) : origin_(std::move(origin)) {}

    // One entry, in the order of their indexes; at most two events. Errors: an entry that cannot be read, in words.
    Result<void> read(const TailEntry& entry, const Told& told);
    // Intents without an outcome, from the oldest on: true while there are any to be told, one at a call.
    bool has_abandoned() const { return !open_.empty() && open_.begin()->first < abandoned_below_; }
    Result<void> tell_abandoned(const Told& told);
    std::uint64_t abandoned_below() const { return abandoned_below_; } // index of the start that they were before

    // The index of the oldest open intent.
    std::optional<std::uint64_t> oldest_open() const {
        return open_.empty() ? std::nullopt : std::optional(open_.begin()->first);
    }
    std::size_t open() const { return open_.size(); }

private:
    struct Open {
        std::string key;
        Position position;
    };
    Result<ledger::Entry> intent_at(std::uint64_t index, const Position& position) const;
    Result<void> tell_oldest(std::uint64_t as_index, const Told& told);

    std::string origin_;
    std::map<std::uint64_t, Open> open_; // by the intent's index
    std::unordered_map<std::string, std::uint64_t> by_key_;
    std::uint64_t abandoned_below_ = 0;
};

} // namespace sallyport::handover
