#include "handover/inventory.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "crypto/crypto.h"
#include "handover/event.h"
#include "handover/members.h"

#include <algorithm>

namespace sallyport::handover {

namespace {

using json::Writer;

template <class Key>
void see(std::map<Key, Sighting>& rows, Key key, std::uint64_t index, std::int64_t at_ms, std::uint64_t& left_out) {
    const auto known = rows.find(key);
    if (known == rows.end() && rows.size() >= inventory_rows_max) {
        ++left_out;
        return;
    }
    Sighting& row = rows[std::move(key)];
    if (row.attempts++ == 0) row.first_ms = at_ms;
    row.last_ms = std::max(row.last_ms, at_ms);
    if (row.examples.size() < examples_max) row.examples.push_back(index);
}

// CycloneDX properties: a name and a text each.
class Properties {
public:
    explicit Properties(Writer& writer) : writer_(writer) { writer_.begin_array("properties"); }
    ~Properties() { writer_.end_array(); }
    Properties(const Properties&) = delete;
    Properties& operator=(const Properties&) = delete;
    void add(std::string_view name, std::string_view value) {
        if (value.empty()) return;
        writer_.begin_object();
        writer_.member("name", "sallyport:" + std::string(name));
        writer_.member("value", value);
        writer_.end_object();
    }
    void add(const Sighting& row, std::string_view origin) {
        add("attempts", std::to_string(row.attempts));
        add("first_seen", rfc3339(row.first_ms));
        add("last_seen", rfc3339(row.last_ms));
        for (const std::uint64_t index : row.examples)
            add("example", std::string(origin) + "/" + std::to_string(index));
    }

private:
    Writer& writer_;
};

// A reference within the document that the same thing has in each.
std::string reference(std::string_view kind, std::initializer_list<std::string_view> parts) {
    std::string text(kind);
    for (const std::string_view part : parts) {
        text += '\n';
        text += part;
    }
    return std::string(kind) + "-" + to_hex(crypto::bytes(crypto::sha256(text)).substr(0, 8));
}

void write_client(Writer& writer, const Inventory::Client& client, const Sighting& row, std::string_view origin) {
    writer.begin_object();
    writer.member("type", "application");
    writer.member("bom-ref", reference("client", {client.name, client.version}));
    writer.member("name", client.name.empty() ? "unknown" : client.name);
    member_if(writer, "version", client.version);
    Properties properties(writer);
    properties.add("kind", "client");
    properties.add(row, origin);
}

void write_model(Writer& writer, const Inventory::Model& model, const Sighting& row, std::string_view origin) {
    writer.begin_object();
    writer.member("type", "machine-learning-model");
    writer.member("bom-ref", reference("model", {model.provider, model.name}));
    writer.begin_object("supplier");
    writer.member("name", model.provider.empty() ? "unknown" : model.provider);
    writer.end_object();
    writer.member("name", model.name);
    Properties properties(writer);
    properties.add("kind", "model");
    properties.add(row, origin);
}

void write_plugin(Writer& writer, const Inventory::Plugin& plugin, const Sighting& row, std::string_view origin) {
    writer.begin_object();
    writer.member("type", "application");
    writer.member("bom-ref", reference("plugin", {plugin.name, plugin.identity}));
    writer.member("name", plugin.name.empty() ? plugin.identity.empty() ? "unknown" : plugin.identity : plugin.name);
    constexpr std::string_view digest = "sha256:";
    const bool has_digest = plugin.identity.starts_with(digest) && plugin.identity.size() == digest.size() + 64 &&
                            from_hex(std::string_view(plugin.identity).substr(digest.size())).has_value();
    if (has_digest) {
        writer.begin_array("hashes");
        writer.begin_object();
        writer.member("alg", "SHA-256");
        writer.member("content", std::string_view(plugin.identity).substr(digest.size()));
        writer.end_object();
        writer.end_array();
    }
    Properties properties(writer);
    properties.add("kind", "plugin");
    properties.add("identity", plugin.identity);
    properties.add(row, origin);
}

void write_upstream(Writer& writer, const Inventory::Upstream& upstream, const Sighting& row, std::string_view origin) {
    writer.begin_object();
    writer.member("bom-ref", reference("upstream", {upstream.name, upstream.vendor, upstream.account, upstream.hosting,
                                                    upstream.region}));
    if (!upstream.vendor.empty()) {
        writer.begin_object("provider");
        writer.member("name", upstream.vendor);
        writer.end_object();
    }
    writer.member("name", upstream.name);
    if (!upstream.hosting.empty()) writer.member("x-trust-boundary", upstream.hosting != "own");
    Properties properties(writer);
    properties.add("kind", "upstream");
    properties.add("account", upstream.account);
    properties.add("hosting", upstream.hosting);
    properties.add("region", upstream.region);
    properties.add(row, origin);
}

// RFC 9562 version 8: of the content that the document tells.
std::string serial_number(const Inventory& inventory, std::string_view origin) {
    const auto digest =
        crypto::sha256("sallyport aibom\n" + std::string(origin) + "\n" + std::to_string(inventory.next_index) + "\n" +
                       std::to_string(inventory.first_ms) + "\n" + std::to_string(inventory.attempts));
    std::string hex = to_hex(crypto::bytes(digest).substr(0, 16));
    hex[12] = '8';
    hex[16] = 'a';
    for (const std::size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
    return "urn:uuid:" + hex;
}

} // namespace

void Inventory::add(std::uint64_t index, const ledger::Entry& entry) {
    next_index = index + 1;
    const auto* intent = entry.as<ledger::Intent>();
    if (intent == nullptr) return;
    const policy::Facts& facts = intent->judgement.facts;
    const std::int64_t at_ms = intent->at_ms;
    if (attempts++ == 0) first_ms = at_ms;
    last_ms = std::max(last_ms, at_ms);
    see(clients, {std::string(facts.client), std::string(facts.client_version)}, index, at_ms, left_out);
    const ledger::UpstreamSummary& to = intent->upstream;
    if (!facts.model.empty())
        see(models, {std::string(to.vendor.empty() ? to.name : to.vendor), std::string(facts.model)}, index, at_ms,
            left_out);
    see(upstreams,
        {std::string(to.name), std::string(to.vendor), std::string(to.account), std::string(to.hosting),
         std::string(to.region)},
        index, at_ms, left_out);
    for (const std::string_view text : facts.plugins) {
        const policy::PluginText plugin = policy::plugin_text(text);
        see(plugins, {std::string(plugin.name), std::string(plugin.identity)}, index, at_ms, left_out);
    }
}

std::string aibom(const Inventory& inventory, std::string_view origin, std::int64_t now_ms) {
    std::string out;
    Writer writer(out);
    // The parts close their properties before they end, and so each is ended here.
    const auto each = [&](const auto& rows, auto write) {
        for (const auto& [key, row] : rows) {
            write(writer, key, row, origin);
            writer.end_object();
        }
    };
    writer.begin_object();
    writer.member("bomFormat", "CycloneDX");
    writer.member("specVersion", cyclonedx_version);
    writer.member("serialNumber", serial_number(inventory, origin));
    writer.member("version", 1);
    writer.begin_object("metadata");
    writer.member("timestamp", rfc3339(now_ms));
    writer.begin_array("lifecycles");
    writer.begin_object();
    writer.member("phase", "operations");
    writer.end_object();
    writer.end_array();
    writer.begin_object("tools");
    writer.begin_array("components");
    writer.begin_object();
    writer.member("type", "application");
    writer.member("name", "sallyport");
    writer.member("version", program_version);
    writer.end_object();
    writer.end_array();
    writer.end_object();
    writer.begin_object("component");
    writer.member("type", "application");
    writer.member("bom-ref", "observed");
    writer.member("name", "AI observed in use through " + std::string(origin));
    writer.end_object();
    {
        Properties properties(writer);
        properties.add("ledger", origin);
        properties.add("entries_below", std::to_string(inventory.next_index));
        properties.add("attempts", std::to_string(inventory.attempts));
        if (inventory.attempts > 0) {
            properties.add("first_seen", rfc3339(inventory.first_ms));
            properties.add("last_seen", rfc3339(inventory.last_ms));
        }
        if (inventory.left_out > 0) properties.add("left_out", std::to_string(inventory.left_out));
    }
    writer.end_object();
    writer.begin_array("components");
    each(inventory.clients, write_client);
    each(inventory.models, write_model);
    each(inventory.plugins, write_plugin);
    writer.end_array();
    writer.begin_array("services");
    each(inventory.upstreams, write_upstream);
    writer.end_array();
    // Complete as far as this gateway saw: what went past it is not in here.
    writer.begin_array("compositions");
    writer.begin_object();
    writer.member("aggregate", "incomplete");
    writer.begin_array("assemblies");
    writer.element("observed");
    writer.end_array();
    writer.end_object();
    writer.end_array();
    writer.end_object();
    return out;
}

} // namespace sallyport::handover
