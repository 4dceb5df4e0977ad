// What inspection finds in texts, for the scripts beside it: texts on standard input, each ended by a NUL; for each a line with what was found,
// "confidence rule begin end" with commas between, or an empty one. `detect personal` takes the pack of personal data, too.
#include "content/text_inspector.h"

#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <string>

int main(int count, char** arguments) {
    using namespace sallyport::content;
    const auto rules = Rules::load({}, count > 1 && std::string_view(arguments[1]) == "personal", nullptr);
    if (!rules) {
        fmt::print(stderr, "{}\n", rules.error().message);
        return 4;
    }
    TextInspector inspector(*rules);
    const std::string all(std::istreambuf_iterator<char>(std::cin), {});
    std::vector<Found> found;
    for (std::size_t at = 0; at < all.size();) {
        const std::size_t end = std::min(all.find('\0', at), all.size());
        found.clear();
        inspector.look_without_code(std::string_view(all).substr(at, end - at), found);
        std::string line;
        for (const Found& one : found)
            line += fmt::format("{}{} {} {} {}", line.empty() ? "" : ",", name(one.confidence), (*rules)->rule_name(one), one.begin, one.end);
        fmt::print("{}\n", line);
        at = end + 1;
    }
    return 0;
}
