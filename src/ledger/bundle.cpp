#include "ledger/bundle.h"

#include "base/encoding.h"
#include "base/limits.h"
#include "ledger/checkpoint_file.h"
#include "ledger/seals.h"
#include "ledger/tree_files.h"
#include "ledger/verifier.h" // made of verifier/verify.py
#include "tlog/lines.h"
#include "tlog/proof_file.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sallyport::ledger {

namespace {

constexpr std::size_t block_bytes = 512, part_bytes_max = 1u << 30, hashes_max = 63;
// So that a small bundle costs its reader little: no key is asked about a signature twice.
constexpr std::size_t keys_max = 1'000, earlier_max = 64;
constexpr std::string_view sums_name = "parts.sha256";
constexpr std::array<std::string_view, 5> needed = {"checkpoint", "keys", "page.html", sums_name, "verify.py"};

using View = std::map<std::string_view, std::string_view>; // the parts of a bundle that is being read

// What does not hold: thrown nowhere, kept as a verdict.
struct Wrong {
    std::string problem, part, sentence;
};
using Checked = std::expected<void, Wrong>;
std::unexpected<Wrong> wrong(std::string problem, std::string_view part, std::string_view sentence) {
    return std::unexpected<Wrong>({std::move(problem), std::string(part), std::string(sentence)});
}

std::string tar_header(std::string_view name, std::size_t size) {
    std::string out(block_bytes, '\0');
    const auto put = [&](std::size_t at, std::string_view text) { out.replace(at, text.size(), text); };
    const auto octal = [](std::size_t value, std::size_t digits) {
        std::string text(digits, '0');
        for (std::size_t i = digits; i-- > 0; value /= 8) text[i] = static_cast<char>('0' + value % 8);
        return text;
    };
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, octal(size, 11));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, std::string_view("ustar\0"
                              "00",
                              8));
    std::size_t sum = 0;
    for (const char c : out) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string("\0 ", 2));
    return out;
}

bool is_number(std::string_view text) { return tlog::read_decimal(text).has_value(); }

// "entries/17.json": is the name one that bundles have?
bool is_part_name(std::string_view name) {
    if (std::ranges::find(needed, name) != needed.end()) return true;
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kinds = {
        {{"bodies/", ".request"},
         {"bodies/", ".response"},
         {"earlier/", ".checkpoint"},
         {"earlier/", ".consistency"},
         {"entries/", ".json"},
         {"entries/", ".tlog-proof"}}};
    return std::ranges::any_of(kinds, [&](const auto& kind) {
        return name.starts_with(kind.first) && name.ends_with(kind.second) &&
               is_number(name.substr(kind.first.size(),
                                     name.size() - std::min(name.size(), kind.first.size() + kind.second.size())));
    });
}

std::size_t octal_size(std::string_view digits) {
    std::size_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '7') return part_bytes_max + 1;
        value = value * 8 + static_cast<std::size_t>(c - '0');
    }
    return value;
}

bool is_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

std::expected<View, Wrong> read_parts(std::string_view tar) {
    View parts;
    std::size_t at = 0;
    while (true) {
        const std::string_view block = tar.substr(std::min(at, tar.size()), block_bytes);
        if (block.size() < block_bytes) return wrong("tar", "bundle", "ends before its last two blocks of zeros");
        if (is_zero(block)) break;
        std::string_view name = block.substr(0, 100);
        name = name.substr(0, name.find_last_not_of('\0') + 1);
        if (!is_part_name(name))
            return wrong("tar", "bundle", "holds a part that none has, at byte " + std::to_string(at));
        const std::size_t size = octal_size(block.substr(124, 11));
        if (size > part_bytes_max || tar_header(name, size) != block)
            return wrong("tar", name, "has a head that is not written as bundles are");
        if (!parts.empty() && name <= parts.rbegin()->first) return wrong("tar", name, "is not in its place");
        const std::size_t end = at + block_bytes + size;
        const std::size_t padding = (block_bytes - size % block_bytes) % block_bytes;
        if (tar.size() < end + padding || !is_zero(tar.substr(end, padding)))
            return wrong("tar", name, "is cut off or is not filled with zeros");
        parts.emplace(name, tar.substr(at + block_bytes, size));
        at = end + padding;
    }
    if (tar.size() - at != 2 * block_bytes || !is_zero(tar.substr(at)))
        return wrong("tar", "bundle", "does not end with two blocks of zeros");
    return parts;
}

template <class Map> std::string sums_of(const Map& parts) {
    std::string out;
    for (const auto& [name, text] : parts)
        if (name != sums_name) out += to_hex(crypto::bytes(crypto::sha256(text))) + "  " + std::string(name) + "\n";
    return out;
}

std::string_view part(const View& parts, std::string_view name) {
    const auto found = parts.find(name);
    return found == parts.end() ? std::string_view() : found->second;
}

// The number between two known ends of a part's name.
std::string_view between(std::string_view name, std::string_view begin, std::string_view end) {
    return name.substr(begin.size(), name.size() - begin.size() - end.size());
}

// The same key again is passed over. False: another one of the same name and id.
bool add_once(std::vector<crypto::NoteVerifier>& keys, const crypto::NoteVerifier& key) {
    const auto same = std::ranges::find_if(
        keys, [&](const auto& one) { return one.name() == key.name() && one.key_id() == key.key_id(); });
    if (same != keys.end() && same->text() != key.text()) return false;
    if (same == keys.end()) keys.push_back(key);
    return true;
}

class BundleCheck {
public:
    BundleCheck(const View& parts, std::span<const crypto::NoteVerifier> trusted) : parts_(parts), trusted_(trusted) {}
    Checked run();
    BundleVerdict verdict;

private:
    Checked read_keys();
    std::expected<tlog::SignedCheckpoint, Wrong> read_checkpoint(std::string_view name);
    std::expected<std::vector<std::string>, Wrong> check_signatures(const tlog::SignedCheckpoint& one,
                                                                    std::string_view name);
    std::expected<std::vector<tlog::Digest>, Wrong> take_hashes(std::string_view& text, std::string_view name);
    Checked check_earlier(std::string_view name);
    Checked check_entry(std::string_view name);
    Checked check_body(std::string_view name);

    const View& parts_;
    std::span<const crypto::NoteVerifier> trusted_;
    tlog::SignedCheckpoint checkpoint_;
};

Checked BundleCheck::read_keys() {
    std::string_view text = part(parts_, "keys");
    if (!text.ends_with('\n')) return wrong("key", "keys", "does not end with a newline");
    std::vector<crypto::NoteVerifier> brought;
    std::size_t lines = 0;
    while (const auto line = tlog::take_line(text)) {
        if (++lines > keys_max) return wrong("key", "keys", "has more than 1,000 lines");
        auto key = crypto::NoteVerifier::parse(*line);
        if (!key) return wrong("key", "keys", key.error().message);
        if (!add_once(brought, *key)) return wrong("key", "keys", "holds two keys of one name and one id");
    }
    for (const crypto::NoteVerifier& key : trusted_) add_once(verdict.keys, key);
    if (trusted_.empty()) verdict.keys = std::move(brought);
    return {};
}

std::expected<tlog::SignedCheckpoint, Wrong> BundleCheck::read_checkpoint(std::string_view name) {
    auto note = crypto::parse_note(part(parts_, name));
    if (!note) return wrong("note", name, note.error().message);
    auto checkpoint = tlog::parse_checkpoint(note->text);
    if (!checkpoint) return wrong("checkpoint", name, checkpoint.error().message);
    return tlog::SignedCheckpoint{std::move(*checkpoint), std::move(*note)};
}

std::expected<std::vector<std::string>, Wrong> BundleCheck::check_signatures(const tlog::SignedCheckpoint& one,
                                                                             std::string_view name) {
    auto witnesses = tlog::check_signatures(one, verdict.keys);
    if (!witnesses) return wrong("signature", name, witnesses.error().message);
    return *witnesses;
}

std::expected<std::vector<tlog::Digest>, Wrong> BundleCheck::take_hashes(std::string_view& text,
                                                                         std::string_view name) {
    auto hashes = tlog::take_hashes(text, hashes_max);
    if (!hashes) return wrong("proof", name, "has lines that are not at most 63 hashes and an empty line");
    return *hashes;
}

Checked BundleCheck::check_earlier(std::string_view name) {
    const auto old = read_checkpoint(name);
    if (!old) return std::unexpected(old.error());
    if (const auto is_signed = check_signatures(*old, name); !is_signed) return std::unexpected(is_signed.error());
    const std::string_view number = between(name, "earlier/", ".checkpoint");
    const std::string proof_name = "earlier/" + std::string(number) + ".consistency";
    std::string_view text = part(parts_, proof_name);
    const auto hashes = take_hashes(text, proof_name);
    if (!hashes) return std::unexpected(hashes.error());
    const tlog::Checkpoint& then = old->checkpoint;
    const tlog::Checkpoint& now = checkpoint_.checkpoint;
    if (!text.empty() || then.origin != now.origin || number != std::to_string(then.size))
        return wrong("consistency", name, "is of another log, or its proof has more than hashes");
    if (!tlog::verify_consistency(then.size, then.root, now.size, now.root, *hashes))
        return wrong("consistency", name, "is not the beginning of what the newer checkpoint tells of");
    verdict.earlier.push_back(then.size);
    return {};
}

Checked BundleCheck::check_entry(std::string_view name) {
    const std::string_view number = between(name, "entries/", ".json");
    const std::string proof_name = "entries/" + std::string(number) + ".tlog-proof";
    std::string_view text = part(parts_, proof_name);
    const auto first = tlog::take_line(text), second = tlog::take_line(text);
    if (first != "c2sp.org/tlog-proof@v1" || second != "index " + std::string(number))
        return wrong("proof", proof_name, "is not the proof of this entry");
    const auto hashes = take_hashes(text, proof_name);
    if (!hashes) return std::unexpected(hashes.error());
    if (text != part(parts_, "checkpoint"))
        return wrong("proof", proof_name, "is for another checkpoint than the bundle's");
    const std::uint64_t index = *tlog::read_decimal(number);
    if (!tlog::verify_inclusion(index, checkpoint_.checkpoint.size, tlog::leaf_hash(part(parts_, name)), *hashes,
                                checkpoint_.checkpoint.root))
        return wrong("entry", name, "is not what was recorded there");
    verdict.entries.push_back(index);
    return {};
}

Checked BundleCheck::check_body(std::string_view name) {
    const bool is_request = name.ends_with(".request");
    const std::string_view number = between(name, "bodies/", is_request ? ".request" : ".response");
    const auto entry = parts_.find("entries/" + std::string(number) + ".json");
    if (entry == parts_.end()) return wrong("body", name, "belongs to no entry of the bundle");
    const std::string_view body = part(parts_, name);
    // Entries are canonical JSON: there is one way to write this, and a text within one cannot hold its quotes.
    const std::string told = std::string(is_request ? "\"sent\"" : "\"answer\"") +
                             ":{\"bytes\":" + std::to_string(body.size()) +
                             ",\"digest\":\"sha256:" + to_hex(crypto::bytes(crypto::sha256(body))) + "\"";
    if (!entry->second.contains(told)) return wrong("body", name, "is not the one whose digest was recorded");
    return {};
}

Checked BundleCheck::run() {
    for (const std::string_view name : needed)
        if (!parts_.contains(name)) return wrong("tar", name, "is missing");
    if (part(parts_, sums_name) != sums_of(parts_))
        return wrong("sum", sums_name, "does not hold the sums of the parts; the bundle is damaged");
    if (auto read = read_keys(); !read) return read;
    auto checkpoint = read_checkpoint("checkpoint");
    if (!checkpoint) return std::unexpected(checkpoint.error());
    checkpoint_ = std::move(*checkpoint);
    auto witnesses = check_signatures(checkpoint_, "checkpoint");
    if (!witnesses) return std::unexpected(witnesses.error());
    verdict.witnesses = std::move(*witnesses);
    const auto is_earlier = [](const auto& one) { return one.first.ends_with(".checkpoint"); };
    if (std::ranges::count_if(parts_, is_earlier) > std::ptrdiff_t{earlier_max})
        return wrong("consistency", "bundle", "holds more than 64 earlier checkpoints");
    const auto each = [&](std::string_view end, Checked (BundleCheck::*check)(std::string_view)) -> Checked {
        for (const auto& [name, text] : parts_)
            if (name.ends_with(end))
                if (auto checked = (this->*check)(name); !checked) return checked;
        return {};
    };
    if (auto checked = each(".checkpoint", &BundleCheck::check_earlier); !checked) return checked;
    if (auto checked = each(".json", &BundleCheck::check_entry); !checked) return checked;
    for (const auto& [name, text] : parts_) {
        const auto twin = [&](std::string_view end, std::string_view other) {
            return !name.ends_with(end) ||
                   parts_.contains(std::string(name.substr(0, name.size() - end.size())) + std::string(other));
        };
        if (!twin(".tlog-proof", ".json") || !twin(".consistency", ".checkpoint"))
            return wrong("proof", name, "proves nothing that is in the bundle");
        if (name.starts_with("bodies/"))
            if (auto checked = check_body(name); !checked) return checked;
    }
    verdict.origin = checkpoint_.checkpoint.origin;
    verdict.size = checkpoint_.checkpoint.size;
    std::ranges::sort(verdict.entries);
    std::ranges::sort(verdict.earlier);
    return {};
}

} // namespace

std::string encode_parts(const Parts& parts) {
    std::string out;
    for (const auto& [name, text] : parts) {
        out += tar_header(name, text.size());
        out += text;
        out.resize(out.size() + (block_bytes - text.size() % block_bytes) % block_bytes, '\0');
    }
    out.resize(out.size() + 2 * block_bytes, '\0');
    return out;
}

BundleVerdict verify_bundle(std::string_view bundle, std::span<const crypto::NoteVerifier> trusted) {
    const auto failed = [](const Wrong& why) {
        BundleVerdict out;
        out.problem = why.problem;
        out.part = why.part;
        out.sentence = why.part + ": " + why.sentence;
        return out;
    };
    const auto parts = read_parts(bundle);
    if (!parts) return failed(parts.error());
    BundleCheck check(*parts, trusted);
    if (const auto checked = check.run(); !checked) return failed(checked.error());
    return std::move(check.verdict);
}

namespace {
// Under which the entries are proven.
Result<tlog::SignedCheckpoint> checkpoint_of(const BundleRequest& request) {
    if (request.cosignatures == 0) {
        auto stored = read_checkpoint(checkpoint_path(request.directory));
        if (!stored) return std::unexpected(stored.error());
        if (!*stored) return fail(ErrorKind::unavailable, "the ledger has no checkpoint yet; start the gateway once");
        return std::move((*stored)->signed_checkpoint);
    }
    auto newest = newest_with(request.directory, request.keys, request.cosignatures);
    if (!newest) return std::unexpected(newest.error());
    if (!*newest)
        return fail(ErrorKind::unavailable,
                    "no checkpoint of the ledger has " + std::to_string(request.cosignatures) +
                        " cosignatures yet; see that the gateway runs and reaches its witnesses");
    return std::move(**newest);
}
} // namespace

Result<std::string> make_bundle(const BundleRequest& request) {
    const auto chosen = checkpoint_of(request);
    if (!chosen) return std::unexpected(chosen.error());
    const tlog::SignedCheckpoint& now = *chosen;
    const std::string note = crypto::encode(now.note);
    TreeReader tree(request.directory);
    Parts parts;
    std::size_t bytes = 0;
    for (const std::uint64_t index : request.entries) {
        const std::string number = std::to_string(index);
        if (index >= now.checkpoint.size)
            return fail(ErrorKind::unavailable,
                        "entry " + number + " is in no checkpoint yet" +
                            (request.cosignatures > 0 ? " that enough witnesses cosigned" : "") + " (the newest has " +
                            std::to_string(now.checkpoint.size) +
                            " entries); ask again in a second, or start the gateway");
        auto text = request.entry(index);
        if (!text) return text;
        auto hashes = tlog::prove_inclusion(index, now.checkpoint.size, tree.hashes());
        if (!hashes) return std::unexpected(hashes.error());
        if (!tlog::verify_inclusion(index, now.checkpoint.size, tlog::leaf_hash(*text), *hashes, now.checkpoint.root))
            return fail(ErrorKind::invalid, "entry " + number +
                                                " is not what was recorded there, so there is no bundle; `sallyport "
                                                "ledger verify` tells more");
        std::string proof = tlog::encode({index, std::move(*hashes), now});
        bytes += text->size() + proof.size() + 4 * block_bytes;
        if (bytes > limits::bundle_bytes_max)
            return fail(ErrorKind::too_large, "the bundle would be larger than " +
                                                  std::to_string(limits::bundle_bytes_max >> 20) +
                                                  " MiB; ask for a shorter time or one repository");
        parts.emplace("entries/" + number + ".json", std::move(*text));
        parts.emplace("entries/" + number + ".tlog-proof", std::move(proof));
    }
    if (request.earlier.size() > earlier_max)
        return fail(ErrorKind::too_large, "a bundle takes at most 64 earlier checkpoints");
    for (const tlog::SignedCheckpoint& old : request.earlier) {
        const tlog::Checkpoint& then = old.checkpoint;
        if (then.origin != now.checkpoint.origin || then.size > now.checkpoint.size)
            return fail(ErrorKind::invalid, "the earlier checkpoint is of " + then.origin + " at " +
                                                std::to_string(then.size) + " entries, this ledger is " +
                                                now.checkpoint.origin + " at " + std::to_string(now.checkpoint.size));
        std::vector<tlog::Digest> hashes;
        if (then.size > 0) {
            auto proof = tlog::prove_consistency(then.size, now.checkpoint.size, tree.hashes());
            if (!proof) return std::unexpected(proof.error());
            hashes = std::move(*proof);
        }
        if (!tlog::verify_consistency(then.size, then.root, now.checkpoint.size, now.checkpoint.root, hashes))
            return fail(ErrorKind::refused, "this ledger does not go on from the earlier checkpoint at " +
                                                std::to_string(then.size) +
                                                " entries: it was rolled back or written anew. `sallyport ledger "
                                                "verify --seen` tells more");
        std::string lines;
        for (const tlog::Digest& hash : hashes) lines += tlog::hash_text(hash) + "\n";
        const std::string name = "earlier/" + std::to_string(then.size);
        parts.emplace(name + ".checkpoint", crypto::encode(old.note));
        parts.emplace(name + ".consistency", lines + "\n");
    }
    for (const auto& [name, body] : request.bodies) parts.emplace("bodies/" + name, body);
    std::vector<crypto::NoteVerifier> known;
    for (const auto& key : request.keys)
        if (!add_once(known, key) || known.size() > keys_max)
            return fail(ErrorKind::invalid,
                        "a bundle takes at most 1,000 keys, and no two of one name and one id (" + key.name() + ")");
    std::string keys;
    for (const auto& key : known) keys += key.text() + "\n";
    parts.emplace("keys", std::move(keys));
    parts.emplace("checkpoint", note);
    parts.emplace("page.html", request.page(now.checkpoint));
    parts.emplace("verify.py", verifier_files[0].text);
    parts.emplace(sums_name, sums_of(parts));
    return encode_parts(parts);
}

} // namespace sallyport::ledger
