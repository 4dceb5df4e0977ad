// One run of a coding client: inside the boundary, with the gateway as its only way out.
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "egress/receipts.h"
#include "endpoint/clients.h"
#include "http/client.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sallyport::endpoint {

struct LaunchOptions {
    const Client* client = nullptr; // null: any program
    std::filesystem::path program;  // of any program: as found
    std::vector<std::string> arguments;
    std::filesystem::path directory; // where it begins
    std::filesystem::path home;
    std::string path;              // PATH, of the person
    http::Origin gateway;          // without a host: there is none, and no way out at all
    Secret key;                    // of the company, for the gateway
    std::filesystem::path sign_in; // in place of a key: the file of one (sign_in.h)
    std::string model;
    bool despite_redirects = false;
    std::filesystem::path agent;          // socket of the person's ssh-agent (SSH_AUTH_SOCK); empty: there is none
    std::set<std::string> grants;         // of the policy, that the person wants: their ids
    std::vector<std::string> environment; // of the person, to go inside: NAME=value
    std::function<void(std::string_view)> progress; // of what takes more than a moment; may be empty
    std::function<void(std::string_view)>
        tell; // a sentence while the program runs; may be empty: its screen is its own
};

// What a run was, for its end.
struct Receipt {
    int exit_code = 0;
    std::string client, version; // as found
    std::string repository;      // its name; empty: none
    char tier = 'A';             // of the boundary
    std::string evidence;        // of the binding: "bound", or "claimed"; empty: there was no gateway
    std::uint64_t exchanges = 0, refused = 0, sent_bytes = 0, received_bytes = 0;
    std::string unreachable;                             // why the gateway could not be had, the last time
    std::string not_renewed;                             // why the binding could not be
    std::string untold;                                  // why the gateway could not be told what the run was
    std::string of_ledger;                               // what is unusual about the gateway's ledger: a sentence
    std::map<std::string, std::uint64_t> grants;         // that were used, and how often
    std::vector<std::string> changed;                    // guarded files that were replaced meanwhile, from outside
    std::vector<std::string> used;                       // of those, where the client took the moment: it was ended
    std::vector<std::string> not_granted;                // what ssh was told no to, and how it is granted: sentences
    std::vector<std::string> unreached;                  // what listened inside and nobody could reach: sentences
    std::map<std::string, egress::Receipts::Host> hosts; // whom the client contacted besides, or wanted to
    std::filesystem::path file;                          // with every contact of it
};

// Runs it to its end. Call it before this process has made a thread. Errors: the client is not there, the machine gives no boundary of
// tier A, the repository's files would send the client elsewhere, the gateway refuses it or cannot be had.
Result<Receipt> launch(const LaunchOptions& options);

// The folder with the repository that `directory` is in; `directory` itself where it is in none.
std::filesystem::path workspace_of(const std::filesystem::path& directory, const std::filesystem::path& home);

} // namespace sallyport::endpoint
