// Makes the entries a transparency log: keeps their Merkle tree, and signs checkpoints of what is durable.
//
// Opening holds the entries against the last checkpoint: a ledger that was cut short, changed or signed by somebody else is refused
// with the reason. Of the tree only what the last segment adds is hashed anew; where its files are missing or do not fit, all of it.
//
// One thread.
#pragma once

#include "ledger/checkpoint_file.h"
#include "ledger/segment.h"
#include "ledger/tree_files.h"
#include "ledger/writer.h"

namespace sallyport::ledger {

class Notary {
public:
    // `segments`: all, with whole frames only, `next_index` entries in them.
    static Result<Notary> open(const WriterOptions& options, FileOperations& files,
                               std::span<const SegmentFile> segments, std::uint64_t next_index);

    void add(std::string_view entry) { tree_.add(entry); }
    // Before the next segment begins: the tree of the entries so far reaches the disk. False: no room, errno says why.
    bool keep_tree();
    std::uint64_t signed_size() const { return signed_size_; }
    bool has_unsigned() const { return tree_.tree().size() > signed_size_; }
    // Of all that was added, which must be durable. False: no room, errno says why.
    bool sign();

private:
    Notary(const WriterOptions& options, TreeWriter tree, CheckpointWriter checkpoints, std::uint64_t signed_size)
        : signer_(options.signer), tree_(std::move(tree)), checkpoints_(std::move(checkpoints)),
          signed_size_(signed_size) {}

    std::shared_ptr<const crypto::NoteSigner> signer_;
    TreeWriter tree_;
    CheckpointWriter checkpoints_;
    std::uint64_t signed_size_;
};

} // namespace sallyport::ledger
