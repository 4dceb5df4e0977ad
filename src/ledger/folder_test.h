// A ledger directory for one test, and what is in it, read frame by frame.
#pragma once

#include "ledger/segment.h"
#include "ledger/writer.h"

#include <gtest/gtest.h>

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
        std::string name = testing::TempDir() + "ledger_XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~LedgerFolder() { std::filesystem::remove_all(path_); }
    LedgerFolder(const LedgerFolder&) = delete;
    LedgerFolder& operator=(const LedgerFolder&) = delete;

    std::filesystem::path ledger() const { return path_ / "ledger"; }
    std::filesystem::path index() const { return path_ / "index.db"; }
    WriterOptions options(FileOperations* files = nullptr) const {
        WriterOptions out;
        out.directory = ledger();
        out.origin = "k3f9x2ab";
        out.headroom_bytes = 1u << 16;
        out.files = files;
        return out;
    }

private:
    std::filesystem::path path_;
};

// All entries in order. Expects each segment to begin where the one before ended, and to end behind a whole frame.
inline std::vector<std::string> entries_in(const std::filesystem::path& ledger) {
    std::vector<std::string> out;
    const auto segments = list_segments(ledger);
    EXPECT_TRUE(segments);
    for (const SegmentFile& file : *segments) {
        EXPECT_EQ(file.first_index, out.size()) << file.path;
        const auto segment = load_segment(file);
        EXPECT_TRUE(segment) << segment.error().message;
        if (!segment) break;
        FrameReader reader(segment->bytes.view().substr(segment_header_bytes), segment_header_bytes, file.first_index);
        FrameReader::State state{};
        while ((state = reader.next()) == FrameReader::State::entry) {
            EXPECT_EQ(reader.index(), out.size());
            out.emplace_back(reader.entry());
        }
        EXPECT_EQ(state, FrameReader::State::end) << file.path << " at " << reader.end_offset();
    }
    return out;
}

// What became of one durable append.
class Waiter {
public:
    Completion completion() {
        return {[](void* self, bool durable) { static_cast<Waiter*>(self)->done(durable); }, this};
    }
    bool wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return count_ != 0; });
        EXPECT_EQ(count_, 1);
        return durable_;
    }

private:
    void done(bool durable) {
        const std::scoped_lock lock(mutex_);
        ++count_;
        durable_ = durable;
        changed_.notify_all();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
    bool durable_ = false;
};

} // namespace sallyport::ledger
