// Whose content stands in a request, and what follows from it: content of a class above that of the work raises the class of the exchange,
// or is withheld where it could not go to where the work goes.
#include "content/attributor.h"
#include "gateway/turn.h"
#include "policy/program.h"

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::gateway {

namespace {

constexpr std::size_t observed_max = 8; // repositories; more than that is withheld or refused as a whole

policy::Class class_of(const policy::Policy& policy, const content::Source::Place& place) {
    const std::string_view path = place.path;
    policy::Facts facts;
    facts.repository = place.repository;
    facts.evidence = policy::Evidence::observed;
    facts.paths = {&path, 1};
    return policy::effective_class(policy, facts);
}

// Where the same document stands in several repositories, the one whose people may have it most freely.
const content::Source::Place& most_open(const policy::Policy& policy, const content::Source& source) {
    return *std::ranges::min_element(source.places, {},
                                     [&](const content::Source::Place& place) { return class_of(policy, place); });
}

std::uint16_t bit_of(const content::Found& found) {
    return static_cast<std::uint16_t>(
        1u << policy::finding_bit(static_cast<std::size_t>(found.kind), static_cast<std::size_t>(found.confidence)));
}

bool is_attribution(const content::Finding& one) { return one.found.kind == content::FindingKind::attribution; }

} // namespace

// A document that is read in small pieces is as much of it as in one: what has not left yet acts as if it stood together.
void Turn::add_up_pieces(std::uint32_t upstream) {
    content::Inspection& inspection = scratch->inspection;
    const policy::Policy& policy = *world->policy;
    struct Pieces {
        std::set<std::pair<std::uint32_t, std::uint32_t>> lines;
        std::uint32_t characters = 0;
    };
    std::map<std::pair<std::string_view, std::string_view>, Pieces> documents;
    const auto is_piece = [](const content::Finding& one) {
        return is_attribution(one) && one.found.confidence == content::Confidence::low;
    };
    const auto pieces_of = [&](const content::Finding& one) -> Pieces& {
        const content::Source::Place& place = most_open(policy, *inspection.sources[one.found.rule]);
        return documents[{place.repository, place.path}];
    };
    for (const content::Finding& one : inspection.findings) {
        if (!is_piece(one)) continue;
        const content::Source& source = *inspection.sources[one.found.rule];
        Pieces& pieces = pieces_of(one);
        if (pieces.lines.emplace(source.first_line, source.last_line).second) pieces.characters += source.characters;
    }
    for (content::Finding& one : inspection.findings) {
        if (!is_piece(one) || pieces_of(one).characters < content::telling_bytes_min) continue;
        const content::Departing* const unit = unit_of(one);
        const content::Left* const left = unit == nullptr ? nullptr : inspection.left_to(*unit, upstream);
        if (left == nullptr || left->withheld) // what was withheld stays so
            one.found.confidence = content::Confidence::medium;
    }
}

void Turn::settle_repository() {
    choose_repository();
    facts.withheld = 0;
    facts.paths = {};
    content::Inspection& inspection = scratch->inspection;
    if (inspection.sources.empty()) return;
    const policy::Policy& policy = *world->policy;
    const policy::Class worked_in = policy::effective_class(policy, facts);
    auto& observed = scratch->observed;
    observed.clear();
    std::uint16_t told = 0, above = 0;
    for (content::Finding& one : inspection.findings) {
        if (!is_attribution(one) || !one.acts()) continue;
        const content::Source::Place& place = most_open(policy, *inspection.sources[one.found.rule]);
        one.is_spared = class_of(policy, place) <= worked_in;
        if (one.is_spared) continue;
        told |= bit_of(one.found);
        if (one.found.confidence == content::Confidence::low) continue; // too little to act on, unless a rule says so
        above |= bit_of(one.found);
        if (observed.size() < observed_max && std::ranges::find(observed, &place) == observed.end())
            observed.push_back(&place);
    }
    facts.findings |= told;
    if (above == 0) return;
    const policy::Plan without = policy::decide(policy, facts, candidates());
    const auto withholds = [&](const policy::Amendments& made) { return (made.withhold & above) == above; };
    if (without.decision == policy::Decision::refuse ||
        std::ranges::all_of(std::span(without.amendments).first(without.upstream_count), withholds))
        return;
    const policy::Facts with = facts_with(observed);
    const policy::Plan raised = policy::decide(policy, with, candidates());
    const auto may_go = std::span(raised.upstreams).first(raised.upstream_count);
    const bool may_stay =
        raised.decision != policy::Decision::refuse &&
        std::ranges::all_of(std::span(without.upstreams).first(without.upstream_count),
                            [&](std::uint16_t one) { return std::ranges::find(may_go, one) != may_go.end(); });
    // Not to where such content may go besides: in the midst of a conversation the work would come to another model.
    if (may_stay)
        facts = with;
    else
        facts.withheld = above;
}

// As the strictest of what was observed, the rest narrows it.
policy::Facts Turn::facts_with(std::span<const content::Source::Place* const> observed) {
    const policy::Policy& policy = *world->policy;
    policy::Facts with = facts;
    with.evidence = policy::Evidence::observed;
    with.also_claimed = {};
    const content::Source::Place* strictest = nullptr;
    bool refused = false;
    auto cls = policy::Class::open_source;
    for (const content::Source::Place* place : observed) {
        const std::string_view path = place->path;
        with.repository = place->repository;
        with.paths = {&path, 1};
        const policy::Plan judged_as = policy::decide(policy, with, candidates());
        const bool is_refused = judged_as.decision == policy::Decision::refuse;
        if (strictest != nullptr && std::pair(is_refused, judged_as.effective_class) <= std::pair(refused, cls))
            continue;
        strictest = place;
        refused = is_refused;
        cls = judged_as.effective_class;
    }
    auto& names = scratch->observed_names;
    auto& paths = scratch->observed_paths;
    names.clear();
    paths.clear();
    const auto add = [&](std::string_view name) {
        if (name != strictest->repository && std::ranges::find(names, name) == names.end()) names.push_back(name);
    };
    for (const content::Source::Place* place : observed) {
        add(place->repository);
        if (place->repository == strictest->repository) paths.push_back(place->path);
    }
    if (!facts.repository.empty()) add(facts.repository);
    for (const std::string_view one : facts.also_claimed) add(one);
    with.repository = strictest->repository;
    with.paths = paths;
    with.also_claimed = names;
    return with;
}

void Turn::name_sources(std::uint16_t withheld) {
    const content::Inspection& inspection = scratch->inspection;
    auto& rows = scratch->sources;
    rows.clear();
    for (const content::Finding& one : inspection.findings) {
        if (!is_attribution(one)) continue;
        const content::Source& source = *inspection.sources[one.found.rule];
        const content::Source::Place& place = most_open(*world->policy, source);
        if (class_of(*world->policy, place) == policy::Class::open_source) continue;
        const bool stays = one.acts() && !one.is_spared && (withheld & bit_of(one.found)) != 0;
        const auto same = std::ranges::find_if(
            rows, [&](const SourceRow& row) { return *row.place == place && row.is_withheld == stays; });
        SourceRow& row = same != rows.end() ? *same : rows.emplace_back(SourceRow{&place, stays, {}, 0});
        row.lines.emplace_back(source.first_line, source.last_line);
        row.characters += source.characters;
    }
    std::ranges::sort(rows, {}, [](const SourceRow& row) {
        return std::tuple(~row.characters, std::string_view(row.place->repository), std::string_view(row.place->path));
    });
}

std::string SourceRow::line_ranges() {
    std::ranges::sort(lines);
    std::string text;
    for (std::size_t i = 0; i < lines.size();) {
        auto [first, last] = lines[i];
        for (++i; i < lines.size() && lines[i].first <= last + 1; ++i) last = std::max(last, lines[i].second);
        text += (text.empty() ? "" : ",") + std::to_string(first) + "-" + std::to_string(last);
    }
    return text;
}

} // namespace sallyport::gateway
