// A Judgement from what decide() was given and gave: names in place of indexes. Fixed arrays, no allocation; lives on the stack
// of the exchange and must outlive the Judgement.
#pragma once

#include "ledger/entry.h"
#include "policy/document.h"

#include <algorithm>

namespace sallyport::ledger {

class Judged {
public:
    Judged(const policy::Policy& policy, const policy::Facts& facts, std::span<const std::uint16_t> candidates,
           const policy::Plan& plan, std::string_view world_digest) {
        const auto upstreams = policy.upstreams();
        const std::size_t given = std::min(candidates.size(), candidates_max);
        for (std::size_t i = 0; i < given; ++i) candidates_[i] = upstreams[candidates[i]].name;
        for (std::size_t i = 0; i < plan.upstream_count; ++i) {
            upstreams_[i] = upstreams[plan.upstreams[i]].name;
            rules_[i] = rule_id(policy, plan.upstream_rules[i]);
        }
        judgement_.facts = facts;
        judgement_.candidates = std::span(candidates_).first(given);
        judgement_.decision = plan.decision;
        judgement_.effective_class = plan.effective_class;
        judgement_.refused_by = plan.refused_by;
        judgement_.rule = rule_id(policy, plan.rule);
        judgement_.durable_first = plan.durable_first;
        judgement_.mode = plan.mode;
        judgement_.would_refuse = plan.would_refuse;
        judgement_.would_rule = rule_id(policy, plan.would_rule);
        if (plan.exception != policy::no_exception) judgement_.exception = facts.exceptions[plan.exception].id;
        judgement_.upstreams = std::span(upstreams_).first(plan.upstream_count);
        judgement_.upstream_rules = std::span(rules_).first(plan.upstream_count);
        judgement_.amendments = plan.amendments;
        judgement_.policy = policy.digest();
        judgement_.world = world_digest;
    }
    // Who signed the policy, and as which version.
    void signed_by(std::uint64_t version, std::span<const std::string> signers) {
        judgement_.policy_version = version;
        const std::size_t count = std::min(signers.size(), signers_max);
        for (std::size_t i = 0; i < count; ++i) signers_[i] = signers[i];
        judgement_.signers = std::span(signers_).first(count);
    }
    Judged(const Judged&) = delete;
    Judged& operator=(const Judged&) = delete;

    const Judgement& judgement() const { return judgement_; }

private:
    static std::string_view rule_id(const policy::Policy& policy, std::uint16_t rule) {
        return rule == policy::no_rule ? std::string_view() : policy.rule_id(rule);
    }
    std::array<std::string_view, candidates_max> candidates_;
    std::array<std::string_view, signers_max> signers_;
    std::array<std::string_view, policy::plan_upstreams_max> upstreams_;
    std::array<std::string_view, policy::plan_upstreams_max> rules_;
    Judgement judgement_;
};

} // namespace sallyport::ledger
