#include "policy/names.h"

#include "policy/facts.h"

namespace sallyport::policy {

std::string_view name(Class value) { return class_names[static_cast<std::size_t>(value)]; }
std::string_view name(Evidence value) { return evidence_names[static_cast<std::size_t>(value)]; }
std::string_view name(AccountKind value) { return account_names[static_cast<std::size_t>(value)]; }
std::string_view name(Pdp value) { return pdp_names[static_cast<std::size_t>(value)]; }
std::string_view name(Tier value) { return tier_names[static_cast<std::size_t>(value)]; }
std::string_view name(Mode value) { return mode_names[static_cast<std::size_t>(value)]; }
std::string_view reference_name(std::size_t kind) { return kind < reference_kinds ? reference_names[kind] : "unknown"; }

std::string_view name(Decision value) {
    switch (value) {
    case Decision::allow: return "allow";
    case Decision::amend: return "amend";
    case Decision::withhold: return "withhold";
    case Decision::refuse: return "refuse";
    }
    return "refuse";
}

std::string_view name(Amendment value) { return amendment_names[static_cast<std::size_t>(value)]; }

std::string_view name(RefusedBy value) {
    switch (value) {
    case RefusedBy::nothing: return "nothing";
    case RefusedBy::key_class: return "key-class";
    case RefusedBy::personal_account: return "personal-account";
    case RefusedBy::client: return "client";
    case RefusedBy::client_version: return "client-version";
    case RefusedBy::reference: return "reference";
    case RefusedBy::plugin: return "plugin";
    case RefusedBy::rule: return "rule";
    case RefusedBy::terms: return "terms";
    case RefusedBy::claims: return "claims";
    case RefusedBy::tier: return "tier";
    case RefusedBy::advisory: return "advisory";
    case RefusedBy::no_rule: return "no-rule";
    case RefusedBy::decision_point: return "decision-point";
    }
    return "no-rule";
}

} // namespace sallyport::policy
