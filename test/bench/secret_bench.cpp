// What searching source text for secrets costs on one core with the full pack, in CPU time of the thread. Prints a row of JSON per
// figure for test/bench/run. The text is what folders hold (default: the headers of the system), at most 100 MB, in memory.
#include "base/file.h"
#include "content/secret_scanner.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace sallyport;
using namespace sallyport::content;

constexpr std::size_t text_bytes = 100'000'000;
constexpr int passes = 3;

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void print(const char* name, double value, const char* unit, const char* goal) {
    std::printf("{\"name\":\"secrets.%s\",\"value\":%.3f,\"unit\":\"%s\",\"goal\":%s,\"against\":null}\n", name, value,
                unit, goal);
}

// Text files only, in the order of the folder.
std::string text_of(const std::filesystem::path& folder) {
    std::string all;
    const auto options = std::filesystem::directory_options::skip_permission_denied;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, options)) {
        std::error_code ignored;
        if (all.size() >= text_bytes) break;
        if (!entry.is_regular_file(ignored)) continue;
        const auto text = read_file(entry.path(), text_bytes);
        if (text && text->find('\0') == std::string::npos) all += *text;
    }
    return all.substr(0, text_bytes);
}

struct Pass {
    double seconds = 0;
    std::size_t found = 0;
};

Pass search(SecretScanner& scanner, std::string_view text, std::size_t piece) {
    std::vector<Found> found;
    Pass pass;
    const double begin = cpu_seconds();
    for (std::size_t at = 0; at < text.size(); at += piece) {
        scanner.scan(text.substr(at, piece), "", found);
        pass.found += found.size();
    }
    pass.seconds = cpu_seconds() - begin;
    return pass;
}

void measure(SecretScanner& scanner, std::string_view text, const char* name, std::size_t piece, const char* goal) {
    Pass best = search(scanner, text, piece);
    for (int pass = 1; pass < passes; ++pass) {
        const Pass next = search(scanner, text, piece);
        if (next.seconds < best.seconds) best = next;
    }
    print(name, static_cast<double>(text.size()) / 1e6 / best.seconds, "MB/s", goal);
    if (piece == 1u << 20) print("found", static_cast<double>(best.found), "", "null");
}

} // namespace

int main(int argc, char** argv) {
    const double begin = cpu_seconds();
    const auto files = built_in_secret_rules();
    const auto rules = files ? SecretRules::compile(*files) : std::unexpected(files.error());
    if (!rules) {
        std::fprintf(stderr, "%s\n", rules.error().message.c_str());
        return 1;
    }
    print("rules", static_cast<double>((*rules)->size()), "", "150");
    print("compile", cpu_seconds() - begin, "s", "null");
    const std::string text = text_of(argc > 1 ? argv[1] : "/usr/include");
    print("text", static_cast<double>(text.size()) / 1e6, "MB", "null");
    SecretScanner scanner(*rules);
    measure(scanner, text, "pieces_of_1MiB", 1u << 20, "400");
    measure(scanner, text, "pieces_of_8KiB", 8u << 10, "400");
    return 0;
}
