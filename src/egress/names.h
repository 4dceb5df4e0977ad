// DNS inside a boundary: answers questions itself and asks nobody, so that a name is no way out. A name that the rules refuse does not exist; one
// they allow gets an address of our own, stable for the run, which the owner may listen on or look up again. Every name asked goes into
// the receipts: data smuggled out in labels is seen there. (RFC 1035, read strictly: one question, no compression in it.)
#pragma once

#include "base/network.h"
#include "egress/receipts.h"
#include "policy/egress.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::egress {

// A question as it came. Views nothing.
struct NameQuestion {
    std::uint16_t id = 0;
    bool recursion_desired = false;
    std::string name; // lower case, without the dot at its end
    std::uint16_t type = 0, cls = 0;
    std::size_t question_bytes = 0; // of the question section
};
// Errors (invalid, source client): not a query with one question that is whole, a label with other characters than host names have,
// anything behind it but an EDNS record.
Result<NameQuestion> parse_question(std::string_view datagram);

class NameAnswerer {
public:
    // `rules` live as long as this. `fixed`: names that exist whatever the rules say (the gateway's), with their addresses.
    NameAnswerer(std::span<const policy::EgressRule> rules, policy::Class cls, std::map<std::string, IpAddress> fixed,
                 Receipts& receipts)
        : rules_(rules), class_(cls), fixed_(std::move(fixed)), receipts_(receipts) {}

    // The answer to one datagram; empty: none is due (it was no query). A: the address; AAAA and others of a name that exists: no data.
    std::string answer(std::string_view datagram);
    // The name that an address of ours stands for; empty: none.
    std::string name_of(const IpAddress& address) const;

private:
    std::optional<IpAddress> address_of(const std::string& name, Contact& contact);
    std::span<const policy::EgressRule> rules_;
    policy::Class class_;
    std::map<std::string, IpAddress> fixed_;
    Receipts& receipts_;
    std::map<std::string, std::uint32_t> given_; // 198.18.0.0/15 (RFC 2544): never routed
    std::vector<std::string> names_;             // by their number
};

} // namespace sallyport::egress
