#include "gateway/workload.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/text.h"
#include "gateway/caller.h"
#include "gateway/issuer_call.h"
#include "identity/credential.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

// The first credential of this shape that a header brings; others are judged by read_caller().
std::string_view token_in(const http::RequestHead& head) {
    constexpr std::string_view scheme = "bearer ";
    for (const http::Field& field : head.fields) {
        if (!carries_credential(field.name)) continue;
        std::string_view value = field.value;
        if (value.size() > scheme.size() && equals_ignoring_case(value.substr(0, scheme.size()), scheme))
            value = trim(value.substr(scheme.size()));
        if (identity::classify_credential(value) == identity::CredentialKind::jwt) return value;
    }
    return {};
}

const WorkloadConfig* workload_of(const Config& config, const identity::WebToken& token) {
    for (const WorkloadConfig& one : config.workloads)
        if (token.text("iss") == config.issuers[one.issuer].issuer && token.lists("aud", one.audience) &&
            glob_matches(one.subject, token.text("sub")))
            return &one;
    return nullptr;
}

} // namespace

net::Task<void> admit_workload(Lane& lane, http::Exchange& exchange) {
    const std::shared_ptr<const World> world = lane.world;
    if (world->config->workloads.empty()) co_return;
    const std::string text(token_in(exchange.head()));
    if (text.empty() || text.size() > identity::web_token_bytes_max) co_return;
    identity::Sessions& sessions = lane.shared.signing_in.sessions;
    const crypto::Digest digest = sessions.digest_of(text);
    if (sessions.find(digest).session) co_return;
    const auto told = identity::read_web_token(text);
    const WorkloadConfig* const workload = told ? workload_of(*world->config, *told) : nullptr;
    if (workload == nullptr) co_return;
    const auto token = co_await verified_token(lane, world->issuers[workload->issuer], text, workload->audience, {});
    if (!token) {
        lane.shared.log.warning("workload.refused", {{"why", token.error().message}});
        co_return;
    }
    auto session = std::make_shared<identity::Session>();
    session->id = "w_" + to_hex(crypto::bytes(digest).substr(0, 8));
    const std::string name = "workload " + std::string(token->text("sub")) + " of " + std::string(token->text("iss"));
    session->person = lane.shared.pseudonyms.remember(identity::NameKind::person, name).view();
    session->team = workload->team;
    session->max_class = workload->max_class;
    const std::int64_t expires_ms = token->numbers.find("exp")->second * 1000; // check() wants it there
    if (!sessions.put(digest, std::move(session), expires_ms, wall_ms()))
        lane.shared.log.warning("workload.refused", {{"why", "too many are signed in"}});
}

} // namespace sallyport::gateway
