#include "endpoint/view.h"

#include "endpoint/tier.h"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace sallyport::endpoint {
namespace {

// Every probe has the same expectation in tier A: no way is open.
TEST(SelfTest, NoWayOutIsOpen) {
    const auto probed = measure_tier();
    if (!probed) GTEST_SKIP() << probed.error().message;
    EXPECT_GE(probed->size(), 60u);
    for (const auto& one : *probed)
        EXPECT_TRUE(one.verdict == sandbox::Verdict::closed || one.verdict == sandbox::Verdict::not_here)
            << one.probe.name << " (" << one.probe.way << "): " << sandbox::name_of(one.verdict);
    EXPECT_EQ(sandbox::tier_of(*probed), 'A');
}

// The same baits are reached without a boundary, or closed would mean nothing.
TEST(SelfTest, TheProbesReachTheirBaitsWithoutABoundary) {
    const auto probed = sandbox::probe_without_boundary();
    ASSERT_TRUE(probed) << probed.error().message;
    EXPECT_GE(probed->size(), 30u);
    for (const auto& one : *probed)
        EXPECT_EQ(one.verdict, sandbox::Verdict::open) << one.probe.name << " (" << one.probe.way << ")";
}

TEST(View, TheHomeFolderIsNoWorkspace) {
    char made[] = "/var/tmp/view-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(made);
    std::filesystem::create_directories(folder / "home/work");
    ViewOptions options;
    options.home = folder / "home";
    options.state = folder / "state";
    for (const auto& workspace : {folder / "home", folder, std::filesystem::path("/")}) {
        options.workspace = workspace;
        EXPECT_FALSE(view(options)) << workspace;
    }
    options.workspace = folder / "home/work";
    EXPECT_TRUE(view(options));
    std::filesystem::create_symlink(folder / "home", folder / "link");
    options.workspace = folder / "link";
    EXPECT_FALSE(view(options));
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace sallyport::endpoint
