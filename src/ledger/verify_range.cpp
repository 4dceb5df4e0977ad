#include "base/limits.h"
#include "ledger/checkpoint_file.h"
#include "ledger/leaf_stream.h"
#include "ledger/offloaded.h"
#include "ledger/tree_files.h"
#include "ledger/verify.h"

namespace sallyport::ledger {

namespace {

class RangeVerification {
public:
    RangeVerification(const VerifyOptions& options, std::uint64_t first, std::uint64_t last)
        : options_(options), tree_(options.directory), next_(first), end_(last + 1) {}

    Result<Verified> run() {
        const auto path = checkpoint_path(options_.directory);
        auto stored = read_checkpoint(path);
        if (!stored) return std::unexpected(stored.error());
        if (!*stored)
            return fail(ErrorKind::invalid, path.string() + " is missing: there is nothing that entries could be held "
                                                            "against");
        out_.checkpoint = std::move((*stored)->signed_checkpoint);
        auto witnesses = tlog::check_signatures(*out_.checkpoint, options_.keys);
        if (!witnesses)
            problem("signature", path.string() + ": " + witnesses.error().message);
        else
            out_.witnesses = std::move(*witnesses);
        const std::uint64_t size = out_.checkpoint->checkpoint.size;
        if (end_ > size)
            return fail(ErrorKind::invalid,
                        "the newest checkpoint is of " + std::to_string(size) + " entries, counted from 0",
                        ErrorSource::client);
        const auto segments = list_segments(options_.directory);
        if (!segments) return std::unexpected(segments.error());
        for (std::size_t i = 0; i < segments->size() && next_ < end_; ++i) {
            const std::uint64_t behind = i + 1 < segments->size() ? (*segments)[i + 1].first_index : UINT64_MAX;
            if (behind <= next_) continue;
            if (auto read = read_segment((*segments)[i], std::min(behind, end_)); !read)
                return std::unexpected(read.error());
        }
        if (next_ < end_) missing(end_);
        out_.entries = out_.read;
        return std::move(out_);
    }

private:
    void problem(std::string kind, std::string sentence, std::optional<std::uint64_t> first = {},
                 std::optional<std::uint64_t> last = {}) {
        if (out_.problems.size() == limits::problems_told_max)
            ++out_.problems_left_out;
        else
            out_.problems.push_back({std::move(kind), first, last ? last : first, std::move(sentence)});
    }
    void missing(std::uint64_t end) {
        problem("missing",
                "entries " + std::to_string(next_) + " to " + std::to_string(end - 1) +
                    " are not there, or cannot be read",
                next_, end - 1);
        next_ = end;
    }

    Result<void> read_segment(const SegmentFile& file, std::uint64_t end) {
        std::error_code code;
        if (file.is_offloaded && !std::filesystem::is_regular_file(where_is(file.path), code)) {
            problem("unreadable",
                    file.path.filename().string() + " was offloaded to " + where_is(file.path).string() +
                        " and is not there now, which is no sign of tampering; mount that directory again",
                    next_, end - 1);
            next_ = end;
            return {};
        }
        if (file.first_index > next_) missing(std::min(end, file.first_index));
        const auto read = stream_.read(file, [&](std::uint64_t index, const tlog::Digest& leaf, std::string_view) {
            if (index == next_ && index < end) judge(index, leaf);
        });
        if (!read) {
            problem("segment", read.error().message);
            return {};
        }
        if (next_ < end) missing(end);
        return {};
    }

    void judge(std::uint64_t index, const tlog::Digest& leaf) {
        const tlog::Checkpoint& last = out_.checkpoint->checkpoint;
        const auto proof = tlog::prove_inclusion(index, last.size, tree_.hashes());
        if (!proof)
            problem("tree", "entry " + std::to_string(index) + " has no proof: " + proof.error().message, index);
        else if (!tlog::verify_inclusion(index, last.size, leaf, *proof, last.root))
            problem("entry",
                    "entry " + std::to_string(index) +
                        " is not what was signed, or the tree's files are damaged: a whole `sallyport ledger verify` "
                        "tells which",
                    index);
        ++next_;
        ++out_.read;
        if (options_.progress && out_.read % 65'536 == 0) options_.progress(out_.read);
    }

    const VerifyOptions& options_;
    TreeReader tree_;
    LeafStream stream_;
    std::uint64_t next_, end_;
    Verified out_;
};

} // namespace

Result<Verified> verify_range(const VerifyOptions& options, std::uint64_t first, std::uint64_t last) {
    return RangeVerification(options, first, last).run();
}

} // namespace sallyport::ledger
