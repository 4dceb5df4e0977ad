// The corpus of the fuzz target, through the same checks.
#include "ledger/entry_check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace sallyport::ledger {
namespace {

TEST(Corpus, EveryEntryAndSegmentHolds) {
    std::size_t files = 0, entries = 0;
    for (const auto& item : std::filesystem::directory_iterator(SALLYPORT_SOURCE_DIR "/test/fuzz/corpus/entry")) {
        SCOPED_TRACE(item.path().string());
        std::ifstream in(item.path(), std::ios::binary);
        const std::string input(std::istreambuf_iterator<char>(in), {});
        fuzz::check_entry(input);
        ++files;
        if (decode(input)) ++entries;
    }
    EXPECT_GE(files, 12u);
    EXPECT_GE(entries, 8u) << "a corpus of entries that cannot be read would test little";
}

} // namespace
} // namespace sallyport::ledger
