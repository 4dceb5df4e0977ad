#include "content/index_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sallyport::content {
namespace {

struct Attribute : testing::Test, IndexFolder {
    static constexpr std::string_view engine = "git.acme.example/core/engine", site = "git.acme.example/web/site";
};

TEST_F(Attribute, LinesOfAFileAreFoundWithTheirPlace) {
    const std::string engine_text = source(1, 200);
    put(engine, {{"src/engine.cpp", engine_text}, {"src/other.cpp", source(2, 100)}});
    put(site, {{"index.js", source(3, 100)}}, window_wide);
    const std::string before = "Please explain this to me:\n", snippet = lines_of(engine_text, 41, 10);
    const auto found = find(before + snippet + "Thank you.");
    ASSERT_EQ(found.matches.size(), 1u);
    const Attribution& match = found.matches[0];
    EXPECT_EQ(match.document, id_of(engine_text));
    ASSERT_EQ(match.places.size(), 1u);
    EXPECT_EQ(match.places[0].repository, engine);
    EXPECT_EQ(match.places[0].path, "src/engine.cpp");
    EXPECT_EQ(match.first_line, 41u);
    EXPECT_EQ(match.last_line, 50u);
    EXPECT_EQ(match.begin, before.size() + snippet.find_first_not_of(' '));
    EXPECT_EQ(match.end, before.size() + snippet.rfind(')'));
    EXPECT_EQ(match.longest, match.characters);
    EXPECT_GT(match.share, 0.8);
    EXPECT_TRUE(found.common.empty());
}

TEST_F(Attribute, WhatIsNotInTheIndexIsNotFound) {
    put(engine, {{"src/engine.cpp", source(1, 200)}});
    const auto found = find(source(9, 500));
    EXPECT_TRUE(found.matches.empty());
    EXPECT_TRUE(found.common.empty());
    EXPECT_TRUE(find("").matches.empty());
}

TEST_F(Attribute, EveryRunOfSixtyIsFoundAndNoneOfFewer) {
    NormalisedDocument document;
    normalise_document(source(1, 200), document);
    put(engine, {{"a", document.text}});
    for (std::size_t at = 0; at + 60 < document.text.size(); at += 7) {
        const auto found = find("?" + document.text.substr(at, 60) + "?");
        ASSERT_EQ(found.matches.size(), 1u) << at;
        ASSERT_EQ(found.matches[0].characters, 60u) << at;
        ASSERT_TRUE(find(document.text.substr(at, 59)).matches.empty()) << at;
    }
}

TEST_F(Attribute, TheWideWindowFindsEveryRunOfNinetyThree) {
    NormalisedDocument document;
    normalise_document(source(1, 200), document);
    put(engine, {{"a", document.text}}, window_wide);
    for (std::size_t at = 0; at + 93 < document.text.size(); at += 7)
        ASSERT_EQ(find("?" + document.text.substr(at, 93) + "?").matches.size(), 1u) << at;
}

TEST_F(Attribute, NumberedIndentedAndQuotedLinesAreTheSameLines) {
    const std::string text = source(1, 100);
    put(engine, {{"a", text}});
    for (const std::string_view separator : {"->", "\u2192", "\t", ": ", "|"}) {
        std::string numbered;
        std::size_t number = 20;
        for (std::size_t line = 20; line < 40; ++line)
            numbered += fmt::format("{:6}{}{}", number++, separator, lines_of(text, line, 1));
        const auto found = find(numbered);
        ASSERT_EQ(found.matches.size(), 1u) << separator;
        EXPECT_EQ(found.matches[0].first_line, 20u);
        EXPECT_EQ(found.matches[0].last_line, 39u);
        EXPECT_EQ(found.matches[0].longest, found.matches[0].characters);
    }
    std::string patch;
    for (std::size_t line = 20; line < 30; ++line) patch += "+\t" + lines_of(text, line, 1);
    EXPECT_EQ(find(patch).matches.size(), 1u);
}

TEST_F(Attribute, RenamedIdentifiersLeaveAMatch) {
    const std::string text = source(1, 100);
    put(engine, {{"a", text}});
    std::string renamed = lines_of(text, 31, 10);
    // One name in each of three lines.
    for (const std::size_t line : {2, 5, 8}) {
        const std::string old = lines_of(renamed, line, 1);
        std::string now = old;
        now.replace(now.find_first_not_of(' '), now.find('=') - 1 - now.find_first_not_of(' '), "other");
        renamed.replace(renamed.find(old), old.size(), now);
    }
    const auto found = find(renamed);
    ASSERT_EQ(found.matches.size(), 1u);
    EXPECT_EQ(found.matches[0].first_line, 31u);
    EXPECT_EQ(found.matches[0].last_line, 40u);
    EXPECT_LT(found.matches[0].longest, found.matches[0].characters);
}

TEST_F(Attribute, APublicHeaderIsCommonAndTheSecretBelowItIsNot) {
    const std::string licence = source(7, 12), secret = source(1, 40);
    put(engine, {{"secret.c", licence + secret}});
    put("github.com/some/project", {{"project.c", licence + source(8, 50)}});
    open_repositories = {"github.com/some/project"};
    const auto whole = find(licence + secret);
    ASSERT_EQ(whole.matches.size(), 1u);
    EXPECT_EQ(whole.matches[0].first_line, 13u);
    EXPECT_EQ(whole.matches[0].last_line, 52u);
    const auto header = find(licence);
    EXPECT_TRUE(header.matches.empty());
    ASSERT_FALSE(header.common.empty());
    EXPECT_EQ(header.common[0].common, Common::public_repository);
    EXPECT_EQ(header.common[0].last_line, 12u);
}

TEST_F(Attribute, TheSameFileInAPublicRepositoryIsCommon) {
    const std::string text = source(1, 40);
    put(engine, {{"vendored.c", text}});
    put("github.com/some/project", {{"project.c", text}});
    EXPECT_EQ(find(text).matches.size(), 1u);
    EXPECT_EQ(find(text).matches[0].places.size(), 2u);
    open_repositories = {"github.com/some/project"};
    EXPECT_TRUE(find(text).matches.empty());
    ASSERT_EQ(find(text).common.size(), 1u);
    EXPECT_EQ(find(text).common[0].common, Common::public_repository);
}

TEST_F(Attribute, WhatStandsInEightRepositoriesIsCommon) {
    const std::string shared = source(1, 8);
    for (unsigned i = 0; i < 7; ++i) put(fmt::format("git.acme.example/{}", i), {{"a", shared + source(10 + i, 20)}});
    EXPECT_FALSE(find(shared).matches.empty());
    put("git.acme.example/7", {{"a", shared + source(30, 20)}});
    const auto found = find(shared);
    EXPECT_TRUE(found.matches.empty());
    ASSERT_FALSE(found.common.empty());
    EXPECT_EQ(found.common[0].common, Common::many_repositories);
    EXPECT_EQ(find(shared + lines_of(source(30, 20), 5, 10)).matches.size(), 1u);
}

TEST_F(Attribute, AWholeFileIsNoIdiomHoweverManyCopiesThereAre) {
    const std::string whole = source(1, 60);
    for (unsigned i = 0; i < 12; ++i) put(fmt::format("git.acme.example/fork-{}", i), {{"a", whole}});
    ASSERT_FALSE(find(whole).matches.empty());
    EXPECT_GT(find(whole).matches[0].characters, 1'000u);
}

TEST_F(Attribute, WhatStandsInManyFilesOfOneRepositoryIsCommonButNotItsVersions) {
    const std::string header = source(1, 6), kept = source(2, 20);
    std::vector<File> files, versions;
    for (unsigned i = 0; i < 80; ++i) {
        files.push_back({fmt::format("file{}", i), header + source(100 + i, 20)});
        versions.push_back({"one-file", kept + source(300 + i, 3)});
    }
    put(engine, files);
    put(site, versions);
    const auto found = find(header);
    EXPECT_TRUE(found.matches.empty());
    ASSERT_FALSE(found.common.empty());
    EXPECT_EQ(found.common[0].common, Common::many_places);
    EXPECT_FALSE(find(lines_of(kept, 3, 12)).matches.empty());
    EXPECT_FALSE(find(files[40].text).matches.empty());
}

TEST_F(Attribute, WordsThatManyFilesGoOnFromDifferentlyLeadToTheRightOne) {
    NormalisedDocument shared, all;
    normalise_document(source(1, 3), shared);
    const std::string words = shared.text.substr(0, 45);
    std::vector<File> files;
    for (unsigned i = 0; i < 8; ++i) {
        normalise_document(source(10 + i, 20 + i), all); // larger ones are looked at later
        files.push_back({fmt::format("file{}", i), all.text.substr(0, 200) + words + all.text.substr(200)});
    }
    put(engine, files);
    // Texts of sixty bytes whose one fingerprint is of the words.
    const std::string long_text = source(1'000, 900);
    std::size_t asked = 0;
    for (std::size_t i = 5 * 15; i < 8 * 15; ++i) {
        const File& file = files[i / 15];
        const std::size_t at = 185 + i % 15;
        const std::string text = file.text.substr(at, 60);
        std::vector<Fingerprint> fingerprints;
        winnow(text, window_narrow, fingerprints);
        const std::size_t gram = at + fingerprints.at(0).position;
        if (fingerprints.size() != 1 || gram < 200 || gram + gram_bytes > 245) continue;
        ++asked;
        const auto found = find(long_text + text); // of a long text fewer documents are read
        ASSERT_EQ(found.matches.size(), 1u) << i;
        EXPECT_EQ(found.matches[0].places[0].path, file.path);
    }
    EXPECT_GT(asked, 0u);
}

TEST_F(Attribute, PatternsThatAnybodyWritesAreNoMatch) {
    std::string zeros = "int table[] = {";
    for (int i = 0; i < 200; ++i) zeros += "0x00, ";
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/ABCDEFGHIJKLMNOPQ";
    put(engine, {{"zeros.c", zeros}, {"base64.c", alphabet}});
    for (const std::string& text : {zeros.substr(20), alphabet}) {
        const auto found = find(text);
        EXPECT_TRUE(found.matches.empty());
        ASSERT_FALSE(found.common.empty());
        EXPECT_EQ(found.common[0].common, Common::repetitive);
    }
}

TEST_F(Attribute, TheFileThatHasMostOfItComesFirst) {
    const std::string shared = source(1, 10);
    put(engine, {{"a", source(2, 10) + shared}, {"b", source(3, 10) + shared + source(4, 10)}});
    put(site, {{"c", source(5, 5) + shared}});
    const auto found = find(shared + lines_of(source(4, 10), 1, 5));
    ASSERT_GE(found.matches.size(), 1u);
    EXPECT_EQ(found.matches[0].places[0].path, "b");
}

TEST_F(Attribute, OtherScriptsAreFound) {
    const std::string text =
        "Договор о поставке оборудования заключён между сторонами на срок пять лет и может быть продлён";
    put(engine, {{"договор.txt", text}});
    EXPECT_EQ(find("> " + text.substr(0, 120)).matches.size(), 1u);
}

TEST_F(Attribute, TwoPartsOfAFileApartAreToldApart) {
    const std::string text = source(1, 200);
    put(engine, {{"a", text}});
    const auto found = find(lines_of(text, 150, 10) + source(2, 60) + lines_of(text, 20, 10));
    ASSERT_EQ(found.matches.size(), 2u);
    EXPECT_NE(found.matches[0].first_line, found.matches[1].first_line);
}

} // namespace
} // namespace sallyport::content
