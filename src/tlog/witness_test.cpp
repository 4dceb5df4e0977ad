#include "tlog/witness.h"

#include "tlog/lines.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::tlog {
namespace {

using crypto::NoteAlgorithm;
using crypto::NoteSigner;

const NoteSigner& log_signer() {
    static const NoteSigner made = *NoteSigner::generate("log.example/1");
    return made;
}
const NoteSigner& witness() {
    static const NoteSigner made = *NoteSigner::generate("witness.example/w1", NoteAlgorithm::cosignature);
    return made;
}

// A log's tree that keeps every subtree.
class Log {
public:
    explicit Log(std::string_view history = "a") : history_(history) {}
    Checkpoint at(std::uint64_t size) {
        for (; tree_.size() < size; roots_.push_back(tree_.root()))
            tree_.add(leaf_hash(history_ + std::to_string(tree_.size())),
                      [&](unsigned height, std::uint64_t, const Digest& hash) { levels_[height].push_back(hash); });
        return {log_signer().verifier().name(), size, roots_[size]};
    }
    std::vector<Digest> proof(std::uint64_t from, std::uint64_t to) {
        if (from == 0) return {};
        const Checkpoint grown = at(to);
        return *prove_consistency(from, grown.size, [this](unsigned height, std::uint64_t index) {
            return Result<Digest>(levels_[height].at(index));
        });
    }
    AddCheckpoint request(std::uint64_t from, std::uint64_t to) {
        return {from, proof(from, to), signed_by(log_signer(), at(to))};
    }

private:
    std::string history_;
    GrowingTree tree_;
    std::vector<Digest> roots_{empty_root()};
    std::vector<std::vector<Digest>> levels_{64};
};

WitnessVerdict judged(const AddCheckpoint& request, const std::optional<Checkpoint>& last) {
    const std::vector known{NoteSigner::generate("other.example")->verifier(), log_signer().verifier()};
    return judge(request, known, last);
}
int status(const AddCheckpoint& request, const std::optional<Checkpoint>& last = std::nullopt) {
    const WitnessVerdict verdict = judged(request, last);
    EXPECT_EQ(verdict.accepted.has_value(), verdict.status == 200);
    EXPECT_EQ(verdict.body.ends_with('\n'), verdict.status != 200) << verdict.body;
    return verdict.status;
}

TEST(WitnessRequest, ReadsTheSpecificationsExample) {
    const std::string text =
        "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n"
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\xE2\x80\x94 example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "\xE2\x80\x94 example.com/behind-the-sofa "
        "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
    const auto read = parse_add_checkpoint(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->old_size, 20'852'014u);
    EXPECT_EQ(read->proof.size(), 4u);
    EXPECT_EQ(read->checkpoint.checkpoint.size, 20'852'163u);
    EXPECT_EQ(read->checkpoint.note.signatures.size(), 2u);
    EXPECT_EQ(encode(*read), text);
}

TEST(WitnessRequest, RefusesWhatIsNone) {
    Log log;
    const std::string good = encode(log.request(3, 7)), rest = good.substr(good.find('\n') + 1);
    ASSERT_TRUE(parse_add_checkpoint(good));
    for (const std::string& first : {"old 03", "old -3", "old +3", "old", "old ", "old 3 ", " old 3", "old  3", "Old 3",
                                     "old 3\r", "3", "", "old 18446744073709551616", "old 0x3"})
        EXPECT_FALSE(parse_add_checkpoint(first + "\n" + rest)) << first;
    const std::string hash = hash_text(leaf_hash("x")) + "\n", head = "old 3\n", note = rest.substr(rest.find("\n\n"));
    const auto with = [&](std::size_t hashes) {
        std::string text = head;
        for (std::size_t i = 0; i < hashes; ++i) text += hash;
        return text + note.substr(1);
    };
    EXPECT_TRUE(parse_add_checkpoint(with(63)));
    EXPECT_FALSE(parse_add_checkpoint(with(64)));
    EXPECT_FALSE(parse_add_checkpoint(head + hash.substr(4) + note.substr(1))) << "a hash of 29 bytes";
    EXPECT_FALSE(parse_add_checkpoint(head + hash)) << "no checkpoint";
    EXPECT_FALSE(parse_add_checkpoint(good.substr(0, good.size() - 1)));
    EXPECT_FALSE(parse_add_checkpoint(good.substr(0, good.rfind("\n\n") + 2))) << "no signature";
    for (std::size_t end = 0; end < good.size(); ++end) EXPECT_FALSE(parse_add_checkpoint(good.substr(0, end))) << end;
}

TEST(WitnessRequest, HasALimitOnItsText) {
    const auto of = [](std::size_t bytes) {
        crypto::Note note{encode(Checkpoint{"log.example/1", 0, empty_root()}), {}};
        note.text += std::string(bytes - note.text.size() - 1, 'x') + "\n";
        crypto::sign(note, log_signer());
        return "old 0\n\n" + crypto::encode(note);
    };
    EXPECT_TRUE(parse_add_checkpoint(of(4'096)));
    EXPECT_FALSE(parse_add_checkpoint(of(4'097)));
}

TEST(Witness, TakesEveryStepOfALog) {
    Log log;
    for (std::uint64_t from = 0; from <= 40; ++from)
        for (std::uint64_t to = from; to <= 40; ++to) {
            const WitnessVerdict verdict = judged(log.request(from, to), log.at(from));
            ASSERT_EQ(verdict.status, 200) << from << " to " << to << ": " << verdict.body;
            EXPECT_EQ(verdict.accepted->checkpoint, log.at(to));
            if (from > 0) continue;
            ASSERT_EQ(status(log.request(0, to)), 200) << "never seen";
        }
}

TEST(Witness, KnowsOnlyItsLogs) {
    Log log;
    const auto stranger = NoteSigner::generate("stranger.example");
    Checkpoint of_stranger = log.at(5);
    of_stranger.origin = "stranger.example";
    EXPECT_EQ(status({0, {}, signed_by(*stranger, of_stranger)}), 404);
    EXPECT_EQ(status({9, {}, signed_by(*stranger, of_stranger)}), 404) << "before anything else of it is judged";
    EXPECT_EQ(status({0, {}, signed_by(log_signer(), of_stranger)}), 404) << "the origin decides, not who signed";
}

TEST(Witness, BelievesTheLogsKeysAlone) {
    Log log;
    const auto namesake = NoteSigner::generate("log.example/1");
    EXPECT_EQ(status({0, {}, signed_by(*namesake, log.at(5))}), 403) << "the same name, another key";
    EXPECT_EQ(status({7, {}, signed_by(*namesake, log.at(5))}), 403) << "before the old size";
    AddCheckpoint request = log.request(0, 5);
    request.checkpoint.note.signatures.front().bytes[7] ^= 1;
    EXPECT_EQ(status(request), 403) << "a key that is known, a signature that is not of this text";
    AddCheckpoint both = log.request(0, 5);
    both.checkpoint.note.signatures.push_back(request.checkpoint.note.signatures.front());
    EXPECT_EQ(status(both), 403) << "one of two is wrong";
    AddCheckpoint with_unknown = log.request(0, 5);
    crypto::sign(with_unknown.checkpoint.note, *namesake);
    crypto::sign(with_unknown.checkpoint.note, witness());
    with_unknown.checkpoint.note.signatures.push_back(with_unknown.checkpoint.note.signatures.front());
    const auto verdict = judged(with_unknown, std::nullopt);
    ASSERT_EQ(verdict.status, 200);
    ASSERT_EQ(verdict.accepted->note.signatures.size(), 1u) << "what is unknown, or said twice, is not kept";
    EXPECT_EQ(verdict.accepted->note.signatures.front().key_id, log_signer().verifier().key_id());
}

TEST(Witness, WantsToBeAskedFromWhereItIs) {
    Log log;
    for (const std::uint64_t last : {0u, 1u, 4u, 9u}) {
        for (std::uint64_t from = 0; from <= 12; ++from) {
            const auto verdict = judged(log.request(from, 12), log.at(last));
            ASSERT_EQ(verdict.status, from == last ? 200 : 409) << from;
            if (from != last) EXPECT_EQ(verdict.body, std::to_string(last) + "\n");
        }
    }
    EXPECT_EQ(judged(log.request(3, 12), std::nullopt).body, "0\n");
    // A log that was rolled back: from its own size it is told the larger one.
    EXPECT_EQ(judged(log.request(5, 5), log.at(9)).body, "9\n");
    AddCheckpoint back = log.request(5, 5);
    back.old_size = 9;
    EXPECT_EQ(status(back, log.at(9)), 400) << "the old size is larger";
}

TEST(Witness, RefusesAnotherHistory) {
    Log log, other("b");
    for (std::uint64_t from = 1; from <= 20; ++from)
        for (std::uint64_t to = from; to <= 20; ++to)
            ASSERT_EQ(status(other.request(from, to), log.at(from)), 422) << from << " to " << to;
    EXPECT_EQ(status(other.request(0, 7), log.at(0)), 200) << "nothing was seen before";
}

TEST(Witness, RefusesAProofThatIsNone) {
    Log log;
    for (std::uint64_t from = 0; from <= 12; ++from)
        for (std::uint64_t to = from; to <= 12; ++to) {
            const AddCheckpoint good = log.request(from, to);
            AddCheckpoint longer = good;
            longer.proof.push_back(leaf_hash("x"));
            ASSERT_EQ(status(longer, log.at(from)), 422) << from << " to " << to;
            for (std::size_t i = 0; i < good.proof.size(); ++i) {
                AddCheckpoint changed = good, shorter = good;
                changed.proof[i][3] ^= 1;
                shorter.proof.erase(shorter.proof.begin() + static_cast<std::ptrdiff_t>(i));
                ASSERT_EQ(status(changed, log.at(from)), 422) << from << " to " << to;
                ASSERT_EQ(status(shorter, log.at(from)), 422) << from << " to " << to;
            }
        }
}

TEST(Witness, RefusesARootOfNothingThatIsNone) {
    const Checkpoint odd{"log.example/1", 0, leaf_hash("x")};
    EXPECT_EQ(status({0, {}, signed_by(log_signer(), odd)}), 422);
    EXPECT_TRUE(parse_add_checkpoint(encode(AddCheckpoint{0, {}, signed_by(log_signer(), odd)}))) << "no 400";
}

TEST(Witness, CosignsLinesOfExtensionUnread) {
    Log log;
    crypto::Note note{encode(log.at(5)) + "one\nand two\n", {}};
    crypto::sign(note, log_signer());
    const auto request = parse_add_checkpoint("old 0\n\n" + crypto::encode(note));
    ASSERT_TRUE(request) << request.error().message;
    const auto verdict = judged(*request, std::nullopt);
    ASSERT_EQ(verdict.status, 200) << verdict.body;
    EXPECT_EQ(verdict.accepted->note.text, note.text);
    EXPECT_EQ(verdict.accepted->checkpoint, log.at(5));
}

TEST(Cosignature, ComesBackFromTheAnswer) {
    Log log;
    SignedCheckpoint accepted = *judged(log.request(0, 5), std::nullopt).accepted;
    crypto::sign(accepted.note, witness());
    const std::string lines = cosignature_lines(accepted.note, witness().verifier());
    EXPECT_TRUE(lines.starts_with("\xE2\x80\x94 witness.example/w1 ")) << lines;
    EXPECT_EQ(std::ranges::count(lines, '\n'), 1);
    SignedCheckpoint own = signed_by(log_signer(), log.at(5));
    const auto read = read_cosignatures(own, lines, witness().verifier());
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 1u);
    own.note.signatures.push_back(read->front());
    EXPECT_EQ(*check_signatures(own, std::vector{log_signer().verifier(), witness().verifier()}),
              std::vector<std::string>{"witness.example/w1"});

    const auto other = NoteSigner::generate("witness.example/w1", NoteAlgorithm::cosignature);
    EXPECT_FALSE(read_cosignatures(own, lines, other->verifier())) << "by another key";
    EXPECT_FALSE(read_cosignatures(signed_by(log_signer(), log.at(6)), lines, witness().verifier()))
        << "of another checkpoint";
    for (const std::string& broken : {std::string(), lines.substr(1), lines.substr(0, lines.size() - 1),
                                      "x\n\n" + lines, lines + "\n", lines + "x\n", std::string("<html>")})
        EXPECT_FALSE(read_cosignatures(own, broken, witness().verifier())) << broken;
}

} // namespace
} // namespace sallyport::tlog
