#include "content/rules_text.h"
#include "content/secret_rules.h"

namespace sallyport::content {

Result<std::vector<RuleFile>> built_in_secret_rules() {
    std::vector<RuleFile> files;
    for (const auto& [name, text] : built_in_rule_texts) {
        auto file = read_rule_file(text, std::string(name));
        if (!file) return std::unexpected(std::move(file.error()));
        files.push_back(std::move(*file));
    }
    return files;
}

} // namespace sallyport::content
