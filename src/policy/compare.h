// Two policies side by side: who gains what and who loses what, exactly, over everything that either of them can tell apart.
#pragma once

#include "policy/space.h"

#include <string>
#include <vector>

namespace sallyport::policy {

// One row: requests that are allowed to this upstream under one of the two policies and not under the other.
struct Change {
    bool gained = false; // allowed under the new one only
    Class before = Class::open_source;
    Class after = Class::open_source; // differs where the repository's class changes
    std::string upstream;
    std::vector<std::string> clients, teams; // names; "" among the teams is any that no rule names
    bool all_clients = false, all_teams = false;
    std::vector<std::string> rules; // of the policy that allows: some that do
    Sample sample;                  // one such request
};

struct Comparison {
    std::vector<Change> changes;
    std::string undecided; // why it is not known whether these are all
};

Comparison compare(const Document& before, const Document& after);

} // namespace sallyport::policy
