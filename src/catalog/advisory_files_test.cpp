#include "catalog/advisory_files.h"

#include "base/file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace sallyport::catalog {
namespace {

class AdvisoryFiles : public testing::Test {
protected:
    void SetUp() override {
        folder = std::filesystem::temp_directory_path() / fmt::format("sallyport-advisories-{}", ::getpid());
        std::filesystem::remove_all(folder);
        source.folder = folder / "kept";
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    static std::string text(std::string_view id, int day = 1) {
        return fmt::format(
            R"({{"id":"{}","modified":"2026-11-{:02}T00:00:00Z","affected":[{{"package":{{"ecosystem":"npm",)"
            R"("name":"opencode-ai"}},"versions":["1"]}}]}})",
            id, day);
    }
    AdvisoryFile came(const std::string& text, const crypto::NoteSigner* signer = nullptr) {
        std::filesystem::create_directories(folder);
        const auto file = folder / "came.json";
        EXPECT_TRUE(replace_file(file, text, 0600));
        std::filesystem::remove(signature_of(file));
        if (signer != nullptr) {
            crypto::Note note{signed_text(text), {}};
            crypto::sign(note, *signer);
            EXPECT_TRUE(replace_file(signature_of(file), crypto::encode(note), 0600));
        }
        auto read = read_advisory_file(file, {});
        EXPECT_TRUE(read) << read.error().message;
        return std::move(*read);
    }
    std::size_t count() {
        return std::filesystem::exists(source.folder) ? (*load_advisories(source))->all().size() : 0;
    }

    std::filesystem::path folder;
    AdvisorySource source;
};

TEST_F(AdvisoryFiles, each_is_kept_by_itself_and_nobody_is_led_back) {
    EXPECT_EQ((*load_advisories(source))->all().size(), 0u); // not there: none
    ASSERT_TRUE(keep(source, came("[" + text("a", 2) + "," + text("b") + "]")));
    EXPECT_TRUE(std::filesystem::exists(source.folder / "a.json"));
    EXPECT_EQ(count(), 2u);
    const auto older = keep(source, came(text("a", 1)));
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().kind, ErrorKind::refused);
    ASSERT_TRUE(keep(source, came(text("a", 3))));
    ASSERT_TRUE(remove(source, "a", false));
    EXPECT_FALSE(remove(source, "a", false));
    EXPECT_EQ(count(), 1u);
}

TEST_F(AdvisoryFiles, with_a_key_only_what_it_signed_is_taken) {
    const auto ours = crypto::NoteSigner::generate("security@acme"), other = crypto::NoteSigner::generate("eve");
    source.key = ours->verifier();
    const std::string bundle = "[" + text("a") + "," + text("b") + "]";
    EXPECT_FALSE(check_signature(came(bundle), source.key));
    EXPECT_FALSE(check_signature(came(bundle, &*other), source.key));
    AdvisoryFile file = came(bundle, &*ours);
    ASSERT_TRUE(check_signature(file, source.key));
    ASSERT_TRUE(keep(source, file));
    EXPECT_EQ(count(), 2u);
    EXPECT_FALSE(remove(source, "a", false)); // b would go with it
    file.text += " ";
    EXPECT_FALSE(check_signature(file, source.key));
    for (const auto& one : std::filesystem::directory_iterator(source.folder))
        if (one.path().extension() == ".json") {
            ASSERT_TRUE(replace_file(one.path(), "[" + text("a") + "]", 0600));
        }
    EXPECT_FALSE(load_advisories(source)); // what was changed behind its signature closes the folder
    ASSERT_TRUE(std::filesystem::remove_all(source.folder) > 0);
    EXPECT_EQ((*load_advisories(source))->all().size(), 0u);
    source.must_exist = true;
    EXPECT_FALSE(load_advisories(source));
}

TEST_F(AdvisoryFiles, a_newer_bundle_takes_the_place_of_the_former_one) {
    const auto ours = crypto::NoteSigner::generate("security@acme");
    source.key = ours->verifier();
    ASSERT_TRUE(keep(source, came("[" + text("a") + "," + text("b") + "]", &*ours)));
    ASSERT_TRUE(keep(source, came("[" + text("a", 2) + "," + text("b", 2) + "," + text("c") + "]", &*ours)));
    std::size_t files = 0;
    for (const auto& one : std::filesystem::directory_iterator(source.folder))
        files += one.path().extension() == ".json";
    EXPECT_EQ(files, 1u);
    EXPECT_EQ(count(), 3u);
}

TEST_F(AdvisoryFiles, one_that_cannot_be_read_makes_the_folder_fail) {
    ASSERT_TRUE(keep(source, came(text("a"))));
    const auto bad = source.folder / "z.json";
    ASSERT_EQ(::mkfifo(bad.c_str(), 0600), 0); // nobody writes: it is not waited for
    EXPECT_FALSE(load_advisories(source));
    std::filesystem::remove(bad);
    ASSERT_TRUE(replace_file(bad, "{", 0600));
    const auto failed = load_advisories(source);
    ASSERT_FALSE(failed);
    EXPECT_TRUE(failed.error().message.contains("z.json")) << failed.error().message;
}

} // namespace
} // namespace sallyport::catalog
