#include "policy/prove.h"

#include "policy/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sallyport::policy {

namespace {

constexpr std::string_view too_much = "the rules overlap too wildly to hold every case against the invariants";

// The refusals in one situation to one upstream; found when first asked for.
std::vector<Box> refusals(const Space& space, const Document& document, const Situation& situation,
                          const UpstreamFacts& upstream) {
    std::vector<Box> boxes;
    for (const Rule& rule : document.rules)
        if (rule.effect == Effect::refuse && !rule.is_invariant)
            if (auto box = space.box_of(0, rule, situation, upstream)) boxes.push_back(std::move(*box));
    return boxes;
}

} // namespace

std::string Violation::words(const Document& document) const {
    const Rule& through = document.rules[rule];
    const UpstreamFacts& to = document.upstreams[upstream];
    return fmt::format(
        "rule '{}' ({}:{}) lets through what is never allowed: {}, to upstream {} (vendor {}, hosting {}, region {})",
        through.id, through.file, through.place.line, sample.words(cls), to.name, to.vendor, to.hosting,
        to.region.empty() ? "not stated" : to.region);
}

Proof prove(const Document& document) {
    Proof proof;
    if (document.invariants.empty()) return proof;
    const Document* const documents[] = {&document};
    const auto space = Space::of(documents, proof.undecided);
    if (!space) return proof;
    std::vector<std::vector<char>> found(document.invariants.size(), std::vector<char>(document.rules.size()));
    Effort effort;
    for (const Situation& situation : space->situations())
        for (std::size_t u = 0; u < document.upstreams.size(); ++u) {
            const UpstreamFacts& upstream = document.upstreams[u];
            std::vector<Box> against;
            std::vector<const Box*> minus;
            bool known = false;
            for (std::size_t i = 0; i < document.invariants.size(); ++i) {
                auto never = space->box_of(0, document.invariants[i].never, situation, upstream);
                if (!never) continue;
                never->narrow(space->admitted(0, situation, upstream));
                if (never->empty()) continue;
                for (std::size_t r = 0; r < document.rules.size(); ++r) {
                    const Rule& rule = document.rules[r];
                    if (rule.effect != Effect::allow || found[i][r] != 0) continue;
                    auto box = space->box_of(0, rule, situation, upstream);
                    if (!box || !box->intersects(*never)) continue;
                    box->narrow(*never);
                    if (!known) {
                        against = refusals(*space, document, situation, upstream);
                        for (const Box& one : against) minus.push_back(&one);
                        known = true;
                    }
                    each_remainder(*box, minus, effort, [&](const Box& left) {
                        found[i][r] = 1;
                        proof.violations.push_back({i, r, u, situation.classes[0], space->sample(left, situation)});
                        return false;
                    });
                    if (effort.spent()) {
                        proof.undecided = too_much;
                        return proof;
                    }
                    if (proof.violations.size() >= mistakes_max) return proof;
                }
            }
        }
    return proof;
}

namespace {

// Which rules let something through, looked at one situation and upstream after the other.
class EffectSearch {
public:
    EffectSearch(const Space& space, const Document& document)
        : space_(space), document_(document), met_(document.rules.size()) {
        for (std::size_t i = 0; i < document.rules.size(); ++i)
            if (document.rules[i].effect == Effect::allow) open_.push_back(i);
    }

    // False where it is not known.
    bool run() {
        for (const Situation& situation : space_.situations())
            for (const UpstreamFacts& upstream : document_.upstreams) {
                look(situation, upstream);
                if (effort_.spent()) return false;
                if (open_.empty()) return true;
            }
        return true;
    }

    std::vector<Mistake> warnings() const {
        std::vector<Mistake> warnings;
        for (const std::size_t i : open_) {
            if (met_[i].empty()) continue; // it meets no request at all, which is told elsewhere
            const Rule& rule = document_.rules[i];
            std::vector<std::string> by;
            for (const std::size_t one : met_[i]) by.push_back("'" + document_.rules[one].id + "'");
            warnings.push_back({rule.file, rule.place.line, rule.place.column,
                                fmt::format("rule '{}' lets nothing through: what it allows is refused by {} {}",
                                            rule.id, by.size() == 1 ? "rule" : "rules", fmt::join(by, ", "))});
        }
        return warnings;
    }

private:
    struct Refusal {
        std::size_t rule = 0;
        Box box;
    };

    void look(const Situation& situation, const UpstreamFacts& upstream) {
        const Box admitted = space_.admitted(0, situation, upstream);
        const auto against = enforced_refusals(situation, upstream);
        std::erase_if(open_, [&](std::size_t i) {
            auto box = space_.box_of(0, document_.rules[i], situation, upstream);
            if (!box) return false;
            box->narrow(admitted);
            space_.keep_generating(*box);
            return !box->empty() && something_is_left(*box, against, met_[i]);
        });
    }
    std::vector<Refusal> enforced_refusals(const Situation& situation, const UpstreamFacts& upstream) const {
        std::vector<Refusal> found;
        for (std::size_t i = 0; i < document_.rules.size(); ++i) {
            const Rule& rule = document_.rules[i];
            if (rule.effect != Effect::refuse || rule.is_invariant) continue;
            auto box = space_.box_of(0, rule, situation, upstream);
            if (!box) continue;
            space_.keep_enforced(0, rule, *box);
            if (!box->empty()) found.push_back({i, std::move(*box)});
        }
        return found;
    }
    bool something_is_left(const Box& box, const std::vector<Refusal>& against, std::set<std::size_t>& refused_by) {
        std::vector<const Box*> minus;
        for (const Refusal& one : against)
            if (one.box.intersects(box)) minus.push_back(&one.box);
        if (!each_remainder(box, minus, effort_, [](const Box&) { return false; })) return true;
        for (const Refusal& one : against)
            if (one.box.intersects(box)) refused_by.insert(one.rule);
        return false;
    }

    const Space& space_;
    const Document& document_;
    std::vector<std::size_t> open_;          // allow rules that let nothing through so far
    std::vector<std::set<std::size_t>> met_; // of each: the refuse rules that it met
    Effort effort_;
};

} // namespace

std::vector<Mistake> rules_without_effect(const Document& document) {
    const auto refuses = [](const Rule& rule) { return rule.effect == Effect::refuse && !rule.is_invariant; };
    if (std::ranges::none_of(document.rules, refuses)) return {};
    std::string undecided;
    const Document* const documents[] = {&document};
    const auto space = Space::of(documents, undecided);
    if (!space) return {};
    EffectSearch search(*space, document);
    return search.run() ? search.warnings() : std::vector<Mistake>();
}

std::vector<Mistake> mistakes_of(const Document& document, const Proof& proof) {
    std::vector<Mistake> mistakes;
    const std::string& file = document.files.front().name;
    for (const Violation& violation : proof.violations) {
        const Place place = document.invariants[violation.invariant].place;
        mistakes.push_back({file, place.line, place.column,
                            "this invariant is broken: " + violation.words(document) + "; narrow that rule"});
    }
    if (!proof.undecided.empty()) mistakes.push_back({file, 0, 0, "the invariants are not proven: " + proof.undecided});
    return mistakes;
}

} // namespace sallyport::policy
