// One rule against one request and one upstream, condition by condition, in words: what explanation and the person's sentence are
// made of. The same reading of the model as the compiled program (program.h), without its index; tests hold the two together.
#pragma once

#include "policy/model.h"

#include <string>
#include <vector>

namespace sallyport::policy {

enum class Conjunct : std::uint8_t {
    cls,
    evidence,
    client,
    client_version,
    team,
    account,
    model,
    upstream,
    references,
    plugin
};

struct Obstacle {
    Conjunct conjunct;
    std::string why; // "needs class open-source or internal, this is trade-secret"
};

// Each condition and allowance of the rule that does not hold; empty: the rule matches. `cls` is the effective class.
std::vector<Obstacle> obstacles(const Rule& rule, const Facts& facts, Class cls, const UpstreamFacts& upstream);

std::string any_of(Mask mask, std::span<const std::string_view> words); // "open-source or internal"
std::string any_of(const std::vector<std::string>& names, std::size_t most = 6);

} // namespace sallyport::policy
