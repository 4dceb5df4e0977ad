#include "endpoint/facts_found.h"

#include "base/clock.h"

namespace sallyport::endpoint {

std::string_view name(FactKind kind) {
    constexpr std::string_view names[fact_kinds] = {"client", "tool",   "plugin",    "base-url",
                                                    "proxy",  "key",    "login",     "transcripts",
                                                    "hook",   "bypass", "telemetry", "unread"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view name(Verdict verdict) {
    constexpr std::string_view names[] = {"approved", "not approved", "cannot be judged"};
    return names[static_cast<std::size_t>(verdict)];
}

void write_fact(json::Writer& writer, const FoundFact& fact) {
    writer.member("kind", name(fact.kind));
    const auto text = [&](std::string_view key, const std::string& value) {
        if (!value.empty()) writer.member(key, value);
    };
    text("client", fact.client);
    text("what", fact.what);
    text("value", fact.value);
    text("way", fact.way);
    text("place", fact.place);
    if (fact.line != 0) writer.member("line", static_cast<std::uint64_t>(fact.line));
    text("known_by", fact.known_by);
    text("digest", fact.digest);
    if (fact.kind == FactKind::transcripts) {
        writer.member("count", fact.count);
        writer.member("bytes", fact.bytes);
        if (fact.count != 0) {
            writer.member("first", rfc3339(fact.first_ms));
            writer.member("last", rfc3339(fact.last_ms));
        }
    }
    if (fact.kind == FactKind::base_url && !fact.effective) writer.member("effective", false);
    if (fact.governed) writer.member("governed", true);
    writer.member("verdict", name(fact.verdict));
    text("reason", fact.reason);
}

} // namespace sallyport::endpoint
