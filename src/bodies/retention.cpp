#include "bodies/retention.h"

#include "bodies/pack.h"

#include <algorithm>
#include <set>

namespace sallyport::bodies {

Result<std::uint64_t> remove_unreadable(const std::filesystem::path& directory, store::BodyKeys& keys) {
    const auto packs = list_packs(directory);
    if (!packs) return std::unexpected(packs.error());
    const auto all = keys.list({});
    if (!all) return std::unexpected(all.error());
    std::set<std::uint64_t> in_use;
    for (const store::BodyKeyRecord& key : *all)
        if (key.erased_ms == 0) in_use.insert(key.id);
    std::uint64_t removed = 0;
    for (std::size_t i = 0; i + 1 < packs->size(); ++i) {
        std::uint64_t end = 0;
        const auto places = read_places((*packs)[i].path, end);
        if (!places) return std::unexpected(places.error());
        const bool is_read =
            std::ranges::any_of(*places, [&](const auto& place) { return in_use.contains(place.key); });
        if (is_read) continue;
        std::error_code error;
        if (std::filesystem::remove((*packs)[i].path, error)) ++removed;
        if (error) return fail(ErrorKind::io, "cannot remove " + (*packs)[i].path.string() + ": " + error.message());
    }
    return removed;
}

Result<Gone> expire(const std::filesystem::path& directory, store::BodyKeys& keys, std::span<const Kept> kept,
                    std::int64_t now_ms) {
    Gone gone;
    for (const Kept& one : kept) {
        if (one.for_ms == 0) continue;
        const std::string why = "kept for " + std::to_string(one.for_ms / 86'400'000) + " days, as the policy says";
        const auto erased = keys.erase({.repository = {},
                                        .person = {},
                                        .effective_class = std::string(one.effective_class),
                                        .before_ms = now_ms - one.for_ms},
                                       why, now_ms);
        if (!erased) return std::unexpected(erased.error());
        gone.keys += erased->erased;
        gone.held += erased->held;
    }
    const auto removed = remove_unreadable(directory, keys);
    if (!removed) return std::unexpected(removed.error());
    gone.packs = *removed;
    return gone;
}

} // namespace sallyport::bodies
