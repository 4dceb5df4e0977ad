#include "ledger/notary.h"

#include "ledger/unsigned_entries.h"

#include <algorithm>
#include <cerrno>

namespace sallyport::ledger {

namespace {

Result<void> add_entries(TreeWriter& tree, std::span<const SegmentFile> segments) {
    for (const SegmentFile& file : segments) {
        const auto segment = load_segment(file);
        if (!segment) return std::unexpected(segment.error());
        FrameReader reader(segment->bytes.view().substr(segment_header_bytes), segment_header_bytes, file.first_index);
        auto state = reader.next();
        for (; state == FrameReader::State::entry; state = reader.next()) tree.add(reader.entry());
        if (state != FrameReader::State::end)
            return fail(ErrorKind::invalid, file.path.string() + " is damaged behind byte " +
                                                std::to_string(reader.end_offset()) +
                                                "; restore the file from a backup");
    }
    return {};
}

// The tree of all entries, hashed from the segment on that begins with entry `from`.
Result<TreeWriter> tree_from(const WriterOptions& options, FileOperations& files, std::span<const SegmentFile> segments,
                             std::uint64_t from) {
    auto tree = TreeWriter::open(options.directory, files, from);
    if (!tree) return tree;
    const auto first = std::ranges::find(segments, from, &SegmentFile::first_index);
    if (auto added = add_entries(*tree, {first, segments.end()}); !added) return std::unexpected(added.error());
    if (!tree->flush()) return fail_errno("cannot write " + tree_file(options.directory, 0).string());
    return tree;
}

bool fits(const std::filesystem::path& directory, const TreeWriter& tree, const tlog::Checkpoint& checkpoint) {
    if (checkpoint.size == tree.tree().size()) return checkpoint.root == tree.tree().root();
    TreeReader reader(directory);
    const auto root = tlog::root_of(checkpoint.size, reader.hashes());
    return root && *root == checkpoint.root;
}

// What can be said without the tree.
Result<void> check(const WriterOptions& options, std::span<const SegmentFile> segments,
                   const tlog::SignedCheckpoint& last, std::uint64_t next_index) {
    const std::string path = checkpoint_path(options.directory).string();
    const std::string& origin = options.signer->verifier().name();
    if (last.checkpoint.origin != origin)
        return fail(ErrorKind::refused, path + " is of the ledger " + last.checkpoint.origin + ", not of this one (" +
                                            origin + "); give each installation its own data directory");
    std::vector<crypto::NoteVerifier> keys = options.earlier_keys;
    keys.push_back(options.signer->verifier());
    if (auto is_signed = tlog::check_signatures(last, keys); !is_signed)
        return fail(ErrorKind::refused, path + ": " + is_signed.error().message);
    if (last.checkpoint.size > next_index)
        return fail(ErrorKind::refused, "the ledger was cut short: its signed checkpoint is of " +
                                            std::to_string(last.checkpoint.size) + " entries, and " +
                                            std::to_string(next_index) + " are in " + options.directory.string() +
                                            "; put the missing segments back from a backup");
    if (last.checkpoint.size == next_index) return {};
    const auto foreign = foreign_entry(segments, last.checkpoint.size);
    if (!foreign) return std::unexpected(foreign.error());
    if (*foreign)
        return fail(ErrorKind::refused,
                    "entry " + std::to_string(**foreign) + " in " + options.directory.string() +
                        " stands behind the stop that was signed last, and no gateway wrote it: it would be signed "
                        "now. `sallyport ledger verify` tells more; `sallyport ledger recover --reason …` sets it "
                        "aside");
    return {};
}

} // namespace

Result<Notary> Notary::open(const WriterOptions& options, FileOperations& files, std::span<const SegmentFile> segments,
                            std::uint64_t next_index) {
    auto last = read_checkpoint(checkpoint_path(options.directory));
    if (!last) return std::unexpected(last.error());
    std::error_code error;
    if (*last) {
        if (auto checked = check(options, segments, (*last)->signed_checkpoint, next_index); !checked)
            return std::unexpected(checked.error());
    } else if (std::filesystem::exists(tree_file(options.directory, 0), error)) {
        return fail(ErrorKind::refused, checkpoint_path(options.directory).string() +
                                            " is missing, but the ledger had one; put it back from a backup");
    }
    const auto nothing = tlog::signed_by(*options.signer, {options.signer->verifier().name(), 0, tlog::empty_root()});
    auto checkpoints = CheckpointWriter::open(checkpoint_path(options.directory), files, nothing);
    if (!checkpoints) return std::unexpected(checkpoints.error());
    const tlog::Checkpoint signed_one = *last ? (*last)->signed_checkpoint.checkpoint : nothing.checkpoint;

    auto tree = tree_from(options, files, segments, segments.back().first_index);
    if (!tree || !fits(options.directory, *tree, signed_one)) tree = tree_from(options, files, segments, 0);
    if (!tree) return std::unexpected(tree.error());
    if (!fits(options.directory, *tree, signed_one))
        return fail(ErrorKind::refused, "the ledger in " + options.directory.string() +
                                            " was changed: its entries are not those of the checkpoint that was signed "
                                            "at " +
                                            std::to_string(signed_one.size) +
                                            " entries; `sallyport ledger verify` names them. Restore it from a backup");
    return Notary(options, std::move(*tree), std::move(*checkpoints), signed_one.size);
}

bool Notary::keep_tree() {
    if (!tree_.flush()) return false;
    if (!tree_.sync()) sync_failed("the tree of the ledger");
    return true;
}

bool Notary::sign() {
    if (!tree_.flush()) return false;
    const tlog::GrowingTree& tree = tree_.tree();
    if (!checkpoints_.write(tlog::signed_by(*signer_, {signer_->verifier().name(), tree.size(), tree.root()})))
        return false;
    signed_size_ = tree.size();
    return true;
}

} // namespace sallyport::ledger
