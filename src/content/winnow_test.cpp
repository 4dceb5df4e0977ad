#include "content/winnow.h"

#include "content/normalise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

namespace sallyport::content {
namespace {

std::string normalised(std::string_view text, Numbering numbering = Numbering::left_out) {
    Normalised out;
    normalise(text, numbering, out);
    return std::string(out.text());
}

TEST(Normalise, OnlyLettersDigitsAndBytesBeyondAsciiCount) {
    EXPECT_EQ(normalised("If (X_1 != \"y\")\r\n\t{ Return; }"), "ifx1yreturn");
    EXPECT_EQ(normalised("// Ключ = 7"), "Ключ7");
    EXPECT_EQ(normalised("+added();\n-removed();"), "addedremoved");
    EXPECT_EQ(normalised(""), "");
}

TEST(Normalise, EveryByteKnowsWhereItStood) {
    const std::string text = "  7: Alpha(b)\n  8: gam-ma\n\nZ";
    Normalised out;
    normalise(text, Numbering::left_out, out);
    ASSERT_EQ(out.text(), "alphabgammaz");
    for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(text[out.offset(i)] | 32, out.text()[i]) << i;
}

TEST(Normalise, NumbersBeforeLinesAreLeftOutInEveryFormThatClientsWrite) {
    for (const char* separator : {"->", "\u2192", "\t", ": ", "|"}) {
        const std::string s = separator;
        EXPECT_EQ(normalised("  9" + s + "int a;\n 10" + s + "int b;\n 11" + s), "intaintb") << s;
    }
    EXPECT_EQ(normalised("<content>\n1: x\n2: y\n</content>\n1: z\n2: w"), "contentxycontentzw");
}

TEST(Normalise, NumbersThatAreNoNumberingStay) {
    EXPECT_EQ(normalised("12: x"), "12x");
    EXPECT_EQ(normalised("12: x\n14: y"), "12x14y");
    EXPECT_EQ(normalised("12: x\n13\ty"), "12x13y");
    EXPECT_EQ(normalised("12, x\n13, y"), "12x13y");
    EXPECT_EQ(normalised("1: x\n2: y", Numbering::kept), "1x2y");
}

TEST(Normalise, BothWaysAgreeOnAnyBytes) {
    std::mt19937 random(7);
    Normalised fast, slow;
    for (int round = 0; round < 3000; ++round) {
        std::string text(random() % 300, '\0');
        for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? random() : " 12:\nazAZ"[random() % 9]);
        const auto numbering = round % 2 == 0 ? Numbering::kept : Numbering::left_out;
        normalise(text, numbering, fast);
        normalise_in_software(text, numbering, slow);
        ASSERT_EQ(fast.text(), slow.text());
        for (std::size_t i = 0; i < fast.size(); ++i) ASSERT_EQ(fast.offset(i), slow.offset(i));
    }
}

TEST(Normalise, ADocumentKnowsItsLines) {
    NormalisedDocument document;
    normalise_document("int a;\n\n  b();\nlast", document);
    EXPECT_EQ(document.text, "intablast");
    EXPECT_EQ(document.lines, (std::vector<std::uint32_t>{0, 4, 4, 5}));
}

// Letters of a small alphabet, so that grams repeat and ties happen.
std::string random_text(std::mt19937& random, std::size_t size, unsigned letters) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % letters);
    return text;
}

std::set<std::uint64_t> hashes(std::string_view text, unsigned window) {
    std::vector<Fingerprint> found;
    winnow(text, window, found);
    std::set<std::uint64_t> all;
    for (const Fingerprint& one : found) all.insert(one.hash);
    return all;
}

bool share_one(const std::set<std::uint64_t>& a, const std::set<std::uint64_t>& b) {
    return std::ranges::any_of(a, [&](std::uint64_t hash) { return b.contains(hash); });
}

TEST(Winnow, ASharedRunOfAWindowSharesAFingerprintWhateverStandsAround) {
    std::mt19937 random(1);
    for (int round = 0; round < 600; ++round) {
        const unsigned letters = round % 3 == 0 ? 1 : round % 3 == 1 ? 2 : 26;
        for (const unsigned window : {window_narrow, window_wide}) {
            const std::string run = random_text(random, window + gram_bytes - 1, letters);
            const auto in_document =
                hashes(random_text(random, random() % 9000, 26) + run + random_text(random, 99, 26), window);
            const auto in_query = hashes(
                random_text(random, random() % 200, 26) + run + random_text(random, random() % 90, 26), window_narrow);
            ASSERT_TRUE(share_one(in_document, in_query)) << "window " << window << " round " << round;
        }
    }
}

TEST(Winnow, TheNarrowWindowHoldsWhatTheWideOneChooses) {
    std::mt19937 random(2);
    for (int round = 0; round < 200; ++round) {
        const std::string text = random_text(random, 93 + random() % 20'000, round % 2 == 0 ? 2 : 26);
        const auto narrow = hashes(text, window_narrow), wide = hashes(text, window_wide);
        EXPECT_TRUE(std::ranges::includes(narrow, wide));
        EXPECT_LT(wide.size(), narrow.size());
    }
}

TEST(Winnow, FingerprintsAreOfTheGramAlone) {
    std::mt19937 random(3);
    const std::string text = random_text(random, 20'000, 26);
    std::vector<Fingerprint> all;
    winnow(text, window_narrow, all);
    ASSERT_NEAR(static_cast<double>(all.size()), 20'000 * 2.0 / 32, 120);
    for (const Fingerprint& one : all) {
        std::vector<Fingerprint> alone;
        winnow(std::string_view(text).substr(one.position, gram_bytes), window_narrow, alone);
        ASSERT_EQ(alone, (std::vector<Fingerprint>{{one.hash, 0}}));
    }
}

// What stands in segments that were written before.
TEST(Winnow, FingerprintsArePartOfTheFormat) {
    std::vector<Fingerprint> found;
    winnow("thequickbrownfoxjumpsoverthelazydogandrunsintothewoodswhereitmeetsanotherfoxwhoasksitforthetime",
           window_wide, found);
    EXPECT_EQ(found, (std::vector<Fingerprint>{{0x4e8f3828b802712, 23}}));
}

TEST(Winnow, ShortTextsHaveOneOrNone) {
    std::vector<Fingerprint> found;
    winnow(std::string(29, 'a'), window_narrow, found);
    EXPECT_TRUE(found.empty());
    winnow("abcdefghijklmnopqrstuvwxyzabcdefghijklm", window_narrow, found);
    EXPECT_EQ(found.size(), 1u);
}

TEST(Winnow, ARepetitionHasOneFingerprintAWindow) {
    std::vector<Fingerprint> found;
    winnow(std::string(1000, 'a'), window_narrow, found);
    EXPECT_LT(found.size(), 1000 / 30u + 2);
}

} // namespace
} // namespace sallyport::content
