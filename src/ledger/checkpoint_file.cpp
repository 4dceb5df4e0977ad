#include "ledger/checkpoint_file.h"

#include "base/file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <unistd.h>
#include <utility>

namespace sallyport::ledger {

namespace {
constexpr std::size_t head_bytes = 16;

template <class Number> void put(std::string& out, Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}
template <class Number> Number get(std::string_view bytes, std::size_t at) {
    Number value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value); // little-endian machines only, see segment_file.cpp
    return value;
}

std::uint32_t checksum(std::string_view sequence_and_length, std::string_view note) {
    return crypto::crc32c(note, crypto::crc32c(sequence_and_length));
}

Result<std::string> encode_slot(std::uint64_t sequence, const tlog::SignedCheckpoint& checkpoint) {
    const std::string note = crypto::encode(checkpoint.note);
    if (note.size() > checkpoint_slot_bytes - head_bytes)
        return fail(ErrorKind::too_large, "a checkpoint of " + std::to_string(note.size()) +
                                              " bytes has more signatures than there is room for");
    std::string out;
    put(out, sequence);
    put(out, static_cast<std::uint32_t>(note.size()));
    put(out, checksum(out, note));
    out += note;
    out.resize(checkpoint_slot_bytes, '\0');
    return out;
}

struct Slot {
    std::uint64_t sequence = 0;
    std::optional<tlog::SignedCheckpoint> checkpoint; // empty: none was written here yet, or it is damaged
    std::string damage;
};

Slot decode_slot(std::string_view slot) {
    Slot out;
    const auto damaged = [&](std::string_view what) {
        out.damage = what;
        return out;
    };
    if (slot.find_first_not_of('\0') == std::string_view::npos && slot.size() == checkpoint_slot_bytes) return out;
    if (slot.size() != checkpoint_slot_bytes) return damaged("is cut off");
    const auto length = get<std::uint32_t>(slot, 8);
    if (length > checkpoint_slot_bytes - head_bytes) return damaged("has an impossible length");
    const std::string_view note = slot.substr(head_bytes, length);
    if (get<std::uint32_t>(slot, 12) != checksum(slot.substr(0, 12), note)) return damaged("has a wrong checksum");
    if (slot.substr(head_bytes + length).find_first_not_of('\0') != std::string_view::npos)
        return damaged("has bytes behind its note");
    auto checkpoint = tlog::parse_signed_checkpoint(note, tlog::Extensions::read_over);
    if (!checkpoint) return damaged("holds no checkpoint: " + checkpoint.error().message);
    out.sequence = get<std::uint64_t>(slot, 0);
    out.checkpoint = std::move(*checkpoint);
    return out;
}

struct Slots {
    std::array<Slot, 2> slots;
    unsigned newer = 0;
};
Result<std::optional<Slots>> read_slots(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::exists(path, error) && !error) return std::nullopt;
    const auto bytes = read_file(path, 2 * checkpoint_slot_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    const std::string_view all = *bytes;
    Slots out;
    for (unsigned i = 0; i < 2; ++i)
        out.slots[i] = decode_slot(
            all.substr(std::min<std::size_t>(i * checkpoint_slot_bytes, all.size()), checkpoint_slot_bytes));
    const bool has_first = out.slots[0].checkpoint.has_value(), has_second = out.slots[1].checkpoint.has_value();
    if (!has_first && !has_second)
        return fail(ErrorKind::invalid, path.string() + " holds no checkpoint: its first slot " +
                                            (out.slots[0].damage.empty() ? "is empty" : out.slots[0].damage) +
                                            ", its second " +
                                            (out.slots[1].damage.empty() ? "is empty" : out.slots[1].damage) +
                                            "; restore it from a backup");
    out.newer = !has_first || (has_second && out.slots[1].sequence > out.slots[0].sequence) ? 1 : 0;
    return out;
}
} // namespace

std::filesystem::path checkpoint_path(const std::filesystem::path& directory) { return directory / "checkpoint"; }
std::filesystem::path cosigned_path(const std::filesystem::path& directory) { return directory / "cosigned"; }

std::filesystem::path cosigned_path(const std::filesystem::path& directory, std::size_t cosignatures) {
    return directory / ("cosigned-" + std::to_string(cosignatures));
}

Result<std::optional<StoredCheckpoint>> read_checkpoint(const std::filesystem::path& file) {
    auto slots = read_slots(file);
    if (!slots) return std::unexpected(slots.error());
    if (!*slots) return std::nullopt;
    Slot& newer = (*slots)->slots[(*slots)->newer];
    const Slot& other = (*slots)->slots[1 - (*slots)->newer];
    StoredCheckpoint out{std::move(*newer.checkpoint), newer.sequence, {}};
    if (!other.damage.empty())
        out.damage = std::string((*slots)->newer == 0 ? "its second slot " : "its first slot ") + other.damage;
    return out;
}

Result<CheckpointWriter> CheckpointWriter::open(const std::filesystem::path& path, FileOperations& files,
                                                const tlog::SignedCheckpoint& first) {
    auto slots = read_slots(path);
    if (!slots) return std::unexpected(slots.error());
    CheckpointWriter writer(files);
    writer.path_ = path;
    if (*slots) {
        const Slot& newest = (*slots)->slots[(*slots)->newer];
        writer.sequence_ = newest.sequence - 1;
        writer.slot_ = (*slots)->newer;
        writer.descriptor_ = retried([&] { return files.open(path); });
        if (writer.descriptor_ < 0) return fail_errno("cannot open " + path.string());
        // Once more, before the other slot is written over: after a sync that failed the newest may be nowhere but in memory.
        if (!writer.write(*newest.checkpoint)) return fail_errno("cannot write " + path.string());
        return writer;
    }
    const auto draft = path.string() + ".new";
    writer.descriptor_ = retried([&] { return files.create(draft); });
    if (writer.descriptor_ < 0) return fail_errno("cannot create " + draft);
    // Both slots are written, so that a later checkpoint needs no room.
    for (unsigned i = 0; i < 2; ++i)
        if (!writer.write(first)) return fail_errno("cannot write " + draft);
    if (files.rename(draft, path) != 0) return fail_errno("cannot name " + path.string());
    if (files.sync_folder(path.parent_path()) != 0) return fail_errno("cannot sync " + path.parent_path().string());
    return writer;
}

CheckpointWriter::CheckpointWriter(CheckpointWriter&& other) noexcept
    : files_(other.files_), path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)),
      sequence_(other.sequence_), slot_(other.slot_) {}

CheckpointWriter::~CheckpointWriter() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool CheckpointWriter::write(const tlog::SignedCheckpoint& checkpoint) {
    const auto slot = encode_slot(sequence_ + 1, checkpoint);
    if (!slot) return errno = EFBIG, false;
    for (std::size_t done = 0; done < slot->size();) {
        const auto count =
            files_->write(descriptor_, std::string_view(*slot).substr(done), slot_ * checkpoint_slot_bytes + done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            if (count == 0) errno = ENOSPC;
            return false;
        }
        done += static_cast<std::size_t>(count);
    }
    if (files_->sync(descriptor_) != 0) sync_failed(path_);
    ++sequence_;
    slot_ = 1 - slot_;
    return true;
}

} // namespace sallyport::ledger
