// `sallyport discover` in its parts: what it was asked, and how facts are shown.
#pragma once

#include "cli/commands.h"
#include "endpoint/judge_facts.h"

#include <string>
#include <vector>

namespace sallyport::cli {

struct FoundOptions {
    std::vector<std::string> homes, workspaces, gateways, allowed, banned, files;
    std::string root, policy, report, fleet, ledger, since, logs, rules, machines;
    bool json = false, sarif = false, all = false, show_sources = false, resolve = false;
};

// The facts as groups of lines.
void print_facts(const std::vector<endpoint::FoundFact>& facts, bool all);
std::string facts_json(const std::vector<endpoint::FoundFact>& facts, std::int64_t at_ms);
std::string facts_sarif(const std::vector<endpoint::FoundFact>& facts); // SARIF 2.1.0
// What a report says, whole, on standard error: before it is written.
void tell_report(const std::vector<endpoint::FoundFact>& facts, const std::string& machine, const std::string& file);

// Hosts and gateways as endpoint::Grounds wants them.
Result<endpoint::Grounds> grounds_of(const FoundOptions& options);

int discover_fleet(const FoundOptions& options);
int discover_logs(const FoundOptions& options);
int discover_rules(const FoundOptions& options);

} // namespace sallyport::cli
