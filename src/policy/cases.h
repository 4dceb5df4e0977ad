// Cases for a policy, kept beside it and reviewed with it: what a request shall come to. docs/policy.md has the format.
//
// A run says for each case what was decided instead, and which rules and conditions no case shows: a rule is shown where it held,
// a condition where it alone kept its rule from holding.
#pragma once

#include "policy/decide.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::policy {

inline constexpr std::size_t cases_max = 10'000;
inline constexpr std::size_t case_texts_max = 64; // plugins, upstreams of one case

enum class Expectation : std::uint8_t { allow, refuse, warn, would_refuse, amend, withhold };
std::string_view name(Expectation);

struct Case {
    std::string title;
    Place place;
    // The request.
    std::string client, client_version, team, role, repository, model;
    std::string advisory; // the id of one that covers the client's version
    std::vector<std::string> paths;
    std::int64_t at_ms = 0; // 0: now
    std::vector<std::string> plugins;
    std::uint32_t findings = 0;            // by finding_bit()
    std::vector<std::string> also_claimed; // repositories beside `repository`
    std::vector<std::string> candidates;   // upstreams in the operator's order; empty: all, as the policy lists them
    Evidence evidence = Evidence::none;
    Tier tier = Tier::none;
    Class conversation_class = Class::open_source;
    Class key_max_class = Class::trade_secret;
    AccountKind account = AccountKind::company;
    std::uint32_t references = 0;
    bool generates = true;
    // What it shall come to; what is not stated is not compared.
    Expectation expect = Expectation::allow;
    std::optional<std::vector<std::string>> upstreams; // exactly these, in this order
    std::optional<std::string> rule;                   // that determined it
    std::optional<Class> cls;
    std::optional<std::string> sentence; // part of the refusal's or warning's sentence
};

struct Cases {
    std::string file;
    std::string policy = "policy.yaml"; // beside the file, unless absolute
    std::optional<std::int64_t> rules_percent_min, conditions_percent_min;
    std::vector<Case> cases;
};

struct LoadedCases {
    Cases cases;
    std::vector<Mistake> mistakes; // then the cases are not to be used
};
LoadedCases load_cases(const std::filesystem::path& file);
LoadedCases load_cases_text(std::string_view text, std::string_view name);

struct CaseResult {
    std::string got;                // "refuse by rule no-preview: …"
    std::vector<std::string> wrong; // what differs; empty: as it shall be
};

struct CasesRun {
    std::vector<CaseResult> results; // in the order of the cases
    std::vector<std::string> unshown_rules;
    std::vector<std::string> unshown_conditions; // "rule no-preview: model"
    std::size_t rules = 0, conditions = 0;
    std::size_t failed = 0;
    int rules_percent() const { return percent(unshown_rules.size(), rules); }
    int conditions_percent() const { return percent(unshown_conditions.size(), conditions); }

private:
    static int percent(std::size_t missing, std::size_t all) {
        return all == 0 ? 100 : static_cast<int>((all - missing) * 100 / all);
    }
};

CasesRun run(const Policy& policy, const Cases& cases);

} // namespace sallyport::policy
