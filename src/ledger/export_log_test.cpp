// A ledger as a log in a folder, and logs in folders read again: whatever is done to a file is found and named.
#include "ledger/export_log.h"

#include "base/file.h"
#include "ledger/checkpoint_file.h"
#include "ledger/folder_test.h"
#include "ledger/import_log.h"
#include "tlog/lines.h"
#include "tlog/tile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sys/stat.h>

namespace sallyport::ledger {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t size = 700;

std::string entry_at(std::uint64_t i) { return "{\"entry\":" + std::to_string(i) + ",\"at\":\"some time\"}"; }

class ExportTest : public testing::Test {
protected:
    static void grow(const LedgerFolder& folder, std::uint64_t count) {
        auto options = folder.options();
        options.segment_bytes_max = 6'000;
        auto writer = Writer::open(options);
        ASSERT_TRUE(writer) << writer.error().message;
        for (std::uint64_t i = (*writer)->recovery().next_index; i < count; ++i)
            ASSERT_TRUE((*writer)->append(entry_at(i)));
    }
    void SetUp() override { grow(folder_, size); }

    fs::path target() const { return folder_.ledger().parent_path() / "exported"; }
    Result<Exported> exported(const LedgerFolder& folder, const fs::path& into) const {
        return export_log({.directory = folder.ledger(), .target = into, .keys = {LedgerFolder::signer()->verifier()}});
    }
    Result<Exported> exported() const { return exported(folder_, target()); }
    Imported imported(const std::vector<crypto::NoteVerifier>& keys = {LedgerFolder::signer()->verifier()}) const {
        auto found = import_log({.directory = target(), .keys = keys});
        EXPECT_TRUE(found) << found.error().message;
        return found ? std::move(*found) : Imported{};
    }
    // "entry 17-17 file sentence", one a line
    static std::string told(const Imported& found) {
        std::string out;
        for (const Problem& one : found.problems)
            out += one.kind + " " + (one.first ? std::to_string(*one.first) + "-" + std::to_string(*one.last) : "") +
                   " " + one.sentence + "\n";
        return out;
    }
    std::vector<fs::path> files() const {
        std::vector<fs::path> out;
        for (const auto& one : fs::recursive_directory_iterator(target()))
            if (one.is_regular_file()) out.push_back(one.path().lexically_relative(target()));
        std::ranges::sort(out);
        return out;
    }
    std::string content(const fs::path& file) const { return *read_file(target() / file, 1u << 30); }
    void put(const fs::path& file, std::string_view bytes) const {
        std::ofstream(target() / file, std::ios::binary | std::ios::trunc) << bytes; // no sync: these are many
    }
    // Other text, signed by the log's own key.
    void put_checkpoint(const std::string& text) const {
        crypto::Note note{text, {}};
        crypto::sign(note, *LedgerFolder::signer());
        put("checkpoint", crypto::encode(note));
    }
    LedgerFolder folder_;
};

TEST_F(ExportTest, TheWholeLedgerIsThereAndFits) {
    const auto made = exported();
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->checkpoint.size, size);
    EXPECT_EQ(made->files_written, 7u);
    std::string names;
    for (const fs::path& file : files()) names += file.string() + " ";
    EXPECT_EQ(names, "checkpoint tile/0/000 tile/0/001 tile/0/002.p/188 tile/1/000.p/2 tile/entries/000 "
                     "tile/entries/001 tile/entries/002.p/188 ");
    for (const fs::path& file : files()) {
        struct stat status{}, above{};
        ASSERT_EQ(::stat((target() / file).c_str(), &status), 0);
        ASSERT_EQ(::stat((target() / file).parent_path().c_str(), &above), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600u) << file;
        EXPECT_EQ(above.st_mode & 0777, 0700u) << file;
    }
    const Imported found = imported();
    EXPECT_EQ(told(found), "");
    EXPECT_EQ(found.entries, size);
    EXPECT_EQ(found.trusted, (std::vector<EntryRange>{{0, size - 1}}));
    EXPECT_EQ(found.signers, (std::vector<std::string>{"sallyport/k3f9x2ab"}));
    const auto bundle = content("tile/entries/002.p/188");
    const auto entries = tlog::read_entries(bundle, 188);
    EXPECT_EQ(entries.problem, "");
    EXPECT_EQ(entries.entries.back(), entry_at(size - 1));
}

TEST_F(ExportTest, GoesOnWithWhatIsThere) {
    ASSERT_TRUE(exported());
    const auto before = fs::last_write_time(target() / "tile/entries/001");
    grow(folder_, 1'100);
    const auto made = exported();
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->files_kept, 4u);
    EXPECT_EQ(made->files_written, 7u) << "two full tiles, a last one and the one above; each with entries";
    EXPECT_EQ(made->files_mended, 0u);
    EXPECT_EQ(fs::last_write_time(target() / "tile/entries/001"), before);
    EXPECT_FALSE(fs::exists(target() / "tile/0/002.p")) << "the full tile is there";
    EXPECT_TRUE(fs::exists(target() / "tile/1/000.p/2")) << "of the checkpoint before";
    EXPECT_EQ(told(imported()), "");
    const auto again = exported();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->files_written, 0u);
    // A reader that still has the checkpoint before finds the full tile.
    fs::remove(target() / "tile/0/004.p/76");
    EXPECT_NE(told(imported()), "");
}

TEST_F(ExportTest, MendsWhatWasDamagedThere) {
    ASSERT_TRUE(exported());
    for (const fs::path& file : files()) {
        if (file == "checkpoint") continue;
        const auto whole = content(file);
        auto bytes = whole;
        bytes[bytes.size() / 2] ^= 1;
        put(file, bytes);
        const auto made = exported();
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_EQ(made->files_mended, 1u) << file;
        EXPECT_EQ(content(file), whole);
    }
    EXPECT_EQ(told(imported()), "");
}

TEST_F(ExportTest, RefusesAFolderOfAnotherLog) {
    const auto refused = [&](const std::string& why) {
        const auto made = exported();
        ASSERT_FALSE(made);
        EXPECT_TRUE(made.error().message.contains(why)) << made.error().message;
    };
    fs::create_directory(target());
    put("letter.txt", "dear Ada");
    refused("holds 'letter.txt' and no log");
    fs::remove(target() / "letter.txt");
    // What an export that was cut short leaves is gone on with; tiles of another log are not.
    ASSERT_TRUE(exported());
    fs::remove(target() / "checkpoint");
    ASSERT_TRUE(exported());
    fs::remove(target() / "checkpoint");
    put("tile/0/001", std::string(8'192, 'x'));
    refused("tile/0/001 is not of this ledger");
}

TEST_F(ExportTest, RefusesALedgerThatDoesNotGoOnFromWhatIsThere) {
    ASSERT_TRUE(exported());
    const LedgerFolder other;
    grow(other, 500);
    const auto made = exported(other, target());
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().message.contains("rolled back")) << made.error().message;
    put_checkpoint("sallyport/other\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    const auto again = exported();
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().message.contains("holds the log sallyport/other")) << again.error().message;
}

TEST_F(ExportTest, NothingOfADamagedLedgerIsWrittenOverAWholeExport) {
    ASSERT_TRUE(exported());
    std::map<fs::path, std::string> before;
    for (const fs::path& file : files()) before[file] = content(file);
    // A hand that knows the format: an entry changed, its checksum right; then a hash of the tree.
    const auto segment = list_segments(folder_.ledger())->at(1);
    Buffer out(encode_segment_header({segment.first_index, 1, "k3f9x2ab"}));
    for (std::uint64_t i = segment.first_index; i < size; ++i) {
        const std::string entry = entry_at(i) + (i == segment.first_index + 3 ? " " : "");
        append_frame(out, i, entry, crypto::crc32c(entry));
    }
    const auto whole = *read_file(segment.path, 1u << 30);
    ASSERT_TRUE(replace_file(segment.path, out.view(), 0600));
    auto made = exported();
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().message.contains("entry " + std::to_string(segment.first_index + 3) + " is not what was"))
        << made.error().message;
    ASSERT_TRUE(replace_file(segment.path, whole, 0600));
    const auto tree = folder_.ledger() / "tree-0";
    auto hashes = *read_file(tree, 1u << 30);
    hashes[32 * 300] ^= 1;
    ASSERT_TRUE(replace_file(tree, hashes, 0600));
    made = exported();
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().message.contains("tree-0 is damaged at hash 256 to 511")) << made.error().message;
    for (const fs::path& file : files()) EXPECT_EQ(content(file), before[file]) << file;
}

TEST_F(ExportTest, EveryFlippedByteIsFoundAndNamed) {
    ASSERT_TRUE(exported());
    std::size_t flips = 0;
    for (const fs::path& file : files()) {
        const auto whole = content(file);
        const std::string name = file.string();
        const bool is_entries = name.starts_with("tile/entries/");
        const std::uint64_t first = name.starts_with("tile/entries/001") ? 256 : name.contains("002.p") ? 512 : 0;
        std::vector<std::size_t> ends; // of the entries in the file
        if (is_entries)
            for (const auto entry : tlog::read_entries(whole, name.contains(".p/") ? 188 : 256).entries)
                ends.push_back(static_cast<std::size_t>(entry.data() + entry.size() - whole.data()));
        for (std::size_t at = 0; at < whole.size(); at += at < 80 || name == "checkpoint" ? 1 : 61, ++flips) {
            auto bytes = whole;
            bytes[at] ^= static_cast<char>(1 << at % 8);
            put(file, bytes);
            const Imported found = imported();
            ASSERT_FALSE(found.ok()) << file << " at " << at;
            const Problem& problem = found.problems.front();
            EXPECT_TRUE(problem.sentence.contains(name)) << file << " at " << at << ": " << problem.sentence;
            if (name == "checkpoint") {
                EXPECT_EQ(found.entries, 0u);
            } else if (is_entries) {
                const auto entry =
                    first + static_cast<std::uint64_t>(std::ranges::upper_bound(ends, at) - ends.begin());
                EXPECT_EQ(problem.first, entry) << problem.sentence;
                EXPECT_GE(found.entries, entry) << "all before are trusted";
            } else {
                EXPECT_EQ(found.entries, size) << "the entries tell what the tile should have been";
            }
        }
        put(file, whole);
        fs::rename(target() / file, target() / "aside");
        const Imported without = imported();
        ASSERT_FALSE(without.ok());
        EXPECT_TRUE(without.problems.front().sentence.contains(name + " is missing")) << told(without);
        // A link in its place, and a link to where it is.
        fs::create_symlink(target() / "aside", target() / file);
        const Imported linked = imported();
        ASSERT_FALSE(linked.ok());
        EXPECT_TRUE(linked.problems.front().sentence.contains(name + " is a link")) << told(linked);
        fs::remove(target() / file);
        fs::rename(target() / "aside", target() / file);
    }
    EXPECT_EQ(told(imported()), "");
    EXPECT_GT(flips, 1'000u);
}

TEST_F(ExportTest, SaysWhatCanStillBeTrusted) {
    ASSERT_TRUE(exported());
    fs::remove(target() / "tile/entries/001");
    const Imported missing = imported();
    EXPECT_EQ(told(missing), "missing 256-511 tile/entries/001 is missing (entries 256 to 511)\n");
    EXPECT_EQ(missing.trusted, (std::vector<EntryRange>{{0, 255}, {512, size - 1}}));
    // Neither the tile nor its entries: nothing tells what was there.
    fs::remove(target() / "tile/0/001");
    const Imported both = imported();
    EXPECT_EQ(told(both), "missing 256-511 tile/0/001 is missing; nothing below it can be told (entries 256 to 511)\n");
    EXPECT_EQ(both.trusted, missing.trusted);
    fs::remove_all(target() / "tile");
    EXPECT_EQ(imported().problems.back().kind, "root");
    EXPECT_TRUE(imported().trusted.empty());
}

TEST_F(ExportTest, SwappedFilesAreNotBelieved) {
    ASSERT_TRUE(exported());
    const auto files_of = std::pair(content("tile/entries/000"), content("tile/entries/001"));
    put("tile/entries/000", files_of.second);
    put("tile/entries/001", files_of.first);
    const Imported found = imported();
    EXPECT_EQ(found.problems.size(), 1u) << told(found);
    EXPECT_EQ(found.problems.front().first, 0u);
    EXPECT_EQ(found.problems.front().last, 511u);
    EXPECT_EQ(found.trusted, (std::vector<EntryRange>{{512, size - 1}}));
}

TEST_F(ExportTest, ReadsLogsThatOthersWrote) {
    ASSERT_TRUE(exported());
    const std::string text = tlog::parse_signed_checkpoint(content("checkpoint"))->note.text;
    put_checkpoint(text + "an extension\n");
    EXPECT_EQ(told(imported()), "");
    // A key that does not bear the origin's name counts where none does that was given.
    const auto other = crypto::NoteSigner::generate("other"), same = crypto::NoteSigner::generate("sallyport/k3f9x2ab");
    crypto::Note note{text, {}};
    crypto::sign(note, *other);
    put("checkpoint", crypto::encode(note));
    EXPECT_EQ(told(imported({other->verifier()})), "");
    EXPECT_EQ(imported({other->verifier(), same->verifier()}).problems.front().kind, "signature");
    EXPECT_EQ(imported().problems.front().kind, "signature");
    // Entries in another form.
    put_checkpoint(text);
    fs::rename(target() / "tile/entries", target() / "tile/data");
    const Imported found = imported();
    EXPECT_EQ(told(found), "");
    EXPECT_FALSE(found.has_entries);
    EXPECT_EQ(found.entries, size);
    fs::remove_all(target() / "tile/data");
    EXPECT_EQ(imported().problems.front().kind, "missing");
}

TEST_F(ExportTest, AHostileFolderCostsLittle) {
    ASSERT_TRUE(exported());
    const std::string root = "\n" + std::string("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    for (const std::string number : {"18446744073709551615", "9223372036854775808", "1099511627776", "701"}) {
        put_checkpoint("sallyport/k3f9x2ab\n" + number + root);
        EXPECT_EQ(imported().problems.back().kind, "root") << number;
    }
    put_checkpoint("sallyport/k3f9x2ab\n0" + root);
    EXPECT_EQ(told(imported()), "");
    put_checkpoint("sallyport/k3f9x2ab\n0\n" + tlog::hash_text(tlog::leaf_hash("x")) +
                   "\n"); // of none, and not their root
    EXPECT_EQ(told(imported()),
              "root  the checkpoint is of no entries and has not their root, the SHA-256 of nothing\n");
    // A tree of equal hashes, in which a folder that leads back to itself would pass for 2^40 entries.
    std::vector<tlog::Digest> hashes(256, tlog::leaf_hash("x"));
    tlog::Digest above = hashes.front();
    fs::remove_all(target() / "tile");
    for (unsigned level = 0; level < 5; ++level) {
        fs::create_directories(target() / "tile" / std::to_string(level));
        const fs::path file = tlog::tile_path(level, 0);
        put(file, tlog::encode(std::vector(256, above)));
        fs::create_directory_symlink(".", target() / "tile" / std::to_string(level) / "x000");
        above = tlog::subtree_root(std::vector(256, above));
    }
    fs::create_directories(target() / "tile/5/000.p");
    put(tlog::tile_path(5, 0, 1), tlog::encode(std::vector(1, above)));
    put_checkpoint(tlog::encode(tlog::Checkpoint{"sallyport/k3f9x2ab", 1ULL << 40, above}));
    const Imported found = imported();
    EXPECT_FALSE(found.ok());
    EXPECT_LE(found.problems.size(), 100u);
    EXPECT_EQ(found.entries, 0u);
}

} // namespace
} // namespace sallyport::ledger
