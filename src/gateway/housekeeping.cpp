#include "gateway/housekeeping.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "bodies/retention.h"
#include "crypto/crypto.h"
#include "ledger/checkpoint_file.h"
#include "policy/program.h"

#include <chrono>
#include <pthread.h>

namespace sallyport::gateway {

namespace {
constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::chrono::seconds room_every(2); // holds and packs change beside this process
} // namespace

Housekeeping::Housekeeping(Parts parts, std::shared_ptr<const World> world, const Log& log)
    : parts_(parts), bodies_(parts.installation.bodies_directory()), log_(log), world_(std::move(world)) {
    tell_room(*world_); // before the first body comes
}

void Housekeeping::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "housekeeping");
        run();
    });
}

void Housekeeping::use(std::shared_ptr<const World> world) {
    const std::scoped_lock lock(mutex_);
    is_due_ = is_due_ || world->config != world_->config || world->policy != world_->policy;
    world_ = std::move(world);
    if (is_due_) wake_.notify_one();
}

void Housekeeping::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

OffloadFigures Housekeeping::figures() const {
    const std::scoped_lock lock(mutex_);
    return figures_;
}

bool Housekeeping::goes_on() const {
    const std::scoped_lock lock(mutex_);
    return !stopping_;
}

void Housekeeping::run() {
    std::int64_t last_ms = monotonic_ms();
    const auto found = parts_.state.noted_ledger(parts_.installation.ledger_signer()->verifier().name());
    const store::NotedLedger noted = found && *found ? **found : store::NotedLedger();
    clock_.emplace(noted.at_ms, noted.waited_ms, wall_ms(), last_ms);
    if (clock_->behind_ms() != 0)
        log_.warning("clock.behind", {{"ms", clock_->behind_ms()},
                                      {"what", "the clock is behind what the ledger noted last: entries from now on "
                                               "bear earlier times than those before them"}});
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const std::shared_ptr<const World> world = world_;
        const bool is_due = std::exchange(is_due_, false) || monotonic_ms() - last_ms >= hour_ms;
        lock.unlock();
        look_at_clock();
        if (is_due) {
            pass(*world);
            last_ms = monotonic_ms();
        } else if (world->config->bodies.limit_bytes != 0) {
            tell_room(*world);
        }
        lock.lock();
        wake_.wait_for(lock, room_every, [this] { return stopping_ || is_due_; });
    }
}

void Housekeeping::look_at_clock() {
    if (const std::int64_t moved_ms = clock_->look(wall_ms(), monotonic_ms()); moved_ms != 0)
        log_.warning("clock.moved", {{"ms", moved_ms}});
}

void Housekeeping::note_ledger() {
    const auto stored = ledger::read_checkpoint(ledger::checkpoint_path(parts_.installation.ledger_directory()));
    Result<void> noted;
    if (!stored) {
        noted = std::unexpected(stored.error());
    } else if (*stored && (*stored)->damage.empty()) { // one that is just being written is noted at the next pass
        const tlog::Checkpoint& last = (*stored)->signed_checkpoint.checkpoint;
        const bool is_trusted = !clock_ || clock_->is_trusted();
        noted = parts_.state.note_ledger({last.origin, last.size, std::string(crypto::bytes(last.root)),
                                          is_trusted ? wall_ms() : 0, clock_ ? clock_->waited_ms(monotonic_ms()) : -1});
    }
    if (!noted) log_.error("ledger.not_noted", {{"why", noted.error().message}});
}

void Housekeeping::pass(const World& world) {
    note_ledger();
    expire(world);
    offload(world);
    tell_room(world);
}

void Housekeeping::expire(const World& world) {
    if (!clock_->is_trusted()) {
        log_.warning("bodies.expiry_waits", {{"what", "the clock was moved, or this installation had not run for two "
                                                      "days: no body is destroyed before it ran for a day"}});
        return;
    }
    const auto& kept_ms = world.policy->program().document.bodies_kept_ms;
    std::vector<bodies::Kept> kept;
    for (std::size_t cls = 0; cls < kept_ms.size(); ++cls)
        kept.push_back({policy::name(static_cast<policy::Class>(cls)), kept_ms[cls]});
    const auto gone = bodies::expire(bodies_, parts_.keys, kept, wall_ms(), keys_erased_);
    if (!gone)
        log_.error("bodies.not_expired", {{"why", gone.error().message}});
    else if (gone->keys + gone->packs != 0)
        log_.info("bodies.expired", {{"keys", static_cast<std::int64_t>(gone->keys)},
                                     {"held", static_cast<std::int64_t>(gone->held)},
                                     {"packs", static_cast<std::int64_t>(gone->packs)}});
    if (!gone || gone->keys == 0) return;
    // What the policy destroyed is recorded as what people destroy.
    const std::string about = std::to_string(gone->keys) + " keys of bodies whose time is over";
    if (auto told = parts_.state.add_act({"a_" + to_hex(crypto::random_bytes(10)), "expire", "",
                                          "kept as long as the policy says (bodies)", about, wall_ms()});
        !told)
        log_.error("acts.not_recorded", {{"why", told.error().message}});
}

void Housekeeping::offload(const World& world) {
    const Config& config = *world.config;
    bool failing = false;
    const auto moved = [&](const char* what, const Result<ledger::Offloaded>& result,
                           std::uint64_t OffloadFigures::* count) {
        if (!result) {
            failing = true;
            log_.error("offload.failed", {{"of", what}, {"why", result.error().message}});
        } else if (result->files != 0) {
            log_.info("offload.done", {{"of", what},
                                       {"files", static_cast<std::int64_t>(result->files)},
                                       {"bytes", static_cast<std::int64_t>(result->bytes)}});
            const std::scoped_lock lock(mutex_);
            figures_.*count += result->files;
            figures_.bytes += result->bytes;
        }
    };
    const auto go_on = [this] { return goes_on(); };
    if (const auto& rule = config.bodies.offload)
        moved("bodies",
              bodies::offload_packs(
                  bodies_, *rule, parts_.installation.origin(), [this] { return parts_.writer.figures().open_pack; },
                  go_on),
              &OffloadFigures::packs);
    if (const auto& rule = config.ledger.offload)
        moved("ledger",
              ledger::offload_segments(parts_.installation.ledger_directory(), *rule, parts_.installation.origin(),
                                       go_on),
              &OffloadFigures::segments);
    const std::scoped_lock lock(mutex_);
    figures_.failing = failing;
    if (failing) ++figures_.failures;
}

void Housekeeping::tell_room(const World& world) {
    const std::uint64_t limit = world.config->bodies.limit_bytes;
    const auto bytes = bodies::bytes_of_packs(bodies_);
    auto holds = limit == 0 ? Result<std::vector<store::BodyHold>>() : parts_.keys.holds();
    if (!bytes || !holds) return log_.error("bodies.room", {{"why", (bytes ? holds.error() : bytes.error()).message}});
    parts_.writer.set_room(*bytes, limit, std::move(*holds));
    const bool is_reached = limit != 0 && *bytes >= limit;
    if (is_reached && !told_limit_)
        log_.error("bodies.limit_reached",
                   {{"bytes", static_cast<std::int64_t>(*bytes)},
                    {"limit", static_cast<std::int64_t>(limit)},
                    {"why", "no more bodies are kept, but for those that a matter holds; entries go on and say so. "
                            "Raise bodies: limit, name a directory to offload to, or erase what is not needed"}});
    told_limit_ = is_reached;
}

} // namespace sallyport::gateway
