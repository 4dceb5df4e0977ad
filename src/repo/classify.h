// Which class a repository should have, and why: what was seen in it, weighed. Pure: facts in, a proposal out. Nothing here decides: a
// person reads the reasons and takes the proposal into policy.yaml, or does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::repo {

// The policy's classes in their order, open to closed (policy::Class, which this folder does not know).
enum class ProposedClass : std::uint8_t { open_source, internal, customer, secret_bearing, trade_secret };

// Line 0: the file as a whole, or its path. `what` names a rule, a licence, a phrase or a customer, never the secret itself (law 8).
struct Sighting {
    std::string path;
    std::uint32_t line = 0;
    std::string what;
    bool operator==(const Sighting&) const = default;
};
inline constexpr std::size_t sightings_kept_max = 5; // the others are counted
struct Sightings {
    std::size_t count = 0;
    std::vector<Sighting> first;
    void add(std::string_view path, std::uint32_t line, std::string_view what) {
        ++count;
        if (first.size() < sightings_kept_max) first.push_back({std::string(path), line, std::string(what)});
    }
};

struct RepositoryFacts {
    std::string remote_host;                             // in lower case; empty: no remote; "local": a path
    std::size_t files = 0;                               // whose text was looked at
    std::size_t sources = 0;                             // of these, of a programming language
    Sightings open_licences, other_licences;             // files at the top
    Sightings open_identifiers, other_identifiers;       // SPDX-License-Identifier, one a file
    std::size_t sources_open = 0;                        // sources with an identifier of an open licence
    Sightings proprietary_notices, trade_secret_notices; // one a file
    Sightings sure_secrets, likely_secrets;              // of confidence high, medium
    Sightings customers;
};

// Licences, identifiers and notices of one file's text are added to the facts, and the file is counted.
void look_at_file(std::string_view path, std::string_view text, RepositoryFacts& facts);

struct Reason {
    ProposedClass at_least = ProposedClass::internal;
    std::string sentence;
    Sightings evidence;
};
struct Proposal {
    ProposedClass cls = ProposedClass::internal; // the strictest of the reasons'
    std::vector<Reason> reasons;                 // strictest first, never empty
};
// Open source only with an open licence everywhere and a remote that everybody can read; what nothing was found in is internal.
Proposal propose(const RepositoryFacts& facts);

// Whether the host is a forge at which everybody may have a public repository.
bool is_public_forge(std::string_view host);

} // namespace sallyport::repo
