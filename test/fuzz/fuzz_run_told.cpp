// What a launcher tells of a run, as anybody may send it.
#include "gateway/run_told.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto told = sallyport::gateway::read_run_told({reinterpret_cast<const char*>(data), size});
    if (!told) return told.error().message.empty() ? std::abort(), 0 : 0;
    for (const auto& host : told->hosts)
        if (host.name.empty() || host.name.size() > 255) std::abort();
    return 0;
}
