// What must go: keys whose time is over, and packs that nobody can read any more.
#pragma once

#include "base/error.h"
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
// Packs are removed where all their keys are destroyed, but for the newest one, which may be written.
Result<Gone> expire(const std::filesystem::path& directory, store::BodyKeys& keys, std::span<const Kept> kept,
                    std::int64_t now_ms);
Result<std::uint64_t> remove_unreadable(const std::filesystem::path& directory, store::BodyKeys& keys);

} // namespace sallyport::bodies
