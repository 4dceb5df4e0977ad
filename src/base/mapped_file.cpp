#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return fail_errno("cannot open " + path.string());
    struct stat status{};
    const bool plain = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    const auto size = plain ? static_cast<std::size_t>(status.st_size) : 0;
    void* at = size > 0 ? ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0) : nullptr;
    ::close(file); // the mapping stays
    if (!plain) return fail(ErrorKind::invalid, path.string() + " is no plain file");
    if (at == MAP_FAILED) return fail_errno("cannot map " + path.string());
    return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const char*>(at), size}));
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

} // namespace sallyport
