#include "ledger/writer.h"

#include "crypto/crypto.h"
#include "ledger/segment.h"
#include "ledger/segment_file.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>
#include <vector>

namespace sallyport::ledger {

namespace {
using Clock = std::chrono::steady_clock;
constexpr std::size_t kept_bytes_max = 2u << 20;

// Entries of one write, and who waits for them.
struct Group {
    Buffer frames;
    std::uint64_t first_index = 0;
    std::uint64_t entries = 0;
    std::vector<Completion> waiting;

    void clear() {
        if (frames.capacity() > kept_bytes_max) frames = Buffer(); // a burst is over
        frames.clear();
        entries = 0;
        waiting.clear();
    }
};
} // namespace

class Writer::Inside {
public:
    Inside(WriterOptions options, std::unique_ptr<SegmentFileWriter> file, Recovery recovery)
        : options_(std::move(options)), recovery_(std::move(recovery)), file_(std::move(file)),
          next_index_(recovery_.next_index) {
        figures_.next_index = figures_.synced_index = next_index_;
        tell_health();
        thread_ = std::thread([this] { run(); });
    }

    Result<std::uint64_t> append(std::string_view entry, const Completion* completion, Admission admission);
    void close();

    const WriterOptions options_;
    const Recovery recovery_;
    std::atomic<bool> full_ = false;

    Health health() {
        const std::scoped_lock lock(mutex_);
        return {problem_.empty(), problem_};
    }
    WriterFigures figures() {
        const std::scoped_lock lock(mutex_);
        WriterFigures out = figures_;
        out.next_index = next_index_;
        out.queued_bytes = filling_.frames.size() + writing_bytes_;
        return out;
    }

private:
    void run();
    void wait_for_work(std::unique_lock<std::mutex>& lock);
    void take_group();
    std::uint64_t write_group();
    void fail_waiting(std::unique_lock<std::mutex>& lock);
    void tell_health();

    std::unique_ptr<SegmentFileWriter> file_; // the writer thread's after construction

    std::mutex mutex_; // guards what follows up to the next blank line
    std::condition_variable wake_;
    Group filling_;
    std::uint64_t next_index_;
    std::size_t writing_bytes_ = 0;
    bool idle_ = false;   // the thread sleeps without a time limit: whoever appends wakes it
    bool waited_ = false; // somebody waits for the disk
    bool closing_ = false;
    std::string problem_;
    WriterFigures figures_;

    Group writing_; // the writer thread's
    std::size_t written_ = 0;
    bool has_signed_ = false;
    Clock::time_point sync_due_{}, checkpoint_due_{};
    std::thread thread_;
};

Result<std::uint64_t> Writer::Inside::append(std::string_view entry, const Completion* completion,
                                             Admission admission) {
    if (entry.empty() || entry.size() > limits::entry_bytes_max)
        return fail(ErrorKind::too_large, "a ledger entry of " + std::to_string(entry.size()) +
                                              " bytes: the limit is " + std::to_string(limits::entry_bytes_max));
    const std::uint32_t crc = crypto::crc32c(entry);
    const std::size_t bytes = frame_header_bytes + entry.size();
    // What closes recorded work may use a quarter more, so that it is not the first to suffer.
    const std::size_t queue_max =
        options_.queue_bytes_max + (admission == Admission::closing ? options_.queue_bytes_max / 4 : 0);
    std::uint64_t index = 0;
    bool wake = false;
    {
        const std::scoped_lock lock(mutex_);
        if (closing_) return fail(ErrorKind::unavailable, "the ledger is closed: the gateway is stopping");
        if (admission == Admission::fresh && !problem_.empty()) return fail(ErrorKind::unavailable, problem_);
        if (filling_.frames.size() + writing_bytes_ + bytes > queue_max)
            return fail(ErrorKind::unavailable, "the ledger is not keeping up: " + std::to_string(queue_max) +
                                                    " bytes wait to be written; the disk is too slow for this load");
        index = next_index_++;
        append_frame(filling_.frames, index, entry, crc);
        ++filling_.entries;
        if (completion != nullptr) {
            filling_.waiting.push_back(*completion);
            wake = !waited_;
            waited_ = true;
        }
        wake = wake || idle_;
        idle_ = false;
    }
    if (wake) wake_.notify_one();
    return index;
}

// Returns when there is a group to write, something to sync, or a full disk to be asked again.
void Writer::Inside::wait_for_work(std::unique_lock<std::mutex>& lock) {
    const auto called = [this] { return closing_ || waited_; };
    const bool stuck = !writing_.frames.empty() || !problem_.empty();
    if (stuck) {
        wake_.wait_for(lock, std::chrono::milliseconds(options_.retry_ms), [this] { return closing_; });
        return;
    }
    if (filling_.entries == 0 && !file_->unsynced() && !file_->has_unsigned() && !called()) {
        idle_ = true;
        wake_.wait(lock, [this] { return closing_ || filling_.entries != 0; });
        idle_ = false;
    }
    auto due = Clock::now() + std::chrono::milliseconds(options_.write_ms);
    if (file_->unsynced()) due = std::min(due, sync_due_);
    if (file_->has_unsigned() && !file_->unsynced()) due = std::min(due, checkpoint_due_);
    wake_.wait_until(lock, due, called);
}

void Writer::Inside::take_group() {
    std::swap(filling_, writing_);
    writing_bytes_ = writing_.frames.size();
    writing_.first_index = next_index_ - writing_.entries;
    written_ = 0;
    waited_ = false;
}

// Returns how many entries were written.
std::uint64_t Writer::Inside::write_group() {
    const bool clean = !file_->unsynced();
    const std::string_view rest = writing_.frames.view().substr(written_);
    const std::size_t taken = file_->write(rest, writing_.first_index);
    std::uint64_t entries = 0;
    for (std::size_t at = 0; at < taken; ++entries) {
        std::uint32_t length = 0;
        std::memcpy(&length, rest.data() + at, sizeof length);
        at += frame_header_bytes + length;
    }
    written_ += taken;
    writing_.first_index += entries;
    if (clean && file_->unsynced()) sync_due_ = Clock::now() + std::chrono::milliseconds(options_.sync_ms);
    return entries;
}

// Those who wait learn that the disk has no room; their entries stay in the queue and are written when it has.
void Writer::Inside::fail_waiting(std::unique_lock<std::mutex>& lock) {
    std::vector<Completion> waiting = std::exchange(writing_.waiting, {});
    waiting.insert(waiting.end(), filling_.waiting.begin(), filling_.waiting.end());
    filling_.waiting.clear();
    waited_ = false;
    lock.unlock();
    for (const Completion& completion : waiting) completion.done(completion.context, false);
    lock.lock();
}

void Writer::Inside::tell_health() {
    problem_ = file_->problem();
    full_.store(!problem_.empty(), std::memory_order_relaxed);
}

void Writer::Inside::run() {
    ::pthread_setname_np(::pthread_self(), "ledger"); // what ps and the benchmarks tell apart
    std::unique_lock lock(mutex_);
    while (true) {
        wait_for_work(lock);
        const bool closing = closing_;
        if (writing_.frames.empty()) take_group();
        lock.unlock();

        std::uint64_t entries = 0;
        const std::size_t written_before = written_;
        if (writing_.frames.empty())
            file_->make_room(writing_.first_index);
        else
            entries = write_group();
        const bool whole = written_ == writing_.frames.size();
        const bool at_once = closing || !has_signed_; // the first entries of a process: unsigned_entries.h
        const bool sync = file_->unsynced() && (!writing_.waiting.empty() || at_once || Clock::now() >= sync_due_);
        if (sync) file_->sync();
        if (whole)
            for (const Completion& completion : writing_.waiting) completion.done(completion.context, true);
        if (file_->has_unsigned() && !file_->unsynced() && (at_once || Clock::now() >= checkpoint_due_)) {
            has_signed_ = file_->sign() || has_signed_;
            checkpoint_due_ = Clock::now() + std::chrono::milliseconds(options_.checkpoint_ms);
        }

        lock.lock();
        figures_.entries += entries;
        figures_.bytes += written_ - written_before;
        figures_.groups += entries != 0 ? 1 : 0;
        figures_.syncs += sync ? 1 : 0;
        figures_.synced_index = file_->synced_index();
        figures_.signed_index = file_->signed_index();
        tell_health();
        if (whole) {
            writing_.clear();
            writing_bytes_ = 0;
            written_ = 0;
        } else {
            fail_waiting(lock);
        }
        if (closing && (!whole || filling_.entries == 0)) break;
    }
    if (writing_.frames.empty())
        file_->finish(next_index_);
    else
        std::fprintf(stderr, "sallyport: %llu ledger entries could not be written at the end: %s\n",
                     static_cast<unsigned long long>(next_index_ - writing_.first_index), problem_.c_str());
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

Result<std::unique_ptr<Writer>> Writer::open(WriterOptions options) {
    Recovery recovery;
    auto file = SegmentFileWriter::open(options, recovery);
    if (!file) return std::unexpected(file.error());
    auto inside = std::make_unique<Inside>(std::move(options), std::move(*file), std::move(recovery));
    return std::unique_ptr<Writer>(new Writer(std::move(inside)));
}

Result<std::uint64_t> Writer::append(std::string_view entry, Admission admission) {
    return inside_->append(entry, nullptr, admission);
}
Result<std::uint64_t> Writer::append_durable(std::string_view entry, Completion completion, Admission admission) {
    return inside_->append(entry, &completion, admission);
}
const Recovery& Writer::recovery() const { return inside_->recovery_; }
bool Writer::full() const { return inside_->full_.load(std::memory_order_relaxed); }
Health Writer::health() const { return inside_->health(); }
WriterFigures Writer::figures() const { return inside_->figures(); }
void Writer::close() { inside_->close(); }

} // namespace sallyport::ledger
