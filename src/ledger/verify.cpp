#include "ledger/verify.h"

#include "base/limits.h"
#include "ledger/checkpoint_file.h"
#include "ledger/leaf_stream.h"
#include "ledger/ledger_files.h"
#include "ledger/offloaded.h"
#include "ledger/segment.h"
#include "ledger/tree_files.h"
#include "ledger/tree_leaves.h"
#include "ledger/unsigned_entries.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

namespace sallyport::ledger {

namespace {

using tlog::Digest;

std::string number(std::uint64_t value) { return std::to_string(value); }
std::string entries_text(std::uint64_t first, std::uint64_t last) {
    return first == last ? "entry " + number(first) : "entries " + number(first) + " to " + number(last);
}

class Verification {
public:
    explicit Verification(const VerifyOptions& options) : options_(options), files_(options.directory) {}
    Result<Verified> run();

private:
    void problem(std::string kind, std::string sentence, std::optional<std::uint64_t> first = {},
                 std::optional<std::uint64_t> last = {});
    std::optional<tlog::SignedCheckpoint> read_file_of(const std::filesystem::path& path, std::string_view missing);
    void read_last_checkpoint();
    void read_cosigned();
    void read_sealed();
    Result<void> begin();
    Result<void> look_at_files();
    void read_segments(std::span<const SegmentFile> segments);
    void read_segment(const SegmentFile& file, bool is_last);
    void take(std::uint64_t index, const Digest& hash, std::string_view entry);
    void add_leaf(const Digest& hash);
    bool pass_over(const SegmentFile& file, std::uint64_t end);
    void missing(std::uint64_t first, std::uint64_t end);
    void compare_with_seen();
    void judge();
    void judge_unsigned(std::span<const SegmentFile> segments);
    void tell_differing(std::uint64_t index, const Digest& found);
    void tell_moved(std::vector<std::pair<std::uint64_t, Digest>> moved);
    std::uint64_t signed_size() const { return out_.checkpoint ? out_.checkpoint->checkpoint.size : 0; }

    const VerifyOptions& options_;
    TreeReader files_;
    LeafStream stream_;
    Verified out_;
    struct Seen {
        tlog::Checkpoint checkpoint;
        std::string what; // "a checkpoint that was given"
    };
    std::vector<Seen> seen_;            // by size, those not reached yet
    tlog::GrowingTree tree_;            // of the entries as they stand
    bool is_whole_ = true;              // none missing so far: tree_ says something
    std::optional<Digest> signed_root_; // of the entries as they stand, at the checkpoint's size
    std::uint64_t next_ = 0;
    std::optional<TreeLeaves> leaves_;
    std::vector<std::pair<std::uint64_t, Digest>> differing_; // leaves that are not those of the files
    std::optional<std::pair<unsigned, std::uint64_t>> differing_above_;
    RepeatedEntries repeated_; // of those that are in no checkpoint yet
    static constexpr std::size_t differing_max = 1u << 20;
};

void Verification::problem(std::string kind, std::string sentence, std::optional<std::uint64_t> first,
                           std::optional<std::uint64_t> last) {
    if (out_.problems.size() == limits::problems_told_max)
        ++out_.problems_left_out;
    else
        out_.problems.push_back({std::move(kind), first, last ? last : first, std::move(sentence)});
}

// A slot that is just being written looks damaged: that passes. `missing`: the problem where there is no such file; empty: none.
std::optional<tlog::SignedCheckpoint> Verification::read_file_of(const std::filesystem::path& path,
                                                                 std::string_view missing) {
    constexpr int tries = 3;
    for (int i = 0;; ++i) {
        auto stored = read_checkpoint(path);
        if ((!stored || (*stored && !(*stored)->damage.empty())) && i < tries) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            continue;
        }
        if (!stored) {
            problem("checkpoint", stored.error().message);
        } else if (!*stored) {
            if (!missing.empty()) problem("checkpoint", path.string() + std::string(missing));
        } else {
            if (!(*stored)->damage.empty()) problem("checkpoint", path.string() + ": " + (*stored)->damage);
            return std::move((*stored)->signed_checkpoint);
        }
        return std::nullopt;
    }
}

void Verification::read_last_checkpoint() {
    const auto path = checkpoint_path(options_.directory);
    out_.checkpoint = read_file_of(path, " is missing: nothing here says what the ledger was; compare it with a "
                                         "checkpoint that was kept elsewhere");
    if (!out_.checkpoint) return;
    auto witnesses = tlog::check_signatures(*out_.checkpoint, options_.keys);
    if (!witnesses) return problem("signature", path.string() + ": " + witnesses.error().message);
    if (!out_.cosigned) out_.witnesses = std::move(*witnesses);
}

// One more that the ledger must begin with.
void Verification::read_cosigned() {
    const auto path = cosigned_path(options_.directory);
    out_.cosigned = read_file_of(path, {});
    if (!out_.cosigned) return;
    auto witnesses = tlog::check_signatures(*out_.cosigned, options_.keys);
    if (!witnesses) return problem("signature", path.string() + ": " + witnesses.error().message);
    out_.witnesses = std::move(*witnesses);
    seen_.push_back({out_.cosigned->checkpoint, "the checkpoint that witnesses cosigned"});
}

// What policies asked for: the ledger must begin with these, too.
void Verification::read_sealed() {
    for (std::size_t count = 1; count <= limits::witnesses_max; ++count) {
        const auto path = cosigned_path(options_.directory, count);
        const auto kept = read_file_of(path, {});
        if (!kept) continue;
        if (const auto witnesses = tlog::check_signatures(*kept, options_.keys); !witnesses)
            problem("signature", path.string() + ": " + witnesses.error().message);
        else
            seen_.push_back({kept->checkpoint, "the checkpoint in " + path.string()});
    }
}

Result<void> Verification::begin() {
    std::vector<tlog::SignedCheckpoint> given = options_.seen;
    if (options_.verified) given.push_back(*options_.verified);
    for (const auto& one : given) {
        if (auto is_signed = tlog::check_signatures(one, options_.keys); !is_signed)
            return fail(ErrorKind::refused, "a checkpoint that was given cannot be used: " + is_signed.error().message);
        if (out_.checkpoint && one.checkpoint.origin != out_.checkpoint->checkpoint.origin)
            return fail(ErrorKind::refused,
                        "a checkpoint that was given is of the ledger " + one.checkpoint.origin + ", not of this one");
        seen_.push_back({one.checkpoint, "a checkpoint that was given"});
    }
    std::ranges::sort(seen_, {}, [](const auto& one) { return one.checkpoint.size; });
    const std::uint64_t from = options_.verified ? options_.verified->checkpoint.size : 0;
    if (from > 0) {
        auto before = tlog::GrowingTree::of(from, files_.hashes());
        if (!before) return std::unexpected(before.error());
        tree_ = *before;
    }
    next_ = from;
    // Those of before need no entry: the tree's files say whether they fit.
    while (!seen_.empty() && seen_.front().checkpoint.size < from) {
        const auto root = tlog::root_of(seen_.front().checkpoint.size, files_.hashes());
        if (!root || *root != seen_.front().checkpoint.root)
            problem("seen", "the ledger does not begin with the " + number(seen_.front().checkpoint.size) +
                                " entries of " + seen_.front().what);
        seen_.erase(seen_.begin());
    }
    leaves_.emplace(files_, signed_size());
    return {};
}

void Verification::missing(std::uint64_t first, std::uint64_t end) {
    is_whole_ = false;
    problem("missing", entries_text(first, end - 1) + (first + 1 == end ? " is" : " are") + " missing", first, end - 1);
}

// Whoever kept a checkpoint compares it with the tree of the entries that it is about.
void Verification::compare_with_seen() {
    if (tree_.size() == signed_size() && is_whole_) signed_root_ = tree_.root();
    while (!seen_.empty() && seen_.front().checkpoint.size == tree_.size()) {
        if (is_whole_ && seen_.front().checkpoint.root != tree_.root())
            problem("seen", "the first " + number(tree_.size()) + " entries are not those of " + seen_.front().what +
                                ": the ledger was written anew, or there are two");
        seen_.erase(seen_.begin());
    }
}

void Verification::take(std::uint64_t index, const Digest& hash, std::string_view entry) {
    if (out_.checkpoint && index >= signed_size()) repeated_.add(index, hash, entry);
    if (const Digest* const kept = leaves_->at(index); kept != nullptr && *kept != hash) {
        if (differing_.size() < differing_max) differing_.emplace_back(index, hash);
    }
    ++out_.read;
    next_ = index + 1;
    if (options_.progress && out_.read % 65'536 == 0) options_.progress(out_.read);
    if (is_whole_) add_leaf(hash);
}

void Verification::add_leaf(const Digest& hash) {
    tree_.add(hash, [&](unsigned height, std::uint64_t at, const Digest& made) {
        const unsigned level = height / 8;
        if (height % 8 != 0 || level == 0 || at >= hashes_in_level(signed_size(), level)) return;
        const auto kept = files_.read(level, at, 1);
        if ((!kept || *kept != crypto::bytes(made)) && !differing_above_) differing_above_ = {level, at};
    });
    if (tree_.size() == signed_size() || (!seen_.empty() && seen_.front().checkpoint.size == tree_.size()))
        compare_with_seen();
}

// A segment that was offloaded to where it cannot be read now: nothing is said of its entries, but the tree's file tells their hashes, so
// that all others can be held against the checkpoint all the same. False: it can be read.
bool Verification::pass_over(const SegmentFile& file, std::uint64_t end) {
    std::error_code code;
    const std::uint64_t first = std::max(next_, file.first_index);
    if (!file.is_offloaded || end <= first || std::filesystem::is_regular_file(where_is(file.path), code)) return false;
    problem("unreadable",
            entries_text(first, end - 1) + " could not be read, which is no sign of tampering: " +
                file.path.filename().string() + " was offloaded to " + where_is(file.path).string() +
                " and is not there now; mount that directory again, then verify once more",
            first, end - 1);
    for (next_ = first; next_ < end; ++next_) {
        const Digest* const kept = leaves_->at(next_);
        if (kept == nullptr) is_whole_ = false;
        if (is_whole_) add_leaf(*kept);
    }
    return true;
}

void Verification::read_segment(const SegmentFile& file, bool is_last) {
    const auto end = stream_.read(file, [this](std::uint64_t index, const Digest& hash, std::string_view entry) {
        if (index >= next_) take(index, hash, entry);
    });
    if (!end) return problem("segment", end.error().message);
    if (out_.checkpoint && !(out_.checkpoint->checkpoint.origin + "/").contains("/" + end->header.origin + "/"))
        problem("segment", file.path.string() + " belongs to the ledger of '" + end->header.origin + "'");
    if (end->state == FrameReader::State::end) return;
    const std::string where = file.path.string() + " at offset " + number(end->offset) + ": ";
    // Behind the checkpoint it is the end of what is being written, or of what a crash cut off.
    if (is_last && end->next_index >= signed_size()) {
        const auto segment = load_segment(file);
        if (!segment) return problem("segment", segment.error().message);
        // A gateway may have gone on since: what it wrote then is not looked at.
        if (!highest_mark(segment->bytes.view().substr(0, end->bytes), end->offset)) {
            out_.torn = where + number(end->bytes - end->offset) +
                        " bytes behind the last whole frame; nothing that was signed is missing";
            return;
        }
    }
    problem("segment", where + entries_text(end->next_index, end->next_index) + " is damaged or cut off",
            end->next_index);
}

void Verification::read_segments(std::span<const SegmentFile> segments) {
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const bool is_last = i + 1 == segments.size();
        if (!is_last && segments[i + 1].first_index <= next_) continue;
        if (segments[i].first_index > next_) missing(next_, segments[i].first_index);
        if (!is_last && pass_over(segments[i], segments[i + 1].first_index)) continue;
        read_segment(segments[i], is_last);
        if (!is_last && next_ > segments[i + 1].first_index)
            problem("segment",
                    segments[i + 1].path.string() + " begins with entry " + number(segments[i + 1].first_index) +
                        ", which stands in " + segments[i].path.filename().string() +
                        " already: no gateway made it, and none starts with it. Take it away",
                    segments[i + 1].first_index);
        if (!is_last && next_ < segments[i + 1].first_index) {
            missing(next_, segments[i + 1].first_index);
            next_ = segments[i + 1].first_index;
        }
    }
    out_.entries = next_;
    if (next_ < signed_size()) missing(next_, signed_size());
    for (const auto& one : seen_)
        if (one.checkpoint.size > std::max(next_, signed_size()))
            problem("seen", one.what + " is of " + number(one.checkpoint.size) + " entries, " + number(next_) +
                                " are here: the ledger was cut back");
}

// At `index` stands an entry whose hash is not the leaf in the tree's file: which of the two is what was signed?
void Verification::tell_differing(std::uint64_t index, const Digest& found) {
    const tlog::Checkpoint& last = out_.checkpoint->checkpoint;
    const auto proof = tlog::prove_inclusion(index, last.size, files_.hashes());
    const auto proves = [&](const Digest& leaf) {
        return proof && tlog::verify_inclusion(index, last.size, leaf, *proof, last.root);
    };
    const Digest* const kept = leaves_->at(index);
    if (proves(found))
        problem("tree",
                tree_file(options_.directory, 0).string() + " is damaged at hash " + number(index) +
                    "; the entry is what was signed. Remove the tree-* files: the next start makes them anew",
                index);
    else if (kept != nullptr && proves(*kept))
        problem("entry", "entry " + number(index) + " is not what was recorded: it was changed", index);
    else
        problem("entry",
                "entry " + number(index) + " is not what the tree's file tells, and neither fits the checkpoint",
                index);
}

// Entries that stand where others were: one taken out moves all behind it.
void Verification::tell_moved(std::vector<std::pair<std::uint64_t, Digest>> moved) {
    std::map<Digest, std::uint64_t> wanted;
    for (const auto& [index, hash] : moved) wanted.emplace(hash, UINT64_MAX);
    for (std::uint64_t i = 0; i < signed_size(); ++i) {
        const Digest* const leaf = leaves_->at(i);
        if (leaf == nullptr) break;
        if (const auto found = wanted.find(*leaf); found != wanted.end()) found->second = std::min(found->second, i);
    }
    for (std::size_t i = 0; i < moved.size();) {
        const auto [index, hash] = moved[i];
        const std::uint64_t from = wanted[hash];
        std::size_t end = i + 1;
        if (from == UINT64_MAX) {
            tell_differing(index, hash);
        } else {
            while (end < moved.size() && moved[end].first == index + (end - i) &&
                   wanted[moved[end].second] == from + (end - i))
                ++end;
            const std::uint64_t count = end - i;
            problem("moved",
                    "at " + entries_text(index, index + count - 1) +
                        (count == 1 ? " stands what was " : " stand what were ") +
                        entries_text(from, from + count - 1) + ": entries were taken out, put in or changed places",
                    index, index + count - 1);
        }
        i = end;
    }
}

void Verification::judge() {
    if (!out_.checkpoint) return;
    const tlog::Checkpoint& last = out_.checkpoint->checkpoint;
    const bool entries_fit = signed_root_ && *signed_root_ == last.root;
    if (entries_fit) {
        if (!differing_.empty())
            problem("tree",
                    tree_file(options_.directory, 0).string() + " is damaged at hash " +
                        number(differing_.front().first) +
                        "; the entries are what was signed. Remove the tree-* files: the next start makes them "
                        "anew",
                    differing_.front().first);
        else if (differing_above_)
            problem("tree", tree_file(options_.directory, differing_above_->first).string() + " is damaged at hash " +
                                number(differing_above_->second) +
                                "; the entries are what was signed. Remove the tree-* files: the next start makes them "
                                "anew");
        return;
    }
    const std::size_t problems_before = out_.problems.size();
    if (!differing_.empty()) tell_moved(std::move(differing_));
    if (is_whole_ && out_.problems.size() == problems_before)
        problem("checkpoint", "the entries are not those of the checkpoint that was signed at " + number(last.size) +
                                  " entries, and nothing here says which: the tree's files were changed with them. A "
                                  "checkpoint kept elsewhere narrows it down");
}

// What no signature covers yet can only be held against what a gateway does.
void Verification::judge_unsigned(std::span<const SegmentFile> segments) {
    if (!out_.checkpoint || next_ <= signed_size()) return;
    for (const auto& one : repeated_.found(*leaves_))
        problem("repeated",
                "entry " + number(one.index) + ", which is in no checkpoint yet, is entry " + number(one.before) +
                    " once more: no gateway records anything twice, somebody put it there",
                one.index);
    const auto foreign = foreign_entry(segments, signed_size());
    if (!foreign || !*foreign) return; // what cannot be read was told before
    // A gateway that started meanwhile has signed its entries by now.
    const auto newest = read_checkpoint(checkpoint_path(options_.directory));
    if (newest && *newest && (*newest)->signed_checkpoint.checkpoint.size > **foreign) return;
    problem("foreign",
            entries_text(**foreign, next_ - 1) + " behind the stop that was signed as entry " +
                number(signed_size() - 1) + ": no gateway wrote that. `sallyport ledger recover` sets it aside",
            **foreign, next_ - 1);
}

// Files that no reader looks at, and what is in a file's place.
Result<void> Verification::look_at_files() {
    const auto files = list_files(options_.directory);
    if (!files) return std::unexpected(files.error());
    for (const FoundFile& file : *files) {
        const std::string path = (options_.directory / file.name).string();
        if (file.kind == LedgerFile::odd_segment)
            problem(
                "segment",
                path + " bears no segment's name (the index of its first entry in 20 digits): nothing is read from it");
        else if (file.kind == LedgerFile::tree && !file.is_plain)
            problem("tree", path + " is no plain file. Remove it: the next start makes the tree anew");
        else if (file.kind == LedgerFile::other && out_.other_files.size() < limits::problems_told_max)
            out_.other_files.push_back(file.name);
    }
    return {};
}

Result<Verified> Verification::run() {
    // What is newer later, since a gateway may go on writing: the cosigned one is never ahead of the last, nor that of the entries.
    read_cosigned();
    read_sealed();
    read_last_checkpoint();
    const auto segments = list_segments(options_.directory);
    if (!segments) return std::unexpected(segments.error());
    if (segments->empty()) return fail(ErrorKind::invalid, "no ledger is in " + options_.directory.string());
    if (auto looked = look_at_files(); !looked) return std::unexpected(looked.error());
    if (auto begun = begin(); !begun) return std::unexpected(begun.error());
    compare_with_seen();
    read_segments(*segments);
    judge();
    judge_unsigned(*segments);
    return std::move(out_);
}

} // namespace

Result<Verified> verify(const VerifyOptions& options) { return Verification(options).run(); }

} // namespace sallyport::ledger
