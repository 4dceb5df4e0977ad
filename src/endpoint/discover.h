// `sallyport discover`: what there is of coding assistants on a machine. Nothing is run, nothing is changed, nothing is sent; every place
// is read as a stranger's. Start here: discover() is the list of its steps, each a file of its own.
#pragma once

#include "base/secret.h"
#include "crypto/crypto.h"
#include "endpoint/facts_found.h"
#include "endpoint/tree.h"

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::endpoint {

struct DiscoverOptions {
    std::filesystem::path root = "/";
    std::vector<std::filesystem::path> homes;
    std::vector<std::filesystem::path> workspaces;
    std::vector<std::pair<std::string, std::string>> environment; // of the caller; empty for a prepared tree
    Secret digest_key;                                            // 32 bytes: keys of vendors are named under it
    std::int64_t now_ms = 0;                                      // how long ago something was used
    bool digests = true;                                          // of programs, which costs reading them
    std::function<void(std::uint64_t bytes)> progress;            // of programs that are read
};

// What the steps share.
struct Look {
    const DiscoverOptions& options;
    Tree tree;
    crypto::Mac mac;
    std::vector<std::filesystem::path> workspaces; // with the folders in them
    std::vector<FoundFact> facts{};
    std::set<std::string> seen_keys{}; // "k_…@place:line", so that each is told once
    std::vector<Secret> key_values{};  // without a known shape, that no fact may hold, wherever it got it from

    FoundFact& add(FoundFact fact) { return facts.emplace_back(std::move(fact)); }
};

void find_clients(Look& look);     // find_clients.cpp: clients, tools, parts in editors
void find_launched(Look& look);    // find_launched.cpp: clients that `sallyport run` started
void find_settings(Look& look);    // find_settings.cpp: settings files of clients and editors
void find_environment(Look& look); // find_environment.cpp: the caller's environment, shell start files, .env files
void find_logins(Look& look);      // find_logins.cpp: sign-ins, by their files
void find_transcripts(Look& look); // find_transcripts.cpp

// The text of a file, for keys in it; `sign_ins`: those of clients count too.
void find_keys(Look& look, std::string_view text, const std::string& place, const std::string& client, bool sign_ins);
// A value given to a setting for keys whose shape is nobody's.
void add_key(Look& look, std::string_view kind, std::string_view value, const std::string& place, std::size_t line,
             const std::string& client, std::string known_by);

// In the order of kinds, then of places.
std::vector<FoundFact> discover(const DiscoverOptions& options);

} // namespace sallyport::endpoint
