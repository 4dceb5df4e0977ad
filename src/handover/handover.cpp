#include "handover/handover.h"

#include "base/clock.h"

#include <algorithm>

namespace sallyport::handover {

Handover::Handover(net::Resolver& resolver, Source source, const Log& log)
    : source_(std::move(source)), log_(log), pool_(loop_, resolver, buffers_) {}

Handover::~Handover() { stop(); }

void Handover::start() {
    thread_ = std::thread([this] { loop_.run(); });
}

void Handover::stop() {
    if (thread_.joinable()) {
        loop_.stop();
        thread_.join();
    }
    loop_.abandon(); // what still waits goes before what it refers to
}

void Handover::settle(Destinations destinations) {
    loop_.post([this, destinations = std::move(destinations)] { settle_here(destinations); });
}

void Handover::settle_here(const Destinations& destinations) {
    std::error_code code;
    if (!destinations.empty()) {
        std::filesystem::create_directories(source_.cursors, code);
        std::filesystem::permissions(source_.cursors, std::filesystem::perms::owner_all, code);
    }
    std::size_t first_pool = SIZE_MAX;
    for (const auto& destination : destinations) first_pool = std::min(first_pool, destination->pool_id);
    pool_.retire(first_pool);
    std::vector<const Forwarder*> in_force;
    for (const auto& destination : destinations) {
        auto known = std::ranges::find(forwarders_, destination->name, &Forwarder::name);
        if (known == forwarders_.end()) {
            const std::lock_guard lock(mutex_);
            forwarders_.push_back(std::make_unique<Forwarder>(loop_, pool_, source_, log_, destination->name));
            known = forwarders_.end() - 1;
        }
        (*known)->settle(destination);
        in_force.push_back(known->get());
    }
    for (const auto& forwarder : forwarders_)
        if (std::ranges::find(in_force, forwarder.get()) == in_force.end()) forwarder->settle(nullptr);
    {
        const std::lock_guard lock(mutex_);
        in_force_ = in_force;
    }
    for (const auto& forwarder : forwarders_)
        if (!forwarder->running && std::ranges::find(in_force, forwarder.get()) != in_force.end())
            loop_.spawn(forwarder->run());
}

std::vector<Figures> Handover::figures() const {
    std::vector<Figures> out;
    const std::uint64_t durable = source_.durable();
    const std::lock_guard lock(mutex_);
    for (const Forwarder* one : in_force_) {
        const Progress& progress = one->progress();
        const std::uint64_t next = progress.next;
        const std::int64_t since_ms = progress.waits_since;
        Figures figures;
        figures.name = one->name();
        figures.lag_entries = durable > next ? durable - next : 0;
        if (since_ms >= 0 && figures.lag_entries > 0)
            figures.lag_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, wall_ms() - since_ms) / 1000);
        figures.events = progress.events;
        figures.batches = progress.batches;
        figures.failures = progress.failures;
        figures.rejected = progress.rejected;
        figures.failing = progress.failing;
        out.push_back(std::move(figures));
    }
    return out;
}

} // namespace sallyport::handover
