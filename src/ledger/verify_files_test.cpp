// Files that no ledger has, pipes and folders in a file's place: each is named, none is waited for.
#include "base/file.h"
#include "ledger/bundle.h"
#include "ledger/folder_test.h"
#include "ledger/query.h"
#include "ledger/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sys/stat.h>

namespace sallyport::ledger {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t size = 104;

class VerifyFilesTest : public testing::Test {
protected:
    void SetUp() override {
        auto writer = Writer::open(folder_.options());
        ASSERT_TRUE(writer) << writer.error().message;
        for (std::uint64_t i = 0; i < size; ++i)
            ASSERT_TRUE((*writer)->append("{\"entry\":" + std::to_string(i) + "}"));
    }
    fs::path at(const std::string& name) const { return folder_.ledger() / name; }
    Result<Verified> verified() const {
        return verify({.directory = folder_.ledger(), .keys = {LedgerFolder::signer()->verifier()}, .seen = {}});
    }
    // "segment: the sentence", one a line
    std::string told() const {
        const auto found = verified();
        if (!found) return "error: " + found.error().message;
        std::string out;
        for (const Problem& one : found->problems) out += one.kind + ": " + one.sentence + "\n";
        return out;
    }
    LedgerFolder folder_;
};

TEST_F(VerifyFilesTest, ASegmentWithinTheRangeOfAnotherIsNamed) {
    EXPECT_EQ(told(), "");
    ASSERT_TRUE(replace_file(at(segment_name(50)), encode_segment_header({50, 1, "k3f9x2ab"}), 0600));
    EXPECT_FALSE(Writer::open(folder_.options()));
    EXPECT_TRUE(told().starts_with("segment: " + at(segment_name(50)).string() +
                                   " begins with entry 50, which stands in " + segment_name(0)))
        << told();
    fs::rename(at(segment_name(50)), at(segment_name(0) + ".new")); // a draft of a start that was cut short
    EXPECT_EQ(told(), "");
    ASSERT_TRUE(
        replace_file(at(segment_name(size)), encode_segment_header({size, 1, "k3f9x2ab"}), 0600)); // the next one
    EXPECT_EQ(told(), "");
    fs::remove(at(segment_name(size)));
    ASSERT_TRUE(replace_file(at(segment_name(200)), encode_segment_header({200, 1, "k3f9x2ab"}), 0600));
    EXPECT_EQ(told(), "missing: entries 104 to 199 are missing\n");
}

TEST_F(VerifyFilesTest, NamesThatNoFileOfALedgerHasAreNamed) {
    ASSERT_TRUE(replace_file(at("99999999999999999999999.seg"), "x", 0600));
    EXPECT_TRUE(
        told().starts_with("segment: " + at("99999999999999999999999.seg").string() + " bears no segment's name"))
        << told();
    fs::remove(at("99999999999999999999999.seg"));
    ASSERT_TRUE(replace_file(at("evil"), "x", 0600));
    ASSERT_TRUE(replace_file(at("checkpoint.old"), "x", 0600));
    fs::create_directory(at("lost+found"));
    const auto found = verified();
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->ok()) << "what was recorded is there all the same";
    EXPECT_EQ(found->other_files, (std::vector<std::string>{"checkpoint.old", "evil", "lost+found"}));
}

TEST_F(VerifyFilesTest, WhatIsNoPlainFileIsNamedAndNotWaitedFor) {
    for (const std::string name : {segment_name(0), std::string("checkpoint"), std::string("tree-0"),
                                   std::string("cosigned"), std::string("cosigned-2"), std::string("offloaded")}) {
        const bool is_there = fs::exists(at(name));
        if (is_there) fs::rename(at(name), folder_.index());
        ASSERT_EQ(::mkfifo(at(name).c_str(), 0600), 0);
        EXPECT_TRUE(told().contains(at(name).string() + " is no plain file")) << name << ": " << told();
        const auto query = Query::open(folder_.ledger(), folder_.index().string() + ".other");
        ASSERT_TRUE(query);
        EXPECT_EQ(query->origin().has_value(), name != segment_name(0) && name != "offloaded") << name;
        fs::remove(at(name));
        fs::create_directory(at(name));
        EXPECT_NE(told(), "") << name;
        fs::remove(at(name));
        fs::create_symlink("/dev/zero", at(name));
        EXPECT_NE(told(), "") << name;
        fs::remove(at(name));
        if (is_there) fs::rename(folder_.index(), at(name));
        EXPECT_EQ(told(), "") << name;
    }
}

} // namespace
} // namespace sallyport::ledger
