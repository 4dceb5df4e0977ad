#include "backup/backup.h"

#include "base/clock.h"
#include "base/file.h"
#include "bodies/pack.h"
#include "ledger/checkpoint_file.h"
#include "ledger/offloaded.h"
#include "ledger/segment.h"
#include "ledger/tree_files.h"

#include <cerrno>
#include <chrono>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace sallyport::backup {

namespace {
namespace fs = std::filesystem;
// An entry is in a checkpoint before the chunk that it names must be on the disk (docs/formats/bodies.md).
constexpr std::int64_t bodies_behind_ms = 500;
constexpr std::size_t manifest_bytes_max = 256u << 20;

class Making {
public:
    explicit Making(const BackupRequest& request)
        : request_(request), data_(request.installation.directory()),
          draft_(request.to.parent_path() / ("." + request.to.filename().string() + ".sallyport-draft")) {}

    Result<BackupMade> run() {
        auto made = make();
        std::error_code ignored;
        if (!made) fs::remove_all(draft_, ignored);
        return made;
    }

private:
    // In this order: what is behind the checkpoint may name what is copied later, never what was copied before.
    Result<BackupMade> make() {
        for (const auto step : {&Making::begin, &Making::copy_state, &Making::copy_cursors, &Making::copy_checkpoints,
                                &Making::copy_ledger, &Making::copy_bodies, &Making::copy_policies, &Making::copy_lists,
                                &Making::verify, &Making::finish})
            if (auto done = (this->*step)(); !done) return std::unexpected(done.error());
        return std::move(out_);
    }

    Result<void> begin() {
        std::error_code code;
        if (fs::exists(request_.to, code) && !fs::is_empty(request_.to, code))
            return fail(ErrorKind::refused, request_.to.string() +
                                                " is there already; name a folder that is not there yet, and an "
                                                "earlier backup with --since");
        if (!request_.since.empty()) {
            const auto text = read_file(request_.since / manifest_name, manifest_bytes_max);
            if (!text) return std::unexpected(text.error());
            auto earlier = parse_manifest(*text, (request_.since / manifest_name).string());
            if (!earlier) return std::unexpected(earlier.error());
            earlier_ = std::move(*earlier);
        }
        fs::remove_all(draft_, code); // of one that was cut short
        for (const char* folder : {"", "ledger", "bodies", "policies", "handover"})
            if (::mkdir((draft_ / folder).c_str(), 0700) != 0)
                return fail_errno("cannot create " + (draft_ / folder).string());
        Manifest& manifest = out_.manifest;
        manifest.origin = request_.installation.origin();
        manifest.at_ms = wall_ms();
        for (const char* name : {"origin", "ledger-keys"})
            if (auto copied = copy(name); !copied) return copied;
        return {};
    }

    // Before the checkpoint: an act that is marked as recorded there is in the ledger here.
    Result<void> copy_state() {
        const fs::path to = draft_ / "state.db";
        if (auto copied = request_.state.copy_to(to); !copied) return copied;
        if (::chmod(to.c_str(), 0600) != 0) return fail_errno("cannot set the mode of " + to.string());
        return note_synced("state.db");
    }

    // Before it as well: no destination was told of entries that are not here.
    Result<void> copy_cursors() { return copy_folder("handover"); }

    Result<void> copy_checkpoints() {
        const fs::path ledger = request_.installation.ledger_directory();
        const auto cosigned = ledger::read_checkpoint(ledger::cosigned_path(ledger)); // never ahead of the other
        if (!cosigned) return std::unexpected(cosigned.error());
        const auto last = ledger::read_checkpoint(ledger::checkpoint_path(ledger));
        if (!last) return std::unexpected(last.error());
        if (!*last || (*last)->signed_checkpoint.checkpoint.size == 0)
            return fail(ErrorKind::invalid, "the ledger in " + ledger.string() +
                                                " has no entry that is signed: there is nothing to back up");
        out_.manifest.checkpoint = (*last)->signed_checkpoint.checkpoint;
        checkpoint_read_ms_ = monotonic_ms();
        if (auto kept = keep(ledger::checkpoint_path("ledger"), (*last)->signed_checkpoint); !kept) return kept;
        return *cosigned ? keep(ledger::cosigned_path("ledger"), (*cosigned)->signed_checkpoint) : Result<void>();
    }

    Result<void> keep(const fs::path& path, const tlog::SignedCheckpoint& checkpoint) {
        const auto kept = ledger::CheckpointWriter::open(draft_ / path, ledger::FileOperations::real(), checkpoint);
        return kept ? note(path.string()) : std::unexpected(kept.error());
    }

    Result<void> copy_ledger() {
        const std::uint64_t size = out_.manifest.checkpoint.size;
        const auto segments = ledger::list_segments(request_.installation.ledger_directory());
        if (!segments) return std::unexpected(segments.error());
        for (std::size_t i = 0; i < segments->size() && (*segments)[i].first_index < size; ++i) {
            const ledger::SegmentFile& file = (*segments)[i];
            std::uint64_t bytes = UINT64_MAX;
            if (i + 1 == segments->size() || (*segments)[i + 1].first_index > size) {
                const auto end = end_of(file, size);
                if (!end) return std::unexpected(end.error());
                bytes = *end;
            }
            const bool is_sealed = bytes == UINT64_MAX;
            if (auto copied = copy_or_pass("ledger/" + file.path.filename().string(), is_sealed, bytes); !copied)
                return copied;
        }
        for (unsigned level = 0; level < ledger::tree_levels_max; ++level) {
            const std::uint64_t bytes = ledger::hashes_in_level(size, level) * ledger::hash_bytes;
            if (bytes == 0) break;
            if (auto copied = copy(ledger::tree_file("ledger", level).string(), bytes); !copied) return copied;
        }
        return copy_folder("ledger", [](std::string_view name) {
            return (name.starts_with("rotation-") || name.starts_with("checkpoint.epoch-"));
        });
    }

    // Behind the frame of entry `size` - 1.
    static Result<std::uint64_t> end_of(const ledger::SegmentFile& file, std::uint64_t size) {
        const auto segment = ledger::load_segment(file);
        if (!segment) return std::unexpected(segment.error());
        ledger::FrameReader reader(segment->bytes.view().substr(ledger::segment_header_bytes),
                                   ledger::segment_header_bytes, file.first_index);
        while (reader.next_index() < size)
            if (reader.next() != ledger::FrameReader::State::entry)
                return fail(ErrorKind::invalid, file.path.string() + " is damaged at entry " +
                                                    std::to_string(reader.next_index()) +
                                                    ", which was signed; `sallyport ledger verify` tells more");
        return reader.end_offset();
    }

    Result<void> copy_bodies() {
        const std::int64_t passed_ms = monotonic_ms() - checkpoint_read_ms_;
        if (passed_ms < bodies_behind_ms)
            std::this_thread::sleep_for(std::chrono::milliseconds(bodies_behind_ms - passed_ms));
        const auto packs = bodies::list_packs(request_.installation.bodies_directory());
        if (!packs) return std::unexpected(packs.error());
        for (std::size_t i = 0; i < packs->size(); ++i) {
            const bodies::PackFile& pack = (*packs)[i];
            std::uint64_t bytes = UINT64_MAX;
            if (i + 1 == packs->size()) { // may be written now: whole chunks only
                std::uint64_t end = 0;
                const auto places = bodies::read_places(pack.path, end);
                if (!places) return std::unexpected(places.error());
                bytes = places->empty() ? bodies::pack_header_bytes
                                        : places->back().offset + bodies::chunk_header_bytes + places->back().length;
            }
            const std::string path = "bodies/" + pack.path.filename().string();
            if (auto copied = copy_or_pass(path, bytes == UINT64_MAX, bytes); !copied) {
                std::error_code code;
                if (fs::exists(data_ / path, code)) return copied;
                // Its time was over meanwhile: all its keys are destroyed.
            }
        }
        return {};
    }

    Result<void> copy_policies() { return copy_folder("policies"); }

    // Last: what was moved meanwhile is in them.
    Result<void> copy_lists() {
        for (const char* folder : {"ledger", "bodies"}) {
            const auto path = ledger::offloaded_list(folder).string();
            std::error_code code;
            if (!fs::exists(data_ / path, code)) continue;
            if (auto copied = copy(path); !copied) return copied;
        }
        return {};
    }

    Result<void> verify() {
        auto verified =
            ledger::verify({.directory = draft_ / "ledger", .keys = request_.installation.ledger_keys(), .seen = {}});
        if (!verified) return std::unexpected(verified.error());
        out_.verified = std::move(*verified);
        return {};
    }

    Result<void> finish() {
        const std::string text = encode(out_.manifest);
        const auto again = parse_manifest(text, (draft_ / manifest_name).string()); // what is written can be read
        if (!again) return std::unexpected(again.error());
        out_.manifest = *again;
        if (auto written = replace_file(draft_ / manifest_name, text, 0600); !written) return written;
        const std::string note = signed_note(text, *request_.installation.ledger_signer());
        if (auto written = replace_file(draft_ / note_name, note, 0600); !written) return written;
        std::error_code code;
        for (fs::recursive_directory_iterator it(draft_, code), end; !code && it != end; it.increment(code))
            if (it->is_directory(code))
                if (auto synced = ledger::sync_folder(it->path()); !synced) return synced;
        if (code) return fail(ErrorKind::io, "cannot list " + draft_.string() + ": " + code.message());
        if (auto synced = ledger::sync_folder(draft_); !synced) return synced;
        fs::remove(request_.to, code); // an empty folder
        if (::rename(draft_.c_str(), request_.to.c_str()) != 0)
            return fail_errno("cannot name " + request_.to.string());
        const auto parent = request_.to.parent_path();
        return ledger::sync_folder(parent.empty() ? fs::path(".") : parent);
    }

    // One that was moved elsewhere before it could be copied is not copied.
    Result<void> copy_or_pass(const std::string& path, bool is_sealed, std::uint64_t bytes) {
        std::error_code code;
        if (!fs::exists(data_ / path, code) && ledger::where_is(data_ / path) != data_ / path) {
            ++out_.offloaded_files;
            return {};
        }
        if (is_sealed && link(path)) return {};
        auto copied = copy(path, bytes);
        if (!copied && !fs::exists(data_ / path, code) && ledger::where_is(data_ / path) != data_ / path) {
            ++out_.offloaded_files;
            return {};
        }
        return copied;
    }

    // Where the earlier backup has the very same bytes, on a file system that can have them twice under two names.
    bool link(const std::string& path) {
        const BackupFile* const before = earlier_.find(path);
        if (before == nullptr) return false;
        const auto here = ledger::content_of(data_ / path);
        if (!here || *here != before->content) return false;
        const auto there = ledger::content_of(request_.since / path);
        if (!there || *there != *here || ::link((request_.since / path).c_str(), (draft_ / path).c_str()) != 0)
            return false;
        out_.linked_bytes += here->bytes;
        out_.manifest.files.push_back({path, *here});
        return true;
    }

    Result<void> copy(const std::string& path, std::uint64_t bytes = UINT64_MAX) {
        const auto copied = ledger::copy_synced(data_ / path, draft_ / path, bytes);
        if (!copied) return std::unexpected(copied.error());
        if (bytes != UINT64_MAX && copied->bytes != bytes)
            return fail(ErrorKind::io, (data_ / path).string() + " became shorter while it was copied; try again");
        out_.copied_bytes += copied->bytes;
        out_.manifest.files.push_back({path, *copied});
        return {};
    }

    Result<void> copy_folder(const std::string& folder, bool (*takes)(std::string_view name) = nullptr) {
        std::error_code code;
        if (!fs::exists(data_ / folder, code)) return {};
        for (fs::recursive_directory_iterator it(data_ / folder, code), end; !code && it != end; it.increment(code)) {
            const std::string path = it->path().lexically_relative(data_).string();
            if (it->is_directory(code)) {
                if (takes == nullptr) fs::create_directory(draft_ / path, code);
                continue;
            }
            const std::string name = it->path().filename().string();
            if (!it->is_regular_file(code) || name.starts_with('.') || (takes != nullptr && !takes(name))) continue;
            if (!belongs_in_backup(path))
                return fail(ErrorKind::invalid,
                            (data_ / path).string() + " is no file of this installation; move it away");
            if (auto copied = copy(path); !copied) return copied;
        }
        if (code) return fail(ErrorKind::io, "cannot copy " + (data_ / folder).string() + ": " + code.message());
        return {};
    }

    Result<void> note(const std::string& path) {
        const auto content = ledger::content_of(draft_ / path);
        if (!content) return std::unexpected(content.error());
        out_.copied_bytes += content->bytes;
        out_.manifest.files.push_back({path, *content});
        return {};
    }
    Result<void> note_synced(const std::string& path) {
        const int descriptor = ledger::FileOperations::real().open(draft_ / path);
        if (descriptor < 0) return fail_errno("cannot open " + (draft_ / path).string());
        const int synced = ledger::FileOperations::real().sync(descriptor);
        ::close(descriptor);
        if (synced != 0) return fail_errno("cannot sync " + (draft_ / path).string());
        return note(path);
    }

    const BackupRequest& request_;
    const fs::path& data_;
    const fs::path draft_;
    Manifest earlier_;
    std::int64_t checkpoint_read_ms_ = 0;
    BackupMade out_;
};
} // namespace

Result<BackupMade> make_backup(const BackupRequest& request) {
    std::error_code code;
    BackupRequest normal{request.installation, request.state, fs::absolute(request.to, code).lexically_normal(),
                         request.since};
    if (!normal.to.has_filename()) normal.to = normal.to.parent_path(); // "backup/"
    return Making(normal).run();
}

} // namespace sallyport::backup
