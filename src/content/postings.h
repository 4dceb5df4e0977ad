// Where fingerprints stand, sorted by hash: what a segment's entries are made of. Sorted in memory run by run; further runs wait in a
// file beside the segment, so that memory is bounded (limits::index_run_postings_max) however large the segment. One thread.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

namespace sallyport::content {

struct Posting {
    std::uint64_t hash = 0;
    std::uint64_t place = 0; // what comes with it
};

class Postings {
public:
    // `spill`: a file that is made where there is more than one run, and deleted with this object.
    explicit Postings(std::filesystem::path spill);
    ~Postings();
    Postings(const Postings&) = delete;
    Postings& operator=(const Postings&) = delete;

    Result<void> add(std::uint64_t hash, std::uint64_t place) {
        run_.push_back({hash, place});
        ++count_;
        return run_.size() < run_max_ ? Result<void>{} : spill();
    }
    std::uint64_t count() const { return count_; }

    // For each distinct hash, ascending by the upper 48 bits (which tell hashes apart): its postings in the order in which
    // they were added. No add()
    // afterwards; may be called again.
    using Visit = std::function<void(std::span<const Posting>)>;
    Result<void> for_each_hash(const Visit& visit);

    void set_run_max(std::size_t postings) { run_max_ = postings; } // for tests of what large segments do

private:
    Result<void> spill();
    void sort_run();

    std::filesystem::path file_;
    int descriptor_ = -1;
    std::vector<Posting> run_, copy_;
    std::vector<std::uint64_t> run_sizes_; // of those in the file
    std::size_t run_max_;
    std::uint64_t count_ = 0;
    bool sorted_ = false;
};

} // namespace sallyport::content
