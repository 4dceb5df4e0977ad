// decide() over everything that a request claims: what goes must be allowed to go for each of the repositories.
#include "policy/decide.h"
#include "policy/one_repository.h"
#include "policy/program.h"

#include <algorithm>
#include <tuple>

namespace sallyport::policy {

namespace {

Facts claiming(const Facts& facts, std::string_view repository) {
    Facts one = facts;
    one.repository = repository;
    one.evidence = repository.empty() ? Evidence::none : Evidence::claimed;
    one.paths = {};
    one.also_claimed = {};
    return one;
}

auto strictness(const Plan& plan) {
    return std::tuple(plan.decision == Decision::refuse, plan.effective_class,
                      plan_upstreams_max - plan.upstream_count);
}

void keep_common(Plan& plan, const Plan& other) {
    const auto theirs = std::span(other.upstreams).first(other.upstream_count);
    std::uint8_t kept = 0;
    for (std::size_t i = 0; i < plan.upstream_count; ++i) {
        if (std::ranges::find(theirs, plan.upstreams[i]) == theirs.end()) continue;
        plan.upstreams[kept] = plan.upstreams[i];
        plan.amendments[kept] = plan.amendments[i];
        plan.upstream_rules[kept++] = plan.upstream_rules[i];
    }
    plan.upstream_count = kept;
}

void join(Amendments& into, const Amendments& other) {
    into.withhold |= other.withhold;
    into.strip |= other.strip;
    into.redact = static_cast<std::uint16_t>((into.redact | other.redact) & ~into.withhold);
    into.normalise = static_cast<std::uint16_t>((into.normalise | other.normalise) & ~into.withhold);
}

// Of a decision that lets through: what is told of another repository and not of this one is told of the request.
void take_marks(Plan& plan, const Plan& other) {
    plan.durable_first = plan.durable_first || other.durable_first;
    for (std::size_t i = 0; i < plan.upstream_count; ++i)
        for (std::size_t k = 0; k < other.upstream_count; ++k)
            if (other.upstreams[k] == plan.upstreams[i]) join(plan.amendments[i], other.amendments[k]);
    plan.effective_class = std::max(plan.effective_class, other.effective_class);
    if (other.would_refuse == RefusedBy::nothing || plan.mode == Mode::warn) return;
    if (plan.would_refuse != RefusedBy::nothing && other.mode != Mode::warn) return;
    plan.mode = other.mode;
    plan.exception = other.exception;
    plan.would_refuse = other.would_refuse;
    plan.would_rule = other.would_rule;
}

// Of where the strictest may go, what is enforced against none of them: no mode lets an invariant be broken.
std::size_t keep_open(const Policy& policy, const Facts& facts, std::span<std::uint16_t> upstreams) {
    std::size_t count = keep_unforbidden(policy, facts, upstreams);
    for (const auto repository : facts.also_claimed)
        count = keep_unforbidden(policy, claiming(facts, repository), upstreams.first(count));
    return count;
}

// Nothing is left that all may go to. Where nothing is enforced yet the strictest of them is followed, and it is told.
// `judged`: the facts of that one.
Plan apart(const Policy& policy, const Facts& facts, const Facts& judged, const Plan& strictest) {
    const auto& program = policy.program();
    const auto base = program.relaxes ? program.mode_of(facts.team) : Mode::enforce;
    auto upstreams = strictest.upstreams;
    std::size_t open = 0;
    if (base != Mode::enforce && facts.account == AccountKind::company)
        open = keep_open(policy, facts, std::span(upstreams).first(strictest.upstream_count));
    if (open == 0) {
        Plan refused;
        refused.effective_class = strictest.effective_class;
        refused.refused_by = RefusedBy::claims;
        return refused;
    }
    Plan plan = decide_one_repository(policy, judged, std::span(upstreams).first(open));
    if (plan.would_refuse == RefusedBy::nothing) {
        plan.mode = base;
        plan.would_refuse = RefusedBy::claims;
        plan.durable_first = true;
    }
    return plan;
}

// For each repository that is claimed.
Plan decide_by_policy(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates) {
    const Plan own = decide_one_repository(policy, facts, candidates);
    if (facts.also_claimed.empty()) return own;

    Plan strictest = own, common = own;
    Facts judged = facts; // of the strictest
    for (const auto repository : facts.also_claimed) {
        const Facts one = claiming(facts, repository);
        const Plan other = decide_one_repository(policy, one, candidates);
        if (strictness(other) > strictness(strictest)) {
            strictest = other;
            judged = one;
        }
        keep_common(common, other);
    }
    if (strictest.decision == Decision::refuse) return strictest;
    if (common.upstream_count == 0) return apart(policy, facts, judged, strictest);

    // Once more over what is left, so that the rules and marks are those of where it goes.
    const auto remaining = std::span(common.upstreams).first(common.upstream_count);
    Plan plan = decide_one_repository(policy, facts, remaining);
    for (const auto repository : facts.also_claimed)
        take_marks(plan, decide_one_repository(policy, claiming(facts, repository), remaining));
    return plan;
}

} // namespace

Plan decide(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates) {
    Plan plan = decide_by_policy(policy, facts, candidates);
    for (std::size_t i = 0; facts.withheld != 0 && i < plan.upstream_count; ++i)
        join(plan.amendments[i], {.withhold = facts.withheld});
    if (plan.decision != Decision::refuse && !plan.amendments[0].none())
        plan.decision = plan.amendments[0].withhold != 0 ? Decision::withhold : Decision::amend;
    if (plan.decision == Decision::refuse || facts.pdp == Pdp::not_asked || facts.pdp == Pdp::permitted) return plan;
    // A further condition: no mode and no exception softens it, and it says nothing of what the policy refuses.
    Plan kept;
    kept.effective_class = plan.effective_class;
    kept.decision = Decision::refuse;
    kept.refused_by = RefusedBy::decision_point;
    return kept;
}

Class effective_class(const Policy& policy, const Facts& facts) {
    auto cls = class_of_one_repository(policy, facts);
    for (const auto repository : facts.also_claimed)
        cls = std::max(cls, class_of_one_repository(policy, claiming(facts, repository)));
    return cls;
}

std::size_t strictest_claim(const Policy& policy, const Facts& facts, std::span<const std::string_view> claims,
                            std::span<const std::uint16_t> candidates) {
    std::size_t found = 0;
    Plan strictest;
    for (std::size_t i = 0; i < claims.size(); ++i) {
        const Plan one = decide_one_repository(policy, claiming(facts, claims[i]), candidates);
        const bool stricter = i == 0 || strictness(one) > strictness(strictest) ||
                              (strictness(one) == strictness(strictest) && claims[i] < claims[found]);
        if (!stricter) continue;
        strictest = one;
        found = i;
    }
    return found;
}

} // namespace sallyport::policy
