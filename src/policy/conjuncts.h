// One rule against one request and one upstream, condition by condition, in words: what explanation and the person's sentence are
// made of. The same reading of the model as the compiled program (program.h), without its index; tests hold the two together.
#pragma once

#include "policy/program.h"

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
    plugin,
    role,
    legal_entity,
    time,
    terms, // of the upstream, which every allow rule needs
    finding,
};
inline constexpr std::size_t conjunct_count = 15;

struct Obstacle {
    Conjunct conjunct;
    std::string why; // "needs class open-source or internal, this is trade-secret"
};

// Each condition and allowance of the rule that does not hold; empty: the rule matches. `cls` is the effective class.
std::vector<Obstacle> obstacles(const Program& program, const Rule& rule, const Facts& facts, Class cls,
                                const UpstreamFacts& upstream);

std::string entity_words(const Document& document, Entities entities); // "acme-gmbh", "not known"
// Why the upstream's terms do not permit it; empty where they do.
std::string terms_broken(const Document& document, const UpstreamFacts& upstream, Entities entities,
                         std::int64_t at_ms);

std::string finding_words(std::uint32_t findings);                      // "a secret (high), a marker (low)", "none"
std::string any_of(Mask mask, std::span<const std::string_view> words); // "open-source or internal"
std::string any_of(const std::vector<std::string>& names, std::size_t most = 6);

} // namespace sallyport::policy
