#include "bodies/retention.h"

#include "bodies/pack.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sallyport::bodies {

Result<std::uint64_t> remove_unreadable(const std::filesystem::path& directory, store::BodyKeys& keys,
                                        std::uint64_t& keys_erased) {
    const auto packs = list_packs(directory);
    if (!packs) return std::unexpected(packs.error());
    const auto all = keys.list({});
    if (!all) return std::unexpected(all.error());
    std::set<std::uint64_t> in_use;
    for (const store::BodyKeyRecord& key : *all)
        if (key.erased_ms == 0) in_use.insert(key.id);
    const std::uint64_t erased = all->size() - in_use.size();
    const bool looks_everywhere = std::exchange(keys_erased, erased) != erased;
    std::uint64_t removed = 0;
    for (std::size_t i = 0; i + 1 < packs->size(); ++i) {
        const PackFile& pack = (*packs)[i];
        if (pack.is_offloaded && !looks_everywhere) continue;
        std::uint64_t end = 0;
        const auto places = read_places(pack.path, end);
        if (!places && pack.is_offloaded) {
            keys_erased = UINT64_MAX; // where it lies is not mounted now: another time
            continue;
        }
        if (!places) return std::unexpected(places.error());
        const bool is_read =
            std::ranges::any_of(*places, [&](const auto& place) { return in_use.contains(place.key); });
        if (is_read) continue;
        if (pack.is_offloaded) {
            if (auto gone = ledger::remove_offloaded(directory, pack.path.filename().string()); !gone)
                return std::unexpected(gone.error());
            ++removed;
            continue;
        }
        std::error_code error;
        if (std::filesystem::remove(pack.path, error)) ++removed;
        if (error) return fail(ErrorKind::io, "cannot remove " + pack.path.string() + ": " + error.message());
    }
    return removed;
}

Result<std::uint64_t> bytes_of_packs(const std::filesystem::path& directory) {
    const auto packs = list_packs(directory);
    if (!packs) return std::unexpected(packs.error());
    std::uint64_t bytes = 0;
    for (const PackFile& pack : *packs) {
        std::error_code error;
        const auto size = pack.is_offloaded ? 0 : std::filesystem::file_size(pack.path, error);
        if (!error) bytes += size; // one that is just being moved or removed has none
    }
    return bytes;
}

Result<ledger::Offloaded> offload_packs(const std::filesystem::path& directory, const ledger::OffloadRule& rule,
                                        const std::string& installation,
                                        const std::function<std::uint64_t()>& open_pack,
                                        const std::function<bool()>& goes_on) {
    const auto packs = list_packs(directory);
    if (!packs) return std::unexpected(packs.error());
    const auto bytes = bytes_of_packs(directory);
    if (!bytes) return std::unexpected(bytes.error());
    std::vector<std::string> sealed;
    const std::uint64_t open =
        open_pack ? open_pack() : UINT64_MAX; // behind the listing: what was begun since is not in it
    for (const PackFile& pack : *packs)
        if (!pack.is_offloaded && pack.first < open) sealed.push_back(pack.path.filename().string());
    return ledger::offload(directory, sealed, *bytes, rule, installation, goes_on);
}

Result<Gone> expire(const std::filesystem::path& directory, store::BodyKeys& keys, std::span<const Kept> kept,
                    std::int64_t now_ms, std::uint64_t& keys_erased) {
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
    const auto removed = remove_unreadable(directory, keys, keys_erased);
    if (!removed) return std::unexpected(removed.error());
    gone.packs = *removed;
    return gone;
}

} // namespace sallyport::bodies
