#include "backup/manifest.h"

#include <gtest/gtest.h>

namespace sallyport::backup {
namespace {

Manifest sample() {
    Manifest out;
    out.origin = "k3f9x2ab";
    out.at_ms = 1'795'000'000'000;
    out.checkpoint = {"sallyport/k3f9x2ab/2", 1207, crypto::sha256("root")};
    for (const char* path : {"bodies/00000000000000000001.pack", "ledger/00000000000000000000.seg", "ledger/checkpoint",
                             "policies/0f/policy.yaml", "state.db"})
        out.files.push_back({path, {std::string_view(path).size(), crypto::sha256(path)}});
    return out;
}

TEST(BackupManifest, ComesBackAsItWasWritten) {
    const Manifest made = sample();
    const auto read = parse_manifest(encode(made), "manifest");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, made);
    EXPECT_NE(read->find("state.db"), nullptr);
    EXPECT_EQ(read->find("state"), nullptr);
}

TEST(BackupManifest, NamesNothingThatDoesNotBelongThere) {
    for (const char* path : {"installation.key", "ledger.key", "body-keys.db", "names.db", "lock", "ledger", "ledger/",
                             "bodies/../ledger.key", "../origin", "/etc/passwd", "ledger//x", "ledger/.x",
                             "policies/a b", "policies/a\nb", "restoring", ""})
        EXPECT_FALSE(belongs_in_backup(path)) << path;
    for (const char* path :
         {"origin", "ledger-keys", "state.db", "ledger/checkpoint", "policies/0f/teams/a.yaml", "handover/siem"})
        EXPECT_TRUE(belongs_in_backup(path)) << path;
    Manifest made = sample();
    made.files.push_back({"ledger.key", {}});
    EXPECT_FALSE(parse_manifest(encode(made), "manifest"));
}

TEST(BackupManifest, WithAnyByteChangedIsNotTheSigned) {
    const auto signer = crypto::NoteSigner::generate("sallyport/k3f9x2ab/2");
    const auto other = crypto::NoteSigner::generate("sallyport/k3f9x2ab/2");
    const std::string text = encode(sample()), note = signed_note(text, *signer);
    const std::vector keys = {signer->verifier()}, others = {other->verifier()};
    const std::string& log = signer->verifier().name();
    EXPECT_TRUE(check_note(note, text, log, keys, "note"));
    EXPECT_FALSE(check_note(note, text, log, others, "note"));
    EXPECT_FALSE(check_note(note, text, "sallyport/k3f9x2ab", keys, "note"));
    for (std::size_t i = 0; i < text.size(); i += 7) {
        std::string changed = text;
        changed[i] ^= 1;
        EXPECT_FALSE(check_note(note, changed, log, keys, "note"));
    }
    // No checkpoint of the log is taken for such a note, though the same key signed it.
    const auto checkpoint = tlog::signed_by(*signer, sample().checkpoint);
    EXPECT_FALSE(check_note(crypto::encode(checkpoint.note), text, log, keys, "note"));
}

TEST(BackupManifest, TellsWhichLineIsWrong) {
    const std::string text = encode(sample());
    EXPECT_NE(parse_manifest("sallyport-backup 2\n", "m").error().message.find("newer version"), std::string::npos);
    EXPECT_NE(parse_manifest(text.substr(0, text.size() - 1), "m").error().message.find("m:9:"), std::string::npos);
    std::string twice = text + text.substr(text.rfind("file "));
    EXPECT_NE(parse_manifest(twice, "m").error().message.find("not in order"), std::string::npos);
    for (std::size_t size = 0; size < text.size(); ++size)
        if (size == 0 || text[size - 1] != '\n') EXPECT_FALSE(parse_manifest(text.substr(0, size), "m")) << size;
}

} // namespace
} // namespace sallyport::backup
