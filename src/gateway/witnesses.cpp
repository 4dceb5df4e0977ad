#include "gateway/witnesses.h"

#include "base/clock.h"
#include "ledger/tree_files.h"
#include "policy/program.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

namespace sallyport::gateway {

namespace {
constexpr std::int64_t wake_ms = 100, wake_idle_ms = 1'000; // with and without witnesses

crypto::Note signed_by_log(const crypto::Note& note, std::span<const crypto::NoteVerifier> keys) {
    crypto::Note out{note.text, {}};
    for (const crypto::NoteSignature& one : note.signatures)
        if (std::ranges::any_of(keys,
                                [&](const auto& key) { return key.name() == one.name && key.key_id() == one.key_id; }))
            out.signatures.push_back(one);
    return out;
}
} // namespace

Witnesses::Witnesses(Ledger ledger, std::shared_ptr<const World> world, Sealing& sealing, const Log& log)
    : ledger_(std::move(ledger)), sealing_(sealing), log_(log), resolver_(std::make_unique<net::Resolver>()),
      pool_(loop_, *resolver_, buffers_) {
    use(std::move(world));
    thread_ = std::thread([this] { loop_.run(); });
}

Witnesses::~Witnesses() {
    loop_.stop();
    thread_.join();
    resolver_.reset(); // it wakes whoever waits for it, so it ends before those who wait go
    loop_.abandon();
}

void Witnesses::use(std::shared_ptr<const World> world) {
    {
        const LedgerConfig& config = world->config->ledger;
        const std::scoped_lock lock(mutex_);
        in_use_.clear();
        for (const WitnessConfig& witness : config.witnesses) {
            in_use_.push_back(witness.key.text());
            Asked& one = asked_[in_use_.back()];
            if (one.name.empty()) one.name = witness.key.name(); // read without the lock afterwards, so written once
        }
        demanded_ = config.cosignatures;
        within_ms_ = config.cosigned_within_ms;
        timeout_ms_ = config.timeout_ms;
    }
    loop_.post([this, world = std::move(world)] {
        pool_.retire(world->config->upstreams.front().pool_id);
        world_ = world;
    });
}

void Witnesses::start() {
    loop_.post([this] { loop_.spawn(run()); });
}

void Witnesses::finish() {
    ending_ = true;
    {
        const std::scoped_lock lock(mutex_);
        if (in_use_.empty()) return;
    }
    [[maybe_unused]] const auto status =
        ended_.get_future().wait_for(std::chrono::milliseconds(limits::witness_last_ms));
}

net::Task<void> Witnesses::run() {
    while (!ending_) {
        co_await round(world_);
        const std::int64_t next_ms = loop_.now_ms() + world_->config->ledger.every_ms;
        const bool is_idle = world_->config->ledger.witnesses.empty();
        while (!ending_ && loop_.now_ms() < next_ms) co_await net::Sleep(loop_, is_idle ? wake_idle_ms : wake_ms);
    }
    co_await round(world_);
    ended_.set_value();
}

WitnessLine Witnesses::line_to(const World& world, std::size_t number) {
    const LedgerConfig& config = world.config->ledger;
    return {loop_, pool_, config.witnesses[number], world.witnesses[number], config.timeout_ms};
}

Witnesses::Asked& Witnesses::asked(const World& world, std::size_t number) {
    const std::scoped_lock lock(mutex_); // elements of a map stay where they are
    return asked_[world.config->ledger.witnesses[number].key.text()];
}

// A slot that is just being written looks damaged; the other one is there.
std::optional<tlog::SignedCheckpoint> Witnesses::newest_checkpoint() {
    const auto stored = ledger::read_checkpoint(ledger::checkpoint_path(ledger_.directory));
    if (!stored || !*stored || (*stored)->signed_checkpoint.checkpoint.size == 0) return std::nullopt;
    return (*stored)->signed_checkpoint;
}

net::Task<void> Witnesses::round(std::shared_ptr<const World> world) {
    const std::size_t count = world->config->ledger.witnesses.size();
    const auto newest = count == 0 ? std::nullopt : newest_checkpoint();
    if (!newest) co_return;
    if (gathered_.note.text != newest->note.text)
        gathered_ = {newest->checkpoint, signed_by_log(newest->note, ledger_.keys)};
    std::vector<std::size_t> due;
    {
        const std::scoped_lock lock(mutex_);
        if (newest->checkpoint.size > kept_size_ && waiting_since_ms_ == 0) waiting_since_ms_ = monotonic_ms();
        for (std::size_t i = 0; i < count; ++i) {
            const Asked& one = asked_[world->config->ledger.witnesses[i].key.text()];
            // After a crash the ledger may hold entries that a witness has seen in a checkpoint that was lost: soon signed again.
            const bool is_behind = newest->checkpoint.size < one.known;
            if (one.cosigned < newest->checkpoint.size && !is_behind && loop_.now_ms() >= one.not_before_ms)
                due.push_back(i);
        }
    }
    if (due.empty()) co_return;
    Waiting waiting{net::Completion(loop_), due.size()};
    for (const std::size_t number : due) loop_.spawn(show(*world, number, *newest, waiting));
    co_await waiting.all;
}

net::Task<Result<Shown>> Witnesses::show_from_where_it_is(const World& world, std::size_t number,
                                                          const tlog::SignedCheckpoint& newest) {
    Asked& one = asked(world, number);
    std::uint64_t from = one.known;
    for (int tries = 0;; ++tries) {
        tlog::AddCheckpoint request{from, {}, {newest.checkpoint, signed_by_log(newest.note, ledger_.keys)}};
        if (from > 0) {
            ledger::TreeReader tree(ledger_.directory);
            auto proof = tlog::prove_consistency(from, newest.checkpoint.size, tree.hashes());
            if (!proof) co_return std::unexpected(proof.error());
            request.proof = std::move(*proof);
        }
        Result<Shown> shown = co_await show_checkpoint(line_to(world, number), std::move(request));
        if (!shown) co_return shown;
        {
            const std::scoped_lock lock(mutex_);
            one.known = shown->what == Shown::What::elsewhere  ? shown->size
                        : shown->what == Shown::What::cosigned ? newest.checkpoint.size
                                                               : from;
        }
        const bool is_learned =
            shown->what == Shown::What::elsewhere && shown->size != from && shown->size <= newest.checkpoint.size;
        if (!is_learned || tries > 0) co_return shown;
        from = shown->size;
    }
}

net::Task<void> Witnesses::show(const World& world, std::size_t number, const tlog::SignedCheckpoint& newest,
                                Waiting& waiting) {
    Asked& one = asked(world, number);
    Result<Shown> shown = co_await show_from_where_it_is(world, number, newest);
    const std::uint64_t entries = ledger_.entries();
    if (!shown) {
        failed(one, shown.error());
    } else if (shown->what == Shown::What::cosigned) {
        {
            const std::scoped_lock lock(mutex_);
            one.cosigned = newest.checkpoint.size;
            one.pause_ms = one.not_before_ms = 0;
            one.apart.clear();
        }
        gather(world, newest, std::move(shown->cosignatures));
    } else if (shown->what == Shown::What::inconsistent) {
        tell_apart(one, contradiction({origin(), one.known, {}}, "the witness " + one.name, entries, {}));
    } else if (shown->size > entries) {
        tell_apart(one, contradiction({origin(), shown->size, {}}, "the witness " + one.name, entries, {}));
    } // else it is ahead of the newest checkpoint, not of the entries: the next round goes on
    waiting.one_less();
}

void Witnesses::gather(const World& world, const tlog::SignedCheckpoint& of,
                       std::vector<crypto::NoteSignature> cosignatures) {
    if (of.note.text != gathered_.note.text) return; // of a round that took too long
    auto& signatures = gathered_.note.signatures;
    for (crypto::NoteSignature& one : cosignatures) {
        std::erase_if(signatures, [&](const auto& old) { return old.name == one.name && old.key_id == one.key_id; });
        signatures.push_back(std::move(one));
    }
    const LedgerConfig& config = world.config->ledger;
    const auto count = static_cast<std::size_t>(std::ranges::count_if(config.witnesses, [&](const auto& witness) {
        return std::ranges::any_of(signatures, [&](const auto& one) {
            return one.name == witness.key.name() && one.key_id == witness.key.key_id();
        });
    }));
    std::set<std::size_t> asked_for;
    for (const std::uint8_t asked : world.policy->program().document.sealing.cosignatures)
        if (asked != 0 && asked <= count) asked_for.insert(asked);
    for (const std::size_t asked : asked_for)
        if (keep(keeps_for_policy_[asked], ledger::cosigned_path(ledger_.directory, asked)))
            sealing_.sealed(asked, gathered_.checkpoint.size);
    if (count < std::max<std::size_t>(config.cosignatures, 1)) return;
    if (!keep(keeps_, ledger::cosigned_path(ledger_.directory))) return;
    const std::scoped_lock lock(mutex_);
    kept_size_ = gathered_.checkpoint.size;
    waiting_since_ms_ = 0;
}

// What was gathered; false, which is logged: it is not on the disk.
bool Witnesses::keep(std::optional<ledger::CheckpointWriter>& writer, const std::filesystem::path& path) {
    if (!writer) {
        auto opened = ledger::CheckpointWriter::open(path, ledger::FileOperations::real(), gathered_);
        if (!opened) {
            log_.error("witness.not_kept", {{"why", opened.error().message}});
            return false;
        }
        writer.emplace(std::move(*opened));
    }
    if (writer->write(gathered_)) return true;
    log_.error("witness.not_kept", {{"file", path.string()}, {"why", std::strerror(errno)}});
    return false;
}

void Witnesses::failed(Asked& asked, const Error& error) {
    const std::scoped_lock lock(mutex_);
    ++asked.failures;
    asked.pause_ms =
        std::clamp<std::int64_t>(2 * asked.pause_ms, limits::witness_every_ms, limits::witness_pause_ms_max);
    asked.not_before_ms = loop_.now_ms() + asked.pause_ms;
    log_.warning("witness.failed", {{"witness", asked.name}, {"why", error.message}, {"again_in_ms", asked.pause_ms}});
}

void Witnesses::tell_apart(Asked& asked, std::string sentence) {
    failed(asked, {ErrorKind::refused, ErrorSource::upstream, Retry::never, sentence});
    log_.error("witness.apart", {{"witness", asked.name}, {"why", sentence}});
    const std::scoped_lock lock(mutex_);
    asked.apart = std::move(sentence);
}

std::string Witnesses::first_apart() const {
    const std::scoped_lock lock(mutex_);
    for (const std::string& key : in_use_)
        if (const auto found = asked_.find(key); found != asked_.end() && !found->second.apart.empty())
            return found->second.apart;
    return {};
}

std::string Witnesses::problem() const {
    {
        const std::scoped_lock lock(mutex_);
        if (demanded_ == 0) return {};
    }
    if (std::string apart = first_apart(); !apart.empty()) return apart;
    const std::scoped_lock lock(mutex_);
    if (waiting_since_ms_ == 0 || monotonic_ms() - waiting_since_ms_ <= within_ms_) return {};
    return "the ledger's entries behind " + std::to_string(kept_size_) + " have waited longer than " +
           std::to_string(within_ms_ / 1000) + " s for " + std::to_string(demanded_) +
           " cosignatures; the log's witness.failed says which witness does not answer";
}

WitnessFigures Witnesses::figures() const {
    const std::uint64_t entries = ledger_.entries();
    const std::scoped_lock lock(mutex_);
    WitnessFigures out{kept_size_, entries - std::min(entries, kept_size_), {}};
    for (const std::string& key : in_use_)
        if (const auto found = asked_.find(key); found != asked_.end())
            out.witnesses.push_back({found->second.name, found->second.cosigned, found->second.failures});
    return out;
}

} // namespace sallyport::gateway
