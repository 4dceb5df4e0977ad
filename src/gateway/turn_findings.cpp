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
    if (upstream.left_bit == 0) return; // of more upstreams than have one: what left there is always new
    const policy::Amendments made = amendments_for(upstream.policy_index);
    std::map<json::NodeIndex, content::Left> leaving; // of the units of which something is to be said
    const content::Left nothing{inspection.speaker, upstream.left_bit, inspection.sequence, false, false, {}};
    for (const content::Finding& one : inspection.findings) {
        if (one.node == json::no_node) continue;
        const bool acted_on = one.acts() && !one.is_spared && (made.any() & bit_of(one.found)) != 0;
        if (!acted_on && one.acts()) continue;
        content::Left& unit = leaving.try_emplace(one.node, nothing).first->second;
        unit.changed = unit.changed || acted_on;
        unit.withheld = unit.withheld || (acted_on && (made.withhold & bit_of(one.found)) != 0);
        if (!one.acts()) unit.let_through.push_back(one.found.begin - scratch->document[one.node].begin);
    }
    for (const content::Departing& unit : inspection.departing) {
        const auto told = leaving.empty() ? leaving.end() : leaving.find(unit.node);
        const content::Left& now = told == leaving.end() ? nothing : told->second;
        const content::Left* const before = inspection.left_to(unit, upstream.left_bit);
        if (before == nullptr || *before != now) memory.leave(unit.name, now);
    }
}

const content::Departing* Turn::unit_of(const content::Finding& finding) const {
    const auto& units = scratch->inspection.departing;
    const auto unit = std::ranges::lower_bound(units, finding.node, {}, &content::Departing::node);
    return finding.node == json::no_node || unit == units.end() || unit->node != finding.node ? nullptr : &*unit;
}

// What left stays as it left: what was not known then, or only told, is told again; what was changed is changed again.
bool Turn::is_disclosed_to(const content::Finding& finding, std::uint32_t upstream) const {
    const content::Departing* const unit = unit_of(finding);
    const content::Left* const left = unit == nullptr ? nullptr : scratch->inspection.left_to(*unit, upstream);
    if (left == nullptr || left->withheld) return false;
    return finding.found.since > left->at ||
           std::ranges::find(left->let_through, finding.found.begin - scratch->document[finding.node].begin) !=
               left->let_through.end();
}

bool Turn::is_disputed_for(const content::Finding& finding, std::uint32_t upstream) const {
    const content::Departing* const unit = unit_of(finding);
    if (world->disputes->empty() || unit == nullptr) return false;
    const content::Left* const left = scratch->inspection.left_to(*unit, upstream);
    if (left != nullptr && left->changed) return false;
    return world->disputes->hold(lane.shared.amender.id_of(scratch->document, finding),
                                 scratch->inspection.rule_name(finding), facts.at_ms);
}

// What acts, where the request goes to the upstream with this bit; 0: to one that never got anything.
void Turn::settle_findings(std::uint32_t upstream) {
    if (!scratch->inspection.sources.empty()) add_up_pieces(upstream);
    for (content::Finding& one : scratch->inspection.findings) {
        one.is_disclosed = is_disclosed_to(one, upstream);
        one.is_disputed = !one.is_disclosed && is_disputed_for(one, upstream);
    }
    facts.findings = findings();
    settle_repository();
    plan = policy::decide(*world->policy, facts, candidates());
}

std::uint32_t Turn::first_upstream() const {
    const Upstream* const first = plan.upstream_count == 0 ? nullptr : world->upstream_of(plan.upstreams[0]);
    return first == nullptr ? 0 : first->left_bit;
}

// Where it goes hangs on what acts, and what acts on where it goes. Where the two do not come to rest, all acts.
void Turn::decide_on_findings() {
    if (scratch->inspection.findings.empty()) return settle_findings(0);
    std::uint32_t upstream = 0;
    for (const content::Left& left : scratch->inspection.lefts) upstream = left.upstream; // to whom it went last
    constexpr int tries_max = 4;
    for (int i = 0; i < tries_max; ++i) {
        settle_findings(upstream);
        const std::uint32_t first = first_upstream();
        if (first == upstream || plan.upstream_count == 0) return;
        upstream = first;
    }
    settle_findings(0);
}

// That is left alone here since it left so to the first one.
bool Turn::has_all_disclosed(const Upstream& upstream) const {
    return std::ranges::all_of(scratch->inspection.findings, [&](const content::Finding& one) {
        return !one.is_disclosed || is_disclosed_to(one, upstream.left_bit);
    });
}

// Naming no conversation, all of a person's requests are one.
std::uint64_t Turn::speaker() const {
    std::string text = std::string(caller.key.caller.person) + "\n" + scratch->request.session;
    for (const std::string_view session : caller.sessions) (text += '\n') += session;
    return std::hash<std::string>{}(text) | 1;
}

} // namespace sallyport::gateway
