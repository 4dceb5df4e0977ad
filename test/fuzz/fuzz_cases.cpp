// Cases of `policy test` as a stranger would write them: reading ends with cases or with mistakes that have a sentence; what was read
// runs against the example policy without a crash, and each result agrees with itself.
#include "policy/cases.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace policy = sallyport::policy;

namespace {

constexpr std::string_view judged_by =
    "version: 1\nunknown_repository: internal\nclients: { codex: { versions: \">=1\" }, pi: {} }\n"
    "upstreams: { far: { vendor: v, hosting: vendor }, near: { vendor: self, hosting: own } }\n"
    "mode: warn\nrules:\n"
    "  - { id: open, when: { class: [open-source, internal] }, allow: { upstreams: \"*\" } }\n"
    "  - { id: small, when: { model: \"*-mini\", team: red }, refuse: true, mode: observe }\n"
    "invariants: [{ never: { class: trade-secret, hosting: vendor } }]\n";

void check(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const policy::Policy::Loaded loaded = policy::load_text(judged_by, "judged-by.yaml");
    check(loaded.policy != nullptr);
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto cases = policy::load_cases_text(text, "fuzz.yaml");
    for (const auto& mistake : cases.mistakes) check(!mistake.sentence.empty());
    if (!cases.mistakes.empty()) return 0;
    const auto run = policy::run(*loaded.policy, cases.cases);
    check(run.results.size() == cases.cases.cases.size() && run.failed <= run.results.size());
    check(run.rules_percent() >= 0 && run.rules_percent() <= 100 && run.conditions_percent() >= 0 &&
          run.conditions_percent() <= 100);
    for (const auto& result : run.results) check(!result.got.empty());
    return 0;
}
