#include "crypto/ssh_key.h"

#include "base/encoding.h"
#include "crypto/ssh_vectors.h"

#include <gtest/gtest.h>

namespace sallyport::crypto {
namespace {

std::string bytes(std::string_view base64) { return *from_base64(base64); }

TEST(SshKey, SignaturesOfEachKindAreVerified) {
    const std::string data = bytes(ssh_vectors_data);
    for (const SshVector& one : ssh_vectors) {
        EXPECT_TRUE(is_ssh_key(bytes(one.key))) << one.kind;
        EXPECT_EQ(SshReader(bytes(one.key)).text(), one.kind);
        EXPECT_TRUE(is_ssh_signature(bytes(one.key), bytes(one.signature), data)) << one.kind;
        EXPECT_FALSE(is_ssh_signature(bytes(one.key), bytes(one.signature), data + " ")) << one.kind;
        for (const SshVector& other : ssh_vectors)
            if (other.kind != one.kind)
                EXPECT_FALSE(is_ssh_signature(bytes(other.key), bytes(one.signature), data)) << one.kind;
    }
}

TEST(SshKey, EachChangedBitOfASignatureIsSeen) {
    const std::string data = bytes(ssh_vectors_data);
    for (const SshVector& one : ssh_vectors) {
        const std::string signature = bytes(one.signature);
        for (std::size_t i = 0; i < signature.size(); ++i) {
            std::string changed = signature;
            changed[i] = static_cast<char>(changed[i] ^ 1);
            EXPECT_FALSE(is_ssh_signature(bytes(one.key), changed, data)) << one.kind << " at " << i;
        }
        for (std::size_t i = 0; i < signature.size(); i += 7)
            EXPECT_FALSE(is_ssh_signature(bytes(one.key), signature.substr(0, i), data)) << one.kind;
        EXPECT_FALSE(is_ssh_signature(bytes(one.key), signature + '\0', data)) << one.kind;
    }
}

TEST(SshKey, WhatIsNoKeyIsNone) {
    for (const SshVector& one : ssh_vectors) {
        const std::string key = bytes(one.key);
        for (std::size_t i = 0; i < key.size(); ++i) EXPECT_FALSE(is_ssh_key(key.substr(0, i))) << one.kind;
        EXPECT_FALSE(is_ssh_key(key + "x"));
    }
    std::string weak; // RSA of 64 bits
    append_ssh_text(weak, "ssh-rsa");
    append_ssh_text(weak, std::string_view("\x01\0\x01", 3));
    append_ssh_text(weak, std::string_view("\0\xff\xff\xff\xff\xff\xff\xff\xff", 9));
    EXPECT_FALSE(is_ssh_key(weak));
}

TEST(SshReader, ReadsNothingBehindTheEnd) {
    SshReader reader(std::string_view("\0\0\0\x05"
                                      "abc",
                                      7));
    EXPECT_TRUE(reader.text().empty());
    EXPECT_FALSE(reader.good());
    EXPECT_EQ(reader.number(), 0u);
    EXPECT_FALSE(reader.at_end());
}

} // namespace
} // namespace sallyport::crypto
