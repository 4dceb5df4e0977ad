#include "policy/egress.h"

#include "base/text.h"
#include "policy/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sallyport::policy {

namespace {

constexpr std::array<std::string_view, 3> contact_names = {"refuse", "allow", "intercept"};
constexpr std::size_t hosts_of_rule_max = 1'000;
constexpr std::size_t ports_of_rule_max = 100;
constexpr std::size_t why_bytes_max = 300;
constexpr std::uint32_t every_class = (1u << class_count) - 1;

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(
               label, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

// "127", "0x7f": what inet_aton takes for a number.
bool is_number(std::string_view label) {
    if (label.starts_with("0x"))
        return std::ranges::all_of(label.substr(2),
                                   [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    return std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

void read_host(Reader& reader, Node node, EgressRule& rule) {
    const auto text = reader.text(node, "a host");
    if (!text) return;
    const std::string host = to_lower(*text);
    const std::string_view name = host.starts_with("*.") ? std::string_view(host).substr(2) : std::string_view(host);
    if (const auto address = parse_ip_address(host)) {
        rule.hosts.push_back(address->text());
    } else if (host == "*" || is_host_name(name)) {
        rule.hosts.push_back(host);
    } else {
        reader.mistake(
            node,
            fmt::format("'{}' is no host: write a name (packages.acme.example), all below one (*.acme.example), or an "
                        "address; no scheme, port or path, and Unicode names as xn--…",
                        shown(*text)));
    }
}

void read_ports(Reader& reader, Node node, EgressRule& rule) {
    if (!node) {
        if (rule.act != Contact::refuse) rule.ports = {443};
        return;
    }
    if (node.is_scalar() && node.text() == "any") return;
    for (const Node item : reader.list(node, "ports"))
        if (const auto port = reader.integer(item, 1, 65'535, "a port"))
            rule.ports.push_back(static_cast<std::uint16_t>(*port));
    if (node.is_list() && node.size() == 0)
        reader.mistake(node, "an empty list matches no port; write 'any' for all of them");
    if (rule.ports.size() > ports_of_rule_max)
        reader.mistake(node,
                       fmt::format("{} ports; {} is the limit, write 'any'", rule.ports.size(), ports_of_rule_max));
}

EgressRule read_rule(Reader& reader, Node node, std::size_t number) {
    EgressRule rule;
    Fields fields(reader, node, "an egress rule");
    rule.id = reader.identifier(fields.take("id"), "an egress rule's id").value_or(fmt::format("egress-{}", number));
    const Node hosts = fields.require("hosts");
    for (const Node host : reader.list(hosts, "hosts")) read_host(reader, host, rule);
    if (hosts.is_list() && hosts.size() == 0)
        reader.mistake(hosts, "an empty list matches no host; write \"*\" for all of them");
    if (rule.hosts.size() > hosts_of_rule_max)
        reader.mistake(hosts,
                       fmt::format("{} hosts; {} is the limit, use *.suffix", rule.hosts.size(), hosts_of_rule_max));
    if (const auto act = reader.word(fields.require("do"), contact_names, "what an egress rule does"))
        rule.act = static_cast<Contact>(*act);
    read_ports(reader, fields.take("ports"), rule);
    rule.classes = read_classes(reader, fields.take("class"));
    const Node addresses = fields.take("addresses");
    for (const Node item : reader.list(addresses, "addresses")) {
        const auto text = reader.text(item, "an address");
        if (!text) continue;
        if (const auto network = parse_network(*text))
            rule.addresses.push_back(*network);
        else
            reader.mistake(item,
                           fmt::format("'{}' is no address or network, such as 10.1.2.3 or 10.1.0.0/16", shown(*text)));
    }
    if (addresses.is_list() && addresses.size() == 0)
        reader.mistake(addresses, "an empty list permits nothing; leave addresses out");
    if (addresses && rule.act == Contact::refuse)
        reader.mistake(addresses, "addresses are what a rule permits besides public ones; this one refuses");
    rule.why = read_why(reader, fields.require("why"));
    fields.finish();
    return rule;
}

} // namespace

std::uint32_t read_classes(Reader& reader, Node node) {
    if (!node) return every_class;
    std::uint32_t out = 0;
    for (const Node item : reader.list(node, "class"))
        if (const auto cls = reader.word(item, class_names, "class")) out |= 1u << *cls;
    if (node.is_list() && node.size() == 0)
        reader.mistake(node, "an empty list matches nothing; leave class out where all are meant");
    return out;
}

std::string read_why(Reader& reader, Node node) {
    std::string why = reader.text(node, "why").value_or("");
    if (why.size() > why_bytes_max || !std::ranges::all_of(why, [](char c) { return c >= 0x20 && c < 0x7F; }))
        reader.mistake(node, fmt::format("why is one line of plain ASCII, at most {} bytes: it goes into a header",
                                         why_bytes_max));
    return why;
}

std::string_view name(Contact act) { return contact_names[static_cast<std::size_t>(act)]; }

bool is_host_name(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    std::string_view rest = text, label;
    while (true) {
        const std::size_t dot = rest.find('.');
        label = rest.substr(0, dot);
        if (!is_label(label)) return false;
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    return !is_number(label);
}

bool host_matches(std::string_view pattern, std::string_view host) {
    if (pattern == "*") return true;
    if (!pattern.starts_with("*.")) return pattern == host;
    const std::string_view suffix = pattern.substr(1);
    return host.size() > suffix.size() && host.ends_with(suffix) && !parse_ip_address(host);
}

const EgressRule* contact_rule(std::span<const EgressRule> rules, Class cls, std::string_view host,
                               std::uint16_t port) {
    for (const EgressRule& rule : rules) {
        if ((rule.classes >> static_cast<unsigned>(cls) & 1) == 0) continue;
        if (!rule.ports.empty() && std::ranges::find(rule.ports, port) == rule.ports.end()) continue;
        if (std::ranges::any_of(rule.hosts, [&](const std::string& pattern) { return host_matches(pattern, host); }))
            return &rule;
    }
    return nullptr;
}

const EgressRule* name_rule(std::span<const EgressRule> rules, Class cls, std::string_view host) {
    for (const EgressRule& rule : rules) {
        if ((rule.classes >> static_cast<unsigned>(cls) & 1) == 0) continue;
        if (rule.act == Contact::refuse && !rule.ports.empty()) continue; // other ports of that host may be open
        if (std::ranges::any_of(rule.hosts, [&](const std::string& pattern) { return host_matches(pattern, host); }))
            return &rule;
    }
    return nullptr;
}

std::vector<std::string> intercepted_hosts(std::span<const EgressRule> rules, Class cls) {
    std::vector<std::string> hosts;
    for (const EgressRule& rule : rules) {
        if (rule.act != Contact::intercept || (rule.classes >> static_cast<unsigned>(cls) & 1) == 0) continue;
        for (const std::string& host : rule.hosts) {
            if (host == "*") return {};
            hosts.push_back(host);
        }
    }
    return hosts;
}

std::vector<EgressRule> read_egress(Reader& reader, Node list) {
    std::vector<EgressRule> rules;
    if (!list) return rules;
    if (!list.is_list()) {
        reader.mistake(list, "egress is a list of {hosts, do, why}");
        return rules;
    }
    if (list.size() > egress_rules_max)
        reader.mistake(list, fmt::format("{} egress rules; {} is the limit", list.size(), egress_rules_max));
    for (std::size_t i = 0; i < list.size() && !reader.full(); ++i) {
        rules.push_back(read_rule(reader, list.at(i), i + 1));
        const auto same = std::ranges::find(rules, rules.back().id, &EgressRule::id);
        if (same != rules.end() - 1)
            reader.mistake(list.at(i), fmt::format("a second egress rule has the id '{}'", rules.back().id));
    }
    return rules;
}

} // namespace sallyport::policy
