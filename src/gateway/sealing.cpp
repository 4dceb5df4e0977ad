#include "gateway/sealing.h"

#include "base/clock.h"
#include "ledger/entry.h"
#include "ledger/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sallyport::gateway {

namespace {
constexpr std::int64_t span_ms = 1'000;

std::size_t number_of(policy::Class cls) { return static_cast<std::size_t>(cls); }

// "20 min", "90 s".
std::string time_text(std::int64_t ms) {
    return ms >= 600'000 ? fmt::format("{} min", ms / 60'000) : fmt::format("{} s", ms / 1'000);
}

struct EndEntry {
    std::uint64_t index = 0;
    std::int64_t at_ms = 0;
    std::optional<policy::Class> cls; // nothing: an outcome, whose class only its intent tells
};

// Entries from `from` on, as long as `take` wants more. Start, stop and acts are of no exchange and left out.
template <class Take>
Result<void> for_each_entry(const std::filesystem::path& directory, std::uint64_t from, Take take) {
    const auto segments = ledger::list_segments(directory);
    if (!segments) return std::unexpected(segments.error());
    for (std::size_t i = 0; i < segments->size(); ++i) {
        if (i + 1 < segments->size() && (*segments)[i + 1].first_index <= from) continue;
        const auto segment = ledger::load_segment((*segments)[i]);
        if (!segment) return std::unexpected(segment.error());
        ledger::FrameReader reader(segment->bytes.view().substr(ledger::segment_header_bytes),
                                   ledger::segment_header_bytes, (*segments)[i].first_index);
        while (reader.next() == ledger::FrameReader::State::entry) {
            if (reader.index() < from) continue;
            const auto entry = ledger::decode(reader.entry());
            if (!entry) return std::unexpected(entry.error());
            const auto* intent = entry->as<ledger::Intent>();
            const auto* refusal = entry->as<ledger::Refusal>();
            EndEntry one{reader.index(), entry->at_ms(), {}};
            if (intent != nullptr)
                one.cls = intent->judgement.effective_class;
            else if (refusal != nullptr && refusal->judged)
                one.cls = refusal->judgement.effective_class;
            else if (entry->as<ledger::Outcome>() == nullptr)
                continue;
            if (!take(one)) return {};
        }
    }
    return {};
}
} // namespace

Result<void> Sealing::use(const policy::Sealing& asked, std::span<const crypto::NoteVerifier> witnesses) {
    const ledger::Seals seals = ledger::read_seals(ledger_.directory, ledger_.keys, witnesses);
    std::vector<Unread> unread;
    {
        const std::scoped_lock lock(mutex_);
        for (std::size_t count = 0; count < seals_.entries.size(); ++count)
            seals_.entries[count] = std::max(seals_.entries[count], seals.entries[count]);
        for (std::size_t i = 0; i < policy::class_count; ++i) {
            const std::uint8_t before = asked_[i].exchange(asked.cosignatures[i]);
            if (asked.cosignatures[i] == 0) waiting_[i].clear();
            if (asked.cosignatures[i] > before)
                unread.push_back({static_cast<policy::Class>(i), seals_.entries[asked.cosignatures[i]]});
        }
    }
    return unread.empty() ? Result<void>() : read_end(std::move(unread));
}

// One span for what of a class is found: it ends with the ledger, so that it is over when all of that is sealed.
Result<void> Sealing::read_end(std::vector<Unread> unread) {
    const std::uint64_t from = std::ranges::min_element(unread, {}, &Unread::from)->from;
    const std::int64_t monotonic_now = monotonic_ms(), wall_now = wall_ms();
    std::array<std::optional<Span>, policy::class_count> found;
    std::size_t read = 0;
    const auto walked = for_each_entry(ledger_.directory, from, [&](const EndEntry& one) {
        const bool is_last = ++read == limits::unsealed_entries_read_max;
        for (const Unread& wanted : unread) {
            if (one.index < wanted.from || (one.cls && *one.cls != wanted.cls && !is_last)) continue;
            // Where the clock was set back since, it waits from now on.
            const std::int64_t age_ms = std::max<std::int64_t>(0, wall_now - one.at_ms);
            auto& span = found[number_of(wanted.cls)];
            if (!span) span = Span{monotonic_now - age_ms, 0};
            span->last_index = is_last ? ledger_.entries() - 1 : one.index;
        }
        return !is_last;
    });
    if (!walked) return walked;
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < policy::class_count; ++i)
        if (found[i]) waiting_[i].push_front(*found[i]);
    return {};
}

void Sealing::recorded(policy::Class cls, std::uint64_t index) {
    const std::uint8_t asked = asked_[number_of(cls)].load(std::memory_order_relaxed);
    if (asked == 0) return;
    const std::int64_t now_ms = monotonic_ms();
    const std::scoped_lock lock(mutex_);
    if (seals_.covers(index, asked)) return;
    auto& waiting = waiting_[number_of(cls)];
    const bool is_new = waiting.empty() || now_ms - waiting.back().since_ms >= span_ms;
    if (is_new && waiting.size() < limits::unsealed_spans_max)
        waiting.push_back({now_ms, index});
    else
        waiting.back().last_index = std::max(waiting.back().last_index, index);
}

void Sealing::sealed(std::size_t cosignatures, std::uint64_t entries) {
    const std::scoped_lock lock(mutex_);
    for (std::size_t count = 1; count <= std::min(cosignatures, limits::witnesses_max); ++count)
        seals_.entries[count] = std::max(seals_.entries[count], entries);
    for (std::size_t i = 0; i < policy::class_count; ++i) {
        const std::uint8_t asked = asked_[i].load(std::memory_order_relaxed);
        while (asked != 0 && !waiting_[i].empty() && seals_.covers(waiting_[i].front().last_index, asked))
            waiting_[i].pop_front();
    }
}

std::string Sealing::problem(const policy::Sealing& asked, policy::Class cls) const {
    const std::uint8_t count = asked.cosignatures[number_of(cls)];
    if (count == 0 || asked.within_ms == 0) return {};
    const std::scoped_lock lock(mutex_);
    const auto& waiting = waiting_[number_of(cls)];
    if (waiting.empty()) return {};
    const std::int64_t age_ms = monotonic_ms() - waiting.front().since_ms;
    if (age_ms <= asked.within_ms) return {};
    return fmt::format("what was recorded of class {} has waited {} for {} of witnesses, and the policy gives it {} "
                       "(sealed_within); your platform team finds at /metrics and in the log (witness.failed) which "
                       "witness does not answer",
                       policy::name(cls), time_text(age_ms),
                       count == 1 ? "the cosignature" : fmt::format("{} cosignatures", count),
                       time_text(asked.within_ms));
}

std::vector<UnsealedFigure> Sealing::figures() const {
    std::vector<UnsealedFigure> out;
    const std::int64_t now_ms = monotonic_ms();
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < policy::class_count; ++i) {
        if (asked_[i].load(std::memory_order_relaxed) == 0) continue;
        const std::int64_t age_ms = waiting_[i].empty() ? 0 : now_ms - waiting_[i].front().since_ms;
        out.push_back({static_cast<policy::Class>(i), static_cast<std::uint64_t>(age_ms / 1'000)});
    }
    return out;
}

} // namespace sallyport::gateway
