#include "content/rules_text.h"
#include "content/secret_rules.h"

namespace sallyport::content {

namespace {
constexpr std::string_view personal = "personal.toml";
}

Result<std::vector<RuleFile>> built_in_secret_rules() {
    std::vector<RuleFile> files;
    for (const auto& [name, text] : built_in_rule_texts) {
        if (name == personal) continue;
        auto file = read_rule_file(text, std::string(name));
        if (!file) return std::unexpected(std::move(file.error()));
        files.push_back(std::move(*file));
    }
    return files;
}

Result<RuleFile> built_in_personal_rules() {
    for (const auto& [name, text] : built_in_rule_texts)
        if (name == personal) return read_rule_file(text, std::string(name));
    return fail(ErrorKind::internal, "the pack of personal data is missing in this program");
}

} // namespace sallyport::content
