#include "gateway/service.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "gateway/admin.h"
#include "gateway/directory_desk.h"
#include "gateway/housekeeping.h"
#include "gateway/keeper.h"
#include "gateway/ledger_desk.h"
#include "gateway/opened_ledger.h"
#include "gateway/pipeline.h"
#include "gateway/sealing.h"
#include "gateway/sessions_kept.h"
#include "gateway/turn.h"
#include "gateway/witnesses.h"
#include "handover/handover.h"
#include "identity/installation.h"
#include "ledger/append_signed.h"
#include "policy/program.h"
#include "sandbox/harden.h"
#include "store/holds.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <latch>
#include <pthread.h>
#include <thread>

namespace sallyport::gateway {

namespace {

// One thread: a loop and what lives on it.
struct LaneThread {
    net::Loop loop;
    http::BufferPool buffers;
    http::Pool pool;
    Lane lane;
    http::Server server;
    std::thread thread;

    LaneThread(net::Resolver& resolver, Shared& shared, const Config& config, std::atomic<std::size_t>& connections)
        : pool(loop, resolver, buffers), lane{loop, buffers, pool, shared, {}, {}, {}, 0, {}, {}, {}, nullptr},
          server(
              loop, buffers, config.timeouts,
              [this](http::Exchange& exchange, const http::Arrival& arrival) {
                  return handle(lane, exchange, arrival);
              },
              connections, config.connections_max) {
        lane.exchange_prefix = to_hex(crypto::random_bytes(4)) + "-";
    }
    ~LaneThread() { loop.abandon(); } // what still waits goes before what it refers to
};

// Certificates of the listeners, exchanged at a reload; asked for by every loop at every accepted connection.
class Certificates {
public:
    Result<void> load(const Config& config) {
        std::vector<std::shared_ptr<const net::TlsContext>> loaded;
        for (const ListenerConfig& listener : config.listeners) {
            if (listener.certificate_file.empty()) {
                loaded.push_back(nullptr);
                continue;
            }
            auto context = net::TlsContext::server(listener.certificate_file, listener.key_file);
            if (!context) return std::unexpected(context.error());
            loaded.push_back(std::move(*context));
        }
        const std::lock_guard lock(mutex_);
        contexts_ = std::move(loaded);
        return {};
    }
    std::shared_ptr<const net::TlsContext> of(std::size_t listener) {
        const std::lock_guard lock(mutex_);
        return contexts_[listener];
    }

private:
    std::mutex mutex_;
    std::vector<std::shared_ptr<const net::TlsContext>> contexts_;
};

// What was done to what is kept beside this process: at least once, since it is marked behind its entry.
Result<void> record_acts(Shared& shared, store::State& state) {
    const auto acts = state.unrecorded_acts();
    if (!acts) return std::unexpected(acts.error());
    std::string entry;
    for (const store::ActRecord& act : *acts) {
        entry.clear();
        ledger::encode(ledger::Act{act.at_ms, act.id, act.what, act.by, act.why, act.about}, entry);
        if (entry.size() > limits::entry_bytes_max) { // of a release before, which took such
            const std::string cut = act.about.substr(0, store::act_bytes_max / 2) + " … (cut)";
            entry.clear();
            ledger::encode(
                ledger::Act{act.at_ms, act.id, act.what, act.by, act.why.substr(0, store::act_bytes_max / 2), cut},
                entry);
        }
        if (const auto appended = shared.ledger.append(entry, ledger::Admission::closing); !appended)
            return std::unexpected(appended.error());
        if (auto marked = state.act_recorded(act.id); !marked) return marked;
    }
    return {};
}

// The control thread's turn: keys, names, repeats, acts, each limits::key_poll_ms.
net::Task<void> tick(net::Loop& loop, Keeper& keeper, Shared& shared, store::State& state) {
    while (true) {
        co_await net::Sleep(loop, limits::key_poll_ms);
        keeper.poll_keys();
        keeper.poll_code();
        if (const auto kept = shared.pseudonyms.keep_names(state); !kept)
            shared.log.error("names.not_kept", {{"why", kept.error().message}});
        std::string entry;
        for (const Verdicts::Repeats& repeats : shared.verdicts.take_repeats()) {
            entry.clear();
            ledger::encode(
                ledger::Repeat{wall_ms(), repeats.exchange, repeats.count, repeats.first_wall_ms, repeats.last_wall_ms},
                entry);
            [[maybe_unused]] const auto appended = shared.ledger.append(entry, ledger::Admission::closing);
        }
        if (const auto recorded = record_acts(shared, state); !recorded)
            shared.log.error("acts.not_recorded", {{"why", recorded.error().message}});
    }
}

Result<void> use(Sealing& sealing, const World& world) {
    std::vector<crypto::NoteVerifier> witnesses;
    for (const WitnessConfig& one : world.config->ledger.witnesses) witnesses.push_back(one.key);
    return sealing.use(world.policy->program().document.sealing, witnesses);
}

std::string not_ready(const Shared& shared, const Keeper& keeper, const Witnesses& witnesses) {
    const ledger::Health health = shared.ledger.health();
    if (!health.ok) return health.sentence;
    if (shared.kept_bodies.full()) return shared.kept_bodies.problem();
    if (monotonic_ms() - shared.world_confirmed_ms.load(std::memory_order_relaxed) > limits::world_stale_ms_max)
        return "the keys cannot be read, so nothing passes";
    if (!keeper.last_problem().empty())
        return keeper.world().problem.empty()
                   ? "the last reload failed and the old policy is in force: " + keeper.last_problem()
                   : "there is no policy that can be taken, so everything is refused: " + keeper.last_problem();
    return witnesses.problem();
}

std::string url_of(bool tls, const std::string& host, std::uint16_t port) {
    return (tls ? "https://" : "http://") + net::HostPort{host, port}.text();
}

// Waits for signals until one that ends the service.
template <class Reload> int wait_for_end(Reload&& reload) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    while (true) {
        int signal = 0;
        if (sigwait(&set, &signal) != 0) continue;
        if (signal != SIGHUP) return signal;
        reload();
    }
}
} // namespace

void block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

Result<void> serve(std::shared_ptr<const Config> config, Log& log, const std::function<void(const Listening&)>& ready,
                   Beside* beside, ClientSettings settings) {
    // The installation: keys, state, ledger.
    auto installation = identity::Installation::open(config->data, identity::Tenancy::gateway, config->ledger.key);
    if (!installation) return std::unexpected(installation.error());
    if (installation->has_key_left_behind())
        log.warning("ledger.key_left", {{"file", (config->data / "ledger.key").string()},
                                        {"what", "the key comes from elsewhere (ledger: key in sallyport.yaml); this "
                                                 "copy of it should be removed"}});
    if (auto there = require_state(*installation); !there) return there;
    auto state = store::State::open(installation->state_file());
    if (!state) return std::unexpected(state.error());
    auto writer = open_ledger(*installation, **state, log);
    if (!writer) return std::unexpected(writer.error());

    // The world, and what keeps it current.
    std::atomic<std::int64_t> confirmed_ms = monotonic_ms();
    const crypto::Mac key_digests(installation->keys().key_digests);
    identity::Sessions sessions(key_digests);
    SigningIn signing_in{sessions, **state, crypto::SealingKey(installation->keys().sealing), std::move(settings)};
    if (auto loaded = load_sessions(signing_in); !loaded) return loaded;
    Keeper keeper(log, **state, key_digests, sessions, installation->policies_directory(),
                  installation->code_index_directory(), confirmed_ms);
    auto world = keeper.first(config);
    if (!world) return std::unexpected(world.error());

    // A ledger that others have seen more of, or another one, is not written on.
    const auto entries_now = [&ledger = **writer] { return ledger.figures().next_index; };
    Sealing sealing({installation->ledger_directory(), installation->ledger_keys(), entries_now});
    if (auto begun = use(sealing, **world); !begun) return begun;
    Witnesses witnesses({installation->ledger_directory(), installation->ledger_keys(), entries_now}, *world, sealing,
                        log);
    if (auto compared = witnesses.compare(); !compared) return compared;

    // What inspection saw before.
    const crypto::UnitNamer unit_names(installation->keys().unit_names.reveal(), "units");
    content::UnitMemory units(limits::units_remembered_max);
    content::InspectorPool inspectors(units, unit_names);
    const crypto::Mac placeholder_key(installation->keys().unit_names);
    const content::Amender amender(placeholder_key);
    FleetWatch fleet;

    // Bodies, where the policy says that they are kept.
    auto body_keys = store::open_body_keys(installation->body_keys_file(), installation->bodies_directory(), **state);
    if (!body_keys) return std::unexpected(body_keys.error());
    const crypto::SealingKey wrapping(installation->keys().body_keys);
    const crypto::UnitNamer piece_names(installation->keys().unit_names.reveal(), "pieces");
    bodies::WriterOptions body_options;
    body_options.directory = installation->bodies_directory();
    body_options.origin = installation->origin();
    body_options.keys = body_keys->get();
    body_options.wrapping = &wrapping;
    body_options.names = &piece_names;
    auto kept_bodies = bodies::Writer::open(body_options);
    if (!kept_bodies) return std::unexpected(kept_bodies.error());

    Housekeeping housekeeping({*installation, **state, **body_keys, **kept_bodies}, *world, log);

    // The loops.
    identity::Pseudonyms pseudonyms(installation->keys());
    Verdicts verdicts;
    BodyBudget bodies(config->buffered_bodies_bytes_max);
    std::atomic<std::size_t> connections = 0;
    net::Resolver resolver;
    const unsigned threads = config->threads > 0 ? config->threads : std::max(1u, std::thread::hardware_concurrency());
    net::Workers workers(threads);
    const identity::Bindings bindings(installation->keys().bindings);
    const ShownLedger shown_ledger{installation->ledger_directory(), installation->ledger_keys()};
    Shared shared{log,   **writer,      pseudonyms, verdicts, workers,      bodies,       inspectors, amender,
                  fleet, **kept_bodies, sealing,    bindings, shown_ledger, confirmed_ms, signing_in};
    std::vector<std::unique_ptr<LaneThread>> lanes;
    for (unsigned i = 0; i < threads; ++i) {
        lanes.push_back(std::make_unique<LaneThread>(resolver, shared, *config, connections));
        lanes.back()->lane.world = *world;
    }

    // What is recorded is handed over beside all this.
    handover::Handover handover(resolver,
                                {installation->ledger_directory(), config->data / "handover", installation->origin(),
                                 [&writer = **writer] { return writer.figures().synced_index; }},
                                log);
    handover.settle((*world)->destinations);

    // Listeners: every loop has its own socket on the same port.
    Certificates certificates;
    if (auto loaded = certificates.load(*config); !loaded) return loaded;
    Listening listening;
    for (std::size_t l = 0; l < config->listeners.size(); ++l) {
        net::HostPort where = config->listeners[l].address;
        for (auto& lane : lanes) {
            auto listener = net::Listener::open(lane->loop, where);
            if (!listener) return std::unexpected(listener.error());
            where.port = (*listener)->port(); // port 0: the first one chooses for all
            http::Server::TlsNow tls;
            if (!config->listeners[l].certificate_file.empty()) tls = [&certificates, l] { return certificates.of(l); };
            lane->server.listen(std::move(*listener), std::move(tls));
        }
        listening.urls.push_back(url_of(!config->listeners[l].certificate_file.empty(), where.host, where.port));
    }

    // What runs beside it on the loops ends before they do, however this function is left.
    struct BesideEnd {
        Beside* beside;
        std::vector<std::unique_ptr<LaneThread>>& lanes;
        ~BesideEnd() {
            if (beside == nullptr) return;
            for (auto& lane : lanes) lane->loop.abandon();
            beside->close();
        }
    };
    const BesideEnd beside_end{beside, lanes};
    if (beside != nullptr) {
        std::vector<Beside::Lane> beside_lanes;
        for (auto& lane : lanes)
            beside_lanes.push_back({lane->loop, lane->buffers,
                                    [&lane = lane->lane](http::Exchange& exchange, const http::Arrival& arrival) {
                                        return handle(lane, exchange, arrival);
                                    },
                                    [&lane = lane->lane] { return lane.world; }});
        const crypto::Digest digest_key = crypto::Mac(installation->keys().unit_names).of("receipts");
        auto opened =
            beside->open({beside_lanes, resolver, log, Secret(std::string(crypto::bytes(digest_key))), confirmed_ms});
        if (!opened) return std::unexpected(opened.error());
        listening.beside = std::move(*opened);
    }
    const auto open_connections = [&] { return connections + (beside != nullptr ? beside->connections() : 0); };

    // The control loop: admin listener and the regular tick.
    net::Loop control;
    http::BufferPool control_buffers;
    AdminView admin;
    admin.not_ready_because = [&] { return not_ready(shared, keeper, witnesses); };
    admin.policy = [&] { return keeper.world().policy; };
    admin.advisories = [&] { return keeper.world().advisories; };
    admin.metrics = [&] {
        std::vector<const Metrics*> all;
        for (const auto& lane : lanes) all.push_back(&lane->lane.metrics);
        const ledger::WriterFigures figures = shared.ledger.figures();
        return prometheus_text(all,
                               {connections, bodies.held(), figures.entries, figures.queued_bytes, figures.syncs,
                                keeper.world().generation, keeper.reloads_failed(), shared.inspectors.memory().units(),
                                keeper.world().rules->code() ? keeper.world().rules->code()->repositories() : 0,
                                keeper.world().exceptions->break_glasses(wall_ms()),
                                not_ready(shared, keeper, witnesses).empty(), handover.figures(), witnesses.figures(),
                                shared.kept_bodies.figures(), housekeeping.figures(), sealing.figures()});
    };
    // Keys that were not confirmed lately may be revoked meanwhile: they open nothing.
    LedgerDesk desk({*installation, **state, pseudonyms, **body_keys, [&] {
                         const std::int64_t age_ms = monotonic_ms() - confirmed_ms.load(std::memory_order_relaxed);
                         return age_ms > limits::world_stale_ms_max ? nullptr : keeper.world().keys;
                     }});
    admin.ledger = [&](http::Exchange& exchange) { return desk.answer(exchange); };
    DirectoryDesk directory({**state, pseudonyms, [&] { return keeper.world().config; }, [&] { keeper.poll_keys(); }});
    admin.directory = [&](http::Exchange& exchange) { return directory.answer(exchange); };
    std::atomic<std::size_t> admin_connections = 0;
    http::Server admin_server(
        control, control_buffers, {},
        [&](http::Exchange& exchange, const http::Arrival&) { return answer_admin(admin, exchange); },
        admin_connections, 64);
    struct Abandon {
        net::Loop& loop;
        ~Abandon() { loop.abandon(); }
    };
    const Abandon abandon_control{control}; // kept-alive admin connections and the tick go before the servers do
    auto admin_listener = net::Listener::open(control, config->admin);
    if (!admin_listener) return std::unexpected(admin_listener.error());
    const std::uint16_t admin_port = (*admin_listener)->port();
    listening.admin_url = url_of(false, config->admin.host, admin_port);
    admin.hosts = {net::HostPort{config->admin.host, admin_port}.text(), "localhost:" + std::to_string(admin_port),
                   "127.0.0.1:" + std::to_string(admin_port), "[::1]:" + std::to_string(admin_port)};
    for (const std::string& host : config->admin_hosts) admin.hosts.push_back(host);
    admin_server.listen(std::move(*admin_listener), {});
    keeper.publish_to([&, settled = (*world)->config](std::shared_ptr<const World> fresh) mutable {
        for (auto& lane : lanes)
            lane->loop.post([&lane = lane->lane, fresh] {
                if (lane.world->config != fresh->config) {
                    lane.pool.retire(fresh->config->upstreams.front().pool_id);
                    lane.pdp.forget();
                }
                lane.world = fresh;
                for (Turn *turn = lane.turns, *next = nullptr; turn != nullptr; turn = next) {
                    next = turn->next; // it may be over at once
                    turn->look_at_caller(*fresh->keys);
                }
            });
        if (const auto used = use(sealing, *fresh); !used)
            log.error("ledger.unsealed_not_read", {{"why", used.error().message}});
        if (std::exchange(settled, fresh->config) != fresh->config) handover.settle(fresh->destinations);
        witnesses.use(fresh);
        housekeeping.use(fresh);
    });
    control.spawn(tick(control, keeper, shared, **state));

    std::string entry;
    ledger::encode(ledger::Start{wall_ms(), "0.1.0", (*world)->policy->digest(), (*world)->digest,
                                 (*writer)->recovery().torn_bytes},
                   entry);
    if (auto begun = ledger::append_signed(**writer, entry); !begun) return begun;

    for (auto& lane : lanes)
        lane->thread = std::thread([&lane] {
            ::pthread_setname_np(::pthread_self(), "exchanges");
            lane->loop.run();
        });
    std::thread control_thread([&] {
        ::pthread_setname_np(::pthread_self(), "control");
        control.run();
    });
    handover.start();
    housekeeping.start();
    // From here on the process starts no program (law 10).
    if (auto hardened = sandbox::deny_exec(); !hardened) {
        for (auto& lane : lanes) lane->loop.stop();
        control.stop();
        for (auto& lane : lanes) lane->thread.join();
        control_thread.join();
        handover.stop();
        housekeeping.stop();
        workers.finish();
        desk.finish();
        directory.finish();
        return hardened;
    }
    witnesses.start();
    log.info("serving", {{"world", (*world)->digest}, {"threads", static_cast<std::int64_t>(threads)}});
    ready(listening);

    wait_for_end([&] {
        control.post([&] {
            if (auto loaded = certificates.load(keeper.world().config ? *keeper.world().config : *config); !loaded)
                log.error("certificates.not_reloaded", {{"why", loaded.error().message}});
            keeper.reload();
        });
    });

    // Drain: no new connections, running exchanges may end, then the rest is cut.
    log.info("draining", {{"connections", static_cast<std::int64_t>(connections.load())}});
    for (std::size_t i = 0; i < lanes.size(); ++i)
        lanes[i]->loop.post([&server = lanes[i]->server, beside, i] {
            server.drain();
            if (beside != nullptr) beside->drain(i);
        });
    const std::int64_t deadline = monotonic_ms() + config->drain_ms;
    while (open_connections() > 0 && monotonic_ms() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (open_connections() > 0) { // cut, but each with its outcome recorded
        for (std::size_t i = 0; i < lanes.size(); ++i)
            lanes[i]->loop.post([&server = lanes[i]->server, beside, i] {
                server.cut();
                if (beside != nullptr) beside->cut(i);
            });
        const std::int64_t end = monotonic_ms() + 2'000;
        while (open_connections() > 0 && monotonic_ms() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    for (auto& lane : lanes) lane->loop.stop();
    control.stop();
    for (auto& lane : lanes) lane->thread.join();
    control_thread.join();
    handover.stop();
    housekeeping.stop();
    workers.finish();
    desk.finish();
    directory.finish();
    if (const auto kept = pseudonyms.keep_names(**state); !kept)
        log.error("names.not_kept", {{"why", kept.error().message}});
    entry.clear();
    ledger::encode(ledger::Stop{wall_ms(), "signal"}, entry);
    [[maybe_unused]] const auto stopped = (*writer)->append(entry, ledger::Admission::closing);
    (*writer)->close();
    housekeeping.note_ledger(); // up to the last checkpoint
    witnesses.finish();         // what the last checkpoint covers, too
    log.info("stopped", {});
    return {};
}

} // namespace sallyport::gateway
