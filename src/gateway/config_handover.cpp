#include "gateway/config_reader.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

using handover::Format;
using handover::Transport;
using policy::Fields;
using policy::Node;
using policy::Reader;

// The name is a file's in the data directory and a label in /metrics.
bool is_name(std::string_view text) {
    return text.size() <= 32 && !text.empty() && text.front() != '-' && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

// The path that the receivers of this format serve where the URL has none.
std::string_view usual_path(Format format) {
    switch (format) {
    case Format::otlp: return "/v1/traces";
    case Format::otlp_metrics: return "/v1/metrics";
    case Format::hec: return "/services/collector/event";
    case Format::ocsf:
    case Format::cef: break;
    }
    return "/";
}

// Why they do not go together; empty where they do.
std::string_view misfit(Transport transport, Format format) {
    if (transport == Transport::http && format == Format::cef)
        return "CEF goes by syslog or into a file: write 'to' as syslog+tls://host:port or file:path, or take ocsf";
    if (transport == Transport::syslog && (format != Format::ocsf && format != Format::cef))
        return "by syslog the formats are ocsf and cef";
    if (transport == Transport::file && format == Format::hec)
        return "into a file the formats are ocsf, cef, otlp and otlp-metrics";
    return {};
}

void load_destination(ConfigReader& config, Node node, HandoverConfig& out) {
    Reader& reader = config.reader();
    Fields fields(reader, node, "a destination");
    const Node name = fields.require("name");
    if (const auto text = reader.text(name, "the destination's name")) {
        out.name = *text;
        if (!is_name(*text))
            reader.mistake(name, "the destination's name must be of small letters, digits and '-', at most 32: " +
                                     policy::shown(*text));
    }
    const Node to = fields.require("to");
    const std::string_view target = to.text();
    if (target.starts_with("file:")) {
        out.transport = Transport::file;
        if (target.size() == 5) reader.mistake(to, "'to' names no file: write file:path");
        out.file = config.folder() / target.substr(5);
        for (const std::string_view useless : {"credential", "credential_header", "ca", "proxy", "timeout"})
            if (const Node setting = fields.take(useless))
                reader.mistake(setting, "'" + std::string(useless) + "' says nothing of a file");
    } else {
        const auto url = config.url(to, "'to'", UrlKind::destination);
        config.host(fields, url, out);
        if (url && url->syslog) {
            out.transport = Transport::syslog;
            if (!url->path.empty()) reader.mistake(to, "'to' has a path, which syslog does not know");
        }
        const Node header_node = fields.take("credential_header");
        if (out.transport == Transport::syslog)
            for (const Node setting : {fields.take("credential"), header_node})
                if (setting) reader.mistake(setting, "a credential cannot be sent by syslog");
        if (const auto header = config.header_name(header_node, "the credential's header"))
            out.credential_header = *header;
        config.milliseconds(fields, "timeout", 1'000, limits::handover_ms_max, out.timeout_ms);
    }
    const Node format = fields.require("format");
    if (const auto word = reader.word(format, handover::format_names, "a format")) {
        out.format = static_cast<Format>(*word);
        if (const auto why = misfit(out.transport, out.format); !why.empty()) reader.mistake(format, std::string(why));
        if (out.base_path.empty()) out.base_path = usual_path(out.format);
    }
    static constexpr std::string_view places[] = {"end", "start"};
    if (const auto word = reader.word(fields.take("from"), places, "'from'")) out.from_start = *word == 1;
    fields.finish();
}

} // namespace

void load_handover(ConfigReader& config, Node list, Config& out) {
    Reader& reader = config.reader();
    for (const Node node : reader.list(list, "handover")) {
        HandoverConfig destination;
        load_destination(config, node, destination);
        if (std::ranges::find(out.handover, destination.name, &HandoverConfig::name) != out.handover.end())
            reader.mistake(node, "there are two destinations with the name " + policy::shown(destination.name));
        out.handover.push_back(std::move(destination));
    }
    if (out.handover.size() > limits::handover_destinations_max)
        reader.mistake(list,
                       "at most " + std::to_string(limits::handover_destinations_max) + " destinations are supported");
}

} // namespace sallyport::gateway
