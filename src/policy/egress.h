// The `egress` section of policy.yaml: which hosts a client may contact besides the gateway. The first rule that matches counts;
// what none matches is refused. Pure; a list of rules is immutable once read.
#pragma once

#include "base/network.h"
#include "policy/facts.h"
#include "policy/yaml.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::policy {

inline constexpr std::size_t egress_rules_max = 10'000;

enum class Contact : std::uint8_t { refuse, allow, intercept };
std::string_view name(Contact); // "refuse", …

struct EgressRule {
    std::string id;                   // "egress-3" where none is stated
    std::vector<std::string> hosts;   // lower case: a name, an address, "*.suffix" (never the suffix itself), or "*"
    std::vector<std::uint16_t> ports; // empty: any
    std::uint32_t classes = 0;        // bit i: class i
    std::vector<Network> addresses;   // that this rule permits although they are not public
    Contact act = Contact::refuse;
    std::string why; // one sentence, shown to the person
};

// `host` in lower case, without brackets; nullptr where no rule matches.
const EgressRule* contact_rule(std::span<const EgressRule> rules, Class cls, std::string_view host, std::uint16_t port);
// The same for a name alone, as DNS is asked: the first rule that matches it at any port and does not refuse, or else refuses it.
const EgressRule* name_rule(std::span<const EgressRule> rules, Class cls, std::string_view host);
// The hosts that some rule wants opened, as crypto::CertificateAuthority::make takes them; none where one of them is "*", which no
// authority can be limited to.
std::vector<std::string> intercepted_hosts(std::span<const EgressRule> rules, Class cls);
bool host_matches(std::string_view pattern, std::string_view host);

// A host name in lower case (RFC 1123, underscores too; no dot at the end, at most 253 characters), whose last label is no
// number: such a name is an odd form of an IPv4 address to some readers.
bool is_host_name(std::string_view text);

// The list under `egress`. Mistakes are told to the reader.
std::vector<EgressRule> read_egress(Reader& reader, Node list);
// Parts of a rule that grants have as well: a bit for each class, all where it is left out; one line of ASCII.
std::uint32_t read_classes(Reader& reader, Node node);
std::string read_why(Reader& reader, Node node);

} // namespace sallyport::policy
