#include "ledger/offload.h"

#include "base/encoding.h"
#include "ledger/segment.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::ledger {

namespace {
namespace fs = std::filesystem;
constexpr std::size_t digits_in_name = 16;

std::string digits(const FileContent& content) {
    return to_hex(crypto::bytes(content.digest)).substr(0, digits_in_name);
}

std::string name_there(const std::string& name, const FileContent& content) {
    const fs::path path(name);
    return path.stem().string() + "-" + digits(content) + path.extension().string();
}

fs::path folder_there(const fs::path& directory, const fs::path& folder, const std::string& installation) {
    return directory / installation / folder.filename();
}

// What the kernel remembers of the file would not say what the disk holds.
Result<FileContent> read_back(const fs::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) return fail_errno("cannot open " + file.string());
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    ::close(descriptor);
    return content_of(file);
}

class Mover {
public:
    Mover(const fs::path& folder, fs::path there, std::vector<OffloadedFile> list)
        : folder_(folder), there_(std::move(there)), list_(std::move(list)) {}

    Result<std::uint64_t> move(const std::string& name) {
        auto file = copy(name);
        if (!file) return std::unexpected(file.error());
        const std::uint64_t bytes = file->content.bytes;
        std::erase_if(list_, [&](const OffloadedFile& one) { return one.name == name; });
        list_.push_back(std::move(*file));
        if (auto written = write_offloaded(folder_, list_); !written) return std::unexpected(written.error());
        std::error_code code;
        fs::remove(folder_ / name, code);
        if (code) return fail(ErrorKind::io, "cannot remove " + (folder_ / name).string() + ": " + code.message());
        if (auto synced = sync_folder(folder_); !synced) return std::unexpected(synced.error());
        return bytes;
    }

private:
    Result<OffloadedFile> copy(const std::string& name) {
        const fs::path draft = there_ / ("." + name + ".part");
        std::error_code code;
        fs::remove(draft, code); // of a pass that was cut short
        const auto copied = copy_synced(folder_ / name, draft);
        if (!copied) return std::unexpected(copied.error());
        const fs::path target = there_ / name_there(name, *copied);
        const auto read = read_back(draft);
        if (!read || *read != *copied) {
            fs::remove(draft, code);
            if (!read) return std::unexpected(read.error());
            return fail(ErrorKind::io, draft.string() + " does not hold what was written to it; " + name +
                                           " stays where it is. Check the disk of " + there_.string());
        }
        if (::rename(draft.c_str(), target.c_str()) != 0) return fail_errno("cannot name " + target.string());
        if (auto synced = sync_folder(there_); !synced) return std::unexpected(synced.error());
        return OffloadedFile{*copied, name, target};
    }

    const fs::path& folder_;
    fs::path there_;
    std::vector<OffloadedFile> list_;
};

// The operator's directory must be there, and where files were moved to it before, so must be our folder in it.
Result<fs::path> open_there(const fs::path& folder, const fs::path& directory, const std::string& installation,
                            std::span<const OffloadedFile> list) {
    std::error_code code;
    const fs::path there = fs::absolute(folder_there(directory, folder, installation)).lexically_normal();
    const bool used_before =
        std::ranges::any_of(list, [&](const OffloadedFile& one) { return one.path.parent_path() == there; });
    if (!fs::is_directory(directory, code) || (used_before && !fs::is_directory(there, code)))
        return fail(ErrorKind::unavailable, (used_before ? there : directory).string() +
                                                " is not there, so nothing is offloaded to it; mount it, or make it");
    if (there.string().contains('\n'))
        return fail(ErrorKind::invalid, "a directory whose name has more than one line cannot be offloaded to");
    for (const fs::path& one : {there.parent_path(), there})
        if (::mkdir(one.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("cannot create " + one.string());
    return there;
}
} // namespace

Result<Offloaded> offload(const fs::path& folder, std::span<const std::string> sealed, std::uint64_t folder_bytes,
                          const OffloadRule& rule, const std::string& installation,
                          const std::function<bool()>& goes_on) {
    Offloaded out{.left_bytes = folder_bytes};
    if (folder_bytes <= rule.above_bytes || sealed.empty()) return out;
    auto list = read_offloaded(folder);
    if (!list) return std::unexpected(list.error());
    auto there = open_there(folder, rule.directory, installation, *list);
    if (!there) return std::unexpected(there.error());
    Mover mover(folder, std::move(*there), std::move(*list));
    for (const std::string& name : sealed) {
        if (out.left_bytes <= rule.above_bytes || (goes_on && !goes_on())) break;
        const auto bytes = mover.move(name);
        if (!bytes) return std::unexpected(bytes.error());
        ++out.files;
        out.bytes += *bytes;
        out.left_bytes -= std::min(out.left_bytes, *bytes);
    }
    return out;
}

Result<Offloaded> offload_segments(const fs::path& ledger, const OffloadRule& rule, const std::string& installation,
                                   const std::function<bool()>& goes_on) {
    const auto segments = list_segments(ledger);
    if (!segments) return std::unexpected(segments.error());
    std::vector<std::string> sealed;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < segments->size(); ++i) {
        const SegmentFile& file = (*segments)[i];
        if (file.is_offloaded) continue;
        std::error_code code;
        bytes += fs::file_size(file.path, code);
        if (code) return fail(ErrorKind::io, "cannot look at " + file.path.string() + ": " + code.message());
        if (i + 1 < segments->size()) sealed.push_back(file.path.filename().string());
    }
    return offload(ledger, sealed, bytes, rule, installation, goes_on);
}

Result<std::vector<OffloadedFile>> rebuild_offloaded(const fs::path& folder, const fs::path& directory,
                                                     const std::string& installation) {
    const fs::path there = fs::absolute(folder_there(directory, folder, installation)).lexically_normal();
    std::vector<OffloadedFile> list;
    std::error_code code;
    for (fs::directory_iterator it(there, code), end; !code && it != end; it.increment(code)) {
        const std::string name = it->path().filename().string();
        const std::string stem = it->path().stem().string();
        if (name.starts_with('.') || stem.size() <= digits_in_name + 1) continue;
        const std::size_t dash = stem.size() - digits_in_name - 1;
        if (stem[dash] != '-') continue;
        const std::string here = stem.substr(0, dash) + it->path().extension().string();
        if (fs::exists(folder / here, code)) continue;
        const auto content = content_of(it->path());
        if (!content) return std::unexpected(content.error());
        if (digits(*content) != stem.substr(dash + 1))
            return fail(ErrorKind::invalid, it->path().string() +
                                                " does not hold what was moved there: its digest is another one; "
                                                "put it back from a backup of that directory");
        for (const OffloadedFile& other : list)
            if (other.name == here)
                return fail(ErrorKind::invalid, other.path.string() + " and " + it->path().string() +
                                                    " claim to be the same file, " + here +
                                                    "; move the one away that belongs to an epoch before");
        list.push_back({*content, here, it->path()});
    }
    if (code) return fail(ErrorKind::io, "cannot list " + there.string() + ": " + code.message());
    std::ranges::sort(list, {}, &OffloadedFile::name);
    if (auto written = write_offloaded(folder, list); !written) return std::unexpected(written.error());
    return list;
}

Result<void> remove_offloaded(const fs::path& folder, const std::string& name) {
    auto list = read_offloaded(folder);
    if (!list) return std::unexpected(list.error());
    const auto found = std::ranges::find(*list, name, &OffloadedFile::name);
    if (found == list->end()) return {};
    std::error_code code;
    fs::remove(found->path, code);
    if (code) return fail(ErrorKind::io, "cannot remove " + found->path.string() + ": " + code.message());
    list->erase(found);
    return write_offloaded(folder, *list);
}

} // namespace sallyport::ledger
