#include "content/code_search.h"

#include "content/winnow.h"
#include "crypto/crypto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <unistd.h>

namespace sallyport::content {
namespace {

std::string word(std::mt19937& random) {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
    std::string out;
    for (auto i = 3 + random() % 6; i > 0; --i) out += letters[random() % letters.size()];
    return out;
}

// Code that nobody else has.
std::string made_up_code(unsigned seed, std::size_t lines) {
    std::mt19937 random(seed);
    std::string out;
    for (std::size_t i = 0; i < lines; ++i)
        out += "    " + word(random) + "_" + word(random) + " = " + word(random) + "(" + word(random) + ", " +
               std::to_string(random() % 1000) + ");\n";
    return out;
}

std::string lines_of(const std::string& text, std::size_t first, std::size_t count) {
    std::size_t at = 0;
    for (std::size_t i = 1; i < first; ++i) at = text.find('\n', at) + 1;
    std::size_t end = at;
    for (std::size_t i = 0; i < count; ++i) end = text.find('\n', end) + 1;
    return text.substr(at, end - at);
}

TEST(Winnow, ARunOfOneWindowSharesAFingerprintWithEitherWindow) {
    std::mt19937 random(1);
    for (int round = 0; round < 400; ++round) {
        const std::size_t window = round % 2 == 0 ? narrow_window : wide_window;
        const unsigned letters = round % 3 == 0 ? 2 : 26; // many equal grams, or hardly any
        const auto text = [&](std::size_t size) {
            std::string out;
            while (out.size() < size) out += static_cast<char>('a' + random() % letters);
            return out;
        };
        const std::string shared = text(window + gram_bytes - 1);
        const std::string a = text(random() % 300) + shared + text(random() % 300),
                          b = text(random() % 300) + shared + text(random() % 300);
        std::vector<Fingerprint> indexed, asked;
        winnow(a, window, indexed);
        winnow(b, narrow_window, asked);
        bool found = false;
        for (const auto& one : indexed)
            for (const auto& other : asked)
                found =
                    found || (one.hash == other.hash && a.compare(one.at, gram_bytes, b, other.at, gram_bytes) == 0);
        ASSERT_TRUE(found) << round;
    }
}

TEST(Normalise, LeavesOutLayoutAndTheNumbersOfLines) {
    Normalised plain, other;
    normalise("int Main(void) {\n  return 1;\n}\n", LineNumbers::leave_out, plain);
    EXPECT_EQ(plain.text, "intmainvoidreturn1");
    EXPECT_EQ(plain.offsets[3], 4U);
    for (const std::string text :
         {"1\tint main(void) {\r\n2\t  return 1;\r\n3\t}\n4\t",
          "     7\xE2\x86\x92int main(void)\n     8\xE2\x86\x92{ return 1; }\n",
          "<content>\n1: int main(void) {\n2:   return 1;\n3: }\n</content>", "12->int main(void)\n13->{return 1;}"}) {
        normalise(text, LineNumbers::leave_out, other);
        EXPECT_NE(other.text.find("intmainvoidreturn1"), std::string::npos) << text;
    }
    normalise("case\n1: a\n", LineNumbers::leave_out, other);
    EXPECT_EQ(other.text, "case1a");
    normalise("\xC3\x84 \xD0\xB8", LineNumbers::leave_out, other);
    EXPECT_EQ(other.text, "\xC3\x84\xD0\xB8");
}

class CodeSearchTest : public testing::Test {
protected:
    void SetUp() override { std::filesystem::remove_all(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void index(const std::string& repository, std::size_t window,
               const std::vector<std::pair<std::string, std::string>>& files) {
        auto writer = IndexWriter::open(folder_);
        ASSERT_TRUE(writer) << writer.error().message;
        writer->begin(repository, window);
        for (const auto& [path, text] : files) {
            DocumentDigest digest{};
            const auto sum = crypto::sha256(text);
            std::copy(sum.begin(), sum.end(), digest.begin());
            writer->place(digest, path);
            if (!writer->knows(digest)) ASSERT_TRUE(writer->add(digest, text));
        }
        ASSERT_TRUE(writer->finish());
    }
    std::vector<CodeMatch> find(const std::string& text, const std::vector<std::string>& open = {}) {
        auto loaded = CodeIndex::load(folder_);
        EXPECT_TRUE(loaded) << loaded.error().message;
        index_ = *loaded;
        std::vector<bool> flags;
        for (const auto& name : index_->repositories()) flags.push_back(std::ranges::find(open, name) != open.end());
        CodeSearch search(index_, flags);
        std::vector<CodeMatch> out;
        EXPECT_TRUE(search.find(text, out));
        return out;
    }
    std::string where(const CodeMatch& match) const {
        return index_->repositories()[match.places.front().repository] + ":" + match.places.front().path + ":" +
               std::to_string(match.first_line) + "-" + std::to_string(match.last_line);
    }

    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("sallyport-index-" + std::to_string(::getpid()));
    std::shared_ptr<const CodeIndex> index_;
};

TEST_F(CodeSearchTest, FindsLinesWhereTheyStandHoweverTheyAreLaidOut) {
    const std::string engine = made_up_code(1, 400), other = made_up_code(2, 400);
    index("git.acme.example/core/engine", narrow_window, {{"src/engine.c", engine}, {"src/other.c", other}});
    for (const std::string& text : {lines_of(engine, 101, 10), "see:\n\t" + lines_of(engine, 101, 10) + "\nthanks",
                                    made_up_code(9, 50) + lines_of(engine, 101, 10) + made_up_code(8, 50)}) {
        const auto found = find(text);
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(where(found[0]), "git.acme.example/core/engine:src/engine.c:101-110");
        EXPECT_FALSE(found[0].common);
        EXPECT_GE(found[0].longest_run, 150U);
        EXPECT_NE(text.substr(found[0].begin, found[0].end - found[0].begin).find(lines_of(engine, 103, 5)),
                  std::string::npos);
    }
    std::string numbered;
    for (std::size_t i = 0; i < 20; ++i) numbered += std::to_string(101 + i) + "\t" + lines_of(engine, 101 + i, 1);
    const auto found = find(numbered);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(where(found[0]), "git.acme.example/core/engine:src/engine.c:101-120");
    EXPECT_TRUE(find(made_up_code(3, 1'000)).empty());
    EXPECT_TRUE(find("").empty());
    EXPECT_TRUE(find(std::string(100'000, 'a')).empty());
}

TEST_F(CodeSearchTest, FindsEveryRunOfSixtyAndReworkedCode) {
    const std::string engine = made_up_code(1, 2'000);
    index("r.example/engine", narrow_window, {{"engine.c", engine}});
    std::string normal;
    normalise_lines(engine, normal);
    std::erase(normal, '\n');
    std::mt19937 random(3);
    for (int round = 0; round < 300; ++round) {
        const std::size_t at = random() % (normal.size() - 60);
        EXPECT_EQ(find("zq" + normal.substr(at, 60) + "zq").size(), 1U) << at;
    }
    int found = 0;
    for (int round = 0; round < 100; ++round) { // one word of ten is renamed
        std::string text = lines_of(engine, 1 + random() % 1'900, 10), reworked;
        for (std::size_t i = 0; i < text.size();) {
            std::size_t end = i;
            while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end]))) ++end;
            if (end == i) {
                reworked += text[i++];
                continue;
            }
            reworked += random() % 10 == 0 ? "renamed" : text.substr(i, end - i);
            i = end;
        }
        found += find(reworked).empty() ? 0 : 1;
    }
    EXPECT_GE(found, 90);
}

TEST_F(CodeSearchTest, WhatIsOpenElsewhereIsCommonAndTheRestIsNot) {
    const std::string licence = made_up_code(5, 20), secret = made_up_code(6, 40);
    index("git.acme.example/core/engine", narrow_window, {{"engine.c", licence + secret}});
    index("github.com/acme/website", wide_window, {{"LICENCE", licence + made_up_code(7, 30)}});
    const std::vector<std::string> open = {"github.com/acme/website"};
    auto found = find(licence, open);
    for (const auto& one : found) EXPECT_TRUE(one.common) << where(one);
    EXPECT_FALSE(found.empty());
    found = find(licence + secret, open);
    ASSERT_GE(found.size(), 1U);
    EXPECT_FALSE(found[0].common);
    EXPECT_EQ(where(found[0]), "git.acme.example/core/engine:engine.c:1-60");
    found = find(licence);
    EXPECT_TRUE(std::ranges::any_of(found, [](const CodeMatch& one) { return !one.common; })) << "nothing is open";
    for (int i = 0; i < 8; ++i)
        index("git.acme.example/tool" + std::to_string(i), wide_window, {{"copied.c", lines_of(secret, 1, 30)}});
    for (const auto& one : find(lines_of(secret, 5, 20))) EXPECT_TRUE(one.common) << where(one);
    EXPECT_FALSE(find(lines_of(secret, 20, 20))[0].common) << "ten lines more than the others have";
}

TEST_F(CodeSearchTest, ARepositoryThatIsIndexedAgainCostsOnlyWhatIsNew) {
    const std::string a = made_up_code(1, 100), b = made_up_code(2, 100), c = made_up_code(3, 100);
    index("r.example/one", narrow_window, {{"a", a}, {"b", b}});
    const auto size = [&] { return std::distance(std::filesystem::directory_iterator(folder_ / "segments"), {}); };
    EXPECT_EQ(size(), 1);
    index("r.example/one", narrow_window, {{"a", a}, {"moved", b}});
    EXPECT_EQ(size(), 1);
    EXPECT_EQ(where(find(b)[0]), "r.example/one:moved:1-100");
    index("r.example/two", wide_window, {{"copy", a}, {"c", c}});
    EXPECT_EQ(find(a)[0].places.size(), 2U);
    index("r.example/one", narrow_window, {{"a", a}});
    EXPECT_TRUE(find(b).empty()) << "it stands nowhere any more";
    index("r.example/one", narrow_window, {{"c", c}});
    EXPECT_EQ(size(), 3) << "what was indexed coarsely is indexed finely where that is asked for";
}

TEST_F(CodeSearchTest, DamageIsAnErrorThatNamesTheFile) {
    index("r.example/one", narrow_window, {{"a", made_up_code(1, 500)}});
    const auto file = std::filesystem::directory_iterator(folder_ / "segments")->path();
    std::string bytes(std::filesystem::file_size(file), '\0');
    std::ifstream(file, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        std::string broken = bytes;
        if (round % 4 == 0)
            broken.resize(random() % broken.size());
        else
            broken[random() % broken.size()] ^= static_cast<char>(1 + random() % 255);
        std::ofstream(file, std::ios::binary | std::ios::trunc)
            .write(broken.data(), static_cast<std::streamsize>(broken.size()));
        const auto loaded = CodeIndex::load(folder_);
        if (loaded) { // only in what stands between parts
            std::vector<CodeMatch> out;
            CodeSearch search(*loaded, {false});
            search.find(made_up_code(1, 500), out);
        } else {
            ASSERT_NE(loaded.error().message.find(file.filename().string()), std::string::npos)
                << loaded.error().message;
        }
    }
}

} // namespace
} // namespace sallyport::content
