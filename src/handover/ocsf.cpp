#include "handover/members.h"
#include "json/writer.h"
#include "ledger/words.h"

#include <algorithm>

namespace sallyport::handover {

namespace {

using json::Writer;

constexpr int class_uid = 6003, category_uid = 6;

// Create, where content was to be generated: it leaves. Read, where only a list was asked for.
int activity_of(const Event& event) { return event.request->operation == dialect::Operation::generate ? 1 : 2; }

// Medium for what was refused or let through only since a refusal is not enforced, low where something was found or taken out.
int severity_of(const Event& event) {
    if (event.kind == Event::Kind::refusal) return 3;
    if (event.judgement->mode != policy::Mode::enforce) return 3;
    if (event.judgement->decision != policy::Decision::allow || !event.request->findings.empty()) return 2;
    return 1;
}
constexpr std::string_view severity_names[] = {"Unknown", "Informational", "Low", "Medium"};

std::string message_of(const Event& event) {
    if (event.kind == Event::Kind::refusal) return std::string(event.sentence);
    std::string out(ledger::word(event.request->operation));
    out += " of " + std::string(event.model().empty() ? "no model" : event.model());
    out += " by " + std::string(event.client()) + " to " + std::string(event.upstream.name) + ": ";
    out += event.outcome == nullptr ? "the gateway ended before the outcome was known" : std::string(event.ended());
    return out;
}

void write_actor(Writer& writer, const Event& event) {
    writer.begin_object("actor");
    member_if(writer, "app_name", event.client().empty() ? "unknown" : event.client());
    if (!event.request->session.empty()) {
        writer.begin_object("session");
        writer.member("uid", event.request->session);
        writer.end_object();
    }
    if (!event.person.empty()) {
        writer.begin_object("user");
        member_if(writer, "credential_uid", event.request->key);
        if (!event.team.empty()) {
            writer.begin_array("groups");
            writer.begin_object();
            writer.member("name", event.team);
            writer.end_object();
            writer.end_array();
        }
        writer.member("uid", event.person);
        writer.end_object();
    }
    writer.end_object();
}

void write_api(Writer& writer, const Event& event) {
    writer.begin_object("api");
    writer.member("operation", ledger::word(event.request->operation));
    writer.begin_object("request");
    writer.member("uid", event.exchange);
    writer.end_object();
    if (event.status != 0) {
        writer.begin_object("response");
        writer.member("code", event.status);
        if (event.outcome != nullptr) member_if(writer, "error", event.outcome->error);
        writer.end_object();
    }
    if (!event.dialect.empty()) {
        writer.begin_object("service");
        writer.member("name", event.dialect);
        writer.end_object();
    }
    writer.end_object();
}

// The profile ai_operation; tokens only where the vendor counted them.
void write_ai(Writer& writer, const Event& event) {
    if (!event.model().empty()) {
        writer.begin_object("ai_model");
        writer.member("ai_provider", event.provider().empty() ? "none" : event.provider());
        writer.member("name", event.model());
        if (event.outcome != nullptr) member_if(writer, "version", event.outcome->model);
        writer.end_object();
    }
    writer.begin_object("message_context");
    writer.member("ai_role_id", 2);
    writer.begin_object("application");
    writer.member("name", event.client().empty() ? "unknown" : event.client());
    member_if(writer, "version", event.judgement->facts.client_version);
    writer.end_object();
    if (event.outcome != nullptr) {
        const dialect::Usage& usage = event.outcome->usage;
        if (usage.output_tokens >= 0) writer.member("completion_tokens", usage.output_tokens);
        if (usage.input_tokens >= 0) writer.member("prompt_tokens", usage.input_tokens);
        if (usage.input_tokens >= 0 && usage.output_tokens >= 0)
            writer.member("total_tokens", usage.input_tokens + usage.output_tokens);
        member_if(writer, "uid", event.outcome->response_id);
    }
    writer.end_object();
}

void write_resources(Writer& writer, const Event& event) {
    const std::string_view repository = event.judgement->facts.repository;
    if (!event.judged) return;
    writer.begin_array("resources");
    writer.begin_object();
    writer.begin_array("labels");
    writer.element("class:" + std::string(ledger::word(event.judgement->effective_class)));
    writer.element("evidence:" + std::string(ledger::word(event.judgement->facts.evidence)));
    writer.end_array();
    writer.member("name", repository.empty() ? "unknown" : repository);
    writer.member("type", "repository");
    writer.end_object();
    writer.end_array();
}

void write_bytes(Writer& writer, std::string_view key, const ledger::Body& body) {
    writer.begin_object(key);
    writer.member("bytes", body.bytes);
    member_if(writer, "digest", digest_text(body));
    writer.end_object();
}

void write_findings(Writer& writer, std::string_view key, std::span<const ledger::NamedFinding> findings) {
    if (findings.empty()) return;
    writer.begin_array(key);
    for (const ledger::NamedFinding& one : findings.first(std::min(findings.size(), listed_max))) {
        writer.begin_object();
        writer.member("confidence", one.confidence);
        writer.member("count", one.count);
        writer.member("kind", one.kind);
        writer.member("rule", one.rule);
        writer.member("unit", one.unit);
        writer.end_object();
    }
    writer.end_array();
    if (findings.size() > listed_max)
        writer.member(std::string(key) + "_left_out", std::uint64_t{findings.size() - listed_max});
}

void write_texts(Writer& writer, std::string_view key, std::span<const std::string_view> texts) {
    if (texts.empty()) return;
    writer.begin_array(key);
    for (const std::string_view one : texts.first(std::min(texts.size(), listed_max))) writer.element(one);
    writer.end_array();
    if (texts.size() > listed_max)
        writer.member(std::string(key) + "_left_out", std::uint64_t{texts.size() - listed_max});
}

// What the schema has no place for.
void write_unmapped(Writer& writer, const Event& event) {
    const ledger::Judgement& judgement = *event.judgement;
    writer.begin_object("unmapped");
    writer.begin_object("sallyport");
    writer.member("attempt", event.attempt);
    writer.member("entry", event.id());
    if (event.outcome != nullptr) {
        write_bytes(writer, "answer", event.outcome->answer);
        write_findings(writer, "answer_findings", event.outcome->findings);
        writer.member("ended", event.ended());
        member_if(writer, "stop_reason", event.outcome->stop_reason);
        write_texts(writer, "tool_calls", event.outcome->tool_calls);
    }
    write_bytes(writer, event.kind == Event::Kind::attempt ? "sent" : "received", event.sent);
    if (event.judged) {
        writer.member("class", ledger::word(judgement.effective_class));
        member_if(writer, "exception", judgement.exception);
        if (judgement.mode != policy::Mode::enforce) {
            writer.member("mode", ledger::word(judgement.mode));
            writer.member("would_refuse", ledger::word(judgement.would_refuse));
            member_if(writer, "would_rule", judgement.would_rule);
        }
        write_texts(writer, "plugins", judgement.facts.plugins);
    }
    write_findings(writer, "findings", event.request->findings);
    if (event.kind == Event::Kind::attempt) {
        writer.begin_object("upstream");
        member_if(writer, "account", event.upstream.account);
        member_if(writer, "hosting", event.upstream.hosting);
        writer.member("name", event.upstream.name);
        member_if(writer, "region", event.upstream.region);
        member_if(writer, "vendor", event.upstream.vendor);
        writer.end_object();
    }
    writer.end_object();
    writer.end_object();
}

// The profile security_control: what was done (action), and what became of it (disposition).
void write_control(Writer& writer, const Event& event) {
    const ledger::Judgement& judgement = *event.judgement;
    const bool refused = event.kind == Event::Kind::refusal;
    const bool amended =
        judgement.decision == policy::Decision::amend || judgement.decision == policy::Decision::withhold;
    const bool told_only = judgement.mode != policy::Mode::enforce;
    writer.member("action_id", refused ? 2 : amended ? 4 : 1); // denied, modified, allowed
    writer.member("disposition_id", refused     ? 2
                                    : told_only ? 15
                                    : amended   ? 11
                                                : 1); // blocked, detected, corrected, allowed
    if (!event.judged) return;
    if (!judgement.rule.empty() || refused) {
        writer.begin_object("firewall_rule");
        writer.member("name", judgement.rule.empty() ? "none" : judgement.rule);
        if (refused) writer.member("type", ledger::word(judgement.refused_by));
        writer.end_object();
    }
    if (!judgement.policy.empty()) {
        writer.begin_object("policy");
        writer.member("uid", judgement.policy);
        if (judgement.policy_version > 0) writer.member("version", std::to_string(judgement.policy_version));
        writer.end_object();
    }
}

void write_status(Writer& writer, const Event& event) {
    const bool unknown = event.kind == Event::Kind::attempt && event.outcome == nullptr;
    const bool failed = event.kind == Event::Kind::refusal || event.failed();
    writer.member("status_id", unknown ? 0 : failed ? 2 : 1);
    if (event.status != 0) writer.member("status_code", std::to_string(event.status));
    if (event.kind == Event::Kind::refusal)
        writer.member("status_detail", event.refused_because);
    else if (!unknown)
        writer.member("status_detail", event.outcome->error.empty() ? event.ended() : event.outcome->error);
}

void write_metadata(Writer& writer, const Event& event) {
    writer.begin_object("metadata");
    writer.member("correlation_uid", event.exchange);
    writer.member("log_name", "ledger");
    writer.begin_object("product");
    writer.member("name", "Sallyport");
    writer.member("vendor_name", "Sallyport");
    writer.member("version", program_version);
    writer.end_object();
    writer.begin_array("profiles");
    writer.element("ai_operation");
    writer.element("security_control");
    writer.end_array();
    writer.member("uid", event.id());
    writer.member("version", ocsf_version);
    writer.end_object();
}

} // namespace

// The class API Activity: https://schema.ocsf.io/1.8.0/classes/api_activity.
void append_ocsf(const Event& event, std::string& out) {
    const int activity = activity_of(event), severity = severity_of(event);
    Writer writer(out);
    writer.begin_object();
    writer.member("activity_id", activity);
    writer.member("category_uid", category_uid);
    writer.member("class_uid", class_uid);
    writer.member("type_uid", class_uid * 100 + activity);
    writer.member("time", event.end_ms >= 0 ? event.end_ms : event.begin_ms);
    writer.member("start_time", event.begin_ms);
    if (event.end_ms >= 0) {
        writer.member("end_time", event.end_ms);
        writer.member("duration", std::max<std::int64_t>(0, event.end_ms - event.begin_ms));
    }
    writer.member("severity_id", severity);
    writer.member("severity", severity_names[severity]);
    writer.member("message", message_of(event));
    write_status(writer, event);
    write_control(writer, event);
    write_actor(writer, event);
    write_api(writer, event);
    write_ai(writer, event);
    writer.begin_object("src_endpoint");
    if (event.request->machine.empty())
        writer.member("name", "unknown");
    else
        writer.member("uid", event.request->machine);
    writer.end_object();
    if (event.kind == Event::Kind::attempt) {
        writer.begin_object("dst_endpoint");
        writer.member("svc_name", event.upstream.name);
        writer.end_object();
    }
    write_resources(writer, event);
    write_metadata(writer, event);
    write_unmapped(writer, event);
    writer.end_object();
}

} // namespace sallyport::handover
