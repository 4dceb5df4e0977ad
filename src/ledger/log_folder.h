// A folder in the C2SP tlog-tiles layout that somebody else may have filled: files in it are found by names of tlog/tile.h, and only
// where they really lie in it. A link, a device or a pipe is no file of a log: with links a small folder could pass for an endless one.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::ledger {

class LogFolder {
public:
    static Result<LogFolder> open(const std::filesystem::path& path);
    LogFolder(LogFolder&& other) noexcept;
    LogFolder& operator=(LogFolder&&) = delete;
    ~LogFolder();

    // `file`: parts joined by '/', none of them "..". Nothing where it is not there; errors do not name the file.
    Result<std::optional<std::string>> read(std::string_view file, std::size_t bytes_max) const;
    bool has(std::string_view file) const; // anything of that name
    int descriptor() const { return descriptor_; }

private:
    explicit LogFolder(int descriptor) : descriptor_(descriptor) {}
    int open_below(std::string_view file, int flags) const; // -1 and errno
    int descriptor_;
};

} // namespace sallyport::ledger
