#include "crypto/note.h"

#include "base/encoding.h"
#include "crypto/crypto.h"

#include <gtest/gtest.h>

#include <algorithm>

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

// A verifier key as anybody can write it: its id fits.
std::string key_of(std::string_view name, char algorithm, std::string_view public_key) {
    const std::string key = algorithm + std::string(public_key);
    const Digest id = sha256(std::string(name) + "\n" + key);
    return std::string(name) + "+" + to_hex(bytes(id).substr(0, 4)) + "+" + to_base64(key);
}

TEST(Note, APublicKeyIsAPointInItsOneEncoding) {
    const auto number = [](std::string_view hex) { return *from_hex(hex); }; // little-endian, RFC 8032
    const std::string zeros(60, '0'), middle(60, 'f');
    const std::string one = number("01" + zeros + "00"), one_signed = number("01" + zeros + "80"),
                      minus_one = number("ec" + middle + "7f"), minus_one_signed = number("ec" + middle + "ff"),
                      prime = number("ed" + middle + "7f"), prime_and_one = number("ee" + middle + "7f"),
                      prime_and_one_signed = number("ee" + middle + "ff"), two = number("02" + zeros + "00"),
                      zero = number("00" + zeros + "00");
    for (const char algorithm : {'\x01', '\x04'}) {
        EXPECT_TRUE(NoteVerifier::parse(key_of("log", algorithm, one)));
        EXPECT_TRUE(NoteVerifier::parse(key_of("log", algorithm, minus_one)));
        EXPECT_TRUE(NoteVerifier::parse(key_of("log", algorithm, zero)));
        for (const std::string& wrong :
             {one_signed, minus_one_signed, prime, prime_and_one, prime_and_one_signed, two}) {
            const auto read = NoteVerifier::parse(key_of("log", algorithm, wrong));
            ASSERT_FALSE(read) << to_hex(wrong);
            EXPECT_TRUE(read.error().message.contains("no Ed25519 public key")) << read.error().message;
        }
    }
    for (int i = 0; i < 50; ++i) {
        const auto signer = NoteSigner::generate("log");
        EXPECT_TRUE(NoteVerifier::parse(signer->verifier().text()));
    }
}

TEST(Note, NamesAndTextsAreUtf8AndNamesHoldNoSpaceOfUnicode) {
    const std::string public_key = "\x01" + std::string(31, '\0');
    EXPECT_TRUE(NoteVerifier::parse(key_of("caf\xC3\xA9.example", 1, public_key)));
    for (const std::string_view name : {"a\xFF", "a\xED\xA0\x80", "a\xF4\x90\x80\x80", "a\xC2\xA0z", "a\xC2\x85z",
                                        "a\xE2\x80\xA8z", "\xE3\x80\x80", "a\xE2\x80\x8Az"}) {
        EXPECT_FALSE(NoteVerifier::parse(key_of(name, 1, public_key))) << name;
        EXPECT_FALSE(parse_note("text\n\n\xE2\x80\x94 " + std::string(name) + " AAAAAAAA\n")) << name;
    }
    EXPECT_TRUE(parse_note("t\xC3\xA9xt\n\n\xE2\x80\x94 n\xC3\xA9 AAAAAAAA\n"));
    EXPECT_FALSE(parse_note("t\xC3xt\n\n\xE2\x80\x94 name AAAAAAAA\n"));
}

TEST(Note, ASignatureMayBeSaidTwiceAndEachMustBeRight) {
    const auto signer = NoteSigner::generate("log");
    Note note{"a text\n", {}};
    sign(note, *signer);
    note.signatures.push_back(note.signatures.front());
    EXPECT_EQ(signers_of(note, {&signer->verifier(), 1})->size(), 1u);
    note.signatures.back().bytes[0] ^= 1;
    EXPECT_FALSE(signers_of(note, {&signer->verifier(), 1}));
    std::ranges::swap(note.signatures.front(), note.signatures.back());
    EXPECT_FALSE(signers_of(note, {&signer->verifier(), 1}));
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
