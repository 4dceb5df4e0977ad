// What a restore and a reader believe of files that others may have written: a manifest or a list that is read is written again as it
// was, and names nothing outside of a backup.
#include "backup/manifest.h"
#include "ledger/offloaded.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace backup = sallyport::backup;
namespace ledger = sallyport::ledger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto manifest = backup::parse_manifest(input, "manifest")) {
        if (backup::encode(*manifest) != input) std::abort();
        for (const auto& file : manifest->files)
            if (!backup::belongs_in_backup(file.path) || file.path.find("..") == 0 || file.path.front() == '/')
                std::abort();
    } else if (manifest.error().message.empty()) {
        std::abort();
    }
    if (const auto list = ledger::parse_offloaded(input, "offloaded")) {
        if (ledger::encode(*list) != input) std::abort();
        for (const auto& file : *list)
            if (!file.path.is_absolute() || file.name.find('/') != std::string::npos) std::abort();
    }
    return 0;
}
