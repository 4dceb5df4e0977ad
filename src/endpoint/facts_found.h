// What `sallyport discover` says of a machine: one fact each, with where it stands and how we know it. Never a key, a token, a person's
// name or a word of a transcript; the home folder is "~". docs/discover.md.
#pragma once

#include "json/writer.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

enum class FactKind : std::uint8_t {
    client,      // one of the six, installed
    tool,        // another assistant or a part of one
    plugin,      // MCP server, skill, extension
    base_url,    // where a client sends its model calls
    proxy,       // where it sends everything
    key,         // a vendor's key in a file
    login,       // a client is signed in
    transcripts, // kept conversations
    hook,        // a program that a client runs by itself
    bypass,      // a question to the person that is switched off
    telemetry,   // reports to the vendor, on or off
    unread,      // a place that could not be looked at
};
inline constexpr std::size_t fact_kinds = 12;
std::string_view name(FactKind);

enum class Verdict : std::uint8_t { approved, not_approved, unclear };
std::string_view name(Verdict); // "approved", "not approved", "cannot be judged"

struct FoundFact {
    FactKind kind = FactKind::client;
    std::string client{};               // "claude-code"; empty: of none in particular
    std::string what{};                 // "claude-code", "github", "ANTHROPIC_BASE_URL", "openai-key"
    std::string value{};                // a version, a program, an address without its secrets, "on"
    std::string way{};                  // of install, transport, kind of account, format
    std::string place{};                // "~/.claude/settings.json", "environment"
    std::size_t line = 0;               // 0: the whole of it
    std::string known_by{};             // how we know it
    std::string digest{};               // "sha256:…" of a program; "k_…" of a key, under a key of this machine or run
    std::uint64_t count = 0, bytes = 0; // of transcripts
    std::int64_t first_ms = 0, last_ms = 0; // of transcripts
    bool effective = true;                  // of a base URL: the client uses it; false where another one is chosen
    bool governed = false;                  // of a base URL: it is the gateway; of a client: started through sallyport
    Verdict verdict = Verdict::unclear;
    std::string reason{}; // one sentence
};

// An object, as --json and the report have it.
void write_fact(json::Writer& writer, const FoundFact& fact);

} // namespace sallyport::endpoint
