// Evaluations as a stranger would ask for them, one and several: an answer in JSON with a decision for each, the same one each time,
// or an error that has a sentence. What is allowed has an upstream, what is refused a reason.
#include "base/buffer.h"
#include "gateway/authzen.h"
#include "json/document.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace gateway = sallyport::gateway;
namespace json = sallyport::json;
namespace policy = sallyport::policy;

namespace {

constexpr std::string_view rules = R"(
version: 1
claims_lower_to: internal
repositories:
  - { match: "h/open/**", class: open-source }
  - { match: "h/mono", class: internal, paths: { "core/**": trade-secret, "docs/**": open-source } }
  - { match: "h/**", class: internal }
clients: { codex: { versions: ">=1.2" }, pi: {}, unknown: {} }
upstreams:
  far: { vendor: v, hosting: vendor, region: eu, contract: { name: c, from: 2026-01-01, until: 2027-01-01 } }
  near: { vendor: self, hosting: own }
plugins: { jira: { classes: [open-source, internal], url: "https://jira.example/**" } }
teams: { web: { mode: warn } }
rules:
  - { id: open, when: { class: [open-source, internal] }, allow: { upstreams: [far, near], references: [url, file] } }
  - { id: night, when: { hours: "22:00-06:00", role: [editor] }, refuse: "Not at night." }
  - { id: closed, when: { class: trade-secret, evidence: [bound, observed] }, allow: { upstreams: near, models: "own-*" } }
  - { id: own, when: { account: personal }, allow: { upstreams: far, accounts: personal } }
)";

void require(bool holds) {
    if (!holds) std::abort();
}

bool is_true(const json::Document& document, json::NodeIndex node) { return document.raw_value(node) == "true"; }

void check_decision(const json::Document& document, json::NodeIndex one) {
    const auto decision = document.find_once(one, "decision"), context = document.find_once(one, "context");
    require(decision && *decision != json::no_node && document[*decision].kind == json::Kind::boolean);
    require(context && *context != json::no_node);
    const auto upstreams = document.find(*context, "upstreams");
    require(upstreams != json::no_node);
    const bool allowed = is_true(document, *decision);
    require(allowed == (document.first_child(upstreams) != json::no_node));
    if (!allowed) require(document.find(*context, "reason_user") != json::no_node);
}

void check(const policy::Policy& policy, std::string_view body, bool several) {
    constexpr std::int64_t at_ms = 1'795'000'000'000;
    const auto answer = gateway::evaluate(policy, body, several, at_ms);
    const auto again = gateway::evaluate(policy, body, several, at_ms);
    require(answer.has_value() == again.has_value());
    if (!answer) return require(!answer.error().message.empty());
    require(*answer == *again);
    const sallyport::Buffer padded(*answer);
    json::Document document;
    require(document.parse(padded.view()).has_value());
    const auto list = document.find(document.root(), "evaluations");
    if (list == json::no_node) return check_decision(document, document.root());
    require(several);
    std::size_t count = 0;
    for (auto one = document.first_child(list); one != json::no_node; one = document.next_sibling(one), ++count)
        check_decision(document, one);
    require(count > 0 && count <= gateway::evaluations_max);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto loaded = policy::load_text(std::string(rules), "fuzz.yaml");
    require(loaded.policy != nullptr);
    sallyport::Buffer padded(std::string_view(reinterpret_cast<const char*>(data), size));
    padded.reserve(1); // an empty one has its padding too
    check(*loaded.policy, padded.view(), false);
    check(*loaded.policy, padded.view(), true);
    return 0;
}
