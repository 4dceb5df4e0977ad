#include "bodies/writer.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "bodies/chunk.h"
#include "bodies/pack.h"
#include "bodies/pack_writer.h"
#include "bodies/piece_memory.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <map>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace sallyport::bodies {

namespace {
using Clock = std::chrono::steady_clock;
constexpr std::size_t piece_bytes_min = 512; // smaller ones go together
constexpr std::size_t keys_held_max = 4'096;
constexpr std::size_t group_bytes = 1u << 20;

// What one body adds, on its way to the disk.
struct Job {
    std::uint64_t number = 0;
    store::BodyPlace place;
    std::string manifest;
    Buffer bytes;
};

// Where a body is cut, and what its pieces are called under this place.
struct Piece {
    crypto::UnitName name;
    std::uint32_t begin = 0, end = 0;
};

crypto::UnitName name_of(const crypto::UnitNamer& names, const store::BodyPlace& place) {
    return names.of(place.repository + "\n" + place.person + "\n" + place.effective_class + "\n" +
                    std::to_string(place.week));
}
} // namespace

store::BodyPlace place_at(std::string_view repository, std::string_view person, std::string_view effective_class,
                          std::int64_t at_ms) {
    return {std::string(repository), std::string(person), std::string(effective_class), at_ms / store::body_week_ms};
}

class Writer::Inside {
public:
    Inside(const WriterOptions& options, std::unique_ptr<PackWriter> packs)
        : options_(options), packs_(std::move(packs)), memory_(options.pieces_remembered_max),
          next_number_(packs_->first_number()) {
        figures_.synced_number = figures_.open_pack = next_number_;
        thread_ = std::thread([this] { run(); });
    }

    Result<std::uint64_t> keep(const store::BodyPlace& place, std::string_view body,
                               std::span<const std::uint32_t> cuts);
    Result<std::uint64_t> add(const store::BodyPlace& place, std::span<const Run> parts, std::string_view last,
                              bool has_manifest);
    void close();
    void set_room(std::uint64_t folder_bytes, std::uint64_t limit_bytes, std::vector<store::BodyHold> holds) {
        const std::scoped_lock lock(mutex_);
        figures_.folder_bytes = folder_bytes;
        figures_.limit_bytes = limit_bytes;
        holds_ = std::move(holds);
    }

    std::atomic<bool> full_ = false;
    std::string problem() {
        const std::scoped_lock lock(mutex_);
        return problem_;
    }
    WriterFigures figures() {
        const std::scoped_lock lock(mutex_);
        WriterFigures out = figures_;
        out.next_number = next_number_;
        out.queued_bytes = queued_bytes_;
        return out;
    }

private:
    void cut(const store::BodyPlace& place, std::string_view body, std::span<const std::uint32_t> cuts,
             std::vector<Piece>& pieces) const;
    Result<void> admit(std::size_t bytes);             // locked
    bool is_over_limit(const store::BodyPlace& place); // locked; counts it
    void push(Job job);                                // locked
    void run();
    void wait_for_work(std::unique_lock<std::mutex>& lock);
    Result<void> forget_where_keys_changed();
    bool write_group(std::deque<Job>& jobs);
    Result<const crypto::SealingKey*> key_of(const store::BodyPlace& place, std::uint64_t& id);

    const WriterOptions options_;
    std::unique_ptr<PackWriter> packs_; // the writer thread's after construction
    ChunkWriter chunks_;                // the same
    struct HeldKey {
        std::uint64_t id = 0;
        crypto::SealingKey key;
    };
    std::map<store::BodyPlace, HeldKey> keys_; // the same

    std::mutex mutex_; // guards what follows up to the next blank line
    std::condition_variable wake_;
    PieceMemory memory_;
    std::deque<Job> waiting_;
    std::uint64_t next_number_;
    std::size_t queued_bytes_ = 0;
    bool closing_ = false;
    bool idle_ = false;
    std::string problem_;
    WriterFigures figures_;
    std::vector<store::BodyHold> holds_;

    std::thread thread_;
};

void Writer::Inside::cut(const store::BodyPlace& place, std::string_view body, std::span<const std::uint32_t> cuts,
                         std::vector<Piece>& pieces) const {
    const crypto::UnitName owner = name_of(*options_.names, place);
    const auto add = [&](std::size_t begin, std::size_t end) {
        crypto::UnitName name = options_.names->of(body.substr(begin, end - begin));
        name.low ^= owner.low; // the same text elsewhere lies under another key
        name.high ^= owner.high;
        pieces.push_back({name, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    };
    std::size_t begin = 0;
    for (const std::uint32_t at : cuts) {
        if (at >= body.size() || at < begin + piece_bytes_min) continue;
        add(begin, at);
        begin = at;
    }
    if (begin < body.size()) add(begin, body.size());
}

Result<void> Writer::Inside::admit(std::size_t bytes) {
    if (closing_) return fail(ErrorKind::unavailable, "bodies are not kept any more: the gateway is stopping");
    if (!problem_.empty()) return fail(ErrorKind::unavailable, problem_);
    if (queued_bytes_ != 0 && queued_bytes_ + bytes > options_.queue_bytes_max)
        return fail(ErrorKind::unavailable,
                    "bodies cannot be kept as fast as they come: " + std::to_string(options_.queue_bytes_max) +
                        " bytes wait to be written; the disk is too slow for this load");
    return {};
}

bool Writer::Inside::is_over_limit(const store::BodyPlace& place) {
    if (figures_.limit_bytes == 0 || figures_.folder_bytes + queued_bytes_ < figures_.limit_bytes) return false;
    if (std::ranges::any_of(holds_, [&](const store::BodyHold& hold) { return store::holds(hold, place); }))
        return false;
    ++figures_.over_limit;
    return true;
}

void Writer::Inside::push(Job job) {
    queued_bytes_ += job.bytes.size() + job.manifest.size();
    ++figures_.bodies;
    figures_.new_bytes += job.bytes.size();
    waiting_.push_back(std::move(job));
    if (idle_) wake_.notify_one();
    idle_ = false;
}

Result<std::uint64_t> Writer::Inside::keep(const store::BodyPlace& place, std::string_view body,
                                           std::span<const std::uint32_t> cuts) {
    if (body.size() > limits::chunk_bytes_max / 2)
        return fail(ErrorKind::too_large,
                    "a body of " + std::to_string(body.size()) + " bytes is too large to be kept");
    thread_local std::vector<Piece> pieces;
    thread_local std::vector<Run> runs;
    pieces.clear();
    runs.clear();
    cut(place, body, cuts, pieces);
    Job job;
    job.place = place;
    const std::scoped_lock lock(mutex_);
    if (auto admitted = admit(body.size()); !admitted) return std::unexpected(admitted.error());
    if (is_over_limit(place)) return 0;
    job.number = next_number_++;
    figures_.body_bytes += body.size();
    for (const Piece& piece : pieces) {
        const Run* const known = memory_.find(piece.name);
        if (known != nullptr && known->length == piece.end - piece.begin) {
            add_run(runs, *known);
            continue;
        }
        const Run run{job.number, static_cast<std::uint32_t>(job.bytes.size()), piece.end - piece.begin};
        job.bytes.append(body.substr(piece.begin, piece.end - piece.begin));
        memory_.remember(piece.name, run);
        add_run(runs, run);
    }
    encode(runs, job.number, job.manifest);
    const std::uint64_t number = job.number;
    push(std::move(job));
    return number;
}

Result<std::uint64_t> Writer::Inside::add(const store::BodyPlace& place, std::span<const Run> parts,
                                          std::string_view last, bool has_manifest) {
    Job job;
    job.place = place;
    job.bytes.append(last);
    const std::scoped_lock lock(mutex_);
    if (auto admitted = admit(last.size()); !admitted) return std::unexpected(admitted.error());
    if (is_over_limit(place)) return 0;
    job.number = next_number_++;
    figures_.body_bytes += last.size();
    if (has_manifest) {
        std::vector<Run> runs(parts.begin(), parts.end());
        add_run(runs, {job.number, 0, static_cast<std::uint32_t>(last.size())});
        encode(runs, job.number, job.manifest);
    }
    const std::uint64_t number = job.number;
    push(std::move(job));
    return number;
}

Result<const crypto::SealingKey*> Writer::Inside::key_of(const store::BodyPlace& place, std::uint64_t& id) {
    if (const auto held = keys_.find(place); held != keys_.end()) {
        id = held->second.id;
        return &held->second.key;
    }
    const std::string context = "body key " + place.repository + "\n" + place.person + "\n" + place.effective_class;
    auto record =
        options_.keys->find_or_make(place, options_.wrapping->seal(crypto::random_bytes(32), context), wall_ms());
    if (!record) return std::unexpected(record.error());
    auto key = options_.wrapping->open(record->sealed, context);
    if (!key) return std::unexpected(key.error());
    if (keys_.size() >= keys_held_max) keys_.clear();
    id = record->id;
    return &keys_.emplace(place, HeldKey{id, crypto::SealingKey(Secret(std::move(*key)))}).first->second.key;
}

// After somebody destroyed keys nothing may be sealed with them, nor refer to what they sealed.
Result<void> Writer::Inside::forget_where_keys_changed() {
    const auto changed = options_.keys->changed_elsewhere();
    if (!changed) return std::unexpected(changed.error());
    if (!*changed) return {};
    keys_.clear();
    const std::scoped_lock lock(mutex_);
    memory_ = PieceMemory(options_.pieces_remembered_max);
    return {};
}

// Takes whole groups off the front as they are written; false where the disk or the keys do not take them now.
bool Writer::Inside::write_group(std::deque<Job>& jobs) {
    Buffer frames;
    if (auto current = forget_where_keys_changed(); !current) {
        const std::scoped_lock lock(mutex_);
        problem_ = "bodies cannot be kept: " + current.error().message;
        return false;
    }
    while (!jobs.empty()) {
        frames.clear();
        std::size_t count = 0;
        for (; count < jobs.size() && frames.size() < group_bytes; ++count) {
            const Job& job = jobs[count];
            std::uint64_t id = 0;
            const auto key = key_of(job.place, id);
            const auto sealed = key ? chunks_.seal(**key, job.number, job.manifest, job.bytes.view())
                                    : Result<std::string>(std::unexpected(key.error()));
            if (!sealed) {
                const std::scoped_lock lock(mutex_);
                problem_ = "bodies cannot be kept: " + sealed.error().message;
                return false;
            }
            append_chunk(frames, job.number, id, *sealed);
        }
        if (!packs_->write(frames.view(), jobs.front().number)) {
            const std::scoped_lock lock(mutex_);
            problem_ = packs_->problem();
            return false;
        }
        const std::scoped_lock lock(mutex_);
        problem_.clear();
        figures_.disk_bytes += frames.size();
        figures_.folder_bytes += frames.size();
        figures_.chunks += count;
        figures_.open_pack = packs_->open_pack();
        for (std::size_t i = 0; i < count; ++i) {
            queued_bytes_ -= jobs.front().bytes.size() + jobs.front().manifest.size();
            jobs.pop_front();
        }
    }
    return true;
}

// What is kept after an erasure must not refer to what was erased, also where it is the first in a long time.
void Writer::Inside::wait_for_work(std::unique_lock<std::mutex>& lock) {
    idle_ = true;
    while (!wake_.wait_for(lock, std::chrono::milliseconds(erasure_seen_ms_max / 2),
                           [this] { return closing_ || !waiting_.empty(); })) {
        lock.unlock();
        [[maybe_unused]] const auto current = forget_where_keys_changed(); // a problem shows again where something is written
        lock.lock();
    }
    idle_ = false;
}

void Writer::Inside::run() {
    ::pthread_setname_np(::pthread_self(), "bodies");
    std::deque<Job> jobs;
    auto sync_due = Clock::now();
    std::unique_lock lock(mutex_);
    while (true) {
        if (waiting_.empty() && jobs.empty() && !packs_->unsynced() && !closing_) wait_for_work(lock);
        wake_.wait_for(lock, std::chrono::milliseconds(problem_.empty() ? options_.write_ms : options_.retry_ms),
                       [this] { return closing_; });
        const bool closing = closing_;
        for (Job& job : waiting_) jobs.push_back(std::move(job));
        waiting_.clear();
        lock.unlock();
        const bool was_clean = !packs_->unsynced();
        const bool is_written = write_group(jobs);
        if (was_clean) sync_due = Clock::now() + std::chrono::milliseconds(options_.sync_ms);
        const bool sync = packs_->unsynced() && (closing || Clock::now() >= sync_due);
        if (sync) packs_->sync();
        lock.lock();
        full_.store(!problem_.empty(), std::memory_order_relaxed);
        if (sync && is_written) figures_.synced_number = next_number_;
        if (sync && is_written && !waiting_.empty()) figures_.synced_number = waiting_.front().number;
        if (closing && (!is_written || waiting_.empty())) break;
    }
    figures_.lost = jobs.size();
    if (!jobs.empty())
        std::fprintf(stderr, "sallyport: %zu bodies could not be kept at the end: %s\n", jobs.size(), problem_.c_str());
}

void Writer::Inside::close() {
    {
        const std::scoped_lock lock(mutex_);
        closing_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

Writer::Writer(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Writer::~Writer() { close(); }

Result<std::unique_ptr<Writer>> Writer::open(const WriterOptions& options) {
    auto packs = PackWriter::open(options);
    if (!packs) return std::unexpected(packs.error());
    return std::unique_ptr<Writer>(new Writer(std::make_unique<Inside>(options, std::move(*packs))));
}

Result<std::uint64_t> Writer::keep(const store::BodyPlace& place, std::string_view body,
                                   std::span<const std::uint32_t> cuts) {
    return inside_->keep(place, body, cuts);
}
Result<Run> Writer::keep_part(const store::BodyPlace& place, std::string_view part) {
    const auto number = inside_->add(place, {}, part, false);
    if (!number) return std::unexpected(number.error());
    return Run{*number, 0, static_cast<std::uint32_t>(part.size())};
}
Result<std::uint64_t> Writer::finish(const store::BodyPlace& place, std::span<const Run> parts, std::string_view last) {
    return inside_->add(place, parts, last, true);
}
void Writer::set_room(std::uint64_t folder_bytes, std::uint64_t limit_bytes, std::vector<store::BodyHold> holds) {
    inside_->set_room(folder_bytes, limit_bytes, std::move(holds));
}
bool Writer::full() const { return inside_->full_.load(std::memory_order_relaxed); }
std::string Writer::problem() const { return inside_->problem(); }
WriterFigures Writer::figures() const { return inside_->figures(); }
void Writer::close() { inside_->close(); }

} // namespace sallyport::bodies
