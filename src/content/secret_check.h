// What must hold of any rule file and of any text, for the fuzz targets and for tests.
#pragma once

#include "content/secret_scanner.h"

#include <cstdlib>
#include <string_view>
#include <vector>

namespace sallyport::content::fuzz {

inline void check(bool holds) {
    if (!holds) std::abort();
}

inline void check_findings(const std::vector<Found>& found, std::string_view text) {
    std::uint32_t free_from = 0;
    for (const auto& one : found) {
        check(one.begin >= free_from && one.begin < one.end && one.end <= text.size());
        free_from = one.end;
    }
}

// Both engines find the same, sorted and disjoint, within the text.
inline void check_text(SecretScanner& scanner, std::string_view text, std::string_view file_name) {
    std::vector<Found> found, second;
    scanner.scan_each_rule(text, file_name, found);
    scanner.scan_each_rule(text, file_name, second, true);
    check(found == second);
    scanner.scan(text, file_name, found);
    check_findings(found, text);
    scanner.scan_with_re2_only(text, file_name, second);
    check(found == second);
}

// Any bytes as a rule file: an error with a sentence, or rules that compile or say where not, and then find the same in the file's
// own text by both engines.
inline void check_rule_file(std::string_view text) {
    const auto file = read_rule_file(text, "fuzz.toml");
    if (!file) return check(file.error().message.starts_with("fuzz.toml:"));
    const auto rules = SecretRules::compile(std::span(&*file, 1));
    if (!rules) return check(rules.error().message.starts_with("fuzz.toml:"));
    SecretScanner scanner(*rules);
    check_text(scanner, text, "fuzz.toml");
}

} // namespace sallyport::content::fuzz
