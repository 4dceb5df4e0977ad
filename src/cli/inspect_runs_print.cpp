// The runs over a client on a terminal: channels with their tables, echoes, receipts, switches, what was not covered.
#include "cli/inspect_print.h"
#include "cli/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::cli {

namespace {

constexpr std::size_t states_shown = 12, changes_shown = 4, places_shown = 3, kinds_shown = 6, open_shown = 12;
constexpr std::size_t bytes_shown = 60;

std::string changes_of(const lab::ChannelState& state) {
    std::string out;
    for (std::size_t i = 0; i < state.changes.size() && i < changes_shown; ++i)
        out += fmt::format("{}{} → {}", i == 0 ? "" : ", ",
                           shown(lab::with_code_points(state.changes[i].before), bytes_shown),
                           shown(lab::with_code_points(state.changes[i].after), bytes_shown));
    if (state.changes.size() > changes_shown) out += fmt::format(" and {} more", state.changes.size() - changes_shown);
    return out;
}

void print_channel(const lab::FoundChannel& one, const lab::Experiment& of, bool all) {
    const bool concealed = lab::is_concealed(one.nature);
    fmt::print("\n{}  {}\n", ink(concealed ? Ink::red : Ink::yellow, concealed ? "concealed channel" : "open change"),
               printable(one.sentence));
    fmt::print("    to {}, {}\n", one.host.empty() ? "nobody in particular" : printable(one.host),
               printable(one.places.front()));
    for (std::size_t i = 1; i < one.places.size() && (all || i <= places_shown); ++i)
        fmt::print("    also {}\n", printable(one.places[i]));
    for (std::size_t i = 0; i < one.states.size() && (all || i < states_shown); ++i) {
        const lab::ChannelState& state = one.states[i];
        fmt::print("    {:60} {}\n", printable(of.variations[state.variation].state),
                   ink(Ink::cyan, changes_of(state)));
        if (i == 0)
            fmt::print("      {}\n", ink(Ink::dim, shown("…" + lab::with_code_points(state.context) + "…", 200)));
    }
    const lab::ChannelState& first = one.states.front();
    fmt::print("    {}\n",
               ink(Ink::dim, fmt::format("in {} of {} runs of the first state and in none of {} baselines{}",
                                         first.runs, first.runs, first.baselines,
                                         first.chance > 0 ? fmt::format("; chance {:.1g}", first.chance) : "")));
}

void print_receipts(const lab::Experiment& of, bool all) {
    fmt::print("\n{}\n", ink(Ink::bold, fmt::format("receipts of {} runs", of.runs)));
    for (const auto& [name, one] : of.receipts.hosts()) {
        fmt::print("  {:36} {:>4} runs {:>6} requests {:>11} bytes\n", printable(name), one.runs, one.requests,
                   one.sent_bytes);
        std::size_t count = 0;
        for (const auto& [kind, sum] : one.kinds)
            if (all || ++count <= kinds_shown)
                fmt::print("    {:60} {:>6} times {:>11} bytes\n", shown(kind, 60), sum.requests, sum.bytes);
        for (const std::string& place : one.key_in)
            fmt::print("    {} {}\n", ink(Ink::red, "the gateway's key went there:"), printable(place));
        for (const std::string& place : one.model_calls)
            fmt::print("    {} {}\n", ink(Ink::red, "a model was asked past the gateway:"), printable(place));
        for (const std::string& place : one.gateway_in)
            fmt::print("    {} {}\n", ink(Ink::yellow, "the gateway's address went there:"), printable(place));
        for (const std::string& problem : one.problems) fmt::print("    {}\n", ink(Ink::dim, printable(problem)));
    }
}

void print_switches(const lab::Experiment& of) {
    if (of.switches.empty()) return;
    fmt::print("\n{}\n", ink(Ink::bold, "off-switches, measured"));
    for (const lab::MeasuredSwitch& one : of.switches) {
        fmt::print("  {}  ({})\n", one.name, one.source);
        for (const std::string& kind : one.stops) fmt::print("    stops   {}\n", printable(kind));
        for (const std::string& kind : one.remain) fmt::print("    remains {}\n", printable(kind));
        for (const std::string& kind : one.adds) fmt::print("    adds    {}\n", printable(kind));
        if (one.stops.empty()) fmt::print("    stops nothing that was sent in these runs\n");
    }
}

} // namespace

void print(const lab::Experiment& of, bool all) {
    fmt::print("{}\n", ink(of.found_something() ? Ink::red : Ink::bold, printable(of.verdict())));
    fmt::print("{} runs ({} baselines) in {:.0f} s; {} places compared, {} of them differ by themselves\n", of.runs,
               of.baselines, of.seconds, of.comparison.places, of.comparison.unstable);
    for (const std::string& one : of.problems) fmt::print("{}  {}\n", ink(Ink::yellow, "problem"), shown(one, 600));
    std::size_t open = 0;
    for (const lab::FoundChannel& one : of.channels)
        if (lab::is_concealed(one.nature) || all || ++open <= open_shown) print_channel(one, of, all);
    if (open > open_shown)
        fmt::print("\n{}\n", ink(Ink::dim, fmt::format("{} further open changes (--all)", open - open_shown)));
    std::map<std::string, std::set<std::string>> echoes;
    for (const lab::Difference& one : of.comparison.echoes)
        echoes[of.variations[one.variation].variable].insert(one.place);
    fmt::print("\n{}\n", ink(Ink::bold, "plainly told (the value itself is sent)"));
    for (const auto& [variable, places] : echoes) {
        std::size_t count = 0;
        for (const std::string& place : places)
            if (all || ++count <= places_shown) fmt::print("  {:34} {}\n", printable(variable), shown(place, 160));
        if (count > places_shown) fmt::print("  {:34} and {} further places\n", "", count - places_shown);
    }
    if (echoes.empty()) fmt::print("  none\n");
    print_receipts(of, all);
    print_switches(of);
    fmt::print("\n{}\n", ink(Ink::bold, "not covered"));
    for (const std::string& one : of.not_covered) fmt::print("  {}\n", printable(one));
    fmt::print("\nto repeat: sallyport inspect run {}\n", printable(of.command));
}

} // namespace sallyport::cli
