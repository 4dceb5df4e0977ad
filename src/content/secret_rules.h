// All rules for secrets in the form in which texts are searched: Hyperscan says near which places rules may match, RE2 says where
// exactly. Immutable; shared by threads; a scanner (secret_scanner.h) keeps it alive.
#pragma once

#include "base/error.h"
#include "content/finding.h"
#include "content/rule_file.h"
#include "crypto/crypto.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::content {

struct CompiledRules; // compiled_rules.h; only the scanner looks inside

class SecretRules {
public:
    // Rule i is the i-th of all rules of all files in order. Fails with "file:line:column: …" for what does not compile or names
    // what is not there. Takes seconds for hundreds of rules: not on a loop.
    static Result<std::shared_ptr<const SecretRules>> compile(std::span<const RuleFile> files);

    SecretRules(); // for compile()
    ~SecretRules();
    SecretRules(const SecretRules&) = delete;
    SecretRules& operator=(const SecretRules&) = delete;

    std::size_t size() const;
    std::string_view rule_id(std::uint32_t rule) const;
    Confidence confidence(std::uint32_t rule) const;
    // Of the files and the engine: findings remembered under another digest are not to be trusted.
    const crypto::Digest& digest() const;
    // "hyperscan 5.4.0" or "re2"; and, for the log at start, what serves less than fully (empty: nothing).
    std::string_view engine() const;
    std::string_view engine_remark() const;
    bool name_files() const; // some are about the names of files
    const CompiledRules& compiled() const { return *compiled_; }

private:
    std::unique_ptr<CompiledRules> compiled_;
};

// Every rule finds something in each of its `examples`, nothing in its `non_examples`, with both engines. Fails at the first that
// does not hold with the example's place, never its text.
Result<void> self_test(const std::shared_ptr<const SecretRules>& rules, std::span<const RuleFile> files);

// The packs that come with the program: tokens of providers and secrets that their surroundings give away.
Result<std::vector<RuleFile>> built_in_secret_rules();
// The optional one: cards, account numbers and national numbers whose check digits hold.
Result<RuleFile> built_in_personal_rules();

} // namespace sallyport::content
