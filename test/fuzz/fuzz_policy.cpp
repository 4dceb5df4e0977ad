// policy.yaml as a stranger would write it: whatever the bytes are, loading ends with a policy or with mistakes that have a sentence,
// and a policy that loads decides and explains without a crash. The last lines of the input also serve as the facts.
#include "policy/decide.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace policy = sallyport::policy;

namespace {

// Takes the last line off the text.
std::string_view last_line(std::string_view& text) {
    const auto at = text.find_last_of('\n');
    const auto line = at == std::string_view::npos ? text : text.substr(at + 1);
    text = at == std::string_view::npos ? std::string_view{} : text.substr(0, at);
    return line;
}

void check(bool holds) {
    if (!holds) std::abort();
}

void judge(const policy::Policy& loaded, std::string_view text, std::size_t salt) {
    policy::Facts facts;
    facts.repository = last_line(text);
    facts.model = last_line(text);
    facts.client = last_line(text);
    facts.client_version = last_line(text);
    facts.team = last_line(text);
    const std::string_view plugins[] = {last_line(text)};
    if (salt % 3 == 0) facts.plugins = plugins;
    facts.evidence = static_cast<policy::Evidence>(salt % policy::evidence_count);
    facts.account = static_cast<policy::AccountKind>(salt / 4 % 2);
    facts.references = static_cast<std::uint32_t>(salt / 8 % 3 == 0 ? salt : 0);
    std::vector<std::uint16_t> candidates;
    for (std::uint16_t i = 0; i < loaded.upstreams().size(); ++i) candidates.push_back(i);
    const auto plan = policy::decide(loaded, facts, candidates);
    const bool refused = plan.decision == policy::Decision::refuse;
    const auto sentence = policy::sentence(loaded, facts, plan, candidates);
    check(refused == (plan.upstream_count == 0) && refused == !sentence.empty());
    check(sentence.size() <= policy::sentence_bytes_max);
    check(refused == !policy::smallest_change(loaded, facts, candidates).empty());
    check(policy::trace(loaded, facts, candidates).size() == loaded.rule_count());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto loaded = policy::load_text(text, "fuzz.yaml");
    check((loaded.policy == nullptr) == !loaded.mistakes.empty());
    for (const auto& mistake : loaded.mistakes) check(!mistake.sentence.empty());
    if (loaded.policy)
        for (std::size_t salt = size; salt < size + 24; ++salt) judge(*loaded.policy, text, salt);
    return 0;
}
