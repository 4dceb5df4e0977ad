// Packages as they should be, and as somebody makes them who means harm: told in words, with what was measured before.
#include "lab/client_files.h"

#include "lab/inspection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <unistd.h>

namespace sallyport::lab {
namespace {

struct Entry {
    std::string path, content, link;
};

std::string packed(const std::vector<Entry>& entries) {
    std::string out(64u << 20, '\0');
    std::size_t used = 0;
    archive* const to = archive_write_new();
    archive_write_add_filter_gzip(to);
    archive_write_set_format_pax_restricted(to);
    archive_write_open_memory(to, out.data(), out.size(), &used);
    for (const Entry& one : entries) {
        archive_entry* const entry = archive_entry_new();
        archive_entry_set_pathname(entry, one.path.c_str());
        archive_entry_set_filetype(entry, one.link.empty() ? AE_IFREG : AE_IFLNK);
        archive_entry_set_perm(entry, 0644);
        if (!one.link.empty()) archive_entry_set_symlink(entry, one.link.c_str());
        archive_entry_set_size(entry, static_cast<la_int64_t>(one.content.size()));
        archive_write_header(to, entry);
        archive_write_data(to, one.content.data(), one.content.size());
        archive_entry_free(entry);
    }
    archive_write_close(to);
    archive_write_free(to);
    out.resize(used);
    return out;
}

struct Seen {
    std::map<std::string, std::string> files;
    OnFile on_file = [this](const std::string& path, std::string_view bytes) { files[path] = bytes; };
};

bool is_told(const Walked& walked, std::string_view words) {
    return std::ranges::any_of(walked.problems, [&](const std::string& one) { return one.contains(words); });
}

TEST(ClientFiles, APackageIsReadInItsOrder) {
    Seen seen;
    const auto walked = walk_package(packed({{"package/a.js", "1", ""}, {"package/b.js", "22", ""}}), seen.on_file);
    ASSERT_TRUE(walked);
    EXPECT_TRUE(walked->whole);
    EXPECT_TRUE(walked->problems.empty());
    EXPECT_EQ(seen.files, (std::map<std::string, std::string>{{"package/a.js", "1"}, {"package/b.js", "22"}}));
}

TEST(ClientFiles, NamesAndLinksThatLeadOutAreToldAndNotFollowed) {
    Seen seen;
    const auto walked = walk_package(
        packed({{"package/../../x", "1", ""}, {"package/l", "", "/etc/passwd"}, {"package/a.js", "2", ""}}),
        seen.on_file);
    ASSERT_TRUE(walked);
    EXPECT_TRUE(is_told(*walked, "'package/../../x' leads out of the package"));
    EXPECT_TRUE(is_told(*walked, "'package/l' is a link to '/etc/passwd', out of the package"));
    EXPECT_EQ(seen.files.count("package/l"), 0u);
    EXPECT_EQ(seen.files.count("package/a.js"), 1u);
}

TEST(ClientFiles, ABombIsStoppedAndWhatCameBeforeWasMeasured) {
    Seen seen;
    std::vector<Entry> entries{{"package/a.js", "1", ""}};
    for (int i = 0; i < 4; ++i)
        entries.push_back({"package/bomb" + std::to_string(i), std::string(24u << 20, 'x'), ""});
    const auto walked = walk_package(packed(entries), seen.on_file);
    ASSERT_TRUE(walked);
    EXPECT_FALSE(walked->whole);
    EXPECT_TRUE(is_told(*walked, "a bomb?"));
    EXPECT_EQ(seen.files.count("package/a.js"), 1u);
    EXPECT_EQ(seen.files.count("package/bomb3"), 0u);
}

TEST(ClientFiles, ACutPackageSaysWhatWasMeasured) {
    std::string noise;
    std::mt19937 random(11); // what does not pack: several blocks of it are read before the end is missed
    for (int i = 0; i < 1'000'000; ++i) noise += static_cast<char>(random());
    const std::string whole = packed({{"package/a.js", "1", ""}, {"package/b.bin", noise, ""}});
    Seen seen;
    const auto walked = walk_package(std::string_view(whole).substr(0, whole.size() / 2), seen.on_file);
    ASSERT_TRUE(walked) << walked.error().message;
    EXPECT_FALSE(walked->whole);
    EXPECT_TRUE(is_told(*walked, "damaged in 'package/b.bin'"));
    EXPECT_EQ(seen.files.count("package/a.js"), 1u);
}

TEST(ClientFiles, WhatIsNoPackageIsAnErrorInWords) {
    Seen seen;
    const auto walked = walk_package("\x1F\x8B this is no gzip", seen.on_file);
    ASSERT_FALSE(walked);
    EXPECT_TRUE(walked.error().message.contains("no package that can be opened")) << walked.error().message;
    EXPECT_FALSE(walk_client("/nonexistent/client", seen.on_file));
}

TEST(ClientFiles, AnInspectionListsWhatAnInstallerWouldRun) {
    const std::string package =
        packed({{"package/package.json",
                 R"({"name":"acme","version":"1.2.3","scripts":{"postinstall":"node fetch.js","test":"x"},
                 "optionalDependencies":{"acme-linux-x64":"1.2.3","left":"1"}})",
                 ""},
                {"package/node_modules/x/package.json", R"({"name":"x","scripts":{"install":"make"}})", ""}});
    const NamedPackage one{"", package};
    const auto inspection = inspect_packages({&one, 1}, "acme.tgz", [](std::uint64_t) {});
    ASSERT_TRUE(inspection);
    EXPECT_EQ(inspection->title(), "acme 1.2.3");
    ASSERT_EQ(inspection->package.scripts.size(), 2u);
    EXPECT_EQ(inspection->package.scripts[0].command, "node fetch.js");
    EXPECT_EQ(inspection->package.scripts[1].file, "package/node_modules/x/package.json");
    EXPECT_EQ(inspection->package.platform_packages, std::vector<std::string>{"acme-linux-x64@1.2.3"});
    EXPECT_EQ(inspection->files.size(), 2u);
    EXPECT_FALSE(inspection->found_something());
    EXPECT_TRUE(inspection->verdict().starts_with("Nothing concealed was found in acme 1.2.3"));
}

TEST(ClientFiles, ALinkInAFolderIsToldAndNotFollowed) {
    const auto folder = std::filesystem::temp_directory_path() / ("sallyport-lab-links-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "a.js") << "f()";
    std::filesystem::create_symlink("/etc", folder / "out");
    Seen seen;
    const auto walked = walk_client(folder, seen.on_file);
    std::filesystem::remove_all(folder);
    ASSERT_TRUE(walked);
    EXPECT_TRUE(is_told(*walked, "'out' is a link to '/etc'"));
    EXPECT_EQ(seen.files.size(), 1u);
}

} // namespace
} // namespace sallyport::lab
