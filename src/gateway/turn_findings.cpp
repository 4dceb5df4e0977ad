// What inspection found, and what becomes of it: told to the person, disputed, left alone since it left before.
#include "gateway/turn.h"
#include "policy/program.h"

#include <algorithm>
#include <map>

namespace sallyport::gateway {

namespace {
std::uint32_t bit_of(const content::Found& found) {
    return 1u << policy::finding_bit(static_cast<std::size_t>(found.kind), static_cast<std::size_t>(found.confidence));
}

struct Leaving {
    bool changed = false;
    std::vector<content::Found> let_through; // begin counts from the unit's
};
} // namespace

policy::Amendments Turn::amendments_for(std::uint16_t upstream) const {
    for (std::size_t i = 0; i < plan.upstream_count; ++i)
        if (plan.upstreams[i] == upstream) return plan.amendments[i];
    return {};
}

std::vector<std::string_view> Turn::headers_stripped_for(std::uint16_t upstream) const {
    std::vector<std::string_view> patterns;
    const policy::Program& program = world->policy->program();
    const std::uint16_t strip = amendments_for(upstream).strip;
    for (std::size_t i = 0; strip != 0 && i < program.strip_rules.size(); ++i)
        if ((strip >> i & 1) != 0)
            for (const std::string& one : program.document.rules[program.strip_rules[i]].headers)
                patterns.push_back(one);
    return patterns;
}

std::uint32_t Turn::findings() const {
    std::uint32_t bits = 0;
    for (const content::Finding& one : scratch->inspection.findings) // attributions: settle_repository()
        if (one.acts() && one.found.kind != content::FindingKind::attribution) bits |= bit_of(one.found);
    return bits;
}

// What the rule asked for and where it is, so that the person can take it out: never the text itself.
std::string Turn::found_words() const {
    const policy::Program& program = world->policy->program();
    if (plan.refused_by != policy::RefusedBy::rule || plan.rule >= program.document.rules.size()) return {};
    const policy::Mask& asked = program.document.rules[plan.rule].when.findings;
    std::vector<std::string> words;
    for (const content::Finding& one : scratch->inspection.findings) {
        if (!one.acts() || !asked || (*asked & bit_of(one.found)) == 0) continue;
        std::string unit(dialect::name(one.unit));
        std::ranges::replace(unit, '-', ' ');
        std::string word = std::string(scratch->inspection.rule_name(one)) + " in a " + unit;
        if (const std::string found_id = lane.shared.amender.id_of(scratch->document, one); !found_id.empty())
            word += " (" + found_id + ")";
        if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
    }
    std::string text;
    for (std::size_t i = 0; i < words.size() && i < 3; ++i) text += (i == 0 ? " Found: " : ", ") + words[i];
    if (words.size() > 3) text += " and more";
    return text.empty() ? text : text + ".";
}

// What differs is a finding of the exchange whose machine it is; of another one, which only now is seen to differ, it is told.
void Turn::compare_with_fleet() {
    content::Inspection& inspection = scratch->inspection;
    if (inspection.own_words.empty()) return;
    const std::string_view peer = arrival.peer;
    const FleetWatch::Speaker speaker{caller.client.name, caller.client.version,
                                      std::hash<std::string_view>{}(caller.key.caller.person) ^
                                          std::hash<std::string_view>{}(peer.substr(0, peer.rfind(':'))) * 31};
    std::vector<content::FleetFinding> differences;
    lane.shared.fleet.observe(speaker, scratch->document, inspection.own_words, differences);
    for (const content::FleetFinding& one : differences) {
        lane.shared.log.warning("client.differs",
                                {{"exchange", id},
                                 {"here", one.machine == speaker.machine ? "yes" : "no"},
                                 {"client", one.client},
                                 {"version", one.version},
                                 {"place", one.place},
                                 {"sentence", static_cast<std::int64_t>(one.sentence)},
                                 {"usual", one.usual},
                                 {"odd", one.odd},
                                 {"machines", static_cast<std::int64_t>(one.machines)},
                                 {"machines_like_it", static_cast<std::int64_t>(one.machines_like_it)}});
        if (one.machine != speaker.machine) continue;
        const json::NodeIndex node = inspection.own_words.front().node;
        inspection.findings.push_back({{.kind = content::FindingKind::marker,
                                        .confidence = content::Confidence::medium,
                                        .rule = content::Rules::number_of_fleet_difference(),
                                        .begin = scratch->document[node].begin,
                                        .end = scratch->document[node].end},
                                       dialect::UnitKind::system,
                                       node});
    }
}

void Turn::units_leave(const Upstream& upstream) {
    content::Inspection& inspection = scratch->inspection;
    content::UnitMemory& memory = lane.shared.inspectors.memory();
    const policy::Amendments made = amendments_for(upstream.policy_index);
    std::map<json::NodeIndex, Leaving> found; // what matters of it, by unit
    for (const content::Finding& one : inspection.findings) {
        const bool acted_on = one.acts() && !one.is_spared && (made.any() & bit_of(one.found)) != 0;
        if (one.node == json::no_node || (!acted_on && !one.is_disputed)) continue;
        Leaving& unit = found[one.node];
        unit.changed = unit.changed || acted_on;
        if (!one.is_disputed) continue;
        unit.let_through.push_back(one.found);
        unit.let_through.back().begin -= scratch->document[one.node].begin;
    }
    static const Leaving nothing;
    for (content::Departing& unit : inspection.departing) {
        const auto of_unit = found.empty() ? found.end() : found.find(unit.node);
        const Leaving& leaving = of_unit == found.end() ? nothing : of_unit->second;
        const bool known = (unit.left_to & upstream.left_bit) != 0 && unit.left_changed == leaving.changed;
        if (known && !unit.acted_on && leaving.let_through.empty()) continue;
        memory.leave(unit.name, {inspection.speaker, upstream.left_bit, leaving.changed}, unit.acted_on,
                     leaving.let_through);
        unit.left_to |= upstream.left_bit;
        unit.left_changed = leaving.changed;
    }
}

// What left as it was changed stays so for the rest of the conversation; what has not left, or left as it came, may go on as it comes.
void Turn::find_disputes() {
    content::Inspection& inspection = scratch->inspection;
    for (content::Finding& one : inspection.findings) {
        one.is_disputed = false;
        if (world->disputes->empty() || one.found.disclosed || one.node == json::no_node) continue;
        const auto unit = std::ranges::lower_bound(inspection.departing, one.node, {}, &content::Departing::node);
        const bool has_left = unit != inspection.departing.end() && unit->node == one.node && unit->left_to != 0;
        if (has_left && unit->left_changed) continue;
        one.is_disputed = world->disputes->hold(lane.shared.amender.id_of(scratch->document, one),
                                                inspection.rule_name(one), facts.at_ms);
    }
}

// Naming no conversation, all of a person's requests are one.
std::uint64_t Turn::speaker() const {
    std::string text = std::string(caller.key.caller.person) + "\n" + scratch->request.session;
    for (const std::string_view session : caller.sessions) (text += '\n') += session;
    return std::hash<std::string>{}(text) | 1;
}

bool Turn::has_all_disclosed(const Upstream& upstream) const {
    return std::ranges::all_of(scratch->inspection.departing, [&](const content::Departing& unit) {
        return !unit.newly_found || unit.acted_on || (unit.left_to & upstream.left_bit) != 0;
    });
}

void Turn::decide_on_disclosed() {
    content::Inspection& inspection = scratch->inspection;
    while (true) {
        plan = policy::decide(*world->policy, facts, candidates());
        const Upstream* const first = plan.upstream_count == 0 ? nullptr : world->upstream_of(plan.upstreams[0]);
        if (first != nullptr && has_all_disclosed(*first)) return;
        bool changed = false;
        for (content::Departing& unit : inspection.departing) {
            const bool stays = !unit.newly_found || unit.acted_on;
            if (stays || (first != nullptr && (unit.left_to & first->left_bit) != 0)) continue;
            unit.acted_on = changed = true;
            for (content::Finding& one : inspection.findings)
                if (one.node == unit.node) one.found.disclosed = false;
        }
        if (!changed) return;
        facts.findings = findings();
        settle_repository();
    }
}

} // namespace sallyport::gateway
