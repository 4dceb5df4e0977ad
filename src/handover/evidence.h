// What the ledger holds that a control can be supported with: entries of a kind, counted, with the first of them as examples.
#pragma once

#include "ledger/entry.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::handover {

enum class Fact : std::uint8_t {
    recorded_before_sent, // intents: recorded before a byte left
    durable_before_sent,  // of these, on the disk before a byte left
    outcome_recorded,
    refused_by_policy,
    refused_caller, // unknown or revoked key: those that were recorded
    refused_unread, // what could not be read without doubt
    refused_client,
    refused_plugin,
    refused_reference,
    refused_by_decision_point,
    amended,
    withheld,
    let_through, // refused, were it enforced
    exception_used,
    break_glass_used,
    secret_found,
    secret_kept_back, // found, and amended or withheld
    hidden_text_found,
    company_code_found,
    company_code_withheld,
    plugin_offered,
    tool_called,
    other_upstream_tried,
    vendor_failed,
    policy_signed,
    gateway_started,
    count
};
inline constexpr std::size_t fact_count = static_cast<std::size_t>(Fact::count);
std::string_view name(Fact);     // "refused-by-policy"
std::string_view sentence(Fact); // "requests refused by the policy, with the rule"

struct Evidence {
    static constexpr std::size_t examples_max = 5;
    struct Row {
        std::uint64_t count = 0;
        std::vector<std::uint64_t> examples; // indexes of entries
    };
    std::array<Row, fact_count> rows;
    std::uint64_t entries = 0;
    std::int64_t first_ms = 0, last_ms = 0;

    void add(std::uint64_t index, const ledger::Entry& entry);
    const Row& of(Fact fact) const { return rows[static_cast<std::size_t>(fact)]; }

private:
    void see(Fact fact, std::uint64_t index, bool holds = true);
    void add_judged(std::uint64_t index, const ledger::Judgement& judgement, const ledger::RequestSummary& request);
};

} // namespace sallyport::handover
