#include "ledger/ledger_files.h"

#include <gtest/gtest.h>

namespace sallyport::ledger {
namespace {

TEST(LedgerFiles, AreToldFromOthersByTheirNames) {
    using enum LedgerFile;
    for (const std::string_view name :
         {"00000000000000000000.seg", "00000000000000000050.seg", "18446744073709551615.seg"})
        EXPECT_EQ(kind_of(name), segment) << name;
    for (const std::string_view name : {"99999999999999999999999.seg", "99999999999999999999.seg", "0.seg", ".seg",
                                        "x.seg", "00000000000000000000.seg.seg", "0000000000000000005x.seg"})
        EXPECT_EQ(kind_of(name), odd_segment) << name;
    for (const std::string_view name : {"tree-0", "tree-7"}) EXPECT_EQ(kind_of(name), tree) << name;
    for (const std::string_view name :
         {"checkpoint", "cosigned", "cosigned-1", "cosigned-16", "offloaded", "checkpoint.new", "cosigned-2.new",
          "00000000000000000050.seg.new", "rotation-17.checkpoint", "tree-0.epoch-b3407917",
          "00000000000000000050.seg.epoch-b3407917", "checkpoint.epoch-676c593a", ".offloaded.sallyport-draft",
          "offloaded.epoch-676c593a", ".rotation-17.checkpoint.sallyport-draft"})
        EXPECT_EQ(kind_of(name), own) << name;
    for (const std::string_view name : {"evil", "tree-8", "tree-", "cosigned-0", "cosigned-17", "rotation-.checkpoint",
                                        "rotation-x.checkpoint", "x.new", "x.epoch-1", "lost+found", ""})
        EXPECT_EQ(kind_of(name), other) << name;
}

} // namespace
} // namespace sallyport::ledger
