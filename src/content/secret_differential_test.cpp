// Hyperscan and RE2 find the same: over texts made of the rules' own examples, whole and damaged, and over this repository.
#include "base/file.h"
#include "content/secret_fixture.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

namespace sallyport::content {
namespace {

void expect_same(SecretScanner& scanner, std::string_view text, const std::string& what) {
    std::vector<Found> found, second;
    scanner.scan_each_rule(text, what, found);
    scanner.scan_each_rule(text, what, second, true);
    EXPECT_EQ(found, second) << what;
}

TEST(SecretDifferential, ExamplesWholeAndDamaged) {
    const auto files = built_in_secret_rules();
    ASSERT_TRUE(files);
    std::vector<std::string> pieces = {
        "\n", "\r\n", " ",        "\v",    "\"",  "'",      "\\n",  "\xC3\xA9", std::string(1, '\0'),
        "=",  ": ",   "password", "token", "key", "sentry", "-----"};
    for (const auto& file : *files)
        for (const auto& rule : file.rules)
            for (const auto& example : rule.examples) pieces.push_back(example.text);
    SecretScanner scanner(built_in_rules());
    std::mt19937 random(4);
    const auto below = [&](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
    };
    for (int round = 0; round < 60; ++round) {
        std::string text;
        for (std::size_t i = 0; i < 60; ++i) text += pieces[below(i % 2 == 0 ? 16 : pieces.size())];
        for (std::size_t i = 0; i < text.size() / 200; ++i) text[below(text.size())] = static_cast<char>(below(256));
        expect_same(scanner, text, "round " + std::to_string(round));
    }
}

TEST(SecretDifferential, ThisRepository) {
    SecretScanner scanner(built_in_rules());
    std::size_t bytes = 0;
    for (const auto* folder : {"src", "test", "docs"})
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(std::filesystem::path(SALLYPORT_SOURCE_DIR) / folder)) {
            if (!entry.is_regular_file()) continue;
            const auto text = read_file(entry.path(), 16u << 20);
            ASSERT_TRUE(text) << text.error().message;
            bytes += text->size();
            expect_same(scanner, *text, entry.path().filename().string());
        }
    EXPECT_GT(bytes, 1u << 20);
}

} // namespace
} // namespace sallyport::content
