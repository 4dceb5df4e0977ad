// A ledger directory for one test, and what is in it, read frame by frame.
#pragma once

#include "ledger/segment.h"
#include "ledger/tree_files.h"
#include "ledger/writer.h"
#include "tlog/checkpoint.h"

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace sallyport::ledger {

class LedgerFolder {
public:
    LedgerFolder() {
        std::string name = std::filesystem::temp_directory_path() / "ledger_XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~LedgerFolder() { std::filesystem::remove_all(path_); }
    LedgerFolder(const LedgerFolder&) = delete;
    LedgerFolder& operator=(const LedgerFolder&) = delete;

    std::filesystem::path ledger() const { return path_ / "ledger"; }
    std::filesystem::path index() const { return path_ / "index.db"; }
    std::filesystem::path errors() const { return path_ / "errors"; }
    WriterOptions options(FileOperations* files = nullptr) const {
        WriterOptions out;
        out.directory = ledger();
        out.origin = "k3f9x2ab";
        out.signer = signer();
        out.headroom_bytes = 1u << 16;
        out.files = files;
        return out;
    }

    static const std::shared_ptr<const crypto::NoteSigner>& signer() {
        static const auto made =
            std::make_shared<const crypto::NoteSigner>(*crypto::NoteSigner::generate("sallyport/k3f9x2ab"));
        return made;
    }

private:
    std::filesystem::path path_;
};

// All entries in order, and what is wrong with the files: each segment begins where the one before ended and ends behind a whole frame.
struct Found {
    std::vector<std::string> entries;
    std::string problem;
};
inline Found read_ledger(const std::filesystem::path& ledger) {
    Found out;
    const auto segments = list_segments(ledger);
    if (!segments) return {{}, segments.error().message};
    for (const SegmentFile& file : *segments) {
        const auto segment = load_segment(file);
        if (!segment) return {std::move(out.entries), segment.error().message};
        if (file.first_index != out.entries.size())
            out.problem = file.path.string() + " does not follow the one before";
        FrameReader reader(segment->bytes.view().substr(segment_header_bytes), segment_header_bytes, file.first_index);
        FrameReader::State state{};
        while ((state = reader.next()) == FrameReader::State::entry) out.entries.emplace_back(reader.entry());
        if (state != FrameReader::State::end)
            out.problem = file.path.string() + " is broken at " + std::to_string(reader.end_offset());
    }
    return out;
}

// No real syncs: the simulation decides what is durable.
class FastFiles : public FileOperations {
public:
    int sync(int) override { return 0; }
    int sync_folder(const std::filesystem::path&) override { return 0; }
};

// The first of these checkpoints that is not the beginning of what the folder's tree tells; empty where there is none.
inline std::string unexplained(const std::vector<tlog::Checkpoint>& shown, const std::filesystem::path& folder) {
    TreeReader tree(folder);
    for (const tlog::Checkpoint& one : shown) {
        const auto root = tlog::root_of(one.size, tree.hashes());
        if (!root || *root != one.root) return tlog::encode(one);
    }
    return {};
}

// What became of one durable append.
class Waiter {
public:
    Completion completion() {
        return {[](void* self, bool durable) { static_cast<Waiter*>(self)->done(durable); }, this};
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return done_; });
        return durable_;
    }

private:
    void done(bool durable) {
        const std::scoped_lock lock(mutex_);
        if (done_) std::abort(); // completed twice
        done_ = true;
        durable_ = durable;
        changed_.notify_all();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
    bool durable_ = false;
};

} // namespace sallyport::ledger
