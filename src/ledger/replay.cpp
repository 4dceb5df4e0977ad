#include "ledger/replay.h"

#include "ledger/segment.h"
#include "policy/decide.h"

#include <algorithm>
#include <array>

namespace sallyport::ledger {

Result<void> each_entry(const std::filesystem::path& directory, std::int64_t since_ms,
                        const std::function<Result<bool>(std::uint64_t index, std::string_view text)>& told) {
    auto segments = list_segments(directory);
    if (!segments) return std::unexpected(segments.error());
    // A segment that another one follows, which was begun before the time asked for, holds nothing of it.
    std::size_t first = 0;
    for (std::size_t i = 1; i < segments->size(); ++i) {
        Buffer head;
        if (auto got = read_part((*segments)[i].path, 0, segment_header_bytes, head); !got) return got;
        const auto header = decode_segment_header(head.view(), (*segments)[i].path.string());
        if (!header) return std::unexpected(header.error());
        if (header->created_ms <= since_ms) first = i;
    }
    for (std::size_t i = first; i < segments->size(); ++i) {
        const SegmentFile& file = (*segments)[i];
        auto loaded = load_segment(file);
        if (!loaded) return std::unexpected(loaded.error());
        FrameReader reader(loaded->bytes.view().substr(segment_header_bytes), segment_header_bytes, file.first_index);
        auto state = reader.next();
        for (; state == FrameReader::State::entry; state = reader.next()) {
            const auto goes_on = told(reader.index(), reader.entry());
            if (!goes_on) return std::unexpected(goes_on.error());
            if (!*goes_on) return {};
        }
        const bool last = i + 1 == segments->size();
        if (state == FrameReader::State::end ||
            (last && !highest_mark(loaded->bytes.view(), reader.end_offset()).has_value()))
            continue;
        return fail(ErrorKind::invalid, file.path.string() + " is damaged behind byte " +
                                            std::to_string(reader.end_offset()) + "; restore the ledger from a backup");
    }
    return {};
}

Result<void> each_judgement(const std::filesystem::path& directory, std::int64_t since_ms,
                            const std::function<bool(std::uint64_t index, const Judgement& judgement)>& told) {
    JudgementReader judgements;
    return each_entry(directory, since_ms, [&](std::uint64_t index, std::string_view text) -> Result<bool> {
        const auto judged = judgements.read(text);
        if (!judged) return std::unexpected(judged.error());
        return *judged == nullptr || judgements.at_ms() < since_ms || told(index, **judged);
    });
}

std::string_view name(Shift::Kind kind) {
    static constexpr std::array<std::string_view, 4> names = {"newly-refused", "newly-allowed", "other-upstream",
                                                              "other-rule"};
    return names[static_cast<std::size_t>(kind)];
}

void decide_again(const policy::Policy& policy, std::uint64_t index, const Judgement& recorded, WhatIf& report) {
    std::array<std::uint16_t, candidates_max> candidates; // NOLINT(cppcoreguidelines-pro-type-member-init)
    std::size_t count = 0;
    for (const std::string_view one : recorded.candidates)
        if (const auto known = policy.upstream_named(one); known != policy::no_rule && count < candidates.size())
            candidates[count++] = known;
    const auto offered = std::span(candidates).first(count);
    const policy::Plan plan = policy::decide(policy, recorded.facts, offered);
    ++report.decisions;
    const auto rule_of = [&](std::uint16_t rule) {
        return rule == policy::no_rule ? std::string_view() : policy.rule_id(rule);
    };
    const bool was_refused = recorded.decision == policy::Decision::refuse,
               is_refused = plan.decision == policy::Decision::refuse;
    bool same_upstreams = plan.upstream_count == recorded.upstreams.size();
    bool same_rules = rule_of(plan.rule) == recorded.rule && plan.refused_by == recorded.refused_by;
    for (std::size_t i = 0; same_upstreams && i < plan.upstream_count; ++i) {
        same_upstreams = policy.upstreams()[plan.upstreams[i]].name == recorded.upstreams[i];
        same_rules = same_rules && rule_of(plan.upstream_rules[i]) == recorded.upstream_rules[i] &&
                     plan.amendments[i] == recorded.amendments[i];
    }
    if (was_refused == is_refused && same_upstreams && same_rules && plan.effective_class == recorded.effective_class &&
        plan.durable_first == recorded.durable_first && plan.mode == recorded.mode &&
        plan.would_refuse == recorded.would_refuse && rule_of(plan.would_rule) == recorded.would_rule &&
        (plan.exception == policy::no_exception ? recorded.exception.empty()
                                                : recorded.facts.exceptions[plan.exception].id == recorded.exception)) {
        ++report.same;
        return;
    }
    Shift shift;
    shift.kind = is_refused && !was_refused   ? Shift::Kind::newly_refused
                 : !is_refused && was_refused ? Shift::Kind::newly_allowed
                 : !same_upstreams            ? Shift::Kind::other_upstream
                                              : Shift::Kind::other_rule;
    shift.person = recorded.facts.person;
    shift.repository = recorded.facts.repository;
    shift.rule_before = recorded.rule;
    shift.rule_after = rule_of(plan.rule);
    WhatIf::Row& row = report.shifts[std::move(shift)];
    if (row.count++ > 0) return;
    row.example = index;
    if (is_refused) row.sentence = policy::sentence(policy, recorded.facts, plan, offered);
}

} // namespace sallyport::ledger
