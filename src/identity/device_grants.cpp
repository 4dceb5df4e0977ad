#include "identity/device_grants.h"

#include "base/encoding.h"

namespace sallyport::identity {

namespace {

constexpr std::string_view letters = "BCDFGHJKLMNPQRSTVWXZ"; // RFC 8628 section 6.1: no vowels, so no words
constexpr std::size_t code_letters = 8;

std::string new_user_code() {
    constexpr unsigned fair = 256 / 20 * 20;
    std::string out;
    while (out.size() < code_letters + 1)
        for (const char c : crypto::random_bytes(16)) {
            const auto value = static_cast<unsigned char>(c);
            if (value >= fair || out.size() > code_letters) continue;
            if (out.size() == code_letters / 2) out += '-';
            out += letters[value % letters.size()];
        }
    return out;
}

std::string digest_of(std::string_view text) { return std::string(crypto::bytes(crypto::sha256(text))); }

} // namespace

std::string plain_user_code(std::string_view typed) {
    std::string out;
    for (const char c : typed) {
        if (c == '-' || c == ' ') continue;
        const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        if (!letters.contains(upper) || out.size() > code_letters) return {};
        if (out.size() == code_letters / 2) out += '-';
        out += upper;
    }
    return out.size() == code_letters + 1 ? out : std::string();
}

void DeviceGrants::forget_old(std::int64_t now_ms) {
    std::erase_if(by_user_code_, [&](const auto& one) {
        // For a while it is remembered as expired.
        if (one.second.until_ms + device_grant_ms >= now_ms) return false;
        user_code_of_.erase(one.second.device_digest);
        return true;
    });
    std::erase_if(journeys_, [&](const auto& one) { return one.second.until_ms < now_ms; });
}

DeviceGrants::Count& DeviceGrants::count_of(std::string_view address, std::int64_t now_ms) {
    const std::int64_t minute = now_ms / 60'000;
    if (counts_.size() >= addresses_max)
        std::erase_if(counts_, [&](const auto& one) { return one.second.minute != minute; });
    if (counts_.size() >= addresses_max) counts_.clear();
    Count& count = counts_[std::string(address)];
    if (count.minute != minute) count = {minute, 0, 0};
    return count;
}

Result<DeviceGrants::Opened> DeviceGrants::open(std::string_view client, std::string_view address,
                                                std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    if (by_user_code_.size() >= device_grants_max) forget_old(now_ms);
    if (by_user_code_.size() >= device_grants_max || ++count_of(address, now_ms).opened > grants_a_minute_max)
        return fail(ErrorKind::unavailable, "too many sign-ins wait; try again in a minute");
    Opened out{to_base64url(crypto::random_bytes(32)), {}};
    do {
        out.user_code = new_user_code();
    } while (by_user_code_.contains(out.user_code));
    Grant grant;
    grant.device_digest = digest_of(out.device_code);
    grant.client = client;
    grant.until_ms = now_ms + device_grant_ms;
    user_code_of_[grant.device_digest] = out.user_code;
    by_user_code_[out.user_code] = std::move(grant);
    return out;
}

DeviceGrants::Polled DeviceGrants::poll(std::string_view device_code, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    const auto known = user_code_of_.find(digest_of(device_code));
    if (known == user_code_of_.end()) return {};
    const auto found = by_user_code_.find(known->second);
    Grant& grant = found->second;
    if (grant.until_ms <= now_ms) return {};
    Polled out{grant.state, {}, grant.client};
    if (grant.state == State::pending) {
        if (now_ms < grant.next_poll_ms) {
            grant.interval_ms += device_slow_down_ms;
            out.state = State::slow_down;
        }
        grant.next_poll_ms = now_ms + grant.interval_ms - device_interval_ms / 4; // what the way there takes varies
        return out;
    }
    out.who = std::move(grant.who);
    user_code_of_.erase(known);
    by_user_code_.erase(found);
    return out;
}

bool DeviceGrants::is_barred(std::string_view address, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    return count_of(address, now_ms).wrong >= wrong_codes_a_minute_max;
}

std::optional<DeviceGrants::Visit> DeviceGrants::begin_visit(std::string_view typed, std::string_view browser,
                                                             std::string_view address, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    Count& count = count_of(address, now_ms);
    if (count.wrong >= wrong_codes_a_minute_max) return std::nullopt;
    const auto found = by_user_code_.find(plain_user_code(typed));
    if (found == by_user_code_.end() || found->second.state != State::pending || found->second.until_ms <= now_ms) {
        ++count.wrong;
        return std::nullopt;
    }
    if (journeys_.size() >= device_grants_max) forget_old(now_ms);
    if (journeys_.size() >= device_grants_max) return std::nullopt;
    Visit visit;
    visit.state = to_base64url(crypto::random_bytes(24));
    visit.nonce = to_base64url(crypto::random_bytes(24));
    visit.verifier = to_base64url(crypto::random_bytes(48));
    visit.challenge = to_base64url(crypto::bytes(crypto::sha256(visit.verifier)));
    visit.user_code = found->first;
    journeys_[visit.state] = {visit, std::string(browser), found->second.until_ms};
    return visit;
}

std::optional<DeviceGrants::Visit> DeviceGrants::end_visit(std::string_view state, std::string_view browser,
                                                           std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    const auto found = journeys_.find(state);
    if (found == journeys_.end() || browser.empty() || !crypto::equal(found->second.browser, browser))
        return std::nullopt;
    Journey journey = std::move(found->second);
    journeys_.erase(found);
    if (journey.until_ms <= now_ms) return std::nullopt;
    return std::move(journey.visit);
}

bool DeviceGrants::approve(std::string_view user_code, SignedIn who, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_user_code_.find(user_code);
    if (found == by_user_code_.end() || found->second.state != State::pending || found->second.until_ms <= now_ms)
        return false;
    found->second.state = State::approved;
    found->second.who = std::move(who);
    return true;
}

void DeviceGrants::deny(std::string_view user_code) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_user_code_.find(user_code);
    if (found != by_user_code_.end() && found->second.state == State::pending) found->second.state = State::denied;
}

} // namespace sallyport::identity
