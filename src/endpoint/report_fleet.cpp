#include "endpoint/report_fleet.h"

#include "crypto/crypto.h"
#include "endpoint/known_hosts.h"

#include <algorithm>

namespace sallyport::endpoint {

namespace {

constexpr std::size_t name_bytes_max = 100;

LeftOut of(Refusal refusal) {
    switch (refusal) {
    case Refusal::not_a_report: return LeftOut::not_a_report;
    case Refusal::foreign_format: return LeftOut::foreign_format;
    case Refusal::bad_signature: return LeftOut::bad_signature;
    case Refusal::damaged: return LeftOut::damaged;
    }
    return LeftOut::damaged;
}

} // namespace

std::string_view name(LeftOut why) {
    constexpr std::string_view names[left_out_kinds] = {
        "unreadable",   "not a report",    "foreign format", "bad signature", "damaged",
        "not enrolled", "from the future", "duplicate",      "superseded",    "contradicts"};
    return names[static_cast<std::size_t>(why)];
}

void Fleet::leave_out(const std::string& file, LeftOut why) {
    ++left_out_[static_cast<std::size_t>(why)];
    if (told_.size() < fleet_left_out_told_max) told_.emplace_back(file, why);
}

std::uint32_t Fleet::name_of(const std::string& client, const std::string& version) {
    const std::string name = client.substr(0, name_bytes_max), number = version.substr(0, name_bytes_max);
    const std::string key = name + '\n' + number;
    if (const auto found = index_.find(key); found != index_.end()) return found->second;
    if (names_.size() >= fleet_names_max) {
        names_cut_ = true;
        return name_of("(others)", "");
    }
    names_.emplace_back(name, number);
    return index_.emplace(key, static_cast<std::uint32_t>(names_.size() - 1)).first->second;
}

Result<void> Fleet::add(const std::string& file, const Result<std::string>& text) {
    if (read_ == 0) name_of("(others)", ""); // so that there is room for it
    ++read_;
    if (!text) {
        leave_out(file, LeftOut::unreadable);
        return {};
    }
    auto report = read_report(*text);
    if (!report) {
        leave_out(file, of(report.error()));
        return {};
    }
    if (options_.machines && !options_.machines->contains(report->machine)) {
        leave_out(file, LeftOut::not_enrolled);
        return {};
    }
    if (report->at_ms > options_.now_ms + report_ahead_ms_max) {
        leave_out(file, LeftOut::from_the_future);
        return {};
    }
    const std::string digest(crypto::bytes(crypto::sha256(*text)).substr(0, 16));
    if (!seen_reports_.insert(digest).second) {
        leave_out(file, LeftOut::duplicate);
        return {};
    }
    auto found = machines_.find(report->machine);
    if (found == machines_.end()) {
        if (machines_.size() >= fleet_machines_max)
            return fail(ErrorKind::too_large, "there are reports of more than " + std::to_string(fleet_machines_max) +
                                                  " machines; merge a part of them");
        found = machines_.try_emplace(report->machine).first;
        found->second.banned_seen_ms.assign(options_.banned.size(), -1);
        found->second.banned_now.assign(options_.banned.size(), false);
    }
    Machine& machine = found->second;

    if (!options_.gateways.empty())
        for (FoundFact& fact : report->facts) {
            if (fact.kind != FactKind::base_url || fact.what == "sallyport run") continue;
            fact.governed = is_gateway(options_.gateways, fact.value);
            fact.verdict = fact.governed                 ? Verdict::approved
                           : host_of(fact.value).empty() ? Verdict::unclear
                                                         : Verdict::not_approved;
        }
    std::vector<bool> banned_here(options_.banned.size(), false);
    for (const FoundFact& fact : report->facts)
        for (std::size_t i = 0; i < options_.banned.size(); ++i)
            if (fact.kind != FactKind::base_url && options_.banned[i].names(fact.what, fact.value))
                banned_here[i] = true;
    for (std::size_t i = 0; i < options_.banned.size(); ++i)
        if (banned_here[i]) machine.banned_seen_ms[i] = std::max(machine.banned_seen_ms[i], report->at_ms);

    if (report->at_ms < machine.at_ms) {
        leave_out(file, LeftOut::superseded);
        return {};
    }
    if (report->at_ms ==
        machine.at_ms) { // which of them is right cannot be known: one is chosen by itself, not by its file's name
        const bool stays = machine.digest < digest;
        leave_out(stays ? file : machine.file, LeftOut::contradicts);
        if (stays) return {};
    } else if (machine.at_ms >= 0) {
        leave_out(machine.file, LeftOut::superseded);
    }
    machine.at_ms = report->at_ms;
    machine.file = file;
    machine.digest = digest;
    machine.banned_now = banned_here;
    machine.has.clear();
    for (const FoundFact& fact : report->facts) {
        if (fact.kind == FactKind::base_url || machine.has.size() >= fleet_clients_of_machine_max) continue;
        const Has has{name_of(fact.what, fact.value), way_out_of(report->facts, fact.what), fact.verdict,
                      fact.kind == FactKind::tool};
        // The same version twice on a machine is one.
        if (std::ranges::none_of(machine.has,
                                 [&](const Has& one) { return one.name == has.name && one.is_tool == has.is_tool; }))
            machine.has.push_back(has);
    }
    return {};
}

FleetView Fleet::view() const {
    FleetView out;
    out.read = read_;
    out.left_out = left_out_;
    out.told = told_;
    std::ranges::sort(out.told);
    out.machines = out.taken = machines_.size();
    out.names_cut = names_cut_;
    for (const Banned& one : options_.banned) out.bans.push_back({one.text});
    std::map<std::tuple<bool, std::string, std::string>, FleetView::Client> clients;
    for (const auto& [id, machine] : machines_) {
        out.oldest_ms = out.oldest_ms < 0 ? machine.at_ms : std::min(out.oldest_ms, machine.at_ms);
        out.newest_ms = std::max(out.newest_ms, machine.at_ms);
        std::map<std::string, WayOut> ways; // each client once, in however many versions
        for (const Has& has : machine.has) {
            const auto& [name, version] = names_[has.name];
            FleetView::Client& row = clients[{has.is_tool, name, version}];
            row.name = name;
            row.version = version;
            row.is_tool = has.is_tool;
            ++row.machines;
            ++(has.verdict == Verdict::approved       ? row.approved
               : has.verdict == Verdict::not_approved ? row.not_approved
                                                      : row.unclear);
            if (has.is_tool) continue;
            ++(has.way == WayOut::through_gateway ? row.governed
               : has.way == WayOut::around        ? row.around
                                                  : row.not_known);
            ways[name] = has.way;
        }
        for (const auto& [name, way] : ways)
            ++(way == WayOut::through_gateway ? out.governed : way == WayOut::around ? out.around : out.not_known);
        out.seen += ways.size();
        if (!ways.empty()) ++out.with_clients;
        if (!ways.empty() &&
            std::ranges::all_of(ways, [](const auto& one) { return one.second == WayOut::through_gateway; }))
            ++out.all_governed;
        for (std::size_t i = 0; i < out.bans.size(); ++i) {
            FleetView::Ban& ban = out.bans[i];
            ban.last_seen_ms = std::max(ban.last_seen_ms, machine.banned_seen_ms[i]);
            if (machine.banned_now[i])
                ++ban.has_it;
            else if (machine.banned_seen_ms[i] >= 0)
                ++ban.gone_from;
        }
    }
    if (options_.machines)
        for (const std::string& id : *options_.machines)
            if (!machines_.contains(id)) ++out.enrolled_silent;
    for (FleetView::Ban& ban : out.bans) {
        const std::int64_t since = options_.since_ms.value_or(ban.last_seen_ms);
        for (const auto& [id, machine] : machines_)
            if (machine.at_ms < since) ++ban.silent;
        ban.silent += out.enrolled_silent;
    }
    for (auto& [key, row] : clients) out.clients.push_back(std::move(row));
    return out;
}

} // namespace sallyport::endpoint
