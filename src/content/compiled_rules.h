// The inside of SecretRules, for secret_scanner.cpp.
#pragma once

#include "content/checksums.h"
#include "content/keywords.h"
#include "content/patterns.h"
#include "content/secret_rules.h"
#include "content/values.h"

#include <memory>
#include <optional>
#include <re2/re2.h>
#include <string>
#include <vector>

namespace sallyport::content {

using Expression = std::unique_ptr<const re2::RE2>; // bytes (Latin-1)

struct CompiledAllowlist {
    Allowlist::Condition condition = Allowlist::Condition::any;
    Allowlist::Target target = Allowlist::Target::secret;
    std::vector<Expression> regexes, paths;
    std::vector<std::string> stopwords;
    std::vector<std::uint32_t> only; // rules, ascending; empty: all
};

struct CompiledRequired {
    std::vector<std::uint32_t> rules; // any of those with the id
    std::optional<std::uint32_t> within_lines, within_columns;
};

struct CompiledRule {
    std::string id;
    std::uint32_t file = 0;
    Expression regex; // null: a rule about file names
    Expression path;  // null: any file
    std::vector<std::string> keywords;
    double entropy = 0;
    std::uint32_t secret_group = 0;
    bool skip_report = false;
    Confidence confidence = Confidence::medium;
    const Checksum* checksum = nullptr;
    std::vector<ValueTest> unless;
    std::vector<CompiledAllowlist> allowlists;
    std::vector<CompiledRequired> required;
};

struct CompiledRules {
    std::vector<CompiledRule> rules;
    std::vector<std::vector<CompiledAllowlist>> file_allowlists; // by file
    std::vector<std::uint32_t> rule_of_pattern;                  // pattern of `patterns` -> rule
    std::vector<std::uint32_t> path_rules;                       // about file names only
    std::vector<std::uint32_t> ungated;                          // with a regex, without keywords
    std::unique_ptr<MultiPattern> patterns;
    std::unique_ptr<KeywordSet> keywords; // owners are rules
    bool any_required = false;
    bool names_files = false; // some rule or allowlist is about the names of files
    crypto::Digest digest{};
};

} // namespace sallyport::content
