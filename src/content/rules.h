// Everything that inspection looks for, compiled once: part of the world that an exchange sees. Immutable; shared by threads.
#pragma once

#include "content/code_index.h"
#include "content/finding.h"
#include "content/rule_file.h"
#include "content/secret_scanner.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

class Rules {
public:
    // The packs that come with the program, that of personal data where it is asked for, and a company's own files behind them. Findings
    // of rules that were in force `before` keep their names. Takes seconds with own files: not on a loop.
    static Result<std::shared_ptr<const Rules>> load(std::span<const RuleFile> own, bool personal_data,
                                                     const Rules* before);
    static Result<std::shared_ptr<const Rules>> built_in() { return load({}, false, nullptr); }

    // The same, looking for the company's code too. `open`: by repository of the index, whether its content may be seen by all.
    std::shared_ptr<const Rules> with_code(std::shared_ptr<const CodeIndex> code, std::vector<bool> open) const;

    const std::shared_ptr<const SecretRules>& secrets() const { return secrets_; }
    const std::shared_ptr<const CodeIndex>& code() const { return code_; } // null: nothing is indexed
    const std::vector<bool>& open() const { return open_; }
    // Of a finding that an Inspector gave, under these rules or those before: "aws-access-key-id"
    std::string_view rule_name(const Found& found) const {
        return found.kind == FindingKind::attribution ? std::string_view("attribution") : names_[found.rule];
    }
    bool has_rule(std::string_view name) const {
        return name == "attribution" || std::ranges::find(names_, name) != names_.end();
    }
    // The number that rule_name() knows a detector's rule by.
    std::uint32_t number_of_secret(std::uint32_t rule) const { return secret_numbers_[rule]; }
    static std::uint32_t number_of_hidden(std::uint32_t rule) { return rule; }
    static std::uint32_t number_of_client_marker(std::uint32_t state);
    static std::uint32_t number_of_attachment();
    static std::uint32_t number_of_fleet_difference();

    // Changes with what is looked for: what was found under another one does not count.
    std::uint64_t epoch() const { return epoch_; }

private:
    std::shared_ptr<const SecretRules> secrets_;
    std::vector<std::string> names_;
    std::vector<std::uint32_t> secret_numbers_;
    std::uint64_t epoch_ = 0;
    std::shared_ptr<const CodeIndex> code_;
    std::vector<bool> open_;
};

} // namespace sallyport::content
