// For tests: a folder for an index, documents as source looks, and what an index says of a text. What goes wrong while a test is made
// ready ends the program.
#pragma once

#include "content/attributor.h"
#include "content/index_writer.h"
#include "crypto/crypto.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unistd.h>

namespace sallyport::content {

struct IndexFolder {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("sallyport-index-" + std::to_string(getpid()));
    std::set<std::string, std::less<>> open_repositories; // those that the test calls public

    IndexFolder() { std::filesystem::remove_all(folder); }
    ~IndexFolder() { std::filesystem::remove_all(folder); }
    IndexFolder(const IndexFolder&) = delete;
    IndexFolder& operator=(const IndexFolder&) = delete;

    static void need(bool holds, const std::string& otherwise) {
        if (holds) return;
        std::fprintf(stderr, "%s\n", otherwise.c_str());
        std::abort();
    }
    template <class T> static T need(Result<T> result) {
        need(result.has_value(), result ? "" : result.error().message);
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }

    static DocumentId id_of(std::string_view text) { return DocumentId::of(crypto::bytes(crypto::sha256(text))); }

    struct File {
        std::string path, text;
    };
    mutable std::vector<std::shared_ptr<const CodeIndex>> opened;
    // Lists the repository anew.
    void put(std::string_view repository, const std::vector<File>& files, unsigned window = window_narrow) {
        const auto writer = need(IndexWriter::open(folder));
        need(writer->begin(repository, window));
        for (const File& file : files) need(writer->add(id_of(file.text), file.path, file.text));
        need(writer->commit());
    }

    Attributed find(std::string_view text) const {
        opened.push_back(need(CodeIndex::open(folder))); // what is found views it
        Attributor attributor(opened.back(), [&](std::string_view name) { return open_repositories.contains(name); });
        Attributed found;
        attributor.find(text, found);
        need(found.incomplete.empty(), found.incomplete);
        return found;
    }

    // Lines of calls and assignments with words of a language of its own for each seed: as different as two programs are.
    static std::string source(unsigned seed, std::size_t lines) {
        std::mt19937 random(seed);
        std::vector<std::string> words(60);
        for (std::string& word : words) {
            for (std::size_t i = 4 + random() % 8; i > 0; --i) word.push_back(static_cast<char>('a' + random() % 26));
        }
        const auto word = [&]() -> const std::string& { return words[random() % words.size()]; };
        std::string text;
        for (std::size_t i = 0; i < lines; ++i) {
            text += std::string(4 * (random() % 3), ' ') + word() + " = " + word() + "_" + word() + "(" + word() +
                    ", " + std::to_string(random() % 1000) + ");\n";
        }
        return text;
    }
    static std::string lines_of(std::string_view text, std::size_t first, std::size_t count) { // from 1
        std::string out;
        for (std::size_t line = 1; !text.empty(); ++line) {
            const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
            if (line >= first && line < first + count) out += text.substr(0, end);
            text.remove_prefix(end);
        }
        return out;
    }
};

} // namespace sallyport::content
