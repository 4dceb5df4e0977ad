#include "content/rules.h"

#include "content/hidden.h"

namespace sallyport::content {

std::string_view Rules::rule_name(const Found& found) const {
    switch (found.kind) {
    case FindingKind::secret: return secrets->rule_id(found.rule);
    case FindingKind::marker: return name(static_cast<HiddenRule>(found.rule));
    case FindingKind::attribution: return "attribution";
    case FindingKind::uninspected: return "attachment";
    }
    return {};
}

std::string Rules::digest() const { return std::string(crypto::bytes(secrets->digest())); }

Result<std::shared_ptr<const Rules>> Rules::built_in() {
    const auto files = built_in_secret_rules();
    if (!files) return std::unexpected(files.error());
    auto made = std::make_shared<Rules>();
    auto secrets = SecretRules::compile(*files);
    if (!secrets) return std::unexpected(secrets.error());
    if (const auto tested = self_test(*secrets, *files); !tested) return std::unexpected(tested.error());
    made->secrets = std::move(*secrets);
    return made;
}

} // namespace sallyport::content
