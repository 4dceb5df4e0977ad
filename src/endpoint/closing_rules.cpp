#include "endpoint/closing_rules.h"

#include "endpoint/known_hosts.h"
#include "policy/egress.h"

#include <algorithm>
#include <cctype>

namespace sallyport::endpoint {

namespace {

bool is_open(const ClosingOptions& options, std::string_view pattern) {
    const std::string_view name = pattern.starts_with("*.") ? pattern.substr(2) : pattern;
    return std::ranges::any_of(
        options.allowed, [&](const std::string& one) { return one == pattern || policy::host_matches(one, name); });
}

std::string list(const std::vector<std::string>& texts, std::string_view between) {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : std::string(between)) + text;
    return out;
}

// Hosts of services: closing them can break what has nothing to do with models, so that people choose.
template <class Each> void each_service(const ClosingOptions& options, const Each& each) {
    for (const KnownHost& one : known_hosts())
        if (one.kind == HostKind::service && !is_open(options, one.pattern)) each(one);
}

} // namespace

std::vector<std::string_view> closed_hosts(const ClosingOptions& options) {
    std::vector<std::string_view> out;
    for (const KnownHost& one : known_hosts())
        if ((one.kind == HostKind::vendor || one.kind == HostKind::third_party) && !is_open(options, one.pattern))
            out.push_back(one.pattern);
    return out;
}

std::string nftables_rules(const ClosingOptions& options) {
    std::string out = "# nftables: closes the direct ways to vendors of models. Load: nft -f FILE (as root, on the "
                      "router or the machine).\n"
                      "#\n"
                      "# A packet filter sees addresses, never names. So these rules do what addresses allow:\n"
                      "#  - QUIC (udp 443) and DNS over TLS (853) are rejected, so that names stay visible to the DNS "
                      "and proxy rules.\n";
    if (options.addresses.empty())
        out +=
            "#  - the vendors' hosts are NOT closed here: --resolve puts in the addresses that they have now. Prefer "
            "--rules dns and\n"
            "#    --rules squid, or let developers' machines reach nothing but the gateway (the lines at the end).\n";
    else
        out += "#  - the addresses that the vendors' hosts had on " + options.date + " are rejected.\n";
    out += "# What it cannot stop: hosts that share an address with others (content delivery networks: blocking one "
           "blocks all, and names\n"
           "# move to other addresses within minutes), DNS over HTTPS to a host that is not known, tunnels, and any "
           "third party.\n"
           "table inet sallyport {\n";
    std::vector<std::string> v4, v6;
    for (const std::string& address : options.addresses) (address.contains(':') ? v6 : v4).push_back(address);
    if (!v4.empty()) out += "    set vendors4 { type ipv4_addr; elements = { " + list(v4, ", ") + " } }\n";
    if (!v6.empty()) out += "    set vendors6 { type ipv6_addr; elements = { " + list(v6, ", ") + " } }\n";
    for (const char* hook : {"forward", "output"}) {
        out += std::string("    chain ") + hook + " {\n        type filter hook " + hook +
               " priority 0; policy accept;\n" +
               "        udp dport 443 reject\n        tcp dport 853 reject\n        udp dport 853 reject\n";
        if (!v4.empty()) out += "        ip daddr @vendors4 tcp dport { 80, 443 } reject with tcp reset\n";
        if (!v6.empty()) out += "        ip6 daddr @vendors6 tcp dport { 80, 443 } reject with tcp reset\n";
        out += "    }\n";
    }
    out += "}\n# The gateway's own machine needs its way out: load the rules elsewhere, or put before them\n"
           "#     meta skuid sallyport accept\n"
           "# Stronger, for a network of developers: nothing but the gateway" +
           (options.gateways.empty() ? std::string() : " (" + list(options.gateways, ", ") + ")") +
           ".\n#     ip saddr DEVELOPERS ip daddr != GATEWAY tcp dport { 80, 443 } reject with tcp reset\n";
    return out;
}

std::string dns_rules(const ClosingOptions& options) {
    std::string serial = options.date;
    std::erase(serial, '-');
    std::string out = "; DNS response policy zone (BIND: response-policy { zone \"rpz.sallyport\"; }; unbound: rpz: "
                      "name: rpz.sallyport).\n"
                      "; What it cannot stop: a client that knows an address already, or asks another resolver: DNS "
                      "over HTTPS to a host that\n"
                      "; is not listed, DNS over TLS (close 853), a hosts file; any third party that is not known; "
                      "regional names of Amazon\n"
                      "; Bedrock and Vertex AI that are not listed (a zone has wildcards only in front).\n"
                      "$TTL 300\n"
                      "@ IN SOA localhost. hostmaster.localhost. (" +
                      serial +
                      "01 3600 600 86400 300)\n  IN NS localhost.\n\n"
                      "; Firefox and others ask for this name: no answer means that they leave DNS over HTTPS off "
                      "(support.mozilla.org,\n"
                      "; \"canary domain\"). It does not bind whoever switched it on by hand.\n"
                      "use-application-dns.net CNAME .\n"
                      "; The best known resolvers over HTTPS.\n";
    for (const char* host :
         {"mozilla.cloudflare-dns.com", "cloudflare-dns.com", "one.one.one.one", "dns.google", "dns.quad9.net",
          "doh.opendns.com", "dns.nextdns.io", "doh.cleanbrowsing.org", "dns.adguard-dns.com"})
        out += std::string(host) + " CNAME .\n";
    out += "\n; Stays open.\n";
    for (const std::string& gateway : options.gateways)
        if (const std::string host = host_of(gateway); policy::is_host_name(host))
            out += host + " CNAME rpz-passthru.\n";
    for (const std::string& host : options.allowed) out += host + " CNAME rpz-passthru.\n";
    out += "\n; Vendors and third parties.\n";
    for (const std::string_view host : closed_hosts(options)) out += std::string(host) + " CNAME .\n";
    out +=
        "\n; Other hosts of vendors and clients (telemetry, sign-in, updates): other programs may need them; choose.\n";
    each_service(options, [&](const KnownHost& one) {
        out += "; " + std::string(one.pattern) + " CNAME .   ; " + std::string(one.whose) + "\n";
    });
    return out;
}

std::string pac_rules(const ClosingOptions& options) {
    std::string out = "// PAC: closes the direct ways to vendors of models for what obeys a proxy configuration.\n"
                      "// What it cannot stop: command lines and coding clients do not read PAC files at all; a "
                      "browser profile without it; any\n"
                      "// third party that is not known. Use it beside DNS or a proxy that is the only way out.\n"
                      "function FindProxyForURL(url, host) {\n"
                      "    host = host.toLowerCase();\n"
                      "    var open = [";
    std::string names;
    const auto add = [&](std::string_view host) {
        names += (names.empty() ? "" : ", ") + ("\"" + std::string(host) + "\"");
    };
    for (const std::string& gateway : options.gateways) add(host_of(gateway));
    for (const std::string& host : options.allowed) add(host);
    out += names + "];\n    var closed = [\n";
    const auto closed = closed_hosts(options);
    for (std::size_t i = 0; i < closed.size(); ++i)
        out += "        \"" + std::string(closed[i]) + (i + 1 < closed.size() ? "\",\n" : "\"\n");
    out += "    ];\n"
           "    for (var i = 0; i < open.length; i++) if (shExpMatch(host, open[i])) return \"DIRECT\";\n"
           "    for (var j = 0; j < closed.length; j++) if (shExpMatch(host, closed[j])) return \"PROXY 127.0.0.1:9\"; "
           "// nobody listens there\n"
           "    if (shExpMatch(host, \"bedrock-runtime.*.amazonaws.com\") || shExpMatch(host, "
           "\"*-aiplatform.googleapis.com\"))\n"
           "        return \"PROXY 127.0.0.1:9\";\n"
           "    return \"DIRECT\";\n"
           "}\n";
    return out;
}

std::string squid_rules(const ClosingOptions& options) {
    std::string out =
        "# Squid: closes the direct ways to vendors of models. Include it in squid.conf before the lines that allow.\n"
        "# What it cannot stop: whoever does not go through this proxy (close 80, 443 and udp 443 to the outside for "
        "all but it), a\n"
        "# CONNECT to an address instead of a name (the last line), a name in CONNECT that is not the one in TLS (peek "
        "with\n"
        "# ssl_bump and match ssl::server_name to see that), and any third party that is not known.\n";
    // ".x" is x and all below it; Squid refuses a list in which one entry is below another.
    std::vector<std::string> names;
    for (const std::string_view host : closed_hosts(options))
        names.emplace_back(host.starts_with("*.") ? host.substr(1) : host);
    std::erase_if(names, [&](const std::string& name) {
        return std::ranges::any_of(names, [&](const std::string& other) {
            return other != name && other.starts_with('.') && (name == other.substr(1) || name.ends_with(other));
        });
    });
    // Nothing is allowed here: that is for the lines behind these, which know who may use this proxy.
    std::vector<std::string> open = options.allowed;
    for (const std::string& gateway : options.gateways) open.push_back(host_of(gateway));
    for (std::string& host : open)
        out += "acl sallyport_open dstdomain " + (host.starts_with("*.") ? host.substr(1) : host) + "\n";
    const std::string unless = open.empty() ? "" : " !sallyport_open";
    for (const std::string& name : names) out += "acl sallyport_closed dstdomain " + name + "\n";
    out += "acl sallyport_closed_regions dstdom_regex -i ^bedrock-runtime\\.[a-z0-9-]+\\.amazonaws\\.com$\n"
           "acl sallyport_closed_regions dstdom_regex -i ^[a-z0-9-]+-aiplatform\\.googleapis\\.com$\n"
           "acl sallyport_addresses dstdom_regex ^[0-9.]+$ ^\\[?[0-9a-f:]+:[0-9a-f:.]*\\]?$\n"
           "acl sallyport_connect method CONNECT\n"
           "http_access deny sallyport_closed" +
           unless + "\nhttp_access deny sallyport_closed_regions" + unless +
           "\nhttp_access deny sallyport_connect sallyport_addresses" + unless + "\n";
    return out;
}

} // namespace sallyport::endpoint
