// What attribution costs on one core, in CPU time of the thread, and what it finds. Prints a row of JSON per figure for
// test/bench/run. The documents are source and prose that folders hold (default: what a Debian machine has), in memory; unrelated
// texts are made of folders of other programs.
#include "base/file.h"
#include "content/attributor.h"
#include "content/index_writer.h"
#include "crypto/crypto.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

using namespace sallyport;
using namespace sallyport::content;

constexpr std::size_t text_bytes = 300'000'000, file_bytes_max = 1u << 20, file_bytes_min = 200;
constexpr std::size_t snippets = 2'000;
constexpr int passes = 3;
constexpr std::string_view repository = "git.acme.example/core/engine";

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void print(const char* name, double value, const char* unit, const char* goal) {
    std::printf("{\"name\":\"attribution.%s\",\"value\":%.4f,\"unit\":\"%s\",\"goal\":%s,\"against\":null}\n", name,
                value, unit, goal);
    std::fflush(stdout);
}

struct File {
    std::string path, text;
    DocumentId id;
    std::vector<std::size_t> lines; // where each begins
};

struct Corpus {
    std::vector<File> indexed, unrelated;
    std::size_t bytes = 0, lines = 0;
};

void read_folder(const std::filesystem::path& folder, bool left_out, Corpus& corpus, std::set<DocumentId>& seen) {
    const auto options = std::filesystem::directory_options::skip_permission_denied;
    std::error_code code;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, options, code)) {
        std::error_code ignored;
        if (!entry.is_symlink(ignored) && entry.is_regular_file(ignored)) paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    for (const auto& path : paths) {
        if (!left_out && corpus.bytes >= text_bytes) return;
        auto text = read_file(path, file_bytes_max);
        if (!text || text->size() < file_bytes_min || text->find('\0') != std::string::npos) continue;
        if (static_cast<std::size_t>(std::ranges::count(*text, '\n')) * 200 < text->size()) continue; // no lines
        File file{path.string(), std::move(*text), {}, {}};
        file.id = DocumentId::of(crypto::bytes(crypto::sha256(file.text)));
        if (!seen.insert(file.id).second) continue;
        for (std::size_t at = 0; at < file.text.size();) {
            file.lines.push_back(at);
            at = std::min(file.text.find('\n', at), file.text.size() - 1) + 1;
        }
        if (!left_out) {
            corpus.bytes += file.text.size();
            corpus.lines += file.lines.size();
        }
        (left_out ? corpus.unrelated : corpus.indexed).push_back(std::move(file));
    }
}

std::string_view lines_of(const File& file, std::size_t first, std::size_t count) {
    const std::size_t end = first + count < file.lines.size() ? file.lines[first + count] : file.text.size();
    return std::string_view(file.text).substr(file.lines[first], end - file.lines[first]);
}

std::string letters_of(std::string_view text) {
    NormalisedDocument normalised;
    normalise_document(text, normalised);
    return normalised.text;
}

// Every tenth identifier of the text becomes another, wherever it stands.
std::string renamed(std::string_view text, std::mt19937& random) {
    const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    std::set<std::string, std::less<>> words;
    const auto each_word = [&](auto&& visit) {
        for (std::size_t at = 0; at < text.size();) {
            std::size_t end = at;
            while (end < text.size() && in_word(text[end])) ++end;
            visit(text.substr(at, std::max<std::size_t>(end - at, 1)));
            at = std::max(end, at + 1);
        }
    };
    each_word([&](std::string_view word) {
        if (word.size() > 2 && std::isalpha(static_cast<unsigned char>(word[0])) != 0) words.emplace(word);
    });
    std::set<std::string, std::less<>> changed;
    for (const std::string& word : words)
        if (random() % 10 == 0) changed.insert(word);
    std::string out;
    each_word([&](std::string_view word) {
        if (changed.contains(word))
            out += "renamed" + std::string(word.substr(0, 1)) + std::to_string(word.size());
        else
            out += word;
    });
    return out;
}

struct Recall {
    std::size_t asked = 0, matched = 0, common = 0, correct = 0;
};

void print_recall(const std::string& name, const Recall& recall, const char* goal) {
    const auto asked = static_cast<double>(recall.asked);
    print((name + ".found").c_str(), static_cast<double>(recall.matched + recall.common) / asked, "", goal);
    print((name + ".of_which_common").c_str(), static_cast<double>(recall.common) / asked, "", "null");
    print((name + ".correct_file_first").c_str(),
          static_cast<double>(recall.correct) / std::max(1.0, static_cast<double>(recall.matched)), "", "0.99");
}

// Correct: a file that has the snippet as it was before it was changed.
void ask(Attributor& attributor, const Corpus& corpus, std::string_view original, std::string_view snippet,
         Recall& recall) {
    Attributed found;
    attributor.find(snippet, found);
    ++recall.asked;
    recall.matched += !found.matches.empty();
    recall.common += found.matches.empty() && !found.common.empty();
    if (found.matches.empty()) return;
    const auto file = std::ranges::find(corpus.indexed, found.matches[0].document, &File::id);
    recall.correct += letters_of(file->text).contains(letters_of(original));
}

void measure_recall(Attributor& attributor, const Corpus& corpus) {
    std::mt19937 random(11);
    Recall sixty, ten, changed, three;
    const auto pick = [&](std::size_t count) -> std::pair<const File*, std::size_t> {
        while (true) {
            const File& file = corpus.indexed[random() % corpus.indexed.size()];
            if (file.lines.size() > count) return {&file, random() % (file.lines.size() - count)};
        }
    };
    while (ten.asked < snippets) {
        const auto [file, line] = pick(10);
        const std::string_view snippet = lines_of(*file, line, 10);
        if (letters_of(snippet).size() < 60) continue;
        ask(attributor, corpus, snippet, snippet, ten);
        const std::string other = renamed(snippet, random);
        ask(attributor, corpus, snippet, other, changed);
    }
    while (three.asked < snippets) {
        const auto [file, line] = pick(3);
        const std::string_view snippet = lines_of(*file, line, 3);
        if (letters_of(snippet).size() >= 60) ask(attributor, corpus, snippet, snippet, three);
    }
    while (sixty.asked < snippets) { // exactly sixty, at any byte
        const auto [file, line] = pick(1);
        const std::string all = letters_of(file->text);
        if (all.size() < 60) continue;
        const std::string_view snippet = std::string_view(all).substr(random() % (all.size() - 59), 60);
        ask(attributor, corpus, snippet, snippet, sixty);
    }
    print_recall("verbatim_60_letters", sixty, "1.00");
    print_recall("three_lines", three, "null");
    print_recall("ten_lines", ten, "0.95");
    print_recall("ten_lines_renamed", changed, "0.90");
}

void measure_unrelated(Attributor& attributor, const Corpus& corpus) {
    std::mt19937 random(12);
    std::size_t asked = 0, matched = 0, common = 0;
    while (asked < snippets && !corpus.unrelated.empty()) {
        const File& file = corpus.unrelated[random() % corpus.unrelated.size()];
        if (file.lines.size() < 51) continue;
        Attributed found;
        attributor.find(lines_of(file, random() % (file.lines.size() - 50), 50), found);
        ++asked;
        matched += !found.matches.empty();
        common += found.matches.empty() && !found.common.empty();
    }
    if (asked == 0) return;
    print("unrelated_50_lines.matched", static_cast<double>(matched) / static_cast<double>(asked), "", "null");
    print("unrelated_50_lines.common", static_cast<double>(common) / static_cast<double>(asked), "", "null");
}

void measure_query(Attributor& attributor, const std::vector<File>& files, const char* name) {
    std::mt19937 random(13);
    std::string text;
    while (text.size() < 1'000'000) {
        const File& file = files[random() % files.size()];
        std::size_t number = 1;
        for (std::size_t line = 0; line < std::min<std::size_t>(file.lines.size(), 400); ++line)
            text += std::to_string(number++) + "\t" + std::string(lines_of(file, line, 1));
    }
    Attributed found;
    double best = 1e9;
    for (int pass = 0; pass < passes; ++pass) {
        const double begin = cpu_seconds();
        attributor.find(text, found);
        best = std::min(best, cpu_seconds() - begin);
    }
    print(name, best * 1e3 * 1e6 / static_cast<double>(text.size()), "ms", "2.5");
    print((std::string(name) + ".matches").c_str(), static_cast<double>(found.matches.size()), "", "null");
    if (!found.incomplete.empty()) std::fprintf(stderr, "%s: %s\n", name, found.incomplete.c_str());
}

void measure_winnow(const Corpus& corpus) {
    std::string text;
    for (const File& file : corpus.indexed)
        if (text.size() < 30'000'000) text += file.text;
    Normalised normalised;
    std::vector<Fingerprint> fingerprints;
    double best = 1e9, best_normalise = 1e9;
    for (int pass = 0; pass < passes; ++pass) {
        double normalising = 0;
        const double begin = cpu_seconds();
        for (std::size_t at = 0; at < text.size(); at += 1u << 20) {
            const double before = cpu_seconds();
            normalise(std::string_view(text).substr(at, 1u << 20), Numbering::left_out, normalised);
            normalising += cpu_seconds() - before;
            winnow(normalised.text(), window_narrow, fingerprints);
        }
        best = std::min(best, cpu_seconds() - begin);
        best_normalise = std::min(best_normalise, normalising);
    }
    print("normalise", static_cast<double>(text.size()) / 1e6 / best_normalise, "MB/s", "null");
    print("normalise_and_winnow", static_cast<double>(text.size()) / 1e6 / best, "MB/s", "300");
}

bool build(const Corpus& corpus, const std::filesystem::path& folder, unsigned window, bool tell) {
    std::filesystem::remove_all(folder);
    const double begin = cpu_seconds();
    auto writer = IndexWriter::open(folder);
    if (!writer || !(*writer)->begin(repository, window)) return false;
    for (const File& file : corpus.indexed)
        if (!(*writer)->add(file.id, file.path, file.text)) return false;
    if (const auto committed = (*writer)->commit(); !committed) {
        std::fprintf(stderr, "%s\n", committed.error().message.c_str());
        return false;
    }
    const double seconds = cpu_seconds() - begin;
    std::uint64_t index = 0, texts = 0, lists = 0;
    const auto open = CodeIndex::open(folder);
    if (!open) return false;
    for (std::size_t i = 0; i < (*open)->segments(); ++i) {
        const Segment& segment = (*open)->segment(i);
        for (std::size_t part = 0; part < segment_format::parts; ++part)
            (part == segment_format::texts ? texts : index) += segment.bytes(static_cast<segment_format::Part>(part));
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".list") lists += entry.file_size();
    const auto lines = static_cast<double>(corpus.lines);
    if (tell) print("indexing", static_cast<double>(corpus.bytes) / 1e6 / seconds, "MB/s", "100");
    const std::string wide = tell ? "" : "_wide_window";
    print(("index_bytes_per_line" + wide).c_str(), static_cast<double>(index) / lines, "B", tell ? "12" : "null");
    if (!tell) return true;
    print("places_bytes_per_line", static_cast<double>(lists) / lines, "B", "null");
    print("texts_bytes_per_line", static_cast<double>(texts) / lines, "B", "null");
    return true;
}

} // namespace

int main(int argc, char** argv) {
    Corpus corpus;
    std::set<DocumentId> seen;
    std::vector<std::string> indexed(argv + 1, argv + argc);
    if (indexed.empty())
        indexed = {"/usr/include",      "/usr/lib/llvm-19/include", "/usr/lib/python3",     "/usr/lib/python3.11",
                   "/usr/share/nodejs", "/usr/share/doc",           "/usr/lib/node_modules"};
    for (const std::string& folder : indexed) read_folder(folder, false, corpus, seen);
    // Programs that have nothing to do with those.
    for (const char* folder : {"/usr/share/perl", "/usr/share/vim", "/usr/share/cmake-3.25", "/usr/share/perl5"})
        read_folder(folder, true, corpus, seen);
    if (corpus.indexed.empty()) return 1;
    print("indexed", static_cast<double>(corpus.bytes) / 1e6, "MB", "100");
    print("lines", static_cast<double>(corpus.lines), "", "null");
    print("documents", static_cast<double>(corpus.indexed.size()), "", "null");
    measure_winnow(corpus);
    const auto folder = std::filesystem::temp_directory_path() / ("sallyport-attribution-" + std::to_string(getpid()));
    if (!build(corpus, folder, window_wide, false) || !build(corpus, folder, window_narrow, true)) return 1;
    const double begin = cpu_seconds();
    const auto index = CodeIndex::open(folder);
    if (!index) return 1;
    print("open", (cpu_seconds() - begin) * 1e3, "ms", "null");
    Attributor attributor(*index, [](std::string_view) { return false; });
    measure_recall(attributor, corpus);
    measure_unrelated(attributor, corpus);
    measure_query(attributor, corpus.unrelated, "query_1MB_unrelated");
    measure_query(attributor, corpus.indexed, "query_1MB_all_indexed");
    std::filesystem::remove_all(folder);
    return 0;
}
