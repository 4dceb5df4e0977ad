#include "handover/otlp_json.h"

#include "ledger/words.h"

namespace sallyport::handover {

std::string seconds_of(std::int64_t ms) {
    std::string fraction = std::to_string(ms % 1000);
    fraction.insert(0, 3 - fraction.size(), '0');
    return std::to_string(ms / 1000) + "." + fraction;
}

std::string nanoseconds_of(std::int64_t ms) { return std::to_string(ms) + "000000"; }

// The conventions' name where they have one for whom the policy calls by its own: gen_ai.provider.name is an open list.
std::string_view provider_of(std::string_view vendor) {
    if (vendor == "google" || vendor == "gemini") return "gcp.gemini";
    if (vendor == "azure") return "azure.ai.openai";
    if (vendor == "bedrock" || vendor == "aws") return "aws.bedrock";
    return vendor;
}

std::string_view operation_of(const Event& event) {
    if (event.request->operation != dialect::Operation::generate) return ledger::word(event.request->operation);
    return event.dialect == "gemini" ? "generate_content" : "chat";
}

std::string error_of(const Event& event) {
    if (event.kind == Event::Kind::refusal) return "refused." + std::string(event.refused_because);
    if (event.outcome == nullptr) return "outcome-unknown";
    if (!event.outcome->error.empty()) return std::string(event.outcome->error);
    if (event.outcome->ended != ledger::Ended::complete) return std::string(event.ended());
    return event.status >= 400 ? std::to_string(event.status) : std::string();
}

void append_export(std::string_view origin, std::string_view list, std::string_view elements, std::string& out) {
    json::Writer writer(out);
    writer.begin_object();
    writer.begin_array("resource" + std::string(list));
    writer.begin_object();
    writer.begin_object("resource");
    {
        Attributes attributes(writer);
        attributes.text("service.name", "sallyport");
        attributes.text("service.version", program_version);
        attributes.text("service.instance.id", origin);
    }
    writer.end_object();
    writer.begin_array("scope" + std::string(list));
    writer.begin_object();
    writer.begin_object("scope");
    writer.member("name", "sallyport.ledger");
    writer.member("version", program_version);
    writer.end_object();
    writer.begin_array(list == "Spans" ? "spans" : "metrics");
    writer.element_raw(elements);
    writer.end_array();
    writer.member("schemaUrl", semantic_conventions);
    writer.end_object();
    writer.end_array();
    writer.member("schemaUrl", semantic_conventions);
    writer.end_object();
    writer.end_array();
    writer.end_object();
}

} // namespace sallyport::handover
