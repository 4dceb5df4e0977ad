// Advisories that anybody may have written: what is taken has an id that leads out of no folder, and the list by which versions are
// looked up says what the advisories say.
#include "catalog/advisories.h"
#include "catalog/clients.h"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::catalog;
    auto read = read_advisories({reinterpret_cast<const char*>(data), size});
    if (!read) {
        if (read.error().message.empty()) std::abort();
        return 0;
    }
    for (const Advisory& one : *read)
        if (!is_advisory_id(one.id) || one.modified_ms <= 0 || one.text.empty()) std::abort();
    const auto all = Advisories::make(std::move(*read));
    if (!all) return 0;
    for (const Client& client : clients())
        for (const std::string_view version : {"0", "1.0.0-rc.1", "2.1.196", "2.1.198", "9999"}) {
            const Covering* const found = (*all)->covering(client.name, version);
            const auto each = (*all)->all_covering(client.name, version);
            if ((found == nullptr) != each.empty() || (found != nullptr && found->id != each.front()->id)) std::abort();
        }
    return 0;
}
