// Bundles as a stranger would send them: the bytes as one, and the bytes in the place of one part of a right one, its sums made right, so
// that what is behind the sums is reached. verify_bundle() never fails, and nothing but the right one holds.
//
//   input = a bundle  /  name of a part "\n" its bytes
#include "base/encoding.h"
#include "ledger/bundle.h"
#include "tlog/lines.h"
#include "tlog/proof_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace sallyport;

void check(bool holds) {
    if (!holds) std::abort();
}

// A key of this program alone.
const crypto::NoteSigner& signer() {
    static const auto made = crypto::NoteSigner::parse(
        Secret("PRIVATE+KEY+sallyport/fuzzed+c1228139+AXWU6KXobIt3aecEScbJhwgZYbPHH2KnNf9LywzWxHox"));
    return *made;
}

std::string with_sums(ledger::Parts parts) {
    std::string sums;
    for (const auto& [name, text] : parts)
        if (name != "parts.sha256") sums += to_hex(crypto::bytes(crypto::sha256(text))) + "  " + name + "\n";
    parts["parts.sha256"] = sums;
    return ledger::encode_parts(parts);
}

// Entries 1 and 3 of five, the checkpoint of three before, a body.
ledger::Parts right_parts() {
    const std::string body = "what was sent";
    std::vector<std::string> entries;
    for (int i = 0; i < 5; ++i) entries.push_back("{\"entry\":" + std::to_string(i) + "}");
    entries[3] = "{\"entry\":3,\"sent\":{\"bytes\":" + std::to_string(body.size()) +
                 ",\"digest\":\"sha256:" + to_hex(crypto::bytes(crypto::sha256(body))) + "\"}}";
    tlog::GrowingTree tree;
    std::map<std::pair<unsigned, std::uint64_t>, tlog::Digest> nodes;
    std::map<std::uint64_t, tlog::Digest> roots;
    for (const std::string& entry : entries) {
        tree.add(tlog::leaf_hash(entry), [&](unsigned height, std::uint64_t index, const tlog::Digest& hash) {
            nodes[{height, index}] = hash;
        });
        roots[tree.size()] = tree.root();
    }
    const tlog::SubtreeHash hashes = [&](unsigned height, std::uint64_t index) {
        return Result<tlog::Digest>(nodes.at({height, index}));
    };
    const auto checkpoint_of = [&](std::uint64_t size) {
        return tlog::signed_by(signer(), {"sallyport/fuzzed", size, roots.at(size)});
    };
    ledger::Parts parts{{"checkpoint", crypto::encode(checkpoint_of(5).note)},
                        {"keys", signer().verifier().text() + "\n"},
                        {"page.html", "<p>for people</p>\n"},
                        {"verify.py", "# not here\n"},
                        {"bodies/3.request", body}};
    for (const std::uint64_t index : {1, 3}) {
        parts["entries/" + std::to_string(index) + ".json"] = entries[index];
        parts["entries/" + std::to_string(index) + ".tlog-proof"] =
            tlog::encode(tlog::EntryProof{index, *tlog::prove_inclusion(index, 5, hashes), checkpoint_of(5)});
    }
    std::string lines;
    for (const tlog::Digest& hash : *tlog::prove_consistency(3, 5, hashes)) lines += tlog::hash_text(hash) + "\n";
    parts["earlier/3.checkpoint"] = crypto::encode(checkpoint_of(3).note);
    parts["earlier/3.consistency"] = lines + "\n";
    return parts;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ledger::Parts parts = right_parts();
    static const std::string right = with_sums(parts);
    static const std::vector keys{signer().verifier()};
    static const bool is_right = ledger::verify_bundle(right, keys).ok();
    check(is_right);
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto judge = [&](std::string_view bundle, bool may_hold) {
        const ledger::BundleVerdict verdict = ledger::verify_bundle(bundle, keys);
        check(verdict.ok() ? may_hold : !verdict.sentence.empty());
    };
    judge(input, input == right);
    const std::size_t end = input.find('\n');
    if (end == std::string_view::npos || end > 90) return 0; // longer names are none of a tar file
    const std::string name(input.substr(0, end));
    ledger::Parts changed = parts;
    changed[name] = input.substr(end + 1);
    // What nobody signed may say anything: the page and the verifier; keys that are passed count, not those in it; and a checkpoint may
    // bear signatures that nobody here knows.
    const auto there = parts.find(name);
    bool may_hold = name == "page.html" || name == "verify.py" || name == "keys" || name == "parts.sha256" ||
                    (there != parts.end() && there->second == changed[name]);
    if (name == "earlier/3.checkpoint") {
        const auto note = crypto::parse_note(changed[name]), before = crypto::parse_note(there->second);
        may_hold = note && note->text == before->text;
    }
    judge(with_sums(changed), may_hold);
    return 0;
}
