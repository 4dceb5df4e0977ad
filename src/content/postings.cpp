#include "content/postings.h"

#include "base/limits.h"
#include "base/mapped_file.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <queue>
#include <unistd.h>

namespace sallyport::content {

namespace {

constexpr unsigned key_shift = 16; // the lower bits do not tell hashes apart
constexpr unsigned digit_bits = 12, digits = 4, digits_low = 2;

std::uint64_t key(const Posting& posting) { return posting.hash >> key_shift; }

// Groups of one key, told as they end.
class Groups {
public:
    explicit Groups(const Postings::Visit& visit) : visit_(visit) {}
    void add(const Posting& posting) {
        if (!group_.empty() && key(group_.front()) != key(posting)) end();
        group_.push_back(posting);
    }
    void end() {
        if (!group_.empty()) visit_(group_);
        group_.clear();
    }

private:
    const Postings::Visit& visit_;
    std::vector<Posting> group_;
};

} // namespace

Postings::Postings(std::filesystem::path spill) : file_(std::move(spill)), run_max_(limits::index_run_postings_max) {}

Postings::~Postings() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(file_.c_str());
}

// By the upper half of the keys, least significant digit first, which keeps the order of equal keys: that of positions. Then the few that are
// equal so far among each other.
void Postings::sort_run() {
    copy_.resize(run_.size());
    for (unsigned digit = digits_low; digit < digits; ++digit) {
        const unsigned shift = key_shift + digit * digit_bits;
        constexpr std::uint64_t mask = (1U << digit_bits) - 1;
        std::array<std::size_t, 1U << digit_bits> begin{};
        for (const Posting& posting : run_) ++begin[posting.hash >> shift & mask];
        std::size_t sum = 0;
        for (std::size_t& count : begin) sum += std::exchange(count, sum);
        for (const Posting& posting : run_) copy_[begin[posting.hash >> shift & mask]++] = posting;
        run_.swap(copy_);
    }
    constexpr unsigned sorted_shift = key_shift + digits_low * digit_bits;
    for (std::size_t from = 0, to = 0; from < run_.size(); from = to) {
        bool differs = false;
        for (to = from + 1; to < run_.size() && run_[to].hash >> sorted_shift == run_[from].hash >> sorted_shift; ++to)
            differs = differs || key(run_[to]) != key(run_[from]);
        if (differs)
            std::stable_sort(run_.begin() + static_cast<std::ptrdiff_t>(from),
                             run_.begin() + static_cast<std::ptrdiff_t>(to),
                             [](const Posting& a, const Posting& b) { return key(a) < key(b); });
    }
}

Result<void> Postings::spill() {
    if (descriptor_ < 0) {
        ::unlink(file_.c_str());
        descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (descriptor_ < 0) return fail_errno("cannot create " + file_.string());
    }
    sort_run();
    std::string_view bytes(reinterpret_cast<const char*>(run_.data()), run_.size() * sizeof(Posting));
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot write " + file_.string());
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    run_sizes_.push_back(run_.size());
    run_.clear();
    return {};
}

Result<void> Postings::for_each_hash(const Visit& visit) {
    if (!std::exchange(sorted_, true)) {
        sort_run();
        copy_ = {};
    }
    if (run_sizes_.empty()) { // they lie beside each other
        for (std::size_t from = 0, to = 0; from < run_.size(); from = to) {
            for (to = from + 1; to < run_.size() && key(run_[to]) == key(run_[from]);) ++to;
            visit(std::span<const Posting>(run_).subspan(from, to - from));
        }
        return {};
    }
    Groups groups(visit);
    auto mapped = MappedFile::open(file_);
    if (!mapped) return std::unexpected(mapped.error());
    const auto* next = reinterpret_cast<const Posting*>((*mapped)->bytes().data());
    std::vector<std::span<const Posting>> runs;
    for (const std::uint64_t size : run_sizes_) {
        runs.emplace_back(next, size);
        next += size;
    }
    runs.emplace_back(run_);
    // The smallest key first, of equal keys the earlier run: its positions are smaller.
    using Head = std::pair<std::uint64_t, std::size_t>;
    std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
    for (std::size_t i = 0; i < runs.size(); ++i)
        if (!runs[i].empty()) heads.emplace(key(runs[i].front()), i);
    while (!heads.empty()) {
        const std::size_t run = heads.top().second;
        heads.pop();
        groups.add(runs[run].front());
        runs[run] = runs[run].subspan(1);
        if (!runs[run].empty()) heads.emplace(key(runs[run].front()), run);
    }
    groups.end();
    return {};
}

} // namespace sallyport::content
