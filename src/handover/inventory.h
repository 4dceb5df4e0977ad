// What AI was observed in use: clients, models, upstreams and plugins of the attempts that the ledger records, and as a CycloneDX
// document. Nothing in it is what somebody planned or approved.
#pragma once

#include "ledger/entry.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::handover {

inline constexpr std::string_view cyclonedx_version = "1.7";
inline constexpr std::size_t inventory_rows_max = 10'000; // of each kind; further ones are counted as left out
inline constexpr std::size_t examples_max = 3;

struct Sighting {
    std::uint64_t attempts = 0;
    std::int64_t first_ms = 0, last_ms = 0;
    std::vector<std::uint64_t> examples; // indexes of intents: the first ones
};

struct Inventory {
    struct Client {
        std::string name, version;
        auto operator<=>(const Client&) const = default;
    };
    struct Model {
        std::string provider, name;
        auto operator<=>(const Model&) const = default;
    };
    struct Upstream {
        std::string name, vendor, account, hosting, region;
        auto operator<=>(const Upstream&) const = default;
    };
    struct Plugin {
        std::string name, identity; // policy::PluginText
        auto operator<=>(const Plugin&) const = default;
    };
    std::map<Client, Sighting> clients;
    std::map<Model, Sighting> models;
    std::map<Upstream, Sighting> upstreams;
    std::map<Plugin, Sighting> plugins;
    std::uint64_t attempts = 0, left_out = 0;
    std::uint64_t next_index = 0; // behind the last entry that was read
    std::int64_t first_ms = 0, last_ms = 0;

    void add(std::uint64_t index, const ledger::Entry& entry);
};

// A CycloneDX document of the ledger `origin`, made at `now_ms`. The same inventory gives the same serial number.
std::string aibom(const Inventory& inventory, std::string_view origin, std::int64_t now_ms);

} // namespace sallyport::handover
