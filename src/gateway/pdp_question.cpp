#include "gateway/pdp_question.h"

#include "base/clock.h"
#include "json/writer.h"

namespace sallyport::gateway {

namespace {

void write_subject(json::Writer& writer, const policy::Facts& facts) {
    writer.begin_object("subject");
    writer.member("type", "person");
    writer.member("id", facts.person);
    writer.begin_object("properties");
    writer.member("team", facts.team);
    writer.member("role", facts.role);
    writer.member("account", policy::name(facts.account));
    writer.end_object();
    writer.end_object();
}

void write_action(json::Writer& writer, const policy::Policy& policy, const policy::Facts& facts,
                  const policy::Plan& plan, std::string_view action) {
    writer.begin_object("action");
    writer.member("name", action);
    writer.begin_object("properties");
    writer.member("client", facts.client);
    writer.member("client_version", facts.client_version);
    writer.member("model", facts.model);
    writer.begin_array("references");
    for (std::size_t kind = 0; kind < policy::reference_kinds; ++kind)
        if ((facts.references >> kind & 1) != 0) writer.element(policy::reference_name(kind));
    writer.end_array();
    writer.begin_array("plugins");
    for (const std::string_view plugin : facts.plugins) writer.element(plugin);
    writer.end_array();
    writer.begin_array("upstreams");
    for (std::size_t i = 0; i < plan.upstream_count; ++i) writer.element(policy.upstreams()[plan.upstreams[i]].name);
    writer.end_array();
    writer.end_object();
    writer.end_object();
}

void write_resource(json::Writer& writer, const policy::Facts& facts, const policy::Plan& plan) {
    writer.begin_object("resource");
    writer.member("type", "repository");
    writer.member("id", facts.repository.empty() ? std::string_view("unknown") : facts.repository);
    writer.begin_object("properties");
    writer.member("class", policy::name(plan.effective_class));
    writer.member("evidence", policy::name(facts.evidence));
    writer.end_object();
    writer.end_object();
}

} // namespace

PdpQuestion make_pdp_question(const policy::Policy& policy, const policy::Facts& facts, const policy::Plan& plan,
                              std::string_view action) {
    PdpQuestion question;
    json::Writer writer(question.body);
    writer.begin_object();
    write_subject(writer, facts);
    write_action(writer, policy, facts, plan, action);
    write_resource(writer, facts, plan);
    question.key = crypto::sha256(question.body);
    writer.begin_object("context");
    writer.member("at", rfc3339(facts.at_ms));
    writer.end_object();
    writer.end_object();
    return question;
}

} // namespace sallyport::gateway
