// Errors, pings, token counts and model lists, in each dialect's form.
#include "sim/compose.h"

namespace sallyport::sim {

namespace {

std::string_view error_type(int status) {
    switch (status) {
    case 400:
    case 422: return "invalid_request_error";
    case 401: return "authentication_error";
    case 402: return "billing_error";
    case 403:
    case 451: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 529: return "overloaded_error";
    default: return "api_error";
    }
}

std::string_view gemini_status(int status) {
    switch (status) {
    case 400: return "INVALID_ARGUMENT";
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 429: return "RESOURCE_EXHAUSTED";
    case 500: return "INTERNAL";
    case 503:
    case 529: return "UNAVAILABLE";
    default: return "UNKNOWN";
    }
}

void write_gemini_error(json::Writer& w, int status, std::string_view message) {
    w.begin_object("error");
    w.member("code", status);
    w.member("message", message);
    w.member("status", gemini_status(status));
    w.end_object();
}

} // namespace

std::string error_body(Dialect dialect, int status, std::string_view message) {
    return object([&](json::Writer& w) {
        switch (dialect) {
        case Dialect::anthropic_messages:
            w.member("type", "error");
            w.begin_object("error");
            w.member("type", error_type(status));
            w.member("message", message);
            w.end_object();
            w.member("request_id", "req_sim_error");
            break;
        case Dialect::openai_responses:
        case Dialect::openai_chat:
            w.begin_object("error");
            w.member("message", message);
            w.member("type", error_type(status));
            w.member_null("param");
            w.member("code", error_type(status));
            w.end_object();
            break;
        case Dialect::gemini: write_gemini_error(w, status, message); break;
        }
    });
}

std::string error_event(Dialect dialect, std::string_view message, bool server_sent) {
    Composed composed;
    EventWriter out(composed);
    switch (dialect) {
    case Dialect::anthropic_messages: out.event("error", error_body(dialect, 529, message)); break;
    case Dialect::openai_responses:
        out.event("response.failed", object([&](json::Writer& w) {
                      w.member("type", "response.failed");
                      w.begin_object("response");
                      w.member("id", "resp_sim_error");
                      w.member("object", "response");
                      w.member("status", "failed");
                      w.begin_object("error");
                      w.member("code", "server_error");
                      w.member("message", message);
                      w.end_object();
                      w.end_object();
                  }));
        break;
    case Dialect::openai_chat: out.event("", error_body(dialect, 500, message)); break;
    case Dialect::gemini: {
        const std::string data = error_body(dialect, 503, message);
        if (server_sent)
            out.event("", data);
        else
            out.raw(",\r\n" + data + "]\n");
        break;
    }
    }
    return composed.bytes;
}

std::string ping_event(Dialect dialect, bool server_sent) {
    if (dialect == Dialect::anthropic_messages) return "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    return server_sent ? ": ping\n\n" : "\n"; // a comment; white space between the elements of an array
}

std::string token_count_body(Dialect dialect, std::uint64_t tokens) {
    return object([&](json::Writer& w) {
        if (dialect == Dialect::gemini)
            w.member("totalTokens", tokens);
        else
            w.member("input_tokens", tokens);
    });
}

std::string model_list_body(Dialect dialect) {
    return object([&](json::Writer& w) {
        if (dialect == Dialect::openai_responses || dialect == Dialect::openai_chat) w.member("object", "list");
        w.begin_array(dialect == Dialect::gemini ? "models" : "data");
        for (const std::string_view name : model_names) {
            w.begin_object();
            switch (dialect) {
            case Dialect::anthropic_messages:
                w.member("type", "model");
                w.member("id", name);
                w.member("display_name", name);
                w.member("created_at", "2025-12-01T00:00:00Z");
                break;
            case Dialect::openai_responses:
            case Dialect::openai_chat:
                w.member("id", name);
                w.member("object", "model");
                w.member("created", made_at_s);
                w.member("owned_by", "simulated");
                break;
            case Dialect::gemini:
                w.member("name", "models/" + std::string(name));
                w.member("displayName", name);
                w.begin_array("supportedGenerationMethods");
                w.element("generateContent");
                w.element("countTokens");
                w.end_array();
                break;
            }
            w.end_object();
        }
        w.end_array();
        if (dialect == Dialect::anthropic_messages) w.member("has_more", false);
    });
}

} // namespace sallyport::sim
