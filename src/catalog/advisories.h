// All advisories that are known, and for each client a list of its versions by which the one that covers a version is found: a part of
// the gateway's world. Immutable and shared by all threads after make().
#pragma once

#include "base/version.h"
#include "catalog/clients.h"
#include "catalog/osv.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::catalog {

// What covers a version of a client, in few words: views the Advisories.
struct Covering {
    std::string_view id, summary, fixed; // `fixed`: the first version that none covers and one names; empty: none
};

class Advisories {
public:
    Advisories() = default; // none
    // Of several with one id the one modified last counts. Errors: more than the limits of base/limits.h.
    static Result<std::shared_ptr<const Advisories>> make(std::vector<Advisory> all);

    // Does not allocate. Of a client whose version is not known (empty, or no version), the first that there is: what does not say
    // its version may be affected. Null: none.
    const Covering* covering(std::string_view client, std::string_view version) const;
    // Each that covers it, last modified first; withdrawn ones never do.
    std::vector<const Advisory*> all_covering(std::string_view client, std::string_view version) const;

    std::span<const Advisory> all() const { return all_; } // by id
    const Advisory* named(std::string_view id) const;      // or by an alias; nullptr
    const std::string& digest() const { return digest_; }  // of what they say

private:
    // Cell 0 is below all bounds, then point, space, point, … space.
    struct ClientCells {
        std::string_view client;
        std::vector<std::string> bounds; // versions in their order, each once
        std::vector<VersionKey> keys;    // of them
        std::vector<Covering> cells;     // an empty id: none
        const Covering* first = nullptr;
        std::size_t cell_of(std::string_view version) const;
        template <class Mark> void each_covered(const Affected& affected, Mark mark) const;
    };
    Result<void> compile(const Client& client, ClientCells& into) const;

    std::vector<Advisory> all_;
    std::vector<std::string> summaries_; // by index of all_: as a refusal shows them
    std::vector<ClientCells> clients_;
    std::string digest_ = "none";
};

} // namespace sallyport::catalog
