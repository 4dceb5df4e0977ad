#include "lab/run_receipts.h"

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "dialect/dialect.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::lab {

namespace {

// The forms in which a text would be sent on; a digest of it counts as a mention of the gateway too.
std::vector<std::string> forms(std::string_view text, bool digests) {
    std::vector<std::string> out = {std::string(text), to_base64(text), to_base64url(text)};
    // Base64 of a longer text that begins with it: without the characters that depend on what follows.
    if (const std::string part = to_base64(text.substr(0, text.size() / 3 * 3)); part.size() >= 12) out.push_back(part);
    if (digests) out.push_back(to_hex(crypto::bytes(crypto::sha256(text))).substr(0, 12));
    return out;
}

void search(const SentRequest& request, const std::string& kind, const std::vector<std::string>& wanted,
            std::set<std::string>& into) {
    const auto holds = [&](std::string_view text) {
        return std::ranges::any_of(wanted, [&](const std::string& one) { return text.contains(one); });
    };
    if (holds(request.target)) into.insert(kind + ", its address");
    for (const auto& [name, value] : request.fields)
        if (holds(value)) into.insert(fmt::format("{}, header {}", kind, to_lower(name)));
    if (holds(request.body)) into.insert(kind + ", its body");
}

} // namespace

void RunReceipts::add(const Recording& recording, const Matched& matched, const Conditions& conditions) {
    ++runs_;
    const std::string gateway = host_of(conditions.base);
    const std::vector<std::string> key = forms(conditions.key, false);
    std::vector<std::string> address = forms(gateway, true);
    address.push_back(to_hex(crypto::bytes(crypto::sha256(conditions.base))).substr(0, 12));
    // What stands everywhere names nobody.
    const bool telling = gateway != "localhost" && gateway != "127.0.0.1" && !gateway.ends_with("anthropic.com") &&
                         !gateway.ends_with("openai.com");
    std::set<std::string> hosts, kinds;
    for (const SentRequest& one : matched.requests) {
        const std::string host = is_gateway(one.host, conditions) ? "gateway" : one.host;
        const std::string kind = fmt::format("{} {}", one.method, path_form(one.path));
        HostReceipt& receipt = hosts_[host];
        if (hosts.insert(host).second) ++receipt.runs;
        ++receipt.requests;
        receipt.sent_bytes += one.bytes;
        KindReceipt& of = receipt.kinds[kind];
        ++of.requests;
        of.bytes += one.bytes;
        if (kinds.insert(host + " " + kind).second) ++of.runs;
        if (host == "gateway") continue;
        const bool is_usual = conditions.key == Conditions().key;
        search(one, is_usual ? kind : kind + " (a key of the vendor's form)", key, receipt.key_in);
        if (telling) search(one, kind, address, receipt.gateway_in);
        const auto endpoint = dialect::match_endpoint(one.method, one.path);
        if (endpoint && endpoint->operation == dialect::Operation::generate) receipt.model_calls.insert(kind);
    }
    for (const RecordedConnection& one : recording.connections) {
        const std::string host = is_gateway(one.host, conditions) ? "gateway" : one.host;
        HostReceipt& receipt = hosts_[host];
        if (hosts.insert(host).second) ++receipt.runs;
        receipt.received_bytes += one.received;
        if (!one.problem.empty() && one.sent.empty()) receipt.problems.insert(one.problem);
    }
    const std::vector<std::string> here = {conditions.host_name, "localhost", gateway};
    for (const RecordedName& one : recording.names) {
        if (one.name.empty() || std::ranges::find(here, one.name) != here.end()) continue;
        if (hosts.insert(one.name).second) ++hosts_[one.name].runs; // asked for, never contacted
    }
}

bool RunReceipts::leaks_key() const {
    return std::ranges::any_of(hosts_, [](const auto& one) { return !one.second.key_in.empty(); });
}

std::set<std::string> kinds_of(const Matched& matched, const Conditions& conditions) {
    std::set<std::string> out;
    for (const SentRequest& one : matched.requests)
        out.insert(fmt::format("{} {} {}", one.method, is_gateway(one.host, conditions) ? "gateway" : one.host,
                               path_form(one.path)));
    return out;
}

MeasuredSwitch measured(std::span<const std::set<std::string>> without, std::span<const std::set<std::string>> with) {
    MeasuredSwitch out;
    out.runs = with.size();
    std::set<std::string> ever, always, on;
    for (const auto& one : without) ever.insert(one.begin(), one.end());
    for (const std::string& kind : ever)
        if (std::ranges::all_of(without, [&](const auto& one) { return one.contains(kind); })) always.insert(kind);
    for (const auto& one : with) on.insert(one.begin(), one.end());
    for (const std::string& kind : always)
        if (!on.contains(kind)) out.stops.push_back(kind);
    for (const std::string& kind : on) {
        if (!kind.contains(" gateway ")) out.remain.push_back(kind);
        if (!ever.contains(kind)) out.adds.push_back(kind);
    }
    return out;
}

} // namespace sallyport::lab
