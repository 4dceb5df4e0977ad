// The runs over a client as part of the page: each channel with its table of states, then echoes, receipts, switches.
#include "cli/inspect_page.h"
#include "cli/inspect_print.h"
#include "cli/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::cli {

namespace {

constexpr std::size_t places_shown = 40, changes_shown = 8, text_bytes_max = 400, open_shown = 60;

std::string changes_of(const lab::ChannelState& state) {
    std::string out;
    for (std::size_t i = 0; i < state.changes.size() && i < changes_shown; ++i)
        out += fmt::format("{}<span class=\"name\">{}</span> becomes <b class=\"name\">{}</b>", i == 0 ? "" : "; ",
                           markup(shown(lab::with_code_points(state.changes[i].before), text_bytes_max)),
                           markup(shown(lab::with_code_points(state.changes[i].after), text_bytes_max)));
    if (state.changes.size() > changes_shown) out += fmt::format(" and {} more", state.changes.size() - changes_shown);
    return out;
}

void channel(const lab::FoundChannel& one, const lab::Experiment& of, std::string& out) {
    const bool concealed = lab::is_concealed(one.nature);
    out +=
        fmt::format("<details class=\"repo\"{}><summary><span class=\"tag\">{}</span> {}</summary><div class=\"file\">",
                    concealed ? " open" : "", concealed ? "concealed channel" : "open change", markup(one.sentence));
    out += fmt::format("<p>Sent to <span class=\"name\">{}</span>, in <span class=\"name\">{}</span>.</p>",
                       one.host.empty() ? "nobody in particular" : markup(one.host), markup(one.places.front()));
    if (concealed)
        out += fmt::format("<p>{} states are told apart: {:.1f} bits. Nature: {}. In the terminal it is {}.</p>",
                           one.distinct, one.bits(), lab::name_of(one.nature), one.visible ? "visible" : "not visible");
    out += "<table><tr><th>what was varied<th>to<th>which bytes change</tr>";
    for (const lab::ChannelState& state : one.states)
        out +=
            fmt::format("<tr><td>{}{}<td class=\"name\">{}<td>{}</tr>", markup(of.variations[state.variation].variable),
                        state.only_in_pair ? " <span class=\"tag\">only together</span>" : "",
                        markup(of.variations[state.variation].state), changes_of(state));
    const lab::ChannelState& first = one.states.front();
    out += fmt::format("</table><p>For example: <span class=\"name\">…{}…</span></p><p>Measured in {} of {} runs of "
                       "that state and in none of {} "
                       "baselines, before and after it.{}</p>",
                       markup(shown(lab::with_code_points(first.context), text_bytes_max)), first.runs, first.runs,
                       first.baselines,
                       first.chance > 0 ? fmt::format(" The chance that noise looks so is {:.1g}.", first.chance) : "");
    if (one.places.size() > 1) {
        out += fmt::format("<details><summary>{} further place{}</summary><ul>", one.places.size() - 1,
                           one.places.size() == 2 ? "" : "s");
        for (std::size_t i = 1; i < one.places.size() && i <= places_shown; ++i)
            out += "<li class=\"name\">" + markup(one.places[i]);
        out += "</ul></details>";
    }
    out += "</div></details>";
}

void echoes(const lab::Experiment& of, std::string& out) {
    std::map<std::string, std::set<std::string>> by;
    for (const lab::Difference& one : of.comparison.echoes) by[of.variations[one.variation].variable].insert(one.place);
    out += "<h2>Plainly told</h2><p>Here the value itself is sent, as anyone can read: no channel, but something that "
           "leaves.</p>";
    for (const auto& [variable, places] : by) {
        out += fmt::format("<details class=\"repo\"><summary>{} <span class=\"dim\">{} places</span></summary><ul>",
                           markup(variable), places.size());
        std::size_t count = 0;
        for (const std::string& place : places)
            if (++count <= places_shown) out += "<li class=\"name\">" + markup(place);
        out += "</ul></details>";
    }
    if (by.empty()) out += "<p>None.</p>";
}

void receipts(const lab::Experiment& of, std::string& out) {
    out += fmt::format(
        "<h2>Receipts</h2><p>Whom it contacted in {} runs. Nothing real was reached: all of it was answered here.</p>",
        of.runs);
    out += "<table><tr><th>host<th>runs<th>requests<th>bytes sent<th>what is wrong</tr>";
    for (const auto& [name, one] : of.receipts.hosts()) {
        std::string wrong;
        for (const std::string& place : one.key_in)
            wrong += "<p><b>the gateway's key went there</b>: " + markup(place) + "</p>";
        for (const std::string& place : one.model_calls)
            wrong += "<p><b>a model was asked past the gateway</b>: " + markup(place) + "</p>";
        for (const std::string& place : one.gateway_in)
            wrong += "<p>the gateway's address went there: " + markup(place) + "</p>";
        for (const std::string& problem : one.problems) wrong += "<p>" + markup(problem) + "</p>";
        out += fmt::format("<tr><td class=\"name\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td>{}</tr>",
                           markup(name), one.runs, one.requests, one.sent_bytes, wrong);
    }
    out += "</table><details class=\"repo\"><summary>Each kind of "
           "request</summary><table><tr><th>host<th>request<th>times<th>bytes</tr>";
    for (const auto& [name, one] : of.receipts.hosts())
        for (const auto& [kind, sum] : one.kinds)
            out +=
                fmt::format("<tr><td class=\"name\">{}<td class=\"name\">{}<td class=\"n\">{}<td class=\"n\">{}</tr>",
                            markup(name), markup(kind), sum.requests, sum.bytes);
    out += "</table></details>";
}

void switches(const lab::Experiment& of, std::string& out) {
    if (of.switches.empty()) return;
    out += "<h2>Off-switches, measured</h2><table><tr><th>switch<th>said by<th>stops<th>what still goes to others</tr>";
    const auto list = [&](const std::vector<std::string>& all) {
        std::string text;
        for (const std::string& one : all) text += "<p class=\"name\">" + markup(one) + "</p>";
        return text.empty() ? std::string("<p>nothing</p>") : text;
    };
    for (const lab::MeasuredSwitch& one : of.switches)
        out += fmt::format("<tr><td class=\"name\">{}<td>{}<td>{}<td>{}</tr>", markup(one.name), markup(one.source),
                           list(one.stops), list(one.remain));
    out += "</table>";
}

} // namespace

void runs_part(const lab::Experiment& of, std::string& out) {
    out += fmt::format("<ul "
                       "class=\"totals\"><li><b>{}</b>runs<li><b>{}</b>baselines<li><b>{}</b>variables<li><b>{}</"
                       "b>states<li><b>{}</b>places "
                       "compared</ul>",
                       of.runs, of.baselines, of.variables, of.variations.size(), of.comparison.places);
    for (const std::string& problem : of.problems)
        out += "<p><span class=\"tag\">problem</span> " + markup(problem) + "</p>";
    out += "<h2>Channels</h2><p>The client ran many times, with one thing about its machine changed each time; "
           "whatever then changed in what it "
           "sends is here. It counts once it was repeated, and gone when the change was taken back.</p>";
    if (of.channels.empty()) out += "<p>None.</p>";
    std::size_t open = 0;
    for (const lab::FoundChannel& one : of.channels)
        if (lab::is_concealed(one.nature) || ++open <= open_shown) channel(one, of, out);
    if (open > open_shown) out += fmt::format("<p>{} further open changes are in the JSON.</p>", open - open_shown);
    echoes(of, out);
    receipts(of, out);
    switches(of, out);
}

} // namespace sallyport::cli
