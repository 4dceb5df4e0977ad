#include "gateway/run_told.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "json/document.h"
#include "policy/grants.h"

#include <algorithm>
#include <charconv>

namespace sallyport::gateway {

namespace {

constexpr std::size_t host_bytes_max = 255, grant_bytes_max = 64;
// Sums stay sums: nothing comes near it.
constexpr std::uint64_t figure_max = std::uint64_t{1} << 53;

std::unexpected<Error> bad(std::string_view what) {
    return fail(ErrorKind::invalid, "what is told of a run " + std::string(what), ErrorSource::client);
}

bool read_figure(const json::Document& document, json::NodeIndex node, std::uint64_t& into) {
    if (node == json::no_node || document[node].kind != json::Kind::number) return false;
    const std::string_view raw = document.raw_value(node);
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), into);
    return error == std::errc() && end == raw.data() + raw.size() && into <= figure_max;
}

bool read_host(const json::Document& document, json::NodeIndex node, RunTold::Host& into) {
    json::NodeIndex at = document[node].kind == json::Kind::array ? document.first_child(node) : json::no_node;
    if (at == json::no_node || document[at].kind != json::Kind::string) return false;
    std::string scratch;
    into.name = document.text(at, scratch);
    if (into.name.empty() || into.name.size() > host_bytes_max ||
        !std::ranges::all_of(into.name, [](char c) { return c > 0x20 && c < 0x7F; }))
        return false;
    ledger::NamedHost& figures = into.figures;
    for (std::uint64_t* one :
         {&figures.contacts, &figures.refused, &figures.names, &figures.sent_bytes, &figures.received_bytes}) {
        at = document.next_sibling(at);
        if (!read_figure(document, at, *one)) return false;
    }
    return document.next_sibling(at) == json::no_node;
}

bool read_grant(const json::Document& document, json::NodeIndex node, RunTold::Grant& into) {
    const json::NodeIndex id = document[node].kind == json::Kind::array ? document.first_child(node) : json::no_node;
    if (id == json::no_node || document[id].kind != json::Kind::string) return false;
    std::string scratch;
    into.id = document.text(id, scratch);
    const json::NodeIndex uses = document.next_sibling(id);
    return !into.id.empty() && into.id.size() <= grant_bytes_max &&
           std::ranges::all_of(into.id, [](char c) { return c > 0x20 && c < 0x7F; }) &&
           read_figure(document, uses, into.uses) && document.next_sibling(uses) == json::no_node;
}

} // namespace

Result<RunTold> read_run_told(std::string_view text) {
    if (text.size() > limits::run_told_bytes_max)
        return fail(ErrorKind::too_large, "what is told of a run is too long", ErrorSource::client);
    const Buffer raw(text);
    json::Document document;
    if (text.empty()) return bad("is empty");
    if (auto parsed = document.parse(raw.view()); !parsed) return std::unexpected(parsed.error());
    const auto exchanges = document.find_once(document.root(), "exchanges"),
               hosts = document.find_once(document.root(), "hosts"),
               grants = document.find_once(document.root(), "grants");
    RunTold out;
    if (!exchanges || !read_figure(document, *exchanges, out.exchanges)) return bad("has no number of exchanges");
    if (!hosts || *hosts == json::no_node || document[*hosts].kind != json::Kind::array)
        return bad("has no list of hosts");
    for (auto n = document.first_child(*hosts); n != json::no_node; n = document.next_sibling(n))
        if (!read_host(document, n, out.hosts.emplace_back()))
            return bad("has a host that is none, or without its five figures");
    if (!grants || (*grants != json::no_node && document[*grants].kind != json::Kind::array))
        return bad("has grants that are no list");
    if (*grants == json::no_node) return out;
    for (auto n = document.first_child(*grants); n != json::no_node; n = document.next_sibling(n)) {
        if (out.grants.size() == policy::grants_max) return bad("has more grants than a policy can have");
        if (!read_grant(document, n, out.grants.emplace_back())) return bad("has a grant that is none");
    }
    return out;
}

} // namespace sallyport::gateway
