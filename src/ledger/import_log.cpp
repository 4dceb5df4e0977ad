#include "ledger/import_log.h"

#include "base/limits.h"
#include "ledger/log_folder.h"
#include "tlog/tile_walk.h"

#include <algorithm>

namespace sallyport::ledger {

namespace {

using tlog::Digest;
using tlog::Hashes;
using tlog::TilePlace;

std::string entries_text(std::uint64_t first, std::uint64_t last) {
    return first == last ? "entry " + std::to_string(first)
                         : "entries " + std::to_string(first) + " to " + std::to_string(last);
}

class Import {
public:
    Import(const ImportOptions& options, const LogFolder& folder) : options_(options), folder_(folder) {}
    Result<Imported> run();

private:
    // What is wrong with some entries; neighbours of which the same is wrong are told as one.
    struct Wrong {
        std::string kind, why; // a sentence that goes on behind the file's name
        std::string first_file, last_file;
        std::uint64_t first = 0, end = 0;
    };
    void problem(std::string kind, std::string sentence, std::optional<std::uint64_t> first = {},
                 std::optional<std::uint64_t> last = {});
    void wrong(Wrong one);
    void tell_wrong();
    void trust(std::uint64_t first, std::uint64_t end);

    bool read_checkpoint();
    bool check_signatures();
    Result<std::string> read_file(const TilePlace& place, bool is_entries, bool& is_prefix) const;
    Result<Hashes> tile(const TilePlace& place) const;
    Result<Hashes> leaves(const TilePlace& place) const;
    void check_entries(const TilePlace& place, std::span<const Digest> hashes);

    const ImportOptions& options_;
    const LogFolder& folder_;
    Imported out_;
    std::optional<Wrong> wrong_;
};

void Import::problem(std::string kind, std::string sentence, std::optional<std::uint64_t> first,
                     std::optional<std::uint64_t> last) {
    if (out_.problems.size() == limits::problems_told_max)
        ++out_.problems_left_out;
    else
        out_.problems.push_back({std::move(kind), first, last, std::move(sentence)});
}

void Import::wrong(Wrong one) {
    if (wrong_ && wrong_->kind == one.kind && wrong_->why == one.why && wrong_->end == one.first) {
        wrong_->end = one.end;
        wrong_->last_file = std::move(one.last_file);
        return;
    }
    tell_wrong();
    wrong_ = std::move(one);
}

void Import::tell_wrong() {
    if (!wrong_) return;
    const Wrong& one = *wrong_;
    const std::string files =
        one.first_file == one.last_file ? one.first_file : one.first_file + " to " + one.last_file;
    problem(one.kind, files + " " + one.why + " (" + entries_text(one.first, one.end - 1) + ")", one.first,
            one.end - 1);
    wrong_.reset();
}

void Import::trust(std::uint64_t first, std::uint64_t end) {
    out_.entries += end - first;
    if (!out_.trusted.empty() && out_.trusted.back().last + 1 == first && out_.trusted_left_out == 0)
        out_.trusted.back().last = end - 1;
    else if (out_.trusted.size() == limits::problems_told_max)
        ++out_.trusted_left_out;
    else
        out_.trusted.push_back({first, end - 1});
}

bool Import::read_checkpoint() {
    const auto text = folder_.read("checkpoint", crypto::note_bytes_max);
    if (!text) {
        problem("checkpoint", "checkpoint " + text.error().message);
    } else if (!*text) {
        problem("checkpoint", "checkpoint is missing: nothing here says what the log is");
    } else {
        auto read = tlog::parse_signed_checkpoint(**text, tlog::Extensions::read_over);
        if (read)
            out_.checkpoint = std::move(*read);
        else
            problem("checkpoint", "checkpoint: " + read.error().message);
    }
    return out_.checkpoint.has_value();
}

// A log's key should bear the name of its origin, and need not: another one counts where none that was given does.
bool Import::check_signatures() {
    std::vector<crypto::NoteVerifier> of_log, of_witnesses;
    for (const crypto::NoteVerifier& key : options_.keys)
        (key.algorithm() == crypto::NoteAlgorithm::ed25519 ? of_log : of_witnesses).push_back(key);
    const std::string& origin = out_.checkpoint->checkpoint.origin;
    const auto has_its_name = [&](const crypto::NoteVerifier& key) { return key.name() == origin; };
    if (std::ranges::any_of(of_log, has_its_name))
        std::erase_if(of_log, [&](const auto& key) { return !has_its_name(key); });
    auto signers = crypto::signers_of(out_.checkpoint->note, of_log);
    if (!signers || signers->empty()) {
        problem("signature", "checkpoint: " + (signers ? "the checkpoint of " + origin +
                                                             " is signed by none of the keys "
                                                             "that were given; nothing here can be trusted"
                                                       : signers.error().message));
        return false;
    }
    out_.signers = std::move(*signers);
    auto witnesses = crypto::signers_of(out_.checkpoint->note, of_witnesses);
    if (!witnesses) {
        problem("signature", "checkpoint: " + witnesses.error().message);
        return false;
    }
    out_.witnesses = std::move(*witnesses);
    std::ranges::sort(out_.witnesses);
    return true;
}

// Where a log has grown since, the full tile stands for the one that was not full.
Result<std::string> Import::read_file(const TilePlace& place, bool is_entries, bool& is_prefix) const {
    const std::size_t bytes_max = is_entries ? tlog::entry_bundle_bytes_max : tlog::tile_bytes_max;
    is_prefix = false;
    auto bytes = folder_.read(is_entries ? place.entries_path() : place.path(), bytes_max);
    if (bytes && !*bytes && place.width != tlog::tile_width) {
        is_prefix = true;
        const TilePlace full{place.level, place.index, tlog::tile_width};
        bytes = folder_.read(is_entries ? full.entries_path() : full.path(), bytes_max);
    }
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return fail(ErrorKind::unavailable, "is missing");
    return std::move(**bytes);
}

Result<Hashes> Import::tile(const TilePlace& place) const {
    bool is_prefix = false;
    auto bytes = read_file(place, false, is_prefix);
    if (!bytes) return std::unexpected(bytes.error());
    const std::size_t wanted = place.width * sizeof(Digest);
    if (is_prefix && bytes->size() > wanted) bytes->resize(wanted);
    return tlog::read_tile(*bytes, place.width);
}

Result<Hashes> Import::leaves(const TilePlace& place) const {
    bool is_prefix = false;
    const auto bytes = read_file(place, true, is_prefix);
    if (!bytes) return std::unexpected(bytes.error());
    const auto bundle = tlog::read_entries(*bytes, place.width, is_prefix);
    if (!bundle.problem.empty()) return fail(ErrorKind::invalid, bundle.problem);
    Hashes out;
    for (const std::string_view entry : bundle.entries) out.push_back(tlog::leaf_hash(entry));
    return out;
}

// `hashes` fit the checkpoint.
void Import::check_entries(const TilePlace& place, std::span<const Digest> hashes) {
    const std::string file = place.entries_path();
    bool is_prefix = false;
    const auto bytes = read_file(place, true, is_prefix);
    if (!bytes)
        return wrong({bytes.error().kind == ErrorKind::unavailable ? "missing" : "entry", bytes.error().message, file,
                      file, place.first(), place.end()});
    const auto bundle = tlog::read_entries(*bytes, place.width, is_prefix);
    std::uint64_t at = place.first();
    for (std::size_t i = 0; i < bundle.entries.size(); ++i, ++at) {
        if (tlog::leaf_hash(bundle.entries[i]) == hashes[i])
            trust(at, at + 1);
        else
            wrong({"entry", "does not hold what was logged there", file, file, at, at + 1});
    }
    // Bytes behind the last entry belong to none; they are told of it.
    if (!bundle.problem.empty())
        wrong({"entry", bundle.problem, file, file, std::min(at, place.end() - 1), place.end()});
}

Result<Imported> Import::run() {
    if (!read_checkpoint() || !check_signatures()) return std::move(out_);
    const tlog::Checkpoint& checkpoint = out_.checkpoint->checkpoint;
    out_.has_entries = folder_.has("tile/entries") || !folder_.has("tile/data");
    tlog::TileWalk calls{
        .tile = [this](const TilePlace& place) { return tile(place); },
        .leaves = {},
        .fits = [this](const TilePlace& place, std::span<const Digest> hashes) -> Result<void> {
            if (place.level != 0) return {};
            if (out_.has_entries)
                check_entries(place, hashes);
            else
                trust(place.first(), place.end());
            if (options_.progress) options_.progress(place.end());
            return {};
        },
        .damaged = [this](const TilePlace& place, const std::string& why, bool is_made_anew) -> Result<void> {
            const std::string file = place.path();
            wrong(
                {why == "is missing" ? "missing" : "tile",
                 why + (is_made_anew ? "; what stands below it fits the checkpoint" : "; nothing below it can be told"),
                 file, file, place.first(), place.end()});
            return {};
        },
    };
    if (out_.has_entries) calls.leaves = [this](const TilePlace& place) { return leaves(place); };
    const auto fits = tlog::walk_tiles(checkpoint, calls);
    if (!fits) return std::unexpected(fits.error());
    tell_wrong();
    if (!*fits && checkpoint.size == 0)
        problem("root", "the checkpoint is of no entries and has not their root, the SHA-256 of nothing");
    else if (!*fits)
        problem("root",
                "the last tiles of the levels do not give the checkpoint's root together, and nothing here says what "
                "they should have been; nothing here can be trusted",
                0, checkpoint.size - 1);
    return std::move(out_);
}

} // namespace

Result<Imported> import_log(const ImportOptions& options) {
    const auto folder = LogFolder::open(options.directory);
    if (!folder) return std::unexpected(folder.error());
    if (!folder->has("checkpoint") && !folder->has("tile"))
        return fail(ErrorKind::invalid, "no log is in " + options.directory.string() +
                                            ": it has neither a file 'checkpoint' nor a folder 'tile'");
    return Import(options, *folder).run();
}

} // namespace sallyport::ledger
