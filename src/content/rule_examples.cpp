#include "content/secret_scanner.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::content {

namespace {

bool finds(SecretScanner& scanner, std::uint32_t rule, const std::string& text, const std::string& file_name,
           bool re2_only) {
    std::vector<Found> found;
    scanner.scan_each_rule(text, file_name, found, re2_only);
    return std::ranges::any_of(found, [&](const Found& one) { return one.rule == rule; });
}

Result<void> test_rule(SecretScanner& scanner, std::uint32_t index, const Rule& rule, const std::string& file) {
    for (const bool re2_only : {false, true}) {
        const auto engine = re2_only ? std::string_view("re2") : scanner.rules().engine();
        for (const auto& text : rule.examples)
            if (!rule.skip_report && !finds(scanner, index, text.text, rule.example_path, re2_only))
                return fail_at(file, text.place,
                               fmt::format("rule '{}' does not find this example ({})", rule.id, engine));
        for (const auto& text : rule.non_examples)
            if (finds(scanner, index, text.text, rule.example_path, re2_only))
                return fail_at(file, text.place, fmt::format("rule '{}' finds this non-example ({})", rule.id, engine));
    }
    return {};
}

} // namespace

Result<void> self_test(const std::shared_ptr<const SecretRules>& rules, std::span<const RuleFile> files) {
    SecretScanner scanner(rules);
    std::uint32_t index = 0;
    for (const auto& file : files)
        for (const auto& rule : file.rules)
            if (auto tested = test_rule(scanner, index++, rule, file.name); !tested) return tested;
    return {};
}

} // namespace sallyport::content
