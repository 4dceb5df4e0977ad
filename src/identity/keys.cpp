#include "identity/keys.h"

#include "identity/credential.h"
#include "identity/sessions.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sallyport::identity {

namespace {
constexpr std::string_view base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t id_characters = 10;

// Bytes above the largest multiple of 62 are thrown away: each character is equally likely.
std::string random_base62(std::size_t count) {
    constexpr unsigned fair = 256 / 62 * 62;
    std::string out;
    while (out.size() < count) {
        const Secret random(crypto::random_bytes(count));
        for (const char c : random.reveal()) {
            const auto value = static_cast<unsigned char>(c);
            if (value < fair && out.size() < count) out += base62[value % 62];
        }
    }
    return out;
}

constexpr std::array<std::uint32_t, 256> crc_steps = [] {
    std::array<std::uint32_t, 256> steps{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB8'8320u : 0);
        steps[i] = crc;
    }
    return steps;
}();

// CRC-32 of IEEE 802.3 (zlib's), which scanners have at hand, as six base62 digits, most significant first.
std::array<char, key_checksum_characters> checksum(std::string_view text) {
    std::uint32_t crc = 0xFFFF'FFFF;
    for (const char c : text) crc = (crc >> 8) ^ crc_steps[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
    crc = ~crc;
    std::array<char, key_checksum_characters> digits{};
    for (std::size_t i = digits.size(); i-- > 0; crc /= 62) digits[i] = base62[crc % 62];
    return digits;
}

bool is_base62(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}
} // namespace

Secret new_company_key() {
    std::string key(key_prefix);
    key += random_base62(key_random_characters);
    const auto digits = checksum(key);
    key.append(digits.data(), digits.size());
    return Secret(std::move(key));
}

std::string new_key_id() { return "k_" + random_base62(id_characters); }

bool is_company_key(std::string_view text) {
    if (text.size() != key_characters || !text.starts_with(key_prefix)) return false;
    const std::string_view body = text.substr(0, key_characters - key_checksum_characters);
    if (!is_base62(body.substr(key_prefix.size()))) return false;
    const auto digits = checksum(body);
    return text.substr(body.size()) == std::string_view(digits.data(), digits.size());
}

std::string_view name(KeyProblem problem) {
    constexpr std::string_view names[] = {"none",    "missing",  "malformed",  "unknown",        "revoked",
                                          "expired", "disabled", "signed-out", "sign-in-expired"};
    return names[static_cast<std::size_t>(problem)];
}

std::string_view sentence(KeyProblem problem) {
    switch (problem) {
    case KeyProblem::none: return "the company key is valid";
    case KeyProblem::missing:
        return "no company key came with the request; set the client's API key to the one from: sallyport key issue";
    case KeyProblem::malformed:
        return "what came as API key is not a company key of this installation, or a character of it is wrong; company "
               "keys "
               "begin with sp_ and come from: sallyport key issue";
    case KeyProblem::unknown:
        return "this company key was not issued by this installation; ask for one from: sallyport key issue";
    case KeyProblem::revoked: return "this company key was revoked; ask for a new one from: sallyport key issue";
    case KeyProblem::expired: return "this company key has expired; ask for a new one from: sallyport key issue";
    case KeyProblem::disabled:
        return "this person was disabled here and nothing of theirs is let through; ask your platform team";
    case KeyProblem::signed_out:
        return "this sign-in was ended; sign in again (in Claude Code: /login, else: sallyport sign-in)";
    case KeyProblem::sign_in_expired:
        return "this sign-in has expired; sign in again (in Claude Code: /login, else: sallyport sign-in)";
    }
    return "";
}

std::size_t KeyTable::First::operator()(const crypto::Digest& digest) const {
    std::size_t first = 0;
    std::memcpy(&first, digest.data(), sizeof first);
    return first;
}

KeyTable::KeyTable(const crypto::Mac& digests, store::Snapshot<store::KeyList> keys)
    : digests_(&digests), keys_(std::move(keys)) {
    by_digest_.reserve(keys_.value->size());
    for (std::uint32_t i = 0; i < keys_.value->size(); ++i) {
        const std::string& stored = (*keys_.value)[i].digest;
        crypto::Digest digest{};
        if (stored.size() != digest.size()) continue; // no key has such a digest
        std::memcpy(digest.data(), stored.data(), digest.size());
        by_digest_.emplace(digest, i);
        by_id_.emplace((*keys_.value)[i].id, i);
    }
}

KeyTable::KeyTable(const crypto::Mac& digests, store::Snapshot<store::KeyList> keys, const Sessions& sessions,
                   std::unordered_set<std::string> disabled)
    : KeyTable(digests, std::move(keys)) {
    sessions_ = &sessions;
    disabled_ = std::move(disabled);
}

bool KeyTable::is_disabled(std::string_view person) const {
    return !disabled_.empty() && disabled_.contains(std::string(person));
}

KeyCheck KeyTable::check_session(const crypto::Digest& digest, std::int64_t now_ms) const {
    if (sessions_ == nullptr) return {KeyProblem::unknown, {}};
    Sessions::Found found = sessions_->find(digest);
    if (!found.session) return {KeyProblem::unknown, {}};
    KeyCheck out{KeyProblem::none, found.session->caller(), std::move(found.session)};
    if (is_disabled(out.caller.person))
        out.problem = KeyProblem::disabled;
    else if (out.session->ended)
        out.problem = KeyProblem::signed_out;
    else if (now_ms >= found.expires_ms)
        out.problem = KeyProblem::sign_in_expired;
    return out;
}

bool KeyTable::knows_token(std::string_view presented) const {
    return sessions_ != nullptr && classify_credential(presented) == CredentialKind::jwt &&
           sessions_->find(digests_->of(presented)).session != nullptr;
}

KeyProblem KeyTable::since(const KeyCheck& let_in) const {
    if (let_in.problem != KeyProblem::none) return let_in.problem;
    if (is_disabled(let_in.caller.person)) return KeyProblem::disabled;
    if (let_in.session) return let_in.session->ended ? KeyProblem::signed_out : KeyProblem::none;
    const auto found = by_id_.find(let_in.caller.key_id);
    if (found == by_id_.end()) return KeyProblem::unknown;
    return (*keys_.value)[found->second].revoked_ms != 0 ? KeyProblem::revoked : KeyProblem::none;
}

KeyCheck KeyTable::check(std::string_view presented, std::int64_t now_ms) const {
    if (presented.empty()) return {KeyProblem::missing, {}};
    if (!is_company_key(presented)) {
        if (knows_token(presented)) return check_session(digests_->of(presented), now_ms);
        return {KeyProblem::malformed, {}};
    }
    if (digests_ == nullptr) return {KeyProblem::unknown, {}};
    // The time of the look-up depends on the keyed digest only, which a caller cannot steer without the installation's key.
    const crypto::Digest digest = digests_->of(presented);
    const auto found = by_digest_.find(digest);
    if (found == by_digest_.end()) return check_session(digest, now_ms);
    const store::KeyRecord& key = (*keys_.value)[found->second];
    if (!crypto::equal(key.digest, crypto::bytes(digest))) return {KeyProblem::unknown, {}};
    const Caller caller{key.id,        key.person, key.team,
                        key.max_class, key.role,   access_named(key.access).value_or(Access::developer)};
    if (is_disabled(key.person)) return {KeyProblem::disabled, caller};
    if (key.revoked_ms != 0) return {KeyProblem::revoked, caller};
    if (key.expires_ms != 0 && now_ms >= key.expires_ms) return {KeyProblem::expired, caller};
    return {KeyProblem::none, caller};
}

} // namespace sallyport::identity
