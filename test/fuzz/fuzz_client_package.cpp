// A client's package as somebody sends it: whatever it is, nothing is written, limits hold, and a problem is told in words.
#include "base/limits.h"
#include "lab/client_files.h"
#include "lab/package.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport;
    const std::string_view package(reinterpret_cast<const char*>(data), size);
    std::uint64_t total = 0;
    lab::PackageFacts facts;
    const auto walked = lab::walk_package(package, [&](const std::string& path, std::string_view bytes) {
        total += bytes.size();
        if (lab::is_manifest(path)) static_cast<void>(lab::read_manifest(path, bytes, facts));
    });
    if (!walked && walked.error().message.empty()) std::abort();
    if (walked && !walked->whole && walked->problems.empty()) std::abort();
    if (total > limits::client_bytes_max + limits::client_file_bytes_max) std::abort();
    return 0;
}
