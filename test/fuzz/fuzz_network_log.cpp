// Logs of a network as a stranger would write them, line by line, in each kind: a line that names a host names one that can be shown, with
// a source and a time, and the sums are those of the lines.
#include "endpoint/network_logs.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::endpoint;
    for (const LogKind kind : {LogKind::zeek, LogKind::squid, LogKind::dns}) {
        LogReader reader(kind, 1'795'860'000'000);
        LogTally tally({"*.allowed.example"}, {"10.0.0.9"}, "k");
        std::string_view text(reinterpret_cast<const char*>(data), size);
        std::uint64_t lines = 0, hosts = 0, counted = 0;
        while (!text.empty()) {
            const auto end = text.find('\n');
            LogLine line;
            const LineKind found = reader.read(text.substr(0, end), line);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            ++lines;
            if (found == LineKind::host) {
                ++hosts;
                if (line.host.empty() || line.source.empty() || line.at_ms < 0) std::abort();
                if (line.host.find_first_of("/@?# \t\"'<>\x1b") != std::string::npos) std::abort();
            }
            tally.add(found, line);
        }
        for (const auto& [host, row] : tally.hosts()) counted += row.contacts + row.asked + row.blocked;
        if (tally.lines != lines || counted + tally.allowed + tally.from_gateway + tally.unrelated != hosts)
            std::abort();
    }
    return 0;
}
