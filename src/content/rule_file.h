// Rules for secrets as people write them: TOML in the format of gitleaks (README "Configuration" of that project, version 8), so that
// a company's own files load unmodified, with some optional keys of ours:
//   confidence = "high" | "medium" | "low"      per rule; default medium
//   checksum = "github"                         per rule; a test that the provider built into its tokens (checksums.h)
//   unless = ["placeholder", "code"]            per rule or for the whole file: values that are no secrets (values.h)
//   examples, non_examples                      per rule: texts in which it must, must not find something: the self-test.
//                                               A text may be a list of strings that are joined, so that no file holds a whole token.
//   example_path                                per rule: the file name that goes with these texts
// What gitleaks knows and this reader leaves aside is said in `remarks`, never silently: `extend`, `commits`, `tags`.
#pragma once

#include "base/error.h"
#include "content/finding.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

// Lines and columns count from 1, in the rule file.
struct RulePlace {
    std::uint32_t line = 0, column = 0;
};

// A piece of text from a rule file and where it stands.
struct PlacedText {
    std::string text;
    RulePlace place;
};

struct Allowlist {
    enum class Condition : std::uint8_t { any, all };
    enum class Target : std::uint8_t { secret, match, line };
    Condition condition = Condition::any;
    Target target = Target::secret;
    std::vector<PlacedText> regexes;
    std::vector<PlacedText> paths;
    std::vector<std::string> stopwords;   // lower case
    std::vector<PlacedText> target_rules; // of a file's own allowlists: only for these rules; empty: for all
};

// Another rule that must match near a finding, else the finding does not count. Absent distances: anywhere in the text.
struct Required {
    PlacedText rule;
    std::optional<std::uint32_t> within_lines, within_columns;
};

struct Rule {
    std::string id;
    std::string description;
    PlacedText regex;                  // empty text: a rule about file names only
    PlacedText path;                   // empty text: any file
    std::vector<std::string> keywords; // lower case; none: no gate
    double entropy = 0;                // bits per byte that a secret must exceed; 0: no test
    std::uint32_t secret_group = 0;    // 0: the first group that took part, or the whole match
    bool skip_report = false;          // only there for other rules to require
    std::vector<Allowlist> allowlists;
    std::vector<Required> required;
    Confidence confidence = Confidence::medium;
    PlacedText checksum;
    std::vector<PlacedText> unless;
    std::vector<PlacedText> examples, non_examples;
    std::string example_path;
    RulePlace place;
};

struct RuleFile {
    std::string name; // as in error messages
    std::string text; // as read, for the digest
    std::vector<Rule> rules;
    std::vector<Allowlist> allowlists;
    std::vector<std::string> remarks; // "team.toml:3:1: 'extend' is not followed: …"
};

// Fails with "name:line:column: what is wrong" for broken TOML, unknown keys, wrong types and missing parts. Regular expressions
// are not compiled here.
Result<RuleFile> read_rule_file(std::string_view text, std::string name);

// "name:line:column: sentence", as an error.
std::unexpected<Error> fail_at(std::string_view file, RulePlace place, std::string_view sentence);

} // namespace sallyport::content
