#include "crypto/note.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/utf8.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

namespace sallyport::crypto {

namespace {
constexpr std::size_t key_bytes = 32, signature_bytes = 64, id_bytes = 4, time_bytes = 8;
constexpr std::string_view private_prefix = "PRIVATE+KEY+";
constexpr std::string_view dash = "\xE2\x80\x94 "; // an em dash and a space

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

// Unicode's White_Space beyond ASCII: names hold none, as the specification asks.
constexpr std::array<std::string_view, 19> spaces = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83",
    "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A",
    "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

bool is_name(std::string_view name) {
    const bool is_odd = std::ranges::any_of(
        name, [](char c) { return c == '+' || static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
    return !name.empty() && !is_odd && is_utf8(name) &&
           std::ranges::none_of(spaces, [&](std::string_view space) { return name.contains(space); });
}

// The byte that tells the algorithm, and the key.
std::string with_algorithm(NoteAlgorithm algorithm, std::string_view key) {
    return static_cast<char>(algorithm) + std::string(key);
}

std::string id_of(std::string_view name, NoteAlgorithm algorithm, std::string_view public_key) {
    const Digest digest = sha256(std::string(name) + "\n" + with_algorithm(algorithm, public_key));
    return std::string(bytes(digest).substr(0, id_bytes));
}

std::unexpected<Error> bad(std::string sentence) { return fail(ErrorKind::invalid, std::move(sentence)); }

// What a cosignature of that time signs.
std::string cosigned(std::string_view text, std::uint64_t time_s) {
    return "cosignature/v1\ntime " + std::to_string(time_s) + "\n" + std::string(text);
}

// <name>+<id>+<base64 of the algorithm and 32 bytes>
struct Parts {
    std::string name, id, key;
    NoteAlgorithm algorithm = NoteAlgorithm::ed25519;
};
Result<Parts> parts_of(std::string_view text, std::string_view what) {
    const auto wrong = [&](std::string_view why) { return bad("the " + std::string(what) + " " + std::string(why)); };
    const std::size_t first = text.find('+'),
                      second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos) return wrong("is not of the form name+id+key");
    const std::string_view name = text.substr(0, first);
    const auto id = from_hex(text.substr(first + 1, second - first - 1));
    const auto key = from_base64(text.substr(second + 1));
    if (!is_name(name)) return wrong("has no usable name");
    if (!id || id->size() != id_bytes || to_hex(*id) != text.substr(first + 1, second - first - 1))
        return wrong("has a key id that is not eight hexadecimal digits in lower case");
    const auto algorithm = key && !key->empty() ? NoteAlgorithm{key->front()} : NoteAlgorithm{};
    if (!key || key->size() != 1 + key_bytes ||
        (algorithm != NoteAlgorithm::ed25519 && algorithm != NoteAlgorithm::cosignature))
        return wrong("holds no Ed25519 key (base64 of 0x01 or 0x04 and 32 bytes)");
    return Parts{std::string(name), *id, key->substr(1), algorithm};
}
} // namespace

Result<NoteVerifier> NoteVerifier::parse(std::string_view verifier_key) {
    auto parts = parts_of(verifier_key, "verifier key");
    if (!parts) return std::unexpected(parts.error());
    if (id_of(parts->name, parts->algorithm, parts->key) != parts->id)
        return bad("the verifier key's id does not belong to its name and key");
    if (!is_ed25519_point(parts->key))
        return bad("the verifier key holds 32 bytes that are no Ed25519 public key (RFC 8032, section 5.1.3)");
    NoteVerifier verifier;
    verifier.name_ = std::move(parts->name);
    verifier.key_id_ = std::move(parts->id);
    verifier.public_key_ = std::move(parts->key);
    verifier.algorithm_ = parts->algorithm;
    return verifier;
}

std::string NoteVerifier::text() const {
    return name_ + "+" + to_hex(key_id_) + "+" + to_base64(with_algorithm(algorithm_, public_key_));
}

bool NoteVerifier::verifies(std::string_view text, std::string_view signature) const {
    std::string timed;
    if (algorithm_ == NoteAlgorithm::cosignature) {
        if (signature.size() != time_bytes + signature_bytes) return false;
        std::uint64_t time_s = 0;
        for (const char c : signature.substr(0, time_bytes)) time_s = time_s << 8 | static_cast<unsigned char>(c);
        if (time_s >> 63 != 0) return false;
        timed = cosigned(text, time_s);
        text = timed;
        signature.remove_prefix(time_bytes);
    }
    if (signature.size() != signature_bytes) return false;
    const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(public_key_), public_key_.size()));
    const Context context(EVP_MD_CTX_new());
    return key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(text), text.size()) == 1;
}

Result<NoteSigner> NoteSigner::generate(std::string_view name, NoteAlgorithm algorithm) {
    if (!is_name(name)) return bad("a signer's name is not empty and holds neither spaces nor '+'");
    const std::string seed = random_bytes(key_bytes);
    const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size()));
    std::string public_key(key_bytes, '\0');
    std::size_t length = public_key.size();
    if (!key ||
        EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(public_key.data()), &length) != 1 ||
        length != key_bytes)
        return fail(ErrorKind::internal, "the cryptographic library makes no Ed25519 key");
    return parse(Secret(std::string(private_prefix) + std::string(name) + "+" +
                        to_hex(id_of(name, algorithm, public_key)) + "+" + to_base64(with_algorithm(algorithm, seed))));
}

Result<NoteSigner> NoteSigner::parse(const Secret& signer_key) {
    std::string_view text = signer_key.reveal();
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (!text.starts_with(private_prefix)) return bad("the signer key does not begin with PRIVATE+KEY+");
    auto parts = parts_of(text.substr(private_prefix.size()), "signer key");
    if (!parts) return std::unexpected(parts.error());
    NoteSigner signer;
    signer.seed_ = Secret(std::move(parts->key));
    const std::string_view seed = signer.seed_.reveal();
    const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size()));
    std::string public_key(key_bytes, '\0');
    std::size_t length = public_key.size();
    if (!key ||
        EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(public_key.data()), &length) != 1 ||
        length != key_bytes)
        return bad("the signer key holds no usable Ed25519 key");
    if (id_of(parts->name, parts->algorithm, public_key) != parts->id)
        return bad("the signer key's id does not belong to its name and key");
    signer.verifier_.name_ = std::move(parts->name);
    signer.verifier_.key_id_ = std::move(parts->id);
    signer.verifier_.public_key_ = std::move(public_key);
    signer.verifier_.algorithm_ = parts->algorithm;
    return signer;
}

Secret NoteSigner::text() const {
    return Secret(std::string(private_prefix) + verifier_.name() + "+" + to_hex(verifier_.key_id()) + "+" +
                  to_base64(with_algorithm(verifier_.algorithm(), seed_.reveal())));
}

std::string NoteSigner::sign(std::string_view text) const {
    std::string timed, time;
    if (verifier_.algorithm() == NoteAlgorithm::cosignature) {
        const auto now_s = static_cast<std::uint64_t>(wall_ms() / 1000);
        for (std::size_t i = time_bytes; i-- > 0;) time += static_cast<char>(now_s >> (8 * i) & 0xFF);
        timed = cosigned(text, now_s);
        text = timed;
    }
    const std::string_view seed = seed_.reveal();
    const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), seed.size()));
    const Context context(EVP_MD_CTX_new());
    std::string signature(signature_bytes, '\0');
    std::size_t length = signature.size();
    const bool done = key && context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                                     raw(text), text.size()) == 1;
    return done ? time + signature : std::string(); // which verifies nowhere
}

Result<Note> parse_note(std::string_view note) {
    if (note.size() > note_bytes_max)
        return bad("the signed note is larger than " + std::to_string(note_bytes_max) + " bytes");
    if (std::ranges::any_of(note, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; }))
        return bad("the signed note holds a control character");
    if (!is_utf8(note)) return bad("the signed note is not UTF-8");
    const std::size_t split = note.rfind("\n\n");
    if (split == std::string_view::npos || !note.ends_with('\n'))
        return bad("the signed note has no empty line before its signatures");
    Note out{std::string(note.substr(0, split + 1)), {}};
    std::string_view rest = note.substr(split + 2);
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        const std::size_t space = line.starts_with(dash) ? line.find(' ', dash.size()) : std::string_view::npos;
        if (space == std::string_view::npos)
            return bad("a signature line of the note is not '\xE2\x80\x94 name base64'");
        const std::string_view name = line.substr(dash.size(), space - dash.size());
        auto value = from_base64(line.substr(space + 1));
        if (!is_name(name) || !value || value->size() <= id_bytes)
            return bad("a signature line of the note is damaged");
        if (out.signatures.size() == note_signatures_max)
            return bad("the signed note has more than " + std::to_string(note_signatures_max) + " signatures");
        out.signatures.push_back({std::string(name), value->substr(0, id_bytes), value->substr(id_bytes)});
    }
    if (out.signatures.empty()) return bad("the signed note has no signature");
    return out;
}

std::string encode(const Note& note) {
    std::string out = note.text + "\n";
    for (const NoteSignature& one : note.signatures)
        out += std::string(dash) + one.name + " " + to_base64(one.key_id + one.bytes) + "\n";
    return out;
}

void sign(Note& note, const NoteSigner& signer) {
    const NoteVerifier& verifier = signer.verifier();
    std::erase_if(note.signatures, [&](const NoteSignature& one) {
        return one.name == verifier.name() && one.key_id == verifier.key_id();
    });
    note.signatures.push_back({verifier.name(), verifier.key_id(), signer.sign(note.text)});
}

Result<std::vector<std::string>> signers_of(const Note& note, std::span<const NoteVerifier> known) {
    std::vector<std::string> names;
    std::set<std::tuple<std::string_view, std::string_view, std::string_view>> seen; // the same one again costs nothing
    for (const NoteSignature& one : note.signatures) {
        if (!seen.emplace(one.name, one.key_id, one.bytes).second) continue;
        for (const NoteVerifier& verifier : known) {
            if (verifier.name() != one.name || verifier.key_id() != one.key_id) continue;
            if (!verifier.verifies(note.text, one.bytes))
                return bad("the signature by " + one.name + " is not of this text");
            if (std::ranges::find(names, one.name) == names.end()) names.push_back(one.name);
        }
    }
    return names;
}

} // namespace sallyport::crypto
