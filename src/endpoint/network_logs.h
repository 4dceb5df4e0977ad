// Logs of a network, line by line: which host was contacted or asked for, by whom, when. Zeek (TSV and JSON: ssl, http, dns, quic, conn),
// Squid's access.log (native and common), query logs of dnsmasq, unbound and BIND. Untrusted text: no line can do more than be damaged.
#pragma once

#include "endpoint/known_hosts.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sallyport::endpoint {

enum class LogKind : std::uint8_t { zeek, squid, dns };
std::optional<LogKind> log_kind(std::string_view name);

struct LogLine {
    std::string host;        // in lower case, without port and last dot
    std::string source;      // as it stands there
    std::int64_t at_ms = -1; // -1: the line does not say
    bool blocked = false;    // the proxy refused it
    bool asked = false;      // a name was asked for, no more
};
enum class LineKind : std::uint8_t { host, nothing, addresses_only, damaged };

class LogReader {
public:
    // `now_ms`: for dates without a year.
    LogReader(LogKind kind, std::int64_t now_ms) : kind_(kind), now_ms_(now_ms) {}
    LineKind read(std::string_view line, LogLine& out);

private:
    LineKind zeek_header(std::string_view line);
    LineKind zeek_row(std::string_view line, LogLine& out) const;
    LineKind zeek_json(std::string_view line, LogLine& out) const;
    LineKind squid(std::string_view line, LogLine& out) const;
    LineKind dns(std::string_view line, LogLine& out) const;

    LogKind kind_;
    std::int64_t now_ms_;
    char separator_ = '\t';
    std::string path_, unset_ = "-";
    std::vector<std::string> fields_;
};

inline constexpr std::size_t log_hosts_max = 10'000;
inline constexpr std::size_t log_sources_max = 10'000; // of one host; beyond that there are "at least" so many

struct HostRow {
    HostKind kind = HostKind::other;
    const KnownHost* known = nullptr;
    std::uint64_t contacts = 0, asked = 0, blocked = 0;
    std::int64_t first_ms = -1, last_ms = -1;
    std::set<std::string> sources; // as they are shown
    bool more_sources = false;
};

// Sums what concerns vendors and third parties; all else is only counted.
class LogTally {
public:
    // `allowed`: hosts that are approved; `gateways`: sources that are the gateway; `pseudonym_key` empty: sources as they are.
    LogTally(std::vector<std::string> allowed, const std::vector<std::string>& gateways, std::string pseudonym_key);
    void add(LineKind kind, const LogLine& line);

    const std::map<std::string, HostRow>& hosts() const { return hosts_; }
    std::uint64_t lines = 0, damaged = 0, addresses_only = 0, allowed = 0, from_gateway = 0, unrelated = 0, beyond = 0;

private:
    std::vector<std::string> allowed_, gateways_;
    std::string key_;
    std::map<std::string, HostRow> hosts_;
};

} // namespace sallyport::endpoint
