// What must go: keys whose time is over, packs that nobody can read any more, and packs that lie elsewhere from now on.
#pragma once

#include "base/error.h"
#include "ledger/offload.h"
#include "store/body_keys.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace sallyport::bodies {

// How long bodies of a class are kept; 0: not said, nothing of it goes by itself.
struct Kept {
    std::string_view effective_class;
    std::int64_t for_ms = 0;
};
struct Gone {
    std::uint64_t keys = 0, held = 0; // destroyed; kept because of a hold
    std::uint64_t packs = 0;          // removed
};
// Packs are removed where all their keys are destroyed, but for the newest one, which may be written. Those that were offloaded are
// looked at only where `keys_erased` (of the pass before, set here) is another number now; one that is not there now waits.
Result<Gone> expire(const std::filesystem::path& directory, store::BodyKeys& keys, std::span<const Kept> kept,
                    std::int64_t now_ms, std::uint64_t& keys_erased);
Result<std::uint64_t> remove_unreadable(const std::filesystem::path& directory, store::BodyKeys& keys,
                                        std::uint64_t& keys_erased);

// Of the packs in the folder itself.
Result<std::uint64_t> bytes_of_packs(const std::filesystem::path& directory);
// The packs that are not written any more (ledger/offload.h). `open_pack`: WriterFigures::open_pack of now; empty: nobody writes.
Result<ledger::Offloaded> offload_packs(const std::filesystem::path& directory, const ledger::OffloadRule& rule,
                                        const std::string& installation,
                                        const std::function<std::uint64_t()>& open_pack = {},
                                        const std::function<bool()>& goes_on = {});

} // namespace sallyport::bodies
