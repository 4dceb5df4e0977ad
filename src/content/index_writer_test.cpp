#include "base/file.h"
#include "base/limits.h"
#include "content/index_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sallyport::content {
namespace {

constexpr std::string_view engine = "git.acme.example/core/engine", site = "git.acme.example/web/site";

struct WriteIndex : testing::Test, IndexFolder {
    std::shared_ptr<const CodeIndex> open() const {
        auto index = CodeIndex::open(folder);
        EXPECT_TRUE(index) << index.error().message;
        return *index;
    }
    std::size_t files(std::string_view extension) const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            count += entry.path().extension() == extension ? 1 : 0;
        return count;
    }
    // Every file of the index, damaged by `damage`, is refused by name or read without a change.
    template <class Damage> void damage_each(Damage damage) {
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            const std::string name = entry.path().filename().string();
            const auto whole = read_file(entry.path(), 1u << 26);
            ASSERT_TRUE(whole);
            if (whole->empty()) continue; // the lock
            std::string bytes = *whole;
            damage(bytes);
            ASSERT_TRUE(replace_file(entry.path(), bytes, 0600));
            const auto index = CodeIndex::open(folder);
            if (!index) {
                EXPECT_NE(index.error().message.find(name), std::string::npos) << index.error().message;
            } else { // texts are checked when they are read
                Attributed found;
                Attributor(*index, [](std::string_view) { return false; }).find(source(1, 60), found);
                EXPECT_NE(found.incomplete.find(name), std::string::npos) << name << ": " << found.incomplete;
            }
            ASSERT_TRUE(replace_file(entry.path(), *whole, 0600));
        }
    }
};

TEST_F(WriteIndex, AFolderThatIsNotThereIsAnEmptyIndex) {
    EXPECT_EQ(open()->segments(), 0u);
    EXPECT_TRUE(find(source(1, 20)).matches.empty());
}

TEST_F(WriteIndex, ContentThatIsKnownCostsAPlaceAndNoSegment) {
    const std::string text = source(1, 50);
    put(engine, {{"a.c", text}});
    put(site, {{"copy.c", text}, {"copies/again.c", text}});
    EXPECT_EQ(files(".seg"), 1u);
    const auto found = find(text);
    ASSERT_EQ(found.matches.size(), 1u);
    EXPECT_EQ(found.matches[0].places.size(), 3u);
    auto writer = IndexWriter::open(folder);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->begin(engine, window_wide));
    EXPECT_TRUE((*writer)->knows(id_of(text)));
    EXPECT_FALSE((*writer)->knows(id_of("other")));
}

TEST_F(WriteIndex, ARepositoryThatBecomesStricterIsFingerprintedMoreClosely) {
    NormalisedDocument document;
    normalise_document(source(1, 100), document);
    const auto all_found = [&] {
        for (std::size_t at = 0; at + 60 < document.text.size(); at += 31)
            if (find(document.text.substr(at, 60)).matches.size() != 1) return false;
        return true;
    };
    put(engine, {{"a", document.text}}, window_wide);
    EXPECT_FALSE(all_found());
    put(engine, {{"a", document.text}}, window_narrow);
    EXPECT_TRUE(all_found());
}

TEST_F(WriteIndex, WhatIsNotListedAgainStandsThereNoLonger) {
    const std::string old_text = source(1, 50), kept = source(2, 50), fresh = source(3, 50);
    put(engine, {{"old.c", old_text}, {"kept.c", kept}});
    put(engine, {{"moved.c", kept}, {"new.c", fresh}});
    EXPECT_TRUE(find(old_text).matches.empty());
    ASSERT_EQ(find(kept).matches.size(), 1u);
    EXPECT_EQ(find(kept).matches[0].places[0].path, "moved.c");
    EXPECT_EQ(find(fresh).matches.size(), 1u);
    EXPECT_EQ(files(".list"), 1u);
}

TEST_F(WriteIndex, ARemovedRepositoryIsNotFoundAndAnOpenIndexStaysAsItWas) {
    const std::string text = source(1, 50);
    put(engine, {{"a.c", text}});
    const auto before = open();
    auto writer = IndexWriter::open(folder);
    ASSERT_TRUE(writer);
    (*writer)->remove(engine);
    ASSERT_TRUE((*writer)->commit());
    EXPECT_TRUE(find(text).matches.empty());
    Attributed found;
    Attributor(before, [](std::string_view) { return false; }).find(text, found);
    EXPECT_EQ(found.matches.size(), 1u);
}

TEST_F(WriteIndex, MergingKeepsWhatStandsSomewhereAndDropsTheRest) {
    for (unsigned i = 0; i < 12; ++i) put(fmt::format("git.acme.example/{}", i), {{"a.c", source(i, 40)}});
    EXPECT_EQ(open()->segments(), 12u);
    auto writer = IndexWriter::open(folder);
    ASSERT_TRUE(writer);
    (*writer)->remove("git.acme.example/3");
    ASSERT_TRUE((*writer)->commit());
    const auto merged = (*writer)->merge();
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_TRUE(*merged);
    ASSERT_EQ(open()->segments(), 1u);
    EXPECT_EQ(files(".seg"), 1u);
    EXPECT_EQ(open()->segment(0).documents(), 11u);
    for (unsigned i = 0; i < 12; ++i) {
        const auto found = find(lines_of(source(i, 40), 11, 10));
        ASSERT_EQ(found.matches.size(), i == 3 ? 0u : 1u) << i;
        if (i == 3) continue;
        EXPECT_EQ(found.matches[0].first_line, 11u);
        EXPECT_EQ(found.matches[0].last_line, 20u);
    }
    EXPECT_FALSE(*(*writer)->merge());
}

TEST_F(WriteIndex, NothingIsSeenBeforeTheCommitAndNothingIsLeftWithoutOne) {
    put(engine, {{"a.c", source(1, 50)}});
    const auto count = [&] { return std::distance(std::filesystem::directory_iterator(folder), {}); };
    const auto before = count();
    {
        auto writer = IndexWriter::open(folder);
        ASSERT_TRUE(writer);
        ASSERT_TRUE((*writer)->begin(site, window_narrow));
        ASSERT_TRUE((*writer)->add(id_of(source(2, 50)), "b.c", source(2, 50)));
        EXPECT_TRUE(find(source(2, 50)).matches.empty());
    }
    EXPECT_EQ(count(), before);
    EXPECT_EQ(find(source(1, 50)).matches.size(), 1u);
}

TEST_F(WriteIndex, OnlyOneWriterIsAtWork) {
    const auto first = IndexWriter::open(folder);
    ASSERT_TRUE(first);
    const auto second = IndexWriter::open(folder);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
}

TEST_F(WriteIndex, DocumentsBeyondTheLimitAreRefusedInWords) {
    auto writer = IndexWriter::open(folder);
    ASSERT_TRUE(writer);
    EXPECT_FALSE((*writer)->add(id_of("a"), "a", "a")); // of no repository
    ASSERT_TRUE((*writer)->begin(engine, window_narrow));
    const auto large = (*writer)->add(id_of("a"), "a", std::string(limits::index_document_bytes_max + 1, 'a'));
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().kind, ErrorKind::too_large);
    EXPECT_FALSE((*writer)->add(id_of("b"), std::string(limits::index_path_bytes_max + 1, 'a'), "b"));
    ASSERT_TRUE((*writer)->commit());
    EXPECT_EQ(open()->segments(), 0u);
}

TEST_F(WriteIndex, DamageIsNamed) {
    put(engine, {{"a.c", source(1, 60)}, {"b.c", source(2, 60)}});
    damage_each([](std::string& bytes) { bytes.resize(bytes.size() / 2); });
    damage_each([](std::string& bytes) { bytes.resize(bytes.size() - 1); });
    damage_each([](std::string& bytes) { bytes[5] = static_cast<char>(bytes[5] ^ 1); });
    for (int part = 1; part < 40; ++part)
        damage_each([&](std::string& bytes) {
            char& byte = bytes[bytes.size() * static_cast<std::size_t>(part) / 40];
            byte = static_cast<char>(byte ^ 4);
        });
}

TEST_F(WriteIndex, AMissingFileIsNamed) {
    put(engine, {{"a.c", source(1, 60)}});
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".seg") std::filesystem::remove(entry.path());
    const auto index = CodeIndex::open(folder);
    ASSERT_FALSE(index);
    EXPECT_NE(index.error().message.find(".seg"), std::string::npos);
}

TEST_F(WriteIndex, RunsThatDoNotFitInMemoryMakeTheSameSegment) {
    std::filesystem::create_directories(folder);
    std::string segments[2];
    for (const bool small : {false, true}) {
        const auto file = folder / (small ? "small.seg" : "large.seg");
        auto writer = SegmentWriter::create(file);
        ASSERT_TRUE(writer);
        if (small) (*writer)->postings().set_run_max(100);
        NormalisedDocument document;
        for (unsigned i = 0; i < 30; ++i) {
            const std::string text = source(i % 20, 60) + std::to_string(i);
            normalise_document(text, document);
            ASSERT_TRUE((*writer)->add(id_of(text), i, window_narrow, document.text, document.lines));
        }
        const auto finished = (*writer)->finish();
        ASSERT_TRUE(finished) << finished.error().message;
        segments[small] = *read_file(file, 1u << 26);
    }
    EXPECT_EQ(segments[0], segments[1]);
    EXPECT_EQ(files(".runs"), 0u);
}

} // namespace
} // namespace sallyport::content
