// Searches texts for secrets. One per thread; allocates only where a text holds more than any before it.
//
// What counts is defined by RE2 alone: rule by rule the matches from left to right that do not overlap (as gitleaks takes them), of
// which the keyword gate, the entropy, the allowlists and the other tests of the rule leave some. Hyperscan only says where RE2 need
// not look: every match lies whole in a region that Hyperscan reports, since it reports the end of every match of every rule and the
// longest match is known; where it is not bounded the region begins with the text. So both ways find the same.
#pragma once

#include "content/finding.h"
#include "content/secret_rules.h"

#include <memory>
#include <string_view>
#include <vector>

namespace sallyport::content {

class SecretScanner {
public:
    explicit SecretScanner(std::shared_ptr<const SecretRules> rules);
    ~SecretScanner();
    SecretScanner(const SecretScanner&) = delete;
    SecretScanner& operator=(const SecretScanner&) = delete;

    // Replaces `out`: sorted by begin, disjoint. Of findings that overlap the most confident stays, then the longest, then the first
    // rule's. `file_name` may be empty: then rules about file names are silent, and path allowlists too. A text beyond
    // limits::scanned_text_bytes_max is one finding `uninspected` (rule 0) over as much as offsets can say.
    void scan(std::string_view text, std::string_view file_name, std::vector<Found>& out);
    // The same by RE2 alone: for other CPUs, and as the second opinion in tests.
    void scan_with_re2_only(std::string_view text, std::string_view file_name, std::vector<Found>& out);
    // As scan(), of every rule before findings that overlap are merged; sorted by rule, then by begin. For the self-test.
    void scan_each_rule(std::string_view text, std::string_view file_name, std::vector<Found>& out,
                        bool re2_only = false);

    const SecretRules& rules() const { return *rules_; }

private:
    class Run;
    struct Memory;
    std::shared_ptr<const SecretRules> rules_;
    std::unique_ptr<Memory> memory_;
};

} // namespace sallyport::content
