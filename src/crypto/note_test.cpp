#include "crypto/note.h"

#include <gtest/gtest.h>

namespace sallyport::crypto {
namespace {

// The example of the C2SP signed-note specification (v1.0.0), which is that of Go's note package.
constexpr std::string_view example_key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view example =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xE2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(Note, TheExampleOfTheSpecificationVerifies) {
    const auto verifier = NoteVerifier::parse(example_key);
    ASSERT_TRUE(verifier) << verifier.error().message;
    EXPECT_EQ(verifier->text(), example_key);
    const auto note = parse_note(example);
    ASSERT_TRUE(note) << note.error().message;
    EXPECT_EQ(encode(*note), example);
    const auto signers = signers_of(*note, {&*verifier, 1});
    ASSERT_TRUE(signers) << signers.error().message;
    EXPECT_EQ(*signers, std::vector<std::string>{"PeterNeumann"});
}

TEST(Note, WhatOneSignsAnotherVerifiesAndNothingElse) {
    const auto signer = NoteSigner::generate("security@acme");
    ASSERT_TRUE(signer);
    const auto again = NoteSigner::parse(signer->text());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->verifier().text(), signer->verifier().text());
    Note note{"a text\nof lines\n", {}};
    sign(note, *signer);
    sign(note, *signer); // replaced, not doubled
    EXPECT_EQ(note.signatures.size(), 1u);
    const auto verifier = NoteVerifier::parse(signer->verifier().text());
    ASSERT_TRUE(verifier);
    auto read = parse_note(encode(note));
    ASSERT_TRUE(read);
    EXPECT_EQ(signers_of(*read, {&*verifier, 1})->size(), 1u);
    read->text = "a text\nof Lines\n";
    EXPECT_FALSE(signers_of(*read, {&*verifier, 1}));
    const auto stranger = NoteSigner::generate("security@acme"); // the same name, another key: passed over
    EXPECT_EQ(signers_of(note, {&stranger->verifier(), 1})->size(), 0u);
}

TEST(Note, ACosignatureSignsItsTimeToo) {
    const auto witness = NoteSigner::generate("witness.example/w1", NoteAlgorithm::cosignature);
    ASSERT_TRUE(witness);
    const auto again = NoteSigner::parse(witness->text());
    ASSERT_TRUE(again) << again.error().message;
    const auto verifier = NoteVerifier::parse(again->verifier().text());
    ASSERT_TRUE(verifier) << verifier.error().message;
    EXPECT_EQ(verifier->algorithm(), NoteAlgorithm::cosignature);
    Note note{"a text\n", {}};
    sign(note, *again);
    ASSERT_EQ(note.signatures.front().bytes.size(), 72u);
    EXPECT_EQ(signers_of(note, {&*verifier, 1})->size(), 1u);
    for (std::size_t i = 0; i < 72; ++i) {
        note.signatures.front().bytes[i] ^= 1;
        EXPECT_FALSE(signers_of(note, {&*verifier, 1})) << i;
        note.signatures.front().bytes[i] ^= 1;
    }
}

TEST(Note, EveryFlippedBitIsSeen) {
    const auto verifier = NoteVerifier::parse(example_key);
    for (std::size_t i = 0; i < example.size(); ++i)
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged(example);
            damaged[i] = static_cast<char>(damaged[i] ^ 1 << bit);
            const auto note = parse_note(damaged);
            if (!note) continue;
            const auto signers = signers_of(*note, {&*verifier, 1});
            EXPECT_TRUE(!signers || signers->empty()) << i;
        }
}

TEST(Note, DamagedKeysAndNotesAreToldApart) {
    for (const std::string_view key :
         {"", "a", "a+b", "a+00000000+", "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
          "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
          "PeterNeumann+c74f20a3+AApc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"})
        EXPECT_FALSE(NoteVerifier::parse(key)) << key;
    for (const std::string_view note :
         {"", "text\n", "text\n\n", "text\n\n\xE2\x80\x94 name\n", "text\n\n\xE2\x80\x94 name !!!!\n",
          "text\n\n\xE2\x80\x94 na+me AAAAAAAA\n", "te\x01xt\n\n\xE2\x80\x94 name AAAAAAAA\n"})
        EXPECT_FALSE(parse_note(note)) << note;
    EXPECT_FALSE(NoteSigner::parse(Secret("PRIVATE+KEY+x")));
    EXPECT_FALSE(NoteSigner::generate("a b"));
}

} // namespace
} // namespace sallyport::crypto
