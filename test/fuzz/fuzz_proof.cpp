// Proofs as a stranger would send them (C2SP tlog-proof): what is read is written again as it was. Held against a log of 100 entries, any
// proof shows an entry in its place, or that the log goes on from an earlier size, exactly where it is the right one: there is one only.
#include "tlog/proof_file.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace {

using namespace sallyport;
using namespace sallyport::tlog;

void check(bool holds) {
    if (!holds) std::abort();
}

struct Log {
    static constexpr std::uint64_t size = 100;
    Log() {
        GrowingTree tree;
        roots[0] = empty_root();
        for (std::uint64_t i = 0; i < size; ++i) {
            tree.add(leaf_hash(std::to_string(i)),
                     [&](unsigned height, std::uint64_t index, const Digest& hash) { nodes[{height, index}] = hash; });
            roots[i + 1] = tree.root();
        }
    }
    SubtreeHash hashes() const {
        return [this](unsigned height, std::uint64_t index) { return Result<Digest>(nodes.at({height, index})); };
    }
    std::map<std::pair<unsigned, std::uint64_t>, Digest> nodes;
    std::array<Digest, size + 1> roots;
};

void check_text(std::string_view input, const EntryProof& proof) {
    // The second line may be "extra …", which is read over.
    std::string without(input);
    const std::size_t second = without.find('\n') + 1;
    if (without.compare(second, 6, "extra ") == 0) without.erase(second, without.find('\n', second) + 1 - second);
    check(encode(proof) == without);
    const auto again = parse_proof(without);
    check(again && again->index == proof.index && again->hashes == proof.hashes);
    // The checkpoint's size is any number here: no proof of an index beyond it holds.
    if (proves(proof, "entry")) check(proof.index < proof.checkpoint.checkpoint.size);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    auto proof = parse_proof(input);
    if (!proof) {
        check(!proof.error().message.empty());
        return 0;
    }
    check_text(input, *proof);
    static const Log log;
    proof->checkpoint.checkpoint.root = log.roots[Log::size];
    proof->checkpoint.checkpoint.size = Log::size;
    const std::uint64_t index = proof->index;
    const bool is_right = index < Log::size && proof->hashes == *prove_inclusion(index, Log::size, log.hashes());
    check(proves(*proof, std::to_string(index)) == is_right);
    check(!proves(*proof, "another entry"));
    if (index == 0 || index > Log::size) return 0;
    const bool goes_on = proof->hashes == *prove_consistency(index, Log::size, log.hashes());
    check(verify_consistency(index, log.roots[index], Log::size, log.roots[Log::size], proof->hashes) == goes_on);
    check(!verify_consistency(index, log.roots[index - 1], Log::size, log.roots[Log::size], proof->hashes));
    return 0;
}
