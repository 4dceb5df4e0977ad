// What the gateway has once for all (Shared) and once per loop (Lane). Built by service.cpp, passed on by reference; a Lane's parts
// belong to its loop's thread, except its metrics (read by the admin listener) and the world, which is exchanged by a post.
#pragma once

#include "base/log.h"
#include "bodies/writer.h"
#include "content/amend.h"
#include "content/inspector_pool.h"
#include "gateway/fleet_watch.h"
#include "gateway/log_tiles.h"
#include "gateway/metrics.h"
#include "gateway/pdp_memory.h"
#include "gateway/sealing.h"
#include "gateway/signing_in.h"
#include "gateway/verdicts.h"
#include "gateway/world.h"
#include "http/client.h"
#include "identity/binding.h"
#include "identity/pseudonym.h"
#include "json/document.h"
#include "ledger/entry.h"
#include "ledger/writer.h"
#include "net/workers.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::gateway {

// All request bodies together, in bytes. try_take() and give() from any thread.
class BodyBudget {
public:
    explicit BodyBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    bool try_take(std::size_t bytes) {
        const std::size_t before = held_.fetch_add(bytes, std::memory_order_relaxed);
        if (before + bytes <= bytes_max_ || before == 0) return true; // one body always fits
        held_.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }
    // For one that holds `own` already, and grows: alone it always may.
    bool try_grow(std::size_t own, std::size_t bytes) {
        const std::size_t before = held_.fetch_add(bytes, std::memory_order_relaxed);
        if (before + bytes <= bytes_max_ || before == own) return true;
        held_.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }
    void give(std::size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }
    std::size_t held() const { return held_.load(std::memory_order_relaxed); }

private:
    std::size_t bytes_max_;
    std::atomic<std::size_t> held_ = 0;
};

struct Shared {
    Log& log;
    ledger::Writer& ledger;
    identity::Pseudonyms& pseudonyms;
    Verdicts& verdicts;
    net::Workers& workers;
    BodyBudget& bodies;
    content::InspectorPool& inspectors; // for other threads than the loops'
    const content::Amender& amender;
    FleetWatch& fleet;
    bodies::Writer& kept_bodies;
    Sealing& sealing;
    const identity::Bindings& bindings;
    const ShownLedger& shown_ledger;
    std::atomic<std::int64_t>& world_confirmed_ms; // monotonic: when the keys were last known to be current
    SigningIn& signing_in;
};

// Content of one file that was found in a request.
struct SourceRow {
    const content::Source::Place* place = nullptr;
    bool is_withheld = false;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> lines; // first and last
    std::uint32_t characters = 0;
    std::string line_ranges(); // "101-110,130-140"
};

// Memory of a request while it is judged and sent, used again by the next one: a turn of a long conversation allocates almost
// nothing. Given back before the answer is relayed: a thousand open streams hold no request.
struct Scratch {
    Buffer body;    // as it came
    Buffer decoded; // where it came compressed
    json::Document document;
    dialect::Request request;
    std::string head;                         // outbound
    std::optional<identity::Binding> binding; // that came with it and holds
    std::vector<std::string> claims;
    std::vector<std::string_view> claimed; // the repository that the request is judged as, then the others
    std::vector<std::string_view> plugins;
    std::deque<std::string> plugin_texts; // that had to be made
    std::vector<policy::Exception> exceptions;
    std::string texts_of_head; // that leave: values of headers and the query
    content::Inspection inspection;
    std::string amended; // body that leaves in place of the one that came
    std::vector<ledger::NamedFile> files;
    std::vector<ledger::NamedFinding> findings, disclosed, disputed;
    std::deque<std::string> finding_ids;
    std::vector<identity::Pseudonym> file_names;
    std::vector<const content::Source::Place*> observed; // content of a class above that of the work
    std::vector<std::string_view> observed_names, observed_paths;
    std::vector<SourceRow> sources;
    std::vector<ledger::NamedSource> source_rows;
    std::vector<identity::Pseudonym> source_names;
    std::vector<std::string> source_lines;
    std::vector<std::uint32_t> cuts; // of a body that is kept
};

class Turn;

struct Lane {
    net::Loop& loop;
    http::BufferPool& buffers;
    http::Pool& pool;
    Shared& shared;
    Metrics metrics;
    std::shared_ptr<const World> world;
    std::string exchange_prefix; // "k3f9x2ab-"
    std::uint64_t exchanges = 0;
    std::vector<std::unique_ptr<Scratch>> spare;
    PdpMemory pdp;
    std::unique_ptr<content::Inspector> inspector; // of the rules of the world last seen here
    Turn* turns = nullptr;                         // those that run, as a list
};

} // namespace sallyport::gateway
