// Refusals that people can read. Which status shows the sentence, and how often the client calls again, was measured on the
// real clients (docs/clients.md, 2026-11-22); this table follows from it.
//
//                      anthropic-messages    openai-responses   openai-chat          gemini
//   policy             451                   400                451                  403
//   identity           403                   400                451                  403
//   invalid            451                   400                400                  400
//   too_large          451                   400                400                  400
//   unavailable        503                   400                400 (pi, opencode    400
//                                                               503)
//   not_found          404                   404                404                  404
//
// anthropic-messages (Claude Code 2.1.196 and 2.1.330)
//   402 and 451 are shown as written after one call. 400 and 422 cost six calls, each with other bytes, in 2.1.330; 404 and 413
//   replace the sentence by the client's own; 401, 429, 500 and 503 are tried eleven times in three minutes. 451 rather than
//   402, which would tell people to pay. An unreadable or too large request gets it too: its honest 400 or 413 would be
//   repeated or hidden, and a client under another name cannot be told from this one.
//   identity: 403 is one call, shown behind "Failed to authenticate.", which is just right here (401 means eleven calls).
//   unavailable: 503 with x-should-retry: false is one call, shown with "usually temporary — try again in a moment": the truth.
// openai-responses (Codex 0.169)
//   400 is the only status shown after one call. Any other 4xx is called six times, any 5xx thirty times in 25 s, 500 and 429
//   hide the sentence. So also for what may pass by itself: the sentence has to say "try again".
// openai-chat (Qwen Code 0.24, opencode 1.18, pi 0.87, Copilot CLI 1.0.102)
//   Every 4xx is shown after one call, but 413 (hidden, or no output at all) and 429 (for minutes). Copilot replaces the sentence
//   of a 403 by its own about the provider's key, and calls three times for a 401; 400, 402, 422 and 451 it shows after one call.
//   unavailable: 503 makes Qwen Code call 56 times and more without an end, so 400. pi (4 calls in 15 s) and opencode (9 calls
//   in 85 s) wait longer each time and then show the sentence: for them 503, since a short outage should not stop an agent.
// gemini (Gemini CLI 0.61)
//   Every 4xx is two calls (the router's and the real one) and a stack trace with the sentence in it; 429 and 5xx are 15 calls
//   in 270 s.
//
// x-should-retry: false goes with all of them: the SDKs of Anthropic and of OpenAI obey it (Claude Code: measured for 401, 429
// and 503).
#include "dialect/dialect.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::dialect {
namespace {

int status_for(Dialect dialect, std::string_view client, RefusalKind kind) {
    if (kind == RefusalKind::not_found) return 404;
    switch (dialect) {
    case Dialect::anthropic_messages:
        if (kind == RefusalKind::identity) return 403;
        return kind == RefusalKind::unavailable ? 503 : 451;
    case Dialect::openai_responses: return 400;
    case Dialect::openai_chat:
        if (kind == RefusalKind::unavailable) return client == "pi" || client == "opencode" ? 503 : 400;
        return kind == RefusalKind::policy || kind == RefusalKind::identity ? 451 : 400;
    case Dialect::gemini: return kind == RefusalKind::policy || kind == RefusalKind::identity ? 403 : 400;
    }
    return 400;
}

// What programs read: stable, and the same in all dialects that have a place for it.
std::string_view code_for(RefusalKind kind) {
    switch (kind) {
    case RefusalKind::policy: return "refused_by_policy";
    case RefusalKind::identity: return "not_identified";
    case RefusalKind::invalid: return "invalid_request";
    case RefusalKind::too_large: return "request_too_large";
    case RefusalKind::unavailable: return "unavailable";
    case RefusalKind::not_found: return "not_found";
    }
    return "refused";
}

// The vendors' own error types (Anthropic's errors page; OpenAI's are a subset), so that a client's switch knows them.
std::string_view type_for(Dialect dialect, RefusalKind kind) {
    switch (kind) {
    case RefusalKind::policy:
        return dialect == Dialect::openai_responses ? "invalid_request_error" : "permission_error";
    case RefusalKind::identity:
        return dialect == Dialect::openai_responses ? "invalid_request_error" : "authentication_error";
    case RefusalKind::invalid:
    case RefusalKind::too_large: return "invalid_request_error";
    case RefusalKind::unavailable: return "api_error";
    case RefusalKind::not_found:
        return dialect == Dialect::anthropic_messages ? "not_found_error" : "invalid_request_error";
    }
    return "api_error";
}

// google.rpc.Code names (ai.google.dev/gemini-api/docs/troubleshooting).
std::string_view google_status(int status, RefusalKind kind) {
    if (kind == RefusalKind::unavailable) return status == 400 ? "FAILED_PRECONDITION" : "UNAVAILABLE";
    switch (status) {
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 500: return "INTERNAL";
    default: return "INVALID_ARGUMENT";
    }
}

// Clients show the message and little else, so the reference stands in it.
std::string message_with(std::string_view sentence, std::string_view reference) {
    if (reference.empty() || sentence.contains(reference)) return std::string(sentence);
    return fmt::format("{} (reference {})", sentence, reference);
}

// A reference goes into a header, so nothing in it may end the line.
std::string as_header(std::string_view reference) {
    std::string safe(reference.substr(0, 128));
    std::ranges::replace_if(safe, [](char c) { return c <= ' ' || c >= 0x7f; }, '_');
    return safe;
}

std::string anthropic_error(std::string_view type, std::string_view message, std::string_view reference) {
    std::string out;
    json::Writer w(out);
    w.begin_object();
    w.member("type", "error");
    w.begin_object("error");
    w.member("type", type);
    w.member("message", message);
    w.end_object();
    w.member("request_id", reference);
    w.end_object();
    return out;
}

std::string openai_error(std::string_view type, std::string_view code, std::string_view message,
                         std::string_view reference) {
    std::string out;
    json::Writer w(out);
    w.begin_object();
    w.begin_object("error");
    w.member("message", message);
    w.member("type", type);
    w.member_null("param");
    w.member("code", code);
    w.end_object();
    w.member("request_id", reference);
    w.end_object();
    return out;
}

// google.rpc.RequestInfo is the place that Google's error model has for it.
std::string gemini_error(int status, std::string_view name, std::string_view message, std::string_view reference) {
    std::string out;
    json::Writer w(out);
    w.begin_object();
    w.begin_object("error");
    w.member("code", status);
    w.member("message", message);
    w.member("status", name);
    if (!reference.empty()) {
        std::string detail;
        json::Writer d(detail);
        d.begin_object();
        d.member("@type", "type.googleapis.com/google.rpc.RequestInfo");
        d.member("requestId", reference);
        d.end_object();
        w.begin_array("details");
        w.element_raw(detail);
        w.end_array();
    }
    w.end_object();
    w.end_object();
    return out;
}

} // namespace

Refusal refuse(Dialect dialect, std::string_view client, RefusalKind kind, std::string_view sentence,
               std::string_view reference) {
    Refusal refusal;
    refusal.status = status_for(dialect, client, kind);
    const std::string message = message_with(sentence, reference);
    refusal.extra_headers = "x-should-retry: false\r\n";
    switch (dialect) {
    case Dialect::anthropic_messages:
        refusal.body = anthropic_error(type_for(dialect, kind), message, reference);
        break;
    case Dialect::openai_responses:
    case Dialect::openai_chat:
        refusal.body = openai_error(type_for(dialect, kind), code_for(kind), message, reference);
        break;
    case Dialect::gemini:
        refusal.content_type = "application/json; charset=UTF-8";
        refusal.body = gemini_error(refusal.status, google_status(refusal.status, kind), message, reference);
        break;
    }
    if (!reference.empty()) {
        const bool anthropic = dialect == Dialect::anthropic_messages;
        refusal.extra_headers +=
            fmt::format("{}: {}\r\n", anthropic ? "request-id" : "x-request-id", as_header(reference));
    }
    return refusal;
}

// What the clients do with it: Claude Code asks once more without streaming (and shows that answer's refusal); Codex shows the
// message of a response.failed whose code is invalid_prompt after one call, and would reconnect for any other; Qwen Code,
// opencode and pi show it; Gemini CLI ignores it and asks four times. None takes it for a clean end.
std::string stream_error(Dialect dialect, std::string_view sentence, std::string_view reference) {
    const std::string message = message_with(sentence, reference);
    switch (dialect) {
    case Dialect::anthropic_messages:
        return fmt::format("event: error\ndata: {}\n\n", anthropic_error("api_error", message, reference));
    case Dialect::openai_responses: {
        std::string out;
        json::Writer w(out);
        w.begin_object();
        w.member("type", "response.failed");
        w.member("sequence_number", std::int64_t{2147483647}); // behind whatever number the vendor had reached
        w.begin_object("response");
        w.member("id", fmt::format("resp_{}", reference));
        w.member("object", "response");
        w.member("status", "failed");
        w.begin_object("error");
        w.member("code", "invalid_prompt");
        w.member("message", message);
        w.end_object();
        w.begin_array("output");
        w.end_array();
        w.end_object();
        w.end_object();
        return fmt::format("event: response.failed\ndata: {}\n\n", out);
    }
    case Dialect::openai_chat:
        return fmt::format("data: {}\n\n", openai_error("api_error", "stream_broken", message, reference));
    case Dialect::gemini: return fmt::format("data: {}\n\n", gemini_error(500, "INTERNAL", message, reference));
    }
    return {};
}

} // namespace sallyport::dialect
