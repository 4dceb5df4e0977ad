#include "policy/compare.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace sallyport::policy {

namespace {

struct Side {
    const Document* document = nullptr;
    std::size_t which = 0; // in the space
    const UpstreamFacts* upstream = nullptr;
    struct Part {
        const Rule* rule;
        Box box;
    };
    std::vector<Part> allows; // within what is admitted
    std::vector<Part> refuses;
};

Side side_of(const Space& space, const Document& document, std::size_t which, const Situation& situation,
             const std::string& name) {
    Side side{&document, which, nullptr, {}, {}};
    const auto found = std::ranges::find(document.upstreams, name, &UpstreamFacts::name);
    if (found == document.upstreams.end()) return side;
    side.upstream = &*found;
    static const Rule no_rule_needed = [] {
        Rule rule;
        rule.id = "(not enforced)";
        rule.effect = Effect::allow;
        return rule;
    }();
    if (Box all = space.let_pass(which); !all.empty()) side.allows.push_back({&no_rule_needed, std::move(all)});
    const Box admitted = space.admitted(which, situation, *side.upstream);
    for (const Rule& rule : document.rules) {
        if (rule.effect == Effect::record_only || rule.effect == Effect::amend) continue;
        auto box = space.box_of(which, rule, situation, *side.upstream);
        if (!box) continue;
        if (rule.effect == Effect::refuse) {
            space.keep_enforced(which, rule, *box);
            if (!box->empty()) side.refuses.push_back({&rule, std::move(*box)});
        } else if (box->intersects(admitted)) {
            box->narrow(admitted);
            side.allows.push_back({&rule, std::move(*box)});
        }
    }
    return side;
}

class Comparing {
public:
    Comparing(const Document& before, const Document& after, const Space& space, Comparison& into)
        : before_(before), after_(after), space_(space), into_(into) {}

    void run() {
        std::set<std::string> names;
        for (const Document* document : {&before_, &after_})
            for (const UpstreamFacts& upstream : document->upstreams) names.insert(upstream.name);
        for (const Situation& situation : space_.situations())
            for (const std::string& name : names) {
                const Side old_side = side_of(space_, before_, 0, situation, name);
                const Side new_side = side_of(space_, after_, 1, situation, name);
                difference(new_side, old_side, situation, name, true);
                difference(old_side, new_side, situation, name, false);
            }
        if (effort_.spent())
            into_.undecided = "the rules overlap too wildly to hold every case of one policy against the other";
        tell();
    }

private:
    struct Row {
        std::optional<Change> change;
        Box seen; // of which the clients and teams count
    };

    // What `one` allows and `other` does not: no rule of it allows it, or one refuses it.
    void difference(const Side& one, const Side& other, const Situation& situation, const std::string& upstream,
                    bool gained) {
        std::vector<const Box*> not_allowed = {nullptr}, not_refused = {nullptr}; // the first is chosen below
        for (const Side::Part& part : one.refuses) {
            not_allowed.push_back(&part.box);
            not_refused.push_back(&part.box);
        }
        for (const Side::Part& part : other.allows) not_allowed.push_back(&part.box);
        for (const Side::Part& allow : one.allows) {
            Row& row = row_of(situation, upstream, gained);
            look(allow.box, same_first(other.allows, *allow.rule, not_allowed), row, *allow.rule, situation);
            for (const Side::Part& refusal : other.refuses) {
                if (!allow.box.intersects(refusal.box)) continue;
                Box box = allow.box;
                box.narrow(refusal.box);
                look(box, same_first(one.refuses, *refusal.rule, not_refused), row, *allow.rule, situation);
            }
        }
    }

    // Adds to the row which clients and teams are in what is left of the box. Looks only for what the row does not name yet: so
    // its lists are whole, and a change that concerns everybody is known after one look.
    void look(const Box& box, std::span<const Box* const> minus, Row& row, const Rule& rule,
              const Situation& situation) {
        for (const Dimension dimension : {Dimension::client, Dimension::team})
            for (bool more = true; more && !effort_.spent();) {
                Box fresh = box;
                if (row.change) fresh.of(dimension).remove(row.seen.of(dimension));
                more = false;
                if (fresh.empty()) break;
                each_remainder(std::move(fresh), minus, effort_, [&](const Box& left) {
                    note(left, row, rule, situation);
                    more = true;
                    return false;
                });
            }
    }

    // Most rules stand on both sides unchanged, and what such a rule takes away is all there is: it is looked at first.
    static std::span<const Box* const> same_first(const std::vector<Side::Part>& parts, const Rule& rule,
                                                  std::vector<const Box*>& minus) {
        const auto same = std::ranges::find_if(parts, [&](const Side::Part& part) { return part.rule->id == rule.id; });
        if (same == parts.end()) return std::span(minus).subspan(1);
        minus.front() = &same->box;
        return minus;
    }

    Row& row_of(const Situation& situation, const std::string& upstream, bool gained) {
        return rows_[{gained, situation.classes[0], situation.classes[1], upstream}];
    }

    void note(const Box& box, Row& row, const Rule& rule, const Situation& situation) {
        if (!row.change) {
            row.change = Change{};
            row.change->sample = space_.sample(box, situation);
            row.seen = box;
        }
        row.seen.of(Dimension::client) |= box.of(Dimension::client);
        row.seen.of(Dimension::team) |= box.of(Dimension::team);
        if (std::ranges::find(row.change->rules, rule.id) == row.change->rules.end())
            row.change->rules.push_back(rule.id);
    }

    void tell() {
        for (auto& [key, row] : rows_) {
            if (!row.change) continue;
            Change& change = *row.change;
            std::tie(change.gained, change.before, change.after, change.upstream) = key;
            change.clients = space_.clients_in(row.seen);
            change.teams = space_.teams_in(row.seen);
            change.all_clients = space_.all_clients(row.seen);
            change.all_teams = space_.all_teams(row.seen);
            into_.changes.push_back(std::move(change));
        }
    }

    const Document& before_;
    const Document& after_;
    const Space& space_;
    Comparison& into_;
    Effort effort_;
    std::map<std::tuple<bool, Class, Class, std::string>, Row> rows_;
};

} // namespace

Comparison compare(const Document& before, const Document& after) {
    Comparison comparison;
    const Document* const documents[] = {&before, &after};
    const auto space = Space::of(documents, comparison.undecided);
    if (space) Comparing(before, after, *space, comparison).run();
    return comparison;
}

} // namespace sallyport::policy
