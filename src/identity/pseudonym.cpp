#include "identity/pseudonym.h"

#include <atomic>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <string>

namespace sallyport::identity {

namespace {
constexpr std::string_view base32 = "abcdefghijklmnopqrstuvwxyz234567"; // RFC 4648 section 6, lower case
constexpr std::size_t cache_slots = 256;                                // per thread, about 40 KB
constexpr std::size_t cached_name_max = 96;                             // longer names cost an HMAC each time
constexpr std::size_t lately_max = 65'536;

char letter(NameKind kind) {
    switch (kind) {
    case NameKind::person: return 'p';
    case NameKind::machine: return 'm';
    case NameKind::path: return 'f';
    case NameKind::session: return 's';
    }
    return 'x';
}

// Direct-mapped: a name that falls on a used slot replaces it.
struct Slot {
    std::uint64_t owner = 0;
    std::uint8_t kind = 0;
    std::uint8_t length = 0;
    std::array<char, cached_name_max> name;
    Pseudonym pseudonym;
};
Slot& slot_for(NameKind kind, std::string_view name) {
    thread_local const auto slots = std::make_unique<std::array<Slot, cache_slots>>();
    const std::size_t hash = std::hash<std::string_view>{}(name) + static_cast<std::size_t>(kind);
    return (*slots)[hash % cache_slots];
}

std::string seal_context(NameKind kind, std::string_view pseudonym) {
    return letter(kind) + (":" + std::string(pseudonym));
}
} // namespace

Pseudonym::Pseudonym(NameKind kind, const crypto::Digest& mac) : used_(characters) {
    text_[0] = letter(kind);
    text_[1] = '_';
    std::uint64_t bits = 0;
    int held = 0;
    std::size_t at = 0;
    for (std::size_t i = 2; i < characters; ++i) {
        if (held < 5) {
            bits = bits << 8 | static_cast<unsigned char>(mac[at++]);
            held += 8;
        }
        held -= 5;
        text_[i] = base32[bits >> held & 31];
    }
}

Pseudonyms::Pseudonyms(const InstallationKeys& keys) : mac_(keys.pseudonyms), sealing_(keys.sealing) {
    static std::atomic<std::uint64_t> next = 1;
    number_ = next.fetch_add(1, std::memory_order_relaxed);
}

Pseudonym Pseudonyms::of(NameKind kind, std::string_view name) const {
    if (name.empty()) return {};
    const char prefix[2] = {letter(kind), ':'};
    if (name.size() > cached_name_max) return {kind, mac_.of({prefix, 2}, name)};
    Slot& slot = slot_for(kind, name);
    const auto kind_number = static_cast<std::uint8_t>(kind);
    if (slot.owner == number_ && slot.kind == kind_number && std::string_view(slot.name.data(), slot.length) == name)
        return slot.pseudonym;
    slot.owner = number_;
    slot.kind = kind_number;
    slot.length = static_cast<std::uint8_t>(name.size());
    std::memcpy(slot.name.data(), name.data(), name.size());
    slot.pseudonym = {kind, mac_.of({prefix, 2}, name)};
    return slot.pseudonym;
}

Pseudonym Pseudonyms::remember(NameKind kind, std::string_view name) {
    const Pseudonym pseudonym = of(kind, name);
    if (name.empty()) return pseudonym;
    const std::scoped_lock lock(mutex_);
    if (lately_.contains(pseudonym.view())) return pseudonym;
    if (lately_.size() >= lately_max) lately_.clear(); // storing a known name again changes nothing
    lately_.emplace(pseudonym.view());
    noted_.push_back({pseudonym, kind, std::string(name)});
    return pseudonym;
}

Result<void> Pseudonyms::keep_names(store::State& state) {
    std::vector<Noted> batch;
    {
        const std::scoped_lock lock(mutex_);
        batch.swap(noted_);
    }
    if (batch.empty()) return {};
    std::vector<store::SealedName> sealed;
    sealed.reserve(batch.size());
    for (const Noted& noted : batch)
        sealed.push_back(
            {std::string(noted.pseudonym.view()), noted.kind, seal(noted.kind, noted.pseudonym, noted.name)});
    auto stored = state.remember_names(sealed);
    if (stored) return {};
    const std::scoped_lock lock(mutex_);
    noted_.insert(noted_.end(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
    return stored;
}

Result<std::optional<std::string>> Pseudonyms::name_of(store::State& state, std::string_view pseudonym) const {
    auto sealed = state.sealed_name(pseudonym);
    if (!sealed) return std::unexpected(sealed.error());
    if (!sealed->has_value()) return std::optional<std::string>();
    auto name = unseal(**sealed);
    if (!name) return std::unexpected(name.error());
    return std::optional(std::move(*name));
}

std::string Pseudonyms::seal(NameKind kind, std::string_view pseudonym, std::string_view name) const {
    return sealing_.seal(name, seal_context(kind, pseudonym));
}

Result<std::string> Pseudonyms::unseal(const store::SealedName& sealed) const {
    auto name = sealing_.open(sealed.sealed, seal_context(sealed.kind, sealed.pseudonym));
    if (!name)
        return fail(ErrorKind::invalid, "the sealed name of " + sealed.pseudonym +
                                            " cannot be opened: it was changed, or "
                                            "sealed under the key of another installation");
    return name;
}

} // namespace sallyport::identity
