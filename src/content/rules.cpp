#include "content/rules.h"

#include "content/client_marker.h"
#include "content/hidden.h"

namespace sallyport::content {

namespace {
// By state: client_marker.h says what each discloses.
constexpr std::array<std::string_view, marker_states> client_marker_names = {
    "client-marker",      "client-marker-host",      "client-marker-lab",      "client-marker-host-lab",
    "client-marker-zone", "client-marker-host-zone", "client-marker-lab-zone", "client-marker-host-lab-zone"};
} // namespace

std::string_view Rules::rule_name(const Found& found) const {
    switch (found.kind) {
    case FindingKind::secret: return secrets->rule_id(found.rule);
    case FindingKind::marker:
        return found.rule < hidden_rules ? name(static_cast<HiddenRule>(found.rule))
                                         : client_marker_names[(found.rule - hidden_rules) % marker_states];
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
