// A file as bytes in memory, read by the kernel when they are looked at. Read only, for as long as the object lives, and also when the
// file was unlinked since. Whoever cuts the file short meanwhile ends the process: map what is written once and renamed into place.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <memory>
#include <string_view>

namespace sallyport {

class MappedFile {
public:
    // Fails with a sentence that names the path. An empty file has no bytes.
    static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    std::string_view bytes() const { return bytes_; }

private:
    explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
    std::string_view bytes_;
};

} // namespace sallyport
