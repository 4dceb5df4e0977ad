// The writer's end of the packs on the disk: the open pack and the step to the next one. One thread.
#pragma once

#include "bodies/writer.h"

namespace sallyport::bodies {

class PackWriter {
public:
    // A start begins a pack of its own with numbers that no chunk ever had, so that a torn end of the one before may stay as it is.
    static Result<std::unique_ptr<PackWriter>> open(const WriterOptions& options);
    ~PackWriter();
    PackWriter(const PackWriter&) = delete;
    PackWriter& operator=(const PackWriter&) = delete;

    std::uint64_t first_number() const { return first_; }  // of this start
    std::uint64_t open_pack() const { return open_pack_; } // the number of its first chunk, once one is open
    // Whole frames, the first of chunk `number`. False: no room; nothing of it counts as written, and problem() says why.
    bool write(std::string_view frames, std::uint64_t number);
    void sync(); // a failure ends the process
    bool unsynced() const { return unsynced_; }
    const std::string& problem() const { return problem_; }

private:
    PackWriter(const WriterOptions& options, ledger::FileOperations& files) : options_(options), files_(files) {}
    bool begin_pack(std::uint64_t first);
    bool write_all(int descriptor, std::string_view bytes, std::uint64_t offset);
    bool blocked(const std::string& what);

    const WriterOptions options_;
    ledger::FileOperations& files_;
    std::filesystem::path path_;
    int descriptor_ = -1; // -1: the first chunk begins a pack
    std::uint64_t size_ = 0, first_ = 0, open_pack_ = 0;
    bool unsynced_ = false;
    std::string problem_;
};

} // namespace sallyport::bodies
