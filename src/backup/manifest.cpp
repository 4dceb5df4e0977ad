#include "backup/manifest.h"

#include "base/encoding.h"
#include "tlog/lines.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace sallyport::backup {

namespace {
constexpr std::string_view first_line = "sallyport-backup 1", note_line = "sallyport backup\n";
constexpr std::array folders = {std::string_view("bodies/"), std::string_view("handover/"), std::string_view("ledger/"),
                                std::string_view("policies/")};
constexpr std::array single_files = {std::string_view("ledger-keys"), std::string_view("origin"),
                                     std::string_view("state.db")};
constexpr std::size_t path_bytes_max = 1'024;

std::optional<std::string_view> take_word(std::string_view& line) {
    const std::size_t end = line.find(' ');
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(end + 1);
    return word;
}

// The rest of a line that begins with `name` and a space.
std::optional<std::string_view> value_of(std::optional<std::string_view> line, std::string_view name) {
    if (!line || !line->starts_with(name) || line->size() <= name.size() + 1 || (*line)[name.size()] != ' ')
        return std::nullopt;
    return line->substr(name.size() + 1);
}

std::optional<tlog::Checkpoint> parse_checkpoint(std::optional<std::string_view> value) {
    if (!value) return std::nullopt;
    const auto origin = take_word(*value);
    const auto size = origin ? take_word(*value) : std::nullopt;
    const auto number = size ? tlog::read_decimal(*size) : std::nullopt;
    const auto root = tlog::read_hash(*value);
    if (!number || !root) return std::nullopt;
    return tlog::Checkpoint{std::string(*origin), *number, *root};
}

std::optional<BackupFile> parse_file(std::optional<std::string_view> value) {
    if (!value) return std::nullopt;
    const auto hex = take_word(*value);
    const auto size = hex ? take_word(*value) : std::nullopt;
    const auto bytes = size ? tlog::read_decimal(*size) : std::nullopt;
    BackupFile out;
    const auto digest = hex ? from_hex(*hex) : std::nullopt;
    if (!bytes || !digest || digest->size() != out.content.digest.size() || to_hex(*digest) != *hex ||
        !belongs_in_backup(*value))
        return std::nullopt;
    std::memcpy(out.content.digest.data(), digest->data(), digest->size());
    out.content.bytes = *bytes;
    out.path = *value;
    return out;
}

std::string note_text(std::string_view manifest, std::string_view log) {
    return std::string(note_line) + std::string(log) + "\n" + to_hex(crypto::bytes(crypto::sha256(manifest))) + "\n";
}
} // namespace

const BackupFile* Manifest::find(std::string_view path) const {
    const auto found = std::ranges::lower_bound(files, path, {}, &BackupFile::path);
    return found != files.end() && found->path == path ? &*found : nullptr;
}

bool belongs_in_backup(std::string_view path) {
    if (path.size() > path_bytes_max) return false;
    if (std::ranges::find(single_files, path) != single_files.end()) return true;
    const auto folder = std::ranges::find_if(folders, [&](std::string_view one) { return path.starts_with(one); });
    if (folder == folders.end()) return false;
    for (std::string_view rest = path.substr(folder->size());;) {
        const std::string_view name = rest.substr(0, rest.find('/'));
        if (name.empty() || name.front() == '.') return false;
        const bool is_plain = std::ranges::all_of(name, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view("._-+@").contains(c);
        });
        if (!is_plain) return false;
        if (name.size() == rest.size()) return true;
        rest.remove_prefix(name.size() + 1);
    }
}

std::string encode(const Manifest& manifest) {
    std::vector<BackupFile> files = manifest.files;
    std::ranges::sort(files, {}, &BackupFile::path);
    const tlog::Checkpoint& last = manifest.checkpoint;
    std::string out = std::string(first_line) + "\norigin " + manifest.origin + "\nat " +
                      std::to_string(manifest.at_ms) + "\ncheckpoint " + last.origin + " " + std::to_string(last.size) +
                      " " + tlog::hash_text(last.root) + "\n";
    for (const BackupFile& file : files)
        out += "file " + to_hex(crypto::bytes(file.content.digest)) + " " + std::to_string(file.content.bytes) + " " +
               file.path + "\n";
    return out;
}

Result<Manifest> parse_manifest(std::string_view text, const std::string& file) {
    std::size_t line = 0;
    const auto next = [&] {
        ++line;
        return tlog::take_line(text);
    };
    const auto bad = [&](std::string_view what) {
        return fail(ErrorKind::invalid,
                    file + ":" + std::to_string(line) + ": " + std::string(what) + "; take another backup");
    };
    const auto first = next();
    if (first && first->starts_with("sallyport-backup ") && *first != first_line)
        return bad("this backup was made by a newer version of sallyport; use that one to restore it, or");
    if (first != first_line) return bad("this is no manifest of a backup of sallyport");
    Manifest out;
    const auto origin = value_of(next(), "origin");
    if (!origin || origin->contains(' ')) return bad("the installation's name is missing");
    out.origin = *origin;
    const auto at = value_of(next(), "at");
    const auto at_ms = at ? tlog::read_decimal(*at) : std::nullopt;
    if (!at_ms || *at_ms > INT64_MAX) return bad("the time is missing");
    out.at_ms = static_cast<std::int64_t>(*at_ms);
    auto checkpoint = parse_checkpoint(value_of(next(), "checkpoint"));
    if (!checkpoint) return bad("the checkpoint is missing");
    out.checkpoint = std::move(*checkpoint);
    while (!text.empty()) {
        auto one = parse_file(value_of(next(), "file"));
        if (!one) return bad("this is no file of a backup");
        if (!out.files.empty() && one->path <= out.files.back().path) return bad("the files are not in order");
        out.files.push_back(std::move(*one));
    }
    return out;
}

std::string signed_note(std::string_view manifest, const crypto::NoteSigner& signer) {
    crypto::Note note{note_text(manifest, signer.verifier().name()), {}};
    crypto::sign(note, signer);
    return crypto::encode(note);
}

Result<void> check_note(std::string_view note, std::string_view manifest, std::string_view log,
                        std::span<const crypto::NoteVerifier> keys, const std::string& file) {
    const auto read = crypto::parse_note(note);
    if (!read) return fail(ErrorKind::invalid, file + ": " + read.error().message);
    if (read->text != note_text(manifest, log))
        return fail(ErrorKind::refused, file + " is not of the manifest beside it: the backup was changed");
    const auto signers = crypto::signers_of(*read, keys);
    if (!signers) return fail(ErrorKind::refused, file + ": " + signers.error().message);
    if (std::ranges::find(*signers, log) == signers->end())
        return fail(ErrorKind::refused, file + " is not signed with a key of the ledger " + std::string(log) +
                                            " that is known here; name it with --key, as `sallyport ledger key` "
                                            "printed it");
    return {};
}

} // namespace sallyport::backup
