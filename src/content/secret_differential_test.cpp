// Hyperscan and RE2 find the same: over texts made of the rules' own examples, whole and damaged, and over this repository.
#include "base/file.h"
#include "content/secret_fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>
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

std::vector<std::string> all_examples() {
    std::vector<std::string> texts;
    const auto files = built_in_secret_rules().value();
    for (const auto& file : files)
        for (const auto& rule : file.rules)
            for (const auto& example : rule.examples) texts.push_back(example.text);
    return texts;
}

TEST(SecretDifferential, ExamplesWholeAndDamaged) {
    std::vector<std::string> pieces = {
        "\n", "\r\n", " ",        "\v",    "\"",  "'",      "\\n",  "\xC3\xA9", std::string(1, '\0'),
        "=",  ": ",   "password", "token", "key", "sentry", "-----"};
    for (std::string& example : all_examples()) pieces.push_back(std::move(example));
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

// SALLYPORT_DIFFERENTIAL_MB of what a machine holds (8 without), with examples of the rules in it, whole and damaged.
TEST(SecretDifferential, WhatThisMachineHolds) {
    const char* const wanted = std::getenv("SALLYPORT_DIFFERENTIAL_MB");
    const std::size_t bytes_wanted = (wanted == nullptr ? 8 : std::stoul(wanted)) * 1'000'000;
    const std::vector<std::string> examples = all_examples();
    SecretScanner scanner(built_in_rules());
    std::mt19937 random(5);
    const auto below = [&](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
    };
    std::size_t bytes = 0, findings = 0;
    std::vector<Found> found, second;
    for (int round = 0; bytes < bytes_wanted && round < 100; ++round) // again, with other examples at other places
        for (const auto* folder : {"/usr/include", "/usr/lib/python3", "/usr/share/perl", "/usr/share/doc"}) {
            const auto quietly = std::filesystem::directory_options::skip_permission_denied;
            std::error_code code;
            for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, quietly, code)) {
                if (bytes >= bytes_wanted) break;
                if (entry.is_symlink(code) || !entry.is_regular_file(code)) continue;
                auto text = read_file(entry.path(), 1u << 20);
                if (!text) continue;
                for (std::size_t i = 0; i <= text->size() / 4'096; ++i) {
                    std::string example = examples[below(examples.size())];
                    if (below(2) == 0) example[below(example.size())] = static_cast<char>(below(256));
                    text->insert(below(text->size() + 1), example);
                }
                bytes += text->size();
                found.clear();
                second.clear();
                scanner.scan(*text, {}, found);
                scanner.scan_with_re2_only(*text, {}, second);
                ASSERT_EQ(found, second) << entry.path() << " in round " << round;
                findings += found.size();
            }
        }
    EXPECT_GE(bytes, bytes_wanted);
    EXPECT_GT(findings, bytes / 100'000);
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
