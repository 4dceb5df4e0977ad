// What looking for hidden characters costs on one core, in CPU time of the thread: ASCII, prose of several scripts, and texts made to
// be slow. Prints a row of JSON per figure for test/bench/run. Texts are made here, repeated until they are larger than the caches.
#include "content/hidden.h"

#include "content/client_marker.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

namespace {

using namespace sallyport::content;

constexpr std::size_t text_bytes = 32u << 20;
constexpr int passes = 5;

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string repeated(std::string_view piece) {
    std::string text;
    while (text.size() < text_bytes) text += piece;
    return text;
}

// The best pass, in MB/s: what else the machine does is left out.
template <typename Find> double speed(const std::string& text, Find find) {
    double best = 1e9;
    std::vector<Found> found;
    for (int pass = 0; pass < passes; ++pass) {
        found.clear();
        const double begin = cpu_seconds();
        find(text, found);
        best = std::min(best, cpu_seconds() - begin);
    }
    return static_cast<double>(text.size()) / best / 1e6;
}

void print(const char* name, double value, const char* goal) {
    std::printf("{\"name\":\"hidden.%s\",\"value\":%.0f,\"unit\":\"MB/s\",\"goal\":%s,\"against\":null}\n", name, value,
                goal);
}

struct Sample {
    const char *name, *text, *goal;
};

constexpr Sample samples[] = {
    {"ascii", "static int value = compute(first, second); // a line of source, as there are many\n", "5000"},
    {"latin", "Der Fuchs l\u00E4uft \u00FCber die Stra\u00DFe, und das fr\u00FChe K\u00E4tzchen schl\u00E4ft.\n",
     "500"},
    {"cyrillic",
     "\u041A\u0430\u0436\u0434\u044B\u0439 \u0447\u0435\u043B\u043E\u0432\u0435\u043A \u0438\u043C\u0435\u0435\u0442 "
     "\u043F\u0440\u0430\u0432\u043E \u043D\u0430 \u0436\u0438\u0437\u043D\u044C. ",
     "500"},
    {"greek",
     "\u038C\u03BB\u03BF\u03B9 \u03BF\u03B9 \u03AC\u03BD\u03B8\u03C1\u03C9\u03C0\u03BF\u03B9 "
     "\u03B3\u03B5\u03BD\u03BD\u03B9\u03BF\u03CD\u03BD\u03C4\u03B1\u03B9. ",
     "500"},
    {"persian",
     "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645 \u06A9\u062A\u0627\u0628\u200C\u0647\u0627 \u0631\u0627 ",
     "500"},
    {"hindi",
     "\u0938\u092D\u0940 \u092E\u0928\u0941\u0937\u094D\u092F\u094B\u0902 \u0915\u094B \u0917\u094C\u0930\u0935 ",
     "500"},
    {"chinese",
     "\u4EBA\u4EBA\u751F\u800C\u81EA\u7531\uFF0C\u5728\u5C0A\u4E25\u548C\u6743\u5229\u4E0A\u4E00\u5F8B\u5E73\u7B49"
     "\u3002",
     "500"},
    {"emoji", "\U0001F468\u200D\U0001F469\u200D\U0001F467 \u2764\uFE0F\u200D\U0001F525 ok ", "null"},
    // Made to be slow: nothing but marks, no line ends, one word.
    {"hostile.zero_width", "\u200B", "null"},
    {"hostile.bidi", "\u202Aa", "null"},
    {"hostile.apostrophes", "aaaa\u2019", "null"},
    {"hostile.soft_hyphens", "a\u00AD", "null"},
    {"hostile.look_alikes", "aaaa\u0430", "null"},
    {"hostile.broken", "\xE2\x80", "null"},
};

} // namespace

int main() {
    for (const Sample& sample : samples) print(sample.name, speed(repeated(sample.text), find_hidden), sample.goal);
    const auto marker = [](std::string_view text, std::vector<Found>& out) {
        find_client_marker(text, Standing::content, out);
    };
    print("client_marker", speed(repeated(samples[0].text), marker), "5000");
    return 0;
}
