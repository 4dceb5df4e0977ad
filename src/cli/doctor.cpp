// sallyport doctor: what this machine gives for a boundary.
#include "cli/commands.h"
#include "cli/terminal.h"
#include "endpoint/tier.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

struct DoctorOptions {
    bool probes = false;
    bool json = false;
};

void print_json(const std::vector<sandbox::Probed>& probed, char tier) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("tier", tier == 0 ? std::string_view("C") : std::string_view(&tier, 1));
    writer.begin_array("probes");
    for (const auto& one : probed) {
        writer.begin_object();
        writer.member("name", std::string_view(one.probe.name));
        writer.member("way", std::string_view(one.probe.way));
        writer.member("verdict", std::string_view(sandbox::name_of(one.verdict)));
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    fmt::print("{}\n", out);
}

int doctor(const DoctorOptions& options) {
    const auto probed = endpoint::measure_tier();
    if (!probed) return complain(probed.error());
    const char tier = sandbox::tier_of(*probed);
    if (options.json) {
        print_json(*probed, tier);
        return tier == 'A' ? done : found_something;
    }
    for (const auto& one : *probed) {
        const bool holds = one.verdict == sandbox::Verdict::closed || one.verdict == sandbox::Verdict::not_here;
        if (options.probes || !holds)
            fmt::print("{}  {}  {}\n", ink(holds ? Ink::green : Ink::red, column(sandbox::name_of(one.verdict), 8)),
                       column(one.probe.name, 22), one.probe.way);
    }
    const auto open = std::ranges::count(*probed, sandbox::Verdict::open, &sandbox::Probed::verdict);
    fmt::print("boundary: tier {} ({} ways tried, {} open)\n", tier == 'A' ? "A" : "C", probed->size(), open);
    return tier == 'A' ? done : found_something;
}

} // namespace

void add_doctor(Command& app, int& exit_code) {
    static DoctorOptions options;
    Command command = app.command("doctor", "What this machine gives for a boundary, and what is missing");
    command.flag("--probes", options.probes, "Each way out that was tried");
    command.flag("--json", options.json, "Print an object");
    command.footer("Exit codes: 0 tier A, 1 something is open.\n\nExample:\n  sallyport doctor --probes\n");
    command.run([&exit_code] { exit_code = doctor(options); });
}

} // namespace sallyport::cli
