#include "identity/sessions.h"

#include <cstring>
#include <mutex>

namespace sallyport::identity {

namespace {
constexpr std::int64_t expired_kept_ms = 3'600'000; // so that its owner hears that it expired, not that it is unknown
constexpr std::size_t swept_at = 1'024;
} // namespace

std::size_t Sessions::First::operator()(const crypto::Digest& digest) const {
    std::size_t first = 0;
    std::memcpy(&first, digest.data(), sizeof first);
    return first;
}

bool Sessions::put(const crypto::Digest& token, std::shared_ptr<Session> session, std::int64_t expires_ms,
                   std::int64_t now_ms) {
    const std::unique_lock lock(mutex_);
    // Where the table would grow, what is of no use any more goes first: amortised constant time.
    if (by_token_.size() >= swept_at && by_token_.size() + 1 > by_token_.bucket_count())
        std::erase_if(by_token_, [&](const auto& one) { return one.second.expires_ms + expired_kept_ms < now_ms; });
    if (by_token_.size() >= sessions_max) return false;
    by_token_.insert_or_assign(token, Entry{std::move(session), expires_ms});
    return true;
}

void Sessions::end(std::string_view id) {
    const std::shared_lock lock(mutex_);
    for (const auto& [token, entry] : by_token_)
        if (entry.session->id == id) entry.session->ended = true;
}

void Sessions::end_of(std::string_view person) {
    const std::shared_lock lock(mutex_);
    for (const auto& [token, entry] : by_token_)
        if (entry.session->person == person) entry.session->ended = true;
}

void Sessions::end_of(const std::unordered_set<std::string>& people) {
    const std::shared_lock lock(mutex_);
    for (const auto& [token, entry] : by_token_)
        if (people.contains(entry.session->person)) entry.session->ended = true;
}

std::shared_ptr<Session> Sessions::by_id(std::string_view id) const {
    const std::shared_lock lock(mutex_);
    for (const auto& [token, entry] : by_token_)
        if (entry.session->id == id) return entry.session;
    return nullptr;
}

Sessions::Found Sessions::find(const crypto::Digest& token) const {
    const std::shared_lock lock(mutex_);
    const auto found = by_token_.find(token);
    if (found == by_token_.end()) return {};
    return {found->second.session, found->second.expires_ms};
}

} // namespace sallyport::identity
