#include "handover/evidence.h"

#include <algorithm>

namespace sallyport::handover {

namespace {
struct Words {
    std::string_view name, sentence;
};
// In the order of Fact.
constexpr Words words[] = {
    {"recorded-before-sent", "attempts recorded, with digest and upstream, before a byte left"},
    {"durable-before-sent", "of these, on the disk before a byte left"},
    {"outcome-recorded", "attempts with their outcome"},
    {"refused-by-policy", "requests refused by the policy, with rule and facts"},
    {"refused-caller", "requests refused since the caller was not known"},
    {"refused-unread", "requests refused since they could not be read without doubt"},
    {"refused-client", "requests refused since client or version was not approved"},
    {"refused-plugin", "requests refused since a plugin was not approved"},
    {"refused-reference", "requests refused for content by reference or a tool that the vendor runs"},
    {"refused-by-decision-point", "requests refused by the company's own decision point"},
    {"amended", "requests of which something was replaced or taken out before they left"},
    {"withheld", "requests of which whole parts were withheld"},
    {"let-through", "requests let through although the policy is against them, since that is not enforced yet"},
    {"exception-used", "requests let through by an exception"},
    {"break-glass-used", "requests let through by a break-glass"},
    {"secret-found", "requests in which a secret was found"},
    {"secret-kept-back", "of these, amended, withheld or refused"},
    {"hidden-text-found", "requests with hidden characters or markers"},
    {"company-code-found", "requests in which content of the company's repositories was found, with its lines"},
    {"company-code-withheld", "of these, with such content withheld"},
    {"plugin-offered", "attempts that offered tools of a plugin to the model"},
    {"tool-called", "answers in which the model called a tool, by its name"},
    {"other-upstream-tried", "attempts after a first one failed"},
    {"vendor-failed", "attempts that the vendor did not complete"},
    {"policy-signed", "decisions by a policy with signatures that were checked"},
    {"gateway-started", "starts of the gateway, with the policy in force"},
};
static_assert(std::size(words) == fact_count);
} // namespace

std::string_view name(Fact fact) { return words[static_cast<std::size_t>(fact)].name; }
std::string_view sentence(Fact fact) { return words[static_cast<std::size_t>(fact)].sentence; }

void Evidence::see(Fact fact, std::uint64_t index, bool holds) {
    if (!holds) return;
    Row& row = rows[static_cast<std::size_t>(fact)];
    ++row.count;
    if (row.examples.size() < examples_max) row.examples.push_back(index);
}

void Evidence::add_judged(std::uint64_t index, const ledger::Judgement& judgement,
                          const ledger::RequestSummary& request) {
    const auto found = [&](std::string_view kind) {
        return std::ranges::any_of(request.findings, [&](const ledger::NamedFinding& one) { return one.kind == kind; });
    };
    const bool secret = found("secret");
    see(Fact::secret_found, index, secret);
    see(Fact::secret_kept_back, index, secret && judgement.decision != policy::Decision::allow);
    see(Fact::hidden_text_found, index, found("marker"));
    see(Fact::company_code_found, index, !request.sources.empty());
    see(Fact::company_code_withheld, index, std::ranges::any_of(request.sources, [](const ledger::NamedSource& one) {
            return one.fate == ledger::Fate::withheld;
        }));
    see(Fact::let_through, index, judgement.mode != policy::Mode::enforce);
    see(Fact::exception_used, index, !judgement.exception.empty() && !judgement.exception.starts_with("bg_"));
    see(Fact::break_glass_used, index, judgement.exception.starts_with("bg_"));
    see(Fact::policy_signed, index, !judgement.signers.empty());
}

void Evidence::add(std::uint64_t index, const ledger::Entry& entry) {
    if (entries++ == 0) first_ms = entry.at_ms();
    last_ms = std::max(last_ms, entry.at_ms());
    if (const auto* intent = entry.as<ledger::Intent>()) {
        see(Fact::recorded_before_sent, index);
        see(Fact::durable_before_sent, index, intent->judgement.durable_first);
        see(Fact::other_upstream_tried, index, intent->attempt > 1);
        see(Fact::amended, index, intent->judgement.decision == policy::Decision::amend);
        see(Fact::withheld, index, intent->judgement.decision == policy::Decision::withhold);
        see(Fact::plugin_offered, index, !intent->judgement.facts.plugins.empty());
        if (intent->attempt == 1) add_judged(index, intent->judgement, intent->request);
    } else if (const auto* outcome = entry.as<ledger::Outcome>()) {
        see(Fact::outcome_recorded, index);
        see(Fact::tool_called, index, !outcome->tool_calls.empty());
        see(Fact::vendor_failed, index,
            outcome->ended == ledger::Ended::upstream_cut || outcome->ended == ledger::Ended::upstream_error ||
                outcome->ended == ledger::Ended::timeout);
    } else if (const auto* refusal = entry.as<ledger::Refusal>()) {
        using By = policy::RefusedBy;
        const By by = refusal->judged ? refusal->judgement.refused_by : By::nothing;
        see(Fact::refused_by_policy, index, refusal->why == dialect::RefusalKind::policy);
        see(Fact::refused_caller, index, refusal->why == dialect::RefusalKind::identity);
        see(Fact::refused_unread, index, refusal->why == dialect::RefusalKind::invalid);
        see(Fact::refused_client, index, by == By::client || by == By::client_version);
        see(Fact::refused_plugin, index, by == By::plugin);
        see(Fact::refused_reference, index, by == By::reference);
        see(Fact::refused_by_decision_point, index, by == By::decision_point);
        if (refusal->judged) add_judged(index, refusal->judgement, refusal->request);
    } else if (entry.kind() == ledger::Kind::start) {
        see(Fact::gateway_started, index);
    }
}

} // namespace sallyport::handover
