#include "lab/client_files.h"

#include "base/limits.h"
#include "base/mapped_file.h"
#include "content/code_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <memory>

namespace sallyport::lab {

namespace {

struct Close {
    void operator()(archive* one) const { archive_read_free(one); }
};
using Archive = std::unique_ptr<archive, Close>;

constexpr std::size_t problems_max = 100;
constexpr std::size_t piece_bytes = 1u << 20;

void note(Walked& walked, std::string sentence) {
    if (walked.problems.size() < problems_max) walked.problems.push_back(std::move(sentence));
}

void stop(Walked& walked, std::string sentence) {
    walked.whole = false;
    note(walked, std::move(sentence));
}

std::string error_of(archive* from) {
    const char* const text = archive_error_string(from);
    return text == nullptr ? "damaged" : text;
}

bool leads_out(std::string_view path) {
    if (path.starts_with('/') || path.starts_with('\\') || path.contains('\0')) return true;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find_first_of("/\\", at), path.size());
        if (path.substr(at, end - at) == "..") return true;
        at = end + 1;
    }
    return false;
}

// One package. Members count for all of its entries together.
class Unpacking {
public:
    Unpacking(std::string_view package, const OnFile& on_file, Walked& walked)
        : on_file_(on_file), walked_(walked),
          bytes_max_(std::min(limits::client_bytes_max,
                              std::max(limits::client_ratio_asked_bytes, package.size() * limits::client_ratio_max))) {}

    // False: it goes no further.
    bool entry(archive* from, archive_entry* entry) {
        if (++entries_ > limits::client_files_max) {
            stop(walked_, fmt::format("the package has more than {} entries; the rest was not looked at",
                                      limits::client_files_max));
            return false;
        }
        const char* const name = archive_entry_pathname_utf8(entry) != nullptr ? archive_entry_pathname_utf8(entry)
                                                                               : archive_entry_pathname(entry);
        const std::string path = name == nullptr ? fmt::format("entry {} without a name", entries_) : name;
        if (path.size() > limits::client_path_bytes_max) {
            note(walked_, "an entry has a name longer than any path; it was left out");
            return true;
        }
        if (leads_out(path))
            note(walked_,
                 fmt::format("the name '{}' leads out of the package: an installer that believes it writes elsewhere",
                             path));
        if (const char* const target = archive_entry_hardlink(entry) != nullptr ? archive_entry_hardlink(entry)
                                                                                : archive_entry_symlink(entry)) {
            note(walked_, fmt::format("'{}' is a link to '{}'{}; it was not followed", path, target,
                                      leads_out(target) ? ", out of the package" : ""));
            return true;
        }
        if (archive_entry_filetype(entry) == AE_IFDIR) return true;
        if (archive_entry_filetype(entry) != AE_IFREG) {
            note(walked_, fmt::format("'{}' is a device or a pipe; it was left out", path));
            return true;
        }
        return content(from, entry, path);
    }

private:
    bool content(archive* from, archive_entry* entry, const std::string& path) {
        if (archive_entry_is_encrypted(entry) != 0) {
            note(walked_, fmt::format("'{}' is encrypted; it was left out", path));
            return true;
        }
        bytes_.clear();
        if (archive_entry_size_is_set(entry) != 0)
            bytes_.reserve(piece_bytes + std::min<std::uint64_t>(static_cast<std::uint64_t>(std::max<la_int64_t>(
                                                                     0, archive_entry_size(entry))),
                                                                 std::min(limits::client_file_bytes_max, bytes_max_)));
        while (true) {
            const std::size_t had = bytes_.size();
            la_ssize_t got = 0;
            bytes_.resize_and_overwrite(had + piece_bytes, [&](char* at, std::size_t) {
                got = archive_read_data(from, at + had, piece_bytes);
                return had + static_cast<std::size_t>(std::max<la_ssize_t>(0, got));
            });
            if (got == 0) break;
            if (got < 0) {
                stop(walked_, fmt::format("the package is damaged in '{}' ({}); what came before it was measured", path,
                                          error_of(from)));
                on_file_(path, bytes_);
                return false;
            }
            total_ += static_cast<std::uint64_t>(got);
            if (total_ > bytes_max_ || bytes_.size() > limits::client_file_bytes_max) {
                stop(walked_, fmt::format("'{}' unpacks to more than a client needs (a bomb?): stopped after {} bytes; "
                                          "what came before it was measured",
                                          path, total_));
                return false;
            }
        }
        on_file_(path, bytes_);
        return true;
    }

    const OnFile& on_file_;
    Walked& walked_;
    std::uint64_t bytes_max_, total_ = 0;
    std::size_t entries_ = 0;
    std::string bytes_; // reused: the largest file is held once
};

bool is_package(std::string_view bytes) {
    return bytes.starts_with("\x1F\x8B") || bytes.starts_with("PK\x03\x04") || bytes.starts_with("\x28\xB5\x2F\xFD") ||
           bytes.starts_with(std::string_view("\xFD"
                                              "7zXZ\0",
                                              6)) ||
           (bytes.size() > 262 && bytes.substr(257, 5) == "ustar");
}

Result<Walked> walk_folder(const std::filesystem::path& folder, const OnFile& on_file) {
    Walked walked{.form = "folder", .problems = {}};
    std::vector<std::filesystem::path> files;
    std::error_code code;
    for (std::filesystem::recursive_directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
        if (at->is_symlink()) {
            std::error_code ignored;
            const std::string target = std::filesystem::read_symlink(at->path(), ignored).string();
            note(walked, fmt::format("'{}' is a link to '{}'; it was not followed",
                                     at->path().lexically_relative(folder).generic_string(), target));
        } else if (at->is_regular_file())
            files.push_back(at->path());
        if (files.size() > limits::client_files_max) {
            stop(walked, fmt::format("the folder has more than {} files; the rest was not looked at",
                                     limits::client_files_max));
            break;
        }
    }
    if (code) stop(walked, "the folder cannot be read as a whole: " + code.message());
    std::ranges::sort(files);
    std::uint64_t total = 0;
    for (const auto& file : files) {
        const std::string path = file.lexically_relative(folder).generic_string();
        const auto mapped = MappedFile::open(file);
        if (!mapped) {
            stop(walked, mapped.error().message);
            continue;
        }
        total += (*mapped)->bytes().size();
        if (total > limits::client_bytes_max) {
            stop(walked,
                 fmt::format("more than {} bytes in the folder: stopped before '{}'", limits::client_bytes_max, path));
            break;
        }
        on_file(path, (*mapped)->bytes());
    }
    if (files.empty())
        return fail(
            ErrorKind::invalid,
            fmt::format("{} holds no files: name the folder of a client, its package or its program", folder.string()));
    return walked;
}

} // namespace

Result<Walked> walk_package(std::string_view package, const OnFile& on_file) {
    Walked walked{.form = "package", .problems = {}};
    const Archive from(archive_read_new());
    archive_read_support_format_tar(from.get());
    archive_read_support_format_zip(from.get());
    archive_read_support_filter_gzip(from.get());
    archive_read_support_filter_xz(from.get());
    archive_read_support_filter_zstd(from.get());
    if (archive_read_open_memory(from.get(), package.data(), package.size()) != ARCHIVE_OK)
        return fail(ErrorKind::invalid, "this is no package that can be opened (tar or ZIP): " + error_of(from.get()));
    Unpacking unpacking(package, on_file, walked);
    archive_entry* entry = nullptr;
    std::size_t entries = 0;
    int code = ARCHIVE_OK;
    for (; (code = archive_read_next_header(from.get(), &entry)) == ARCHIVE_OK || code == ARCHIVE_WARN; ++entries)
        if (!unpacking.entry(from.get(), entry)) return walked;
    if (code != ARCHIVE_EOF) {
        if (entries == 0)
            return fail(ErrorKind::invalid,
                        "this is no package that can be opened (tar or ZIP): " + error_of(from.get()));
        stop(walked, fmt::format("the package is damaged after {} entries ({}); these were measured", entries,
                                 error_of(from.get())));
    }
    if (entries == 0) return fail(ErrorKind::invalid, "the package is empty");
    return walked;
}

Result<Walked> walk_client(const std::filesystem::path& path, const OnFile& on_file) {
    std::error_code code;
    if (std::filesystem::is_directory(path, code)) return walk_folder(path, on_file);
    const auto mapped = MappedFile::open(path);
    if (!mapped) return std::unexpected(mapped.error());
    const std::string_view bytes = (*mapped)->bytes();
    if (bytes.empty()) return fail(ErrorKind::invalid, path.string() + " is empty");
    if (is_package(bytes)) {
        auto walked = walk_package(bytes, on_file);
        if (!walked) walked.error().message = path.string() + ": " + walked.error().message;
        return walked;
    }
    on_file(path.filename().string(), bytes);
    return Walked{.form = "file", .problems = {}};
}

} // namespace sallyport::lab
