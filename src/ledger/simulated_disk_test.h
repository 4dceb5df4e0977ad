// A disk that remembers every operation, so that a test can ask: what would be there after a power cut at this point?
// Operations also reach the real files, as the writer reads nothing back while it runs.
#pragma once

#include "ledger/file_operations.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace sallyport::ledger {

// What a power cut does with what was not synced.
enum class Loss { everything, nothing, torn_sector, reordered };

class SimulatedDisk : public FileOperations {
public:
    struct Event {
        // sync_failed: what was written since the last sync stays to be read, and no later sync brings it to the disk.
        enum class What { create, write, sync, sync_failed, truncate, rename, sync_folder, acknowledged } what;
        std::string file, to;     // names in the folder
        std::uint64_t number = 0; // offset, size or acknowledged index
        std::string bytes;
    };

    int create(const std::filesystem::path& file) override { return opened(file, FileOperations::create(file), true); }
    int open(const std::filesystem::path& file) override { return opened(file, FileOperations::open(file), false); }
    std::ptrdiff_t write(int descriptor, std::string_view bytes, std::uint64_t offset) override {
        note({Event::What::write, name(descriptor), {}, offset, std::string(bytes)});
        return FileOperations::write(descriptor, bytes, offset);
    }
    int sync(int descriptor) override {
        note({Event::What::sync, name(descriptor), {}, 0, {}});
        return 0;
    }
    int reserve(int, std::uint64_t, std::uint64_t) override { return 0; }
    int truncate(int descriptor, std::uint64_t bytes) override {
        note({Event::What::truncate, name(descriptor), {}, bytes, {}});
        return FileOperations::truncate(descriptor, bytes);
    }
    int rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
        note({Event::What::rename, from.filename(), to.filename(), 0, {}});
        const std::scoped_lock lock(mutex_);
        for (auto& [descriptor, file] : names_)
            if (file == from.filename()) file = to.filename();
        return FileOperations::rename(from, to);
    }
    int sync_folder(const std::filesystem::path&) override {
        note({Event::What::sync_folder, {}, {}, 0, {}});
        return 0;
    }
    void acknowledged(std::uint64_t index) { note({Event::What::acknowledged, {}, {}, index, {}}); }

    const std::vector<Event>& events() const { return events_; }

    // The folder as it would be found after a cut behind the first `count` events.
    static void restore(const std::vector<Event>& events, std::size_t count, Loss loss, std::uint32_t seed,
                        const std::filesystem::path& folder);

private:
    int opened(const std::filesystem::path& file, int descriptor, bool created) {
        if (created) note({Event::What::create, file.filename(), {}, 0, {}});
        const std::scoped_lock lock(mutex_);
        names_[descriptor] = file.filename();
        return descriptor;
    }
    std::string name(int descriptor) {
        const std::scoped_lock lock(mutex_);
        return names_[descriptor];
    }
    void note(Event event) {
        const std::scoped_lock lock(mutex_);
        events_.push_back(std::move(event));
    }
    std::mutex mutex_;
    std::map<int, std::string> names_;
    std::vector<Event> events_;
};

namespace simulated {
inline constexpr std::size_t sector_bytes = 512;

inline void put(std::string& file, std::uint64_t offset, std::string_view bytes) {
    if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size(), '\0');
    file.replace(offset, bytes.size(), bytes);
}

struct File {
    std::string content;                                     // on the disk
    std::vector<std::pair<std::uint64_t, std::string>> open; // written since the last sync
    void truncate(std::uint64_t bytes) {
        if (content.size() > bytes) content.resize(bytes);
        for (auto& [offset, written] : open)
            written.resize(std::min<std::uint64_t>(written.size(), bytes > offset ? bytes - offset : 0));
    }
    void sync() {
        for (const auto& [offset, bytes] : open) put(content, offset, bytes);
        open.clear();
    }
    void cut(Loss loss, std::mt19937& random) {
        if (loss == Loss::everything) return open.clear();
        if (loss == Loss::torn_sector && !open.empty()) {
            auto& [offset, bytes] = open.back();
            const auto kept = (offset + random() % (bytes.size() + 1)) / sector_bytes * sector_bytes;
            bytes.resize(kept > offset ? kept - offset : 0);
        }
        if (loss != Loss::reordered) return sync();
        for (const auto& [offset, bytes] : open) { // each sector on its own
            for (std::size_t at = 0; at < bytes.size();) {
                const std::size_t step = std::min(bytes.size() - at, sector_bytes - (offset + at) % sector_bytes);
                if (random() % 2 == 0) put(content, offset + at, std::string_view(bytes).substr(at, step));
                at += step;
            }
        }
    }
};
} // namespace simulated

inline void SimulatedDisk::restore(const std::vector<Event>& events, std::size_t count, Loss loss, std::uint32_t seed,
                                   const std::filesystem::path& folder) {
    std::mt19937 random(seed);
    std::map<std::string, simulated::File> files;
    std::vector<std::pair<std::string, std::string>> renames; // not yet safe
    for (std::size_t i = 0; i < count; ++i) {
        const Event& event = events[i];
        switch (event.what) {
        case Event::What::create: files[event.file] = {}; break;
        case Event::What::write: files[event.file].open.emplace_back(event.number, event.bytes); break;
        case Event::What::sync: files[event.file].sync(); break;
        case Event::What::sync_failed: files[event.file].open.clear(); break;
        case Event::What::truncate: files[event.file].truncate(event.number); break;
        case Event::What::rename:
            files[event.to] = std::move(files[event.file]);
            files.erase(event.file);
            renames.emplace_back(event.file, event.to);
            break;
        case Event::What::sync_folder: renames.clear(); break;
        case Event::What::acknowledged: break;
        }
    }
    for (const auto& [from, to] : renames) {
        if (loss == Loss::nothing || (loss != Loss::everything && random() % 2 == 0)) continue;
        files[from] = std::move(files[to]);
        files.erase(to);
    }
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    for (auto& [name, file] : files) {
        file.cut(loss, random);
        std::ofstream(folder / name, std::ios::binary) << file.content;
    }
}

} // namespace sallyport::ledger
