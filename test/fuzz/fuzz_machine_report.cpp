// Reports of machines from a folder that anybody can write to: what is taken names the machine by its own key; what is not has a reason;
// a fleet counts each file once.
#include "endpoint/report_fleet.h"

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::endpoint;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto report = read_report(text);
    if (report && (!report->machine.starts_with("machine-") || report->at_ms < 0)) std::abort();
    if (!report && name(report.error()).empty()) std::abort();
    Fleet fleet(
        {.now_ms = 1'795'860'000'000, .gateways = {"gateway.example"}, .banned = {}, .since_ms = {}, .machines = {}});
    if (!fleet.add("a", text) || !fleet.add("b", text)) std::abort();
    const FleetView view = fleet.view();
    if (view.read != 2 ||
        view.taken + std::accumulate(view.left_out.begin(), view.left_out.end(), std::uint64_t{0}) != 2)
        std::abort();
    if (view.governed + view.around + view.not_known != view.seen) std::abort();
    return 0;
}
