// network_logs.h: what logs come to.
#include "base/encoding.h"
#include "crypto/crypto.h"
#include "endpoint/network_logs.h"
#include "policy/egress.h"

#include <algorithm>

namespace sallyport::endpoint {

LogTally::LogTally(std::vector<std::string> allowed_hosts, const std::vector<std::string>& gateways,
                   std::string pseudonym_key)
    : allowed_(std::move(allowed_hosts)), key_(std::move(pseudonym_key)) {
    for (const std::string& one : gateways) gateways_.push_back(host_of(one));
}

void LogTally::add(LineKind kind, const LogLine& line) {
    ++lines;
    if (kind == LineKind::damaged) ++damaged;
    if (kind == LineKind::addresses_only) ++addresses_only;
    if (kind != LineKind::host) return;
    const HostKind host_kind = kind_of_host(line.host);
    if (host_kind == HostKind::local || host_kind == HostKind::other) {
        ++unrelated;
        return;
    }
    if (std::ranges::any_of(allowed_, [&](const std::string& one) { return policy::host_matches(one, line.host); })) {
        ++allowed;
        return;
    }
    if (std::ranges::find(gateways_, line.source) != gateways_.end()) {
        ++from_gateway;
        return;
    }
    auto found = hosts_.find(line.host);
    if (found == hosts_.end()) {
        const KnownHost* known = known_host(line.host);
        // Names below a pattern can be made at will: beyond the limit they are counted under the pattern.
        const std::string name =
            hosts_.size() < log_hosts_max || known == nullptr ? line.host : std::string(known->pattern);
        if (hosts_.size() >= log_hosts_max) ++beyond;
        if (hosts_.size() >= 2 * log_hosts_max) return;
        found = hosts_.try_emplace(name).first;
        found->second.kind = host_kind;
        found->second.known = known;
    }
    HostRow& row = found->second;
    ++(line.blocked ? row.blocked : line.asked ? row.asked : row.contacts);
    row.first_ms = row.first_ms < 0 ? line.at_ms : std::min(row.first_ms, line.at_ms);
    row.last_ms = std::max(row.last_ms, line.at_ms);
    std::string source =
        key_.empty() ? line.source : "s_" + to_hex(crypto::bytes(crypto::sha256(key_, line.source)).substr(0, 8));
    if (row.sources.size() < log_sources_max)
        row.sources.insert(std::move(source));
    else if (!row.sources.contains(source))
        row.more_sources = true;
}

} // namespace sallyport::endpoint
