#include "policy/decide.h"

#include "policy/one_repository.h"
#include "policy/program.h"

#include <algorithm>

namespace sallyport::policy {

namespace {

// A set of rules while it is being narrowed, on the stack: decide() does not allocate. Only the first words() of it are in use.
struct Bits {
    std::array<std::uint64_t, row_words_max> words;
};

struct Narrowing {
    const Rows& rows;
    std::size_t count = rows.words();

    void start(Bits& bits, Row row) const { std::copy_n(rows.at(row), count, bits.words.begin()); }
    void start(Bits& bits, const Bits& other) const { std::copy_n(other.words.begin(), count, bits.words.begin()); }
    void keep(Bits& bits, Row row) const {
        const auto* other = rows.at(row);
        for (std::size_t i = 0; i < count; ++i) bits.words[i] &= other[i];
    }
    void keep(Bits& bits, const Bits& other) const {
        for (std::size_t i = 0; i < count; ++i) bits.words[i] &= other.words[i];
    }
    void join(Bits& bits, Row row) const {
        const auto* other = rows.at(row);
        for (std::size_t i = 0; i < count; ++i) bits.words[i] |= other[i];
    }
    void remove(Bits& bits, Row row) const {
        const auto* other = rows.at(row);
        for (std::size_t i = 0; i < count; ++i) bits.words[i] &= ~other[i];
    }
    // Whether they have a rule in common; no early end, so that it becomes a few vector instructions.
    bool meet(const Bits& bits, Row row) const {
        const auto* other = rows.at(row);
        std::uint64_t some = 0;
        for (std::size_t i = 0; i < count; ++i) some |= bits.words[i] & other[i];
        return some != 0;
    }
    // The first rule that they have in common, no_rule where there is none.
    std::uint16_t first(const Bits& bits, Row row) const {
        if (!meet(bits, row)) return no_rule;
        const auto* other = rows.at(row);
        for (std::size_t i = 0;; ++i)
            if (const auto both = bits.words[i] & other[i]; both != 0)
                return static_cast<std::uint16_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(both)));
    }
};

std::size_t index(Class value) { return std::min(static_cast<std::size_t>(value), class_count - 1); }

struct CallerCell {
    RefusedBy refused = RefusedBy::nothing;
    Row row = 0;
};

CallerCell caller(const Program& program, const Facts& facts) {
    const auto found = program.client_index.find(facts.client);
    if (found == program.client_index.end())
        return {program.any_client ? RefusedBy::nothing : RefusedBy::client, program.other_client};
    const auto& client = program.clients[found->second];
    if (!client.listed) return {RefusedBy::client, program.other_client};
    const auto cell = client.cell_of(facts.client_version);
    const auto refused = !client.approved[cell]                                   ? RefusedBy::client_version
                         : client.refuses_advisories && facts.advisory.is_known() ? RefusedBy::advisory
                                                                                  : RefusedBy::nothing;
    return {refused, client.rows[cell]};
}

// What the rules say before an upstream, and before the three allowances whose lack has a reason of its own.
void narrow_by_conditions(const Program& program, const Facts& facts, Class cls, Entities entities, Row client,
                          Bits& bits) {
    const Narrowing narrow{program.rows};
    narrow.start(bits, program.by_class[index(cls)]);
    narrow.keep(bits, program.by_evidence[std::min(static_cast<std::size_t>(facts.evidence), evidence_count - 1)]);
    narrow.keep(bits, program.by_account[facts.account == AccountKind::company ? 0 : 1]);
    narrow.keep(bits, program.by_team.of(facts.team));
    if (!program.by_role.rows.empty()) narrow.keep(bits, program.by_role.of(facts.role));
    if (program.names_entities)
        narrow.keep(bits, (entities.also == entities.of ? program.by_entity : program.by_claimed_entity)[entities.of]);
    if (program.names_time) {
        narrow.keep(bits, program.by_week_minute.at(minute_of_week(facts.at_ms, program.document.utc_offset_minutes)));
        narrow.keep(bits, program.by_date.at(facts.at_ms));
    }
    narrow.keep(bits, client);

    Bits any;
    narrow.start(any, program.without_reference_condition);
    for (std::size_t kind = 0; kind < reference_kinds; ++kind)
        if ((facts.references >> kind & 1) != 0) narrow.join(any, program.by_reference[kind]);
    narrow.keep(bits, any);

    if (program.names_findings) {
        narrow.start(any, program.without_finding_condition);
        for (std::size_t i = 0; i < finding_bits; ++i)
            if ((facts.findings >> i & 1) != 0) narrow.join(any, program.by_finding[i]);
        narrow.keep(bits, any);
    }

    narrow.start(any, program.without_plugin_condition);
    for (const auto plugin : facts.plugins) narrow.join(any, program.plugin(plugin).when);
    narrow.keep(bits, any);

    // A list of models uses none: what rules say of models, the refusing ones too, does not apply to it.
    if (facts.model.empty() && !facts.generates) {
        narrow.start(any, program.any_model);
        narrow.join(any, program.allow_rules);
        narrow.keep(bits, any);
        return;
    }
    Bits allowed;
    narrow.start(any, program.any_model);
    narrow.start(allowed, program.any_model_allowed);
    if (facts.model.empty()) narrow.join(any, program.model_unknown);
    program.models.each_match(facts.model, [&](std::uint32_t pattern) {
        narrow.join(any, program.by_model[pattern]);
        narrow.join(allowed, program.allowed_model[pattern]);
    });
    narrow.keep(bits, any);
    narrow.keep(bits, allowed);
}

// Rules that let the request's references through; a kind that this version does not know is let through by none.
void narrow_by_references(const Program& program, const Facts& facts, Class cls, Bits& bits) {
    const Narrowing narrow{program.rows};
    const auto& allowed = program.allowed_reference[cls == Class::open_source ? 1 : 0];
    for (std::size_t kind = 0; kind < reference_kinds; ++kind)
        if ((facts.references >> kind & 1) != 0) narrow.keep(bits, allowed[kind]);
    if (facts.references >> reference_kinds != 0) narrow.remove(bits, program.allow_rules);
}

// False when some plugin is not approved for the class by the `plugins` section.
bool narrow_by_plugins(const Program& program, const Facts& facts, Class cls, Bits& bits) {
    const Narrowing narrow{program.rows};
    bool approved = true;
    for (const auto plugin : facts.plugins) {
        const auto& entry = program.plugin(plugin);
        approved = approved && (entry.classes >> index(cls) & 1) != 0;
        narrow.keep(bits, entry.allowed);
    }
    return approved;
}

// Of two reasons the one that is nearer to being allowed, so the one to tell.
RefusedBy more_telling(RefusedBy a, RefusedBy b) {
    static constexpr std::array order = {
        RefusedBy::personal_account, RefusedBy::reference, RefusedBy::plugin, RefusedBy::terms, RefusedBy::rule,
        RefusedBy::no_rule};
    return *std::ranges::find_if(order,
                                 [&](RefusedBy one) { return one == a || one == b || one == RefusedBy::no_rule; });
}

Plan refused(Plan plan, RefusedBy by, std::uint16_t rule = no_rule) {
    plan.decision = Decision::refuse;
    plan.refused_by = by;
    plan.rule = rule;
    plan.upstream_count = 0;
    plan.durable_first = false;
    return plan;
}

} // namespace

namespace {

Class effective(const Program::Placed& placed, const Facts& facts) {
    return std::min(std::max(placed.cls, facts.class_floor), Class::trade_secret);
}

// What the rules say of one request, before its upstreams are looked at.
struct Holding {
    Bits conditions; // rules whose conditions hold
    Bits allows, by_account, by_references,
        approvals; // of these those for it, before and after each of their allowances
    bool plugins_approved = true;
    Entities entities;
    std::int64_t at_ms = 0;
};

void find_holding(const Program& program, const Facts& facts, Class cls, Entities entities, Row client,
                  Holding& holding) {
    const Narrowing narrow{program.rows};
    narrow_by_conditions(program, facts, cls, entities, client, holding.conditions);
    holding.entities = entities;
    holding.at_ms = facts.at_ms;
    narrow.start(holding.allows, holding.conditions);
    narrow.keep(holding.allows, program.allow_rules);
    narrow.start(holding.by_account, holding.allows);
    narrow.keep(holding.by_account, program.allowed_account[facts.account == AccountKind::company ? 0 : 1]);
    narrow.start(holding.by_references, holding.by_account);
    narrow_by_references(program, facts, cls, holding.by_references);
    narrow.start(holding.approvals, holding.by_references);
    holding.plugins_approved = narrow_by_plugins(program, facts, cls, holding.approvals);
}

// The upstreams that are left. `refusing`: the refuse rules that act; `lets_pass`: also where no rule allows it.
// No upstream left: the reason that is nearest to being allowed is the one to tell. A refuse rule is told where it decided: it
// stood against each upstream, or against one that would have been allowed.
Plan judge(const Program& program, const Holding& holding, const Bits& refusals, bool lets_pass,
           std::span<const std::uint16_t> candidates, Plan plan) {
    const Narrowing narrow{program.rows};
    auto reason = RefusedBy::no_rule;
    std::uint16_t refusing = no_rule, overruling = no_rule;
    bool all_refused = true;
    for (const auto candidate : candidates) {
        if (candidate >= program.by_upstream.size() || plan.upstream_count == plan_upstreams_max) continue;
        const auto upstream = program.by_upstream[candidate];
        const auto refusal = narrow.first(refusals, upstream);
        const bool terms =
            program.has_terms[candidate] == 0 ||
            terms_hold(program.document, program.document.upstreams[candidate], holding.entities, holding.at_ms);
        const auto rule = holding.plugins_approved && terms ? narrow.first(holding.approvals, upstream) : no_rule;
        if (refusal != no_rule) {
            if (refusing == no_rule) refusing = refusal;
            if (rule == no_rule) continue;
            reason = more_telling(reason, RefusedBy::rule);
            if (overruling == no_rule) overruling = refusal;
            continue;
        }
        all_refused = false;
        if (rule != no_rule || lets_pass) {
            plan.upstreams[plan.upstream_count] = candidate;
            plan.upstream_rules[plan.upstream_count++] = rule;
        } else if (narrow.meet(holding.allows, upstream)) {
            reason = more_telling(reason, !narrow.meet(holding.by_account, upstream)      ? RefusedBy::personal_account
                                          : !narrow.meet(holding.by_references, upstream) ? RefusedBy::reference
                                          : terms                                         ? RefusedBy::plugin
                                                                                          : RefusedBy::terms);
        }
    }
    if (plan.upstream_count == 0) {
        if (all_refused && refusing != no_rule)
            return refused(plan, RefusedBy::rule, overruling == no_rule ? refusing : overruling);
        return refused(plan, reason, reason == RefusedBy::rule ? overruling : no_rule);
    }
    plan.decision = Decision::allow;
    plan.refused_by = RefusedBy::nothing;
    plan.rule = plan.upstream_rules[0];
    return plan;
}

// Any rule that holds can ask for the disk: one that lets it through, or one that only records.
bool wants_disk_first(const Program& program, Holding& holding, const Plan& plan) {
    const Narrowing narrow{program.rows};
    narrow.remove(holding.conditions, program.allow_rules);
    for (std::size_t i = 0; i < narrow.count; ++i) holding.conditions.words[i] |= holding.approvals.words[i];
    narrow.keep(holding.conditions, program.durable_rules);
    for (std::size_t i = 0; i < plan.upstream_count; ++i)
        if (narrow.meet(holding.conditions, program.by_upstream[plan.upstreams[i]])) return true;
    return false;
}

// What the exceptions of a request suspend.
struct Suspended {
    std::uint8_t of_default = no_exception, of_all = no_exception;
    std::uint8_t of_rule(const Program& program, const Facts& facts, std::uint16_t rule) const {
        for (std::size_t i = 0; i < facts.exceptions.size(); ++i)
            if (const auto found = program.refuse_index.find(facts.exceptions[i].rule);
                found != program.refuse_index.end() && found->second == rule)
                return static_cast<std::uint8_t>(i);
        return of_all;
    }
};

Suspended suspended(const Facts& facts) {
    Suspended all;
    for (std::size_t i = 0; i < std::min(facts.exceptions.size(), exceptions_per_request_max); ++i) {
        if (facts.exceptions[i].rule == default_refusal) all.of_default = static_cast<std::uint8_t>(i);
        if (facts.exceptions[i].rule == every_refusal) all.of_all = static_cast<std::uint8_t>(i);
    }
    if (all.of_default == no_exception) all.of_default = all.of_all;
    return all;
}

// The refuse rules that act: those that are enforced for this team, without those that an exception suspends.
void find_acting(const Program& program, const Facts& facts, const Holding& holding, Mode base,
                 const Suspended& exceptions, Bits& acting) {
    const Narrowing narrow{program.rows};
    narrow.start(acting, holding.conditions);
    narrow.keep(acting, program.enforced[static_cast<std::size_t>(base)]);
    if (exceptions.of_all != no_exception) narrow.remove(acting, program.refuse_rules); // invariants stay
    for (const Exception& exception : facts.exceptions)
        if (const auto found = program.refuse_index.find(exception.rule); found != program.refuse_index.end())
            acting.words[found->second / 64] &= ~(std::uint64_t{1} << (found->second % 64));
}

// Of a request that is refused though something is relaxed: the reason as it would be if all was enforced, which says more than
// an invariant does, unless that names a rule that does not act.
Plan told_of(const Program& program, Mode base, const Plan& strict, const Plan& plan) {
    const bool acts =
        strict.refused_by != RefusedBy::rule || mode_of(program.document.rules[strict.rule], base) == Mode::enforce;
    return strict.decision == Decision::refuse && acts ? strict : plan;
}

// What is let through only because its refusal is not enforced or is excepted: why it would be refused, and what lets it through.
void mark(const Program& program, const Facts& facts, const Bits& refusals, Mode base, const Suspended& exceptions,
          const Plan& strict, Plan& plan) {
    const Narrowing narrow{program.rows};
    const auto kept = std::span(strict.upstreams).first(strict.upstream_count);
    const auto chosen = std::span(plan.upstreams).first(plan.upstream_count);
    if (std::ranges::find(kept, chosen.front()) != kept.end()) return; // it goes where it would go
    plan.would_rule = narrow.first(refusals, program.by_upstream[chosen.front()]);
    if (plan.would_rule != no_rule) {
        plan.would_refuse = RefusedBy::rule;
        plan.exception = exceptions.of_rule(program, facts, plan.would_rule);
        if (plan.exception == no_exception) plan.mode = mode_of(program.document.rules[plan.would_rule], base);
    } else {
        const bool other_reason = strict.decision != Decision::refuse || strict.refused_by == RefusedBy::rule;
        plan.would_refuse = other_reason ? RefusedBy::no_rule : strict.refused_by;
        plan.exception = exceptions.of_default;
        if (plan.exception == no_exception) plan.mode = base;
    }
}

} // namespace

namespace {

std::uint16_t& of(Amendments& made, Amendment amendment) {
    switch (amendment) {
    case Amendment::redact: return made.redact;
    case Amendment::withhold: return made.withhold;
    case Amendment::normalise: return made.normalise;
    case Amendment::strip_headers: return made.strip;
    }
    std::unreachable();
}

// What acting rules do with what was found, before it goes to each upstream.
void amend(const Program& program, const Facts& facts, const Holding& holding, Mode base, Plan& plan) {
    const auto* conditions = holding.conditions.words.data();
    const auto* acting = program.rows.at(program.amending[static_cast<std::size_t>(base)]);
    for (std::size_t u = 0; u < plan.upstream_count; ++u) {
        const auto* upstream = program.rows.at(program.by_upstream[plan.upstreams[u]]);
        Amendments& made = plan.amendments[u];
        for (std::size_t word = 0; word < program.rows.words(); ++word)
            for (auto left = conditions[word] & acting[word] & upstream[word]; left != 0; left &= left - 1) {
                const auto number = word * 64 + static_cast<std::size_t>(std::countr_zero(left));
                const Rule& rule = program.document.rules[number];
                if (rule.amendment == Amendment::strip_headers) {
                    made.strip |= program.strip_bit(number);
                    continue;
                }
                const auto found = static_cast<std::uint16_t>(rule.when.findings.value_or(0) & facts.findings);
                of(made, rule.amendment) |= found;
            }
        made.redact &= static_cast<std::uint16_t>(~made.withhold);
        made.normalise &= static_cast<std::uint16_t>(~made.withhold);
    }
}

} // namespace

Class class_of_one_repository(const Policy& policy, const Facts& facts) {
    return effective(policy.program().place(facts), facts);
}

std::size_t keep_unforbidden(const Policy& policy, const Facts& facts, std::span<std::uint16_t> candidates) {
    const auto& program = policy.program();
    const auto placed = program.place(facts);
    Holding holding; // NOLINT(cppcoreguidelines-pro-type-member-init): find_holding() fills what is used
    find_holding(program, facts, effective(placed, facts), placed.entities, caller(program, facts).row, holding);
    Bits acting; // NOLINT(cppcoreguidelines-pro-type-member-init)
    find_acting(program, facts, holding, program.mode_of(facts.team), suspended(facts), acting);
    const Narrowing narrow{program.rows};
    const auto gone = std::ranges::remove_if(
        candidates, [&](std::uint16_t one) { return narrow.meet(acting, program.by_upstream[one]); });
    return candidates.size() - gone.size();
}

// What the rules, the modes and the exceptions say.
Plan decide_one_repository(const Policy& policy, const Facts& facts, std::span<const std::uint16_t> candidates) {
    const auto& program = policy.program();
    Plan plan;
    const auto placed = program.place(facts);
    plan.effective_class = effective(placed, facts);
    if (plan.effective_class > facts.key_max_class) return refused(plan, RefusedBy::key_class);
    if (facts.tier < program.document.launchers.needed[index(plan.effective_class)])
        return refused(plan, RefusedBy::tier);
    const auto base = program.relaxes ? program.mode_of(facts.team) : Mode::enforce;
    const auto exceptions = suspended(facts);
    // A person's own credential leaves only where a rule says so, whatever the mode.
    const bool lets_pass =
        (base != Mode::enforce || exceptions.of_default != no_exception) && facts.account == AccountKind::company;
    const auto client = caller(program, facts);
    if (client.refused != RefusedBy::nothing && !lets_pass) return refused(plan, client.refused);
    if (facts.model.size() > name_bytes_max) return refused(plan, RefusedBy::no_rule); // no pattern could tell

    Holding holding; // NOLINT(cppcoreguidelines-pro-type-member-init): find_holding() fills what is used
    find_holding(program, facts, plan.effective_class, placed.entities, client.row, holding);
    const Narrowing narrow{program.rows};
    Bits refusals; // NOLINT(cppcoreguidelines-pro-type-member-init)
    narrow.start(refusals, holding.conditions);
    narrow.keep(refusals, program.refuse_rules);
    const Plan strict = client.refused != RefusedBy::nothing
                            ? refused(plan, client.refused)
                            : judge(program, holding, refusals, false, candidates, plan);
    if (program.relaxes || !facts.exceptions.empty()) {
        Bits acting; // NOLINT(cppcoreguidelines-pro-type-member-init)
        find_acting(program, facts, holding, base, exceptions, acting);
        const Plan asked = plan;
        plan = client.refused != RefusedBy::nothing ? refused(asked, client.refused)
                                                    : judge(program, holding, acting, false, candidates, asked);
        // Only where no rule allows it anywhere does it pass without one: what is allowed goes where it is allowed.
        if (plan.decision == Decision::refuse && lets_pass)
            plan = judge(program, holding, acting, true, candidates, asked);
        if (plan.decision == Decision::refuse) return told_of(program, base, strict, plan);
        mark(program, facts, refusals, base, exceptions, strict, plan);
    } else {
        plan = strict;
        if (plan.decision == Decision::refuse) return plan;
    }
    if (program.amends && (facts.findings != 0 || !program.strip_rules.empty()))
        amend(program, facts, holding, base, plan);
    plan.durable_first = plan.would_refuse != RefusedBy::nothing || wants_disk_first(program, holding, plan);
    return plan;
}

} // namespace sallyport::policy
