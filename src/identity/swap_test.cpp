#include "identity/swap.h"

#include "base/file.h"
#include "identity/installation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace sallyport::identity {
namespace {

namespace fs = std::filesystem;

class SwapTest : public testing::Test {
protected:
    SwapTest() {
        std::string name = testing::TempDir() + "swap_XXXXXX";
        root_ = ::mkdtemp(name.data());
    }
    ~SwapTest() override { fs::remove_all(root_); }

    static void put(const fs::path& file, std::string_view content) {
        fs::create_directories(file.parent_path());
        ASSERT_TRUE(replace_file(file, content, 0600));
    }
    // What a restore finds, and what it prepared.
    fs::path fresh(std::string_view name) {
        const fs::path data = root_ / name;
        for (const char* file :
             {"state.db", "state.db-wal", "ledger-index.db", "ledger/0.seg", "bodies/1.pack", "policies/version"})
            put(data / file, "old");
        put(data / "ledger.key", "old key");
        put(data / "body-keys.db", "keys");
        for (const char* file : {"state.db", "ledger/0.seg", "bodies/1.pack", "policies/version", "handover/siem"})
            put(prepared_directory(data) / file, "new");
        put(prepared_directory(data) / "ledger.key", "new key");
        fs::create_directories(prepared_directory(data) / "handover");
        return data;
    }
    static std::map<std::string, std::string> files(const fs::path& data) {
        std::map<std::string, std::string> out;
        for (const auto& item : fs::recursive_directory_iterator(data))
            if (item.is_regular_file() && item.path().filename() != "setup.lock")
                out[item.path().lexically_relative(data).string()] = *read_file(item.path(), 1u << 20);
        return out;
    }
    fs::path root_;
};

const std::map<std::string, std::string> wanted = {
    {"state.db", "new"},
    {"ledger/0.seg", "new"},
    {"bodies/1.pack", "new"},
    {"policies/version", "new"},
    {"handover/siem", "new"},
    {"ledger.key", "new key"},
    {"body-keys.db", "keys"},
    {"replaced-m1/state.db", "old"},
    {"replaced-m1/state.db-wal", "old"},
    {"replaced-m1/ledger-index.db", "old"},
    {"replaced-m1/ledger/0.seg", "old"},
    {"replaced-m1/bodies/1.pack", "old"},
    {"replaced-m1/policies/version", "old"},
};

TEST_F(SwapTest, WhatWasPreparedTakesThePlaceOfWhatWasThere) {
    const fs::path data = fresh("data");
    const auto swapped = swap_in(data, "m1");
    ASSERT_TRUE(swapped) << swapped.error().message;
    EXPECT_EQ(files(data), wanted);
    EXPECT_TRUE(finish_swap(data)); // nothing to do
    EXPECT_EQ(files(data), wanted);
}

TEST_F(SwapTest, WhereverItStopsTheNextOneCarriesItThrough) {
    std::size_t stops = 0;
    for (std::size_t steps = 0;; ++steps) {
        const fs::path data = fresh("data" + std::to_string(steps));
        put(data / "restoring", "m1\nstate.db\nledger\nbodies\npolicies\nhandover\nledger.key\n");
        const bool is_done = finish_swap(data, steps).has_value();
        if (!is_done) {
            ++stops;
            EXPECT_TRUE(fs::exists(data / "restoring"));
        }
        const auto finished = finish_swap(data);
        ASSERT_TRUE(finished) << finished.error().message;
        EXPECT_EQ(files(data), wanted) << "after " << steps << " steps";
        if (is_done) break;
    }
    EXPECT_GE(stops, 12u);
}

TEST_F(SwapTest, WithoutAJournalNothingIsTouched) {
    const fs::path data = fresh("data");
    const auto before = files(data);
    ASSERT_TRUE(finish_swap(data));
    EXPECT_EQ(files(data), before);
    put(data / "restoring", "../elsewhere\nstate.db\n");
    EXPECT_FALSE(finish_swap(data));
    put(data / "restoring", "m1\ninstallation.key\nbody-keys.db\n"); // names that are none of its own
    ASSERT_TRUE(finish_swap(data));
    EXPECT_EQ(*read_file(data / "body-keys.db", 100), "keys");
}

TEST(NextEpoch, IsBehindAllThatEverSigned) {
    std::vector<crypto::NoteVerifier> keys;
    EXPECT_EQ(next_epoch("abc", keys), "sallyport/abc/2");
    for (const char* name : {"sallyport/abc/3", "sallyport/abc", "sallyport/abcd/9", "w1.acme.example"})
        keys.push_back(crypto::NoteSigner::generate(name)->verifier());
    EXPECT_EQ(next_epoch("abc", keys), "sallyport/abc/4");
}

} // namespace
} // namespace sallyport::identity
