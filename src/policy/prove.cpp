#include "policy/prove.h"

#include "policy/yaml.h"

#include <fmt/format.h>

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
