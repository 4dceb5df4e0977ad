#include "endpoint/discover.h"

#include "endpoint/vendor_keys.h"

#include <algorithm>
#include <tuple>

namespace sallyport::endpoint {

namespace {

// A key without a known shape, where a name or a path repeats it.
std::string without_found_keys(const Look& look, std::string text) {
    for (const Secret& key : look.key_values)
        for (auto at = text.find(key.reveal()); at != std::string::npos; at = text.find(key.reveal(), at))
            text.replace(at, key.reveal().size(), "…");
    return text;
}

// Company settings come first in Claude Code: whatever else names an address is not obeyed.
void settle_addresses(std::vector<FoundFact>& facts) {
    const auto of_company = [](const FoundFact& fact) {
        return fact.kind == FactKind::base_url && fact.client == "claude-code" && fact.what == "ANTHROPIC_BASE_URL" &&
               fact.place.contains("/claude-code/managed-settings");
    };
    if (std::ranges::none_of(facts, of_company)) return;
    for (FoundFact& fact : facts)
        if (fact.kind == FactKind::base_url && fact.what == "ANTHROPIC_BASE_URL" && !of_company(fact))
            fact.effective = false;
}

} // namespace

std::vector<FoundFact> discover(const DiscoverOptions& options) {
    Look look{options, Tree(options.root, options.homes), crypto::Mac(options.digest_key), {}};
    for (const std::filesystem::path& workspace : options.workspaces)
        for (std::filesystem::path& folder : look.tree.folders_of(workspace))
            look.workspaces.push_back(std::move(folder));
    find_clients(look);
    find_launched(look);
    find_settings(look);
    find_environment(look);
    find_logins(look);
    find_transcripts(look);
    for (FoundFact& fact : look.tree.unread()) look.add(std::move(fact));
    // Whatever a name or a value brought along: no key in clear, no home of a person.
    for (FoundFact& fact : look.facts)
        for (std::string* text : {&fact.what, &fact.value, &fact.way, &fact.place, &fact.known_by})
            *text = look.tree.without_homes(without_found_keys(look, without_keys(*text)));
    settle_addresses(look.facts);
    const auto order = [](const FoundFact& fact) {
        return std::tie(fact.kind, fact.client, fact.place, fact.line, fact.what, fact.way, fact.value, fact.digest);
    };
    std::ranges::sort(look.facts, [&](const FoundFact& a, const FoundFact& b) { return order(a) < order(b); });
    return std::move(look.facts);
}

} // namespace sallyport::endpoint
