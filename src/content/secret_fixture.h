// For tests: rules from a text, what they find in another.
#pragma once

#include "content/secret_scanner.h"

#include <stdexcept>
#include <string>
#include <vector>

namespace sallyport::content {

// These throw where the rules are broken, which fails the test.
inline std::shared_ptr<const SecretRules> rules_of(std::string_view toml) {
    const auto file = read_rule_file(toml, "t.toml").value();
    return SecretRules::compile(std::span(&file, 1)).value();
}

inline std::shared_ptr<const SecretRules> built_in_rules() {
    static const auto rules = SecretRules::compile(built_in_secret_rules().value()).value();
    return rules;
}

// The findings as "rule:secret", one after the other; both engines must agree.
inline std::vector<std::string> secrets_in(SecretScanner& scanner, std::string_view text,
                                           std::string_view file_name = {}) {
    std::vector<Found> found, second;
    scanner.scan(text, file_name, found);
    scanner.scan_with_re2_only(text, file_name, second);
    if (found != second) throw std::logic_error("Hyperscan and RE2 disagree");
    std::vector<std::string> secrets;
    secrets.reserve(found.size());
    for (const auto& one : found)
        secrets.push_back(std::string(scanner.rules().rule_id(one.rule)) + ":" +
                          std::string(text.substr(one.begin, one.end - one.begin)));
    return secrets;
}

inline std::vector<std::string> secrets_in(std::string_view toml, std::string_view text,
                                           std::string_view file_name = {}) {
    SecretScanner scanner(rules_of(toml));
    return secrets_in(scanner, text, file_name);
}

using Secrets = std::vector<std::string>;

} // namespace sallyport::content
