// The words of the entry format for our enumerations, and back. They are the format's: a display name may change, these may not.
// A value without a word does not compile.
#pragma once

#include "ledger/entry.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sallyport::ledger {

#pragma clang diagnostic push
#pragma clang diagnostic error "-Wswitch"

constexpr std::string_view word(Kind kind) {
    switch (kind) {
    case Kind::intent: return "intent";
    case Kind::outcome: return "outcome";
    case Kind::refusal: return "refusal";
    case Kind::repeat: return "repeat";
    case Kind::start: return "start";
    case Kind::stop: return "stop";
    case Kind::act: return "act";
    case Kind::run: return "run";
    }
    return {};
}

constexpr std::string_view word(Ended ended) {
    switch (ended) {
    case Ended::complete: return "complete";
    case Ended::client_left: return "client-left";
    case Ended::upstream_cut: return "upstream-cut";
    case Ended::upstream_error: return "upstream-error";
    case Ended::timeout: return "timeout";
    case Ended::not_sent: return "not-sent";
    case Ended::gateway_error: return "gateway-error";
    }
    return {};
}

constexpr std::string_view word(Lost lost) {
    switch (lost) {
    case Lost::not_said: return "not-said";
    case Lost::disk: return "disk";
    case Lost::limit: return "limit";
    }
    return {};
}

constexpr std::string_view word(Fate fate) {
    switch (fate) {
    case Fate::left: return "left";
    case Fate::withheld: return "withheld";
    }
    return {};
}

constexpr std::string_view word(policy::Mode mode) {
    switch (mode) {
    case policy::Mode::enforce: return "enforce";
    case policy::Mode::warn: return "warn";
    case policy::Mode::observe: return "observe";
    }
    return {};
}

constexpr std::string_view word(dialect::Operation operation) {
    switch (operation) {
    case dialect::Operation::generate: return "generate";
    case dialect::Operation::count_tokens: return "count-tokens";
    case dialect::Operation::list_models: return "list-models";
    }
    return {};
}

constexpr std::string_view word(dialect::RefusalKind why) {
    switch (why) {
    case dialect::RefusalKind::policy: return "policy";
    case dialect::RefusalKind::identity: return "identity";
    case dialect::RefusalKind::invalid: return "invalid";
    case dialect::RefusalKind::too_large: return "too-large";
    case dialect::RefusalKind::unavailable: return "unavailable";
    case dialect::RefusalKind::not_found: return "not-found";
    }
    return {};
}

constexpr std::string_view word(dialect::UnitKind kind) {
    switch (kind) {
    case dialect::UnitKind::system: return "system";
    case dialect::UnitKind::message: return "message";
    case dialect::UnitKind::tool_call: return "tool-call";
    case dialect::UnitKind::tool_result: return "tool-result";
    case dialect::UnitKind::tool_definition: return "tool-definition";
    case dialect::UnitKind::attachment: return "attachment";
    case dialect::UnitKind::other: return "other";
    }
    return {};
}

constexpr std::string_view word(dialect::ReferenceKind kind) {
    switch (kind) {
    case dialect::ReferenceKind::previous_response: return "previous-response";
    case dialect::ReferenceKind::file: return "file";
    case dialect::ReferenceKind::container: return "container";
    case dialect::ReferenceKind::cached_content: return "cached-content";
    case dialect::ReferenceKind::stored_prompt: return "stored-prompt";
    case dialect::ReferenceKind::url: return "url";
    case dialect::ReferenceKind::vendor_tool: return "vendor-tool";
    case dialect::ReferenceKind::remote_mcp: return "remote-mcp";
    }
    return {};
}

constexpr std::string_view word(policy::Class value) {
    switch (value) {
    case policy::Class::open_source: return "open-source";
    case policy::Class::internal: return "internal";
    case policy::Class::customer: return "customer";
    case policy::Class::secret_bearing: return "secret-bearing";
    case policy::Class::trade_secret: return "trade-secret";
    }
    return {};
}

constexpr std::string_view word(policy::Evidence evidence) {
    switch (evidence) {
    case policy::Evidence::none: return "none";
    case policy::Evidence::claimed: return "claimed";
    case policy::Evidence::bound: return "bound";
    case policy::Evidence::observed: return "observed";
    }
    return {};
}

constexpr std::string_view word(policy::Tier tier) {
    switch (tier) {
    case policy::Tier::none: return "none";
    case policy::Tier::c: return "C";
    case policy::Tier::b: return "B";
    case policy::Tier::a: return "A";
    }
    return {};
}

constexpr std::string_view word(policy::AccountKind account) {
    switch (account) {
    case policy::AccountKind::company: return "company";
    case policy::AccountKind::personal: return "personal";
    }
    return {};
}

constexpr std::string_view word(policy::Pdp pdp) {
    switch (pdp) {
    case policy::Pdp::not_asked: return "not-asked";
    case policy::Pdp::permitted: return "permitted";
    case policy::Pdp::denied: return "denied";
    case policy::Pdp::unanswered: return "unanswered";
    }
    return {};
}

constexpr std::string_view word(policy::Decision decision) {
    switch (decision) {
    case policy::Decision::allow: return "allow";
    case policy::Decision::amend: return "amend";
    case policy::Decision::withhold: return "withhold";
    case policy::Decision::refuse: return "refuse";
    }
    return {};
}

constexpr std::string_view word(policy::RefusedBy by) {
    switch (by) {
    case policy::RefusedBy::nothing: return "nothing";
    case policy::RefusedBy::key_class: return "key-class";
    case policy::RefusedBy::personal_account: return "personal-account";
    case policy::RefusedBy::client: return "client";
    case policy::RefusedBy::client_version: return "client-version";
    case policy::RefusedBy::reference: return "reference";
    case policy::RefusedBy::rule: return "rule";
    case policy::RefusedBy::terms: return "terms";
    case policy::RefusedBy::no_rule: return "no-rule";
    case policy::RefusedBy::plugin: return "plugin";
    case policy::RefusedBy::decision_point: return "decision-point";
    case policy::RefusedBy::claims: return "claims";
    case policy::RefusedBy::tier: return "tier";
    case policy::RefusedBy::advisory: return "advisory";
    }
    return {};
}

#pragma clang diagnostic pop

template <class Enum> constexpr std::size_t word_count() {
    std::size_t count = 0;
    while (!word(static_cast<Enum>(count)).empty()) ++count;
    return count;
}

template <class Enum> std::optional<Enum> from_word(std::string_view text) {
    for (std::size_t i = 0; i < word_count<Enum>(); ++i)
        if (word(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
    return std::nullopt;
}

// All values in the order of their words, in which a canonical object counts them.
template <class Enum> constexpr auto by_word() {
    std::array<Enum, word_count<Enum>()> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<Enum>(i);
    std::ranges::sort(out, {}, [](Enum value) { return word(value); });
    return out;
}
static_assert(word_count<dialect::UnitKind>() == unit_kinds &&
              word_count<dialect::ReferenceKind>() == dialect::reference_kinds);

} // namespace sallyport::ledger
