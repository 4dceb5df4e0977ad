// The text of entries, docs/formats/ledger.md section 3. Members stand in sorted order; each object begins with a member that is
// always there, so that all others can bring their comma.
#include "ledger/canonical.h"
#include "ledger/entry.h"
#include "ledger/words.h"

namespace sallyport::ledger {

namespace {
template <std::size_t size> void write_body(Canonical& out, const char (&literal)[size], const Body& body) {
    out.raw(literal);
    out.number("{\"bytes\":", body.bytes);
    if (body.digest != crypto::Digest{}) out.digest(",\"digest\":", body.digest, body.keyed);
    if (body.kept >= 0) out.number(",\"kept\":", body.kept);
    if (body.kept == kept_lost && body.lost != Lost::not_said) out.text(",\"lost\":", word(body.lost));
    out.raw("}");
}

void write_facts(Canonical& out, const policy::Facts& facts) {
    // Names every member: a new one does not compile until it is written here and read in entry_decode.cpp.
    const auto& [person, team, role, key_max_class, client, client_version, account, repository, evidence, paths,
                 class_floor, dialect, model, generates, references, plugins, at_ms, exceptions, pdp, also_claimed,
                 findings, withheld, tier, advisory] = facts;
    out.text("{\"account\":", word(account));
    if (advisory.is_known()) {
        const std::string_view texts[] = {advisory.id, advisory.summary, advisory.fixed};
        out.texts(",\"advisory\":", texts);
    }
    if (!also_claimed.empty()) out.texts(",\"also_claimed\":", also_claimed);
    out.number(",\"at\":", at_ms);
    out.text(",\"class_floor\":", word(class_floor));
    out.text(",\"client\":", client);
    out.text(",\"client_version\":", client_version);
    out.text(",\"dialect\":", dialect);
    out.text(",\"evidence\":", word(evidence));
    if (!exceptions.empty()) {
        bool first = true;
        for (const policy::Exception& exception : exceptions) {
            first ? out.text(",\"exceptions\":[[", exception.id) : out.text(",[", exception.id);
            out.text(",", exception.rule);
            out.raw("]");
            first = false;
        }
        out.raw("]");
    }
    if (findings != 0) out.number(",\"findings\":", findings);
    out.truth(",\"generates\":", generates);
    out.text(",\"key_max_class\":", word(key_max_class));
    out.text(",\"model\":", model);
    if (!paths.empty()) out.texts(",\"paths\":", paths);
    if (pdp != policy::Pdp::not_asked) out.text(",\"pdp\":", word(pdp));
    out.text(",\"person\":", person);
    out.texts(",\"plugins\":", plugins);
    out.number(",\"references\":", references);
    out.text(",\"repository\":", repository);
    out.text_if(",\"role\":", role);
    out.text(",\"team\":", team);
    if (tier != policy::Tier::none) out.text(",\"tier\":", word(tier));
    out.number(",\"version\":", policy::facts_version);
    if (withheld != 0) out.number(",\"withheld\":", withheld);
    out.raw("}");
}

// Up to the last upstream that needs some.
void write_amendments(Canonical& out, const Judgement& judgement) {
    std::size_t count = std::min(judgement.upstreams.size(), judgement.amendments.size());
    while (count > 0 && judgement.amendments[count - 1].none()) --count;
    if (count == 0) return;
    for (std::size_t i = 0; i < count; ++i) {
        i == 0 ? out.raw("\"amendments\":[") : out.raw(",");
        out.number("[", judgement.amendments[i].redact);
        out.number(",", judgement.amendments[i].withhold);
        const policy::Amendments& made = judgement.amendments[i];
        if ((made.normalise | made.strip) != 0) out.number(",", made.normalise);
        if (made.strip != 0) out.number(",", made.strip);
        out.raw("]");
    }
    out.raw("],");
}

void write_plan(Canonical& out, const Judgement& judgement) {
    out.raw("{");
    write_amendments(out, judgement);
    out.texts("\"candidates\":", judgement.candidates);
    out.text(",\"class\":", word(judgement.effective_class));
    out.text(",\"decision\":", word(judgement.decision));
    out.truth(",\"durable_first\":", judgement.durable_first);
    out.text_if(",\"exception\":", judgement.exception);
    if (judgement.mode != policy::Mode::enforce) out.text(",\"mode\":", word(judgement.mode));
    out.text(",\"policy\":", judgement.policy);
    if (judgement.policy_version != 0) out.number(",\"policy_version\":", judgement.policy_version);
    out.text(",\"refused_by\":", word(judgement.refused_by));
    out.text(",\"rule\":", judgement.rule);
    if (judgement.policy_version != 0) out.texts(",\"signers\":", judgement.signers);
    out.texts(",\"upstream_rules\":", judgement.upstream_rules);
    out.texts(",\"upstreams\":", judgement.upstreams);
    out.text(",\"world\":", judgement.world);
    if (judgement.would_refuse != policy::RefusedBy::nothing) {
        out.text(",\"would_refuse\":", word(judgement.would_refuse));
        out.text_if(",\"would_rule\":", judgement.would_rule);
    }
    out.raw("}");
}

template <class Kind, std::size_t size>
void write_counts(Canonical& out, const std::array<std::uint32_t, size>& counts) {
    static constexpr auto kinds = by_word<Kind>();
    out.raw("{");
    bool first = true;
    for (const Kind kind : kinds) {
        const std::uint32_t count = counts[static_cast<std::size_t>(kind)];
        if (count == 0) continue;
        first ? out.raw("\"") : out.raw(",\"");
        out.raw_text(word(kind));
        out.number("\":", count);
        first = false;
    }
    out.raw("}");
}

template <std::size_t size>
void write_findings(Canonical& out, const char (&begin)[size], std::span<const NamedFinding> findings) {
    for (const NamedFinding& found : findings) {
        &found == findings.data() ? out.text(begin, found.kind) : out.text(",[", found.kind);
        out.text(",", found.confidence);
        out.text(",", found.rule);
        out.text(",", found.unit);
        out.number(",", found.count);
        out.text_if(",", found.id);
        out.raw("]");
    }
    if (!findings.empty()) out.raw("]");
}

template <std::size_t size>
void write_binding(Canonical& out, const char (&literal)[size], const NamedBinding& binding) {
    out.raw(literal);
    out.text("{\"client\":", binding.client);
    out.text_if(",\"commit\":", binding.commit);
    out.text_if(",\"digest\":", binding.digest);
    out.text(",\"id\":", binding.id);
    out.text_if(",\"root\":", binding.root);
    out.text(",\"tier\":", binding.tier);
    out.text(",\"version\":", binding.version);
    out.raw("}");
}

void write_request(Canonical& out, const RequestSummary& request) {
    bool begun = !request.binding.id.empty();
    if (begun) write_binding(out, "{\"binding\":", request.binding);
    write_findings(out, begun ? ",\"disclosed\":[[" : "{\"disclosed\":[[", request.disclosed);
    begun = begun || !request.disclosed.empty();
    write_findings(out, begun ? ",\"disputed\":[[" : "{\"disputed\":[[", request.disputed);
    begun = begun || !request.disputed.empty();
    out.raw(begun ? ",\"files\":[" : "{\"files\":[");
    bool first = true;
    for (const NamedFile& file : request.files) {
        if (!first) out.raw(",");
        out.text("[", file.tool);
        out.text(",", file.file);
        out.raw("]");
        first = false;
    }
    out.raw("]");
    if (request.files_left_out != 0) out.number(",\"files_left_out\":", request.files_left_out);
    write_findings(out, ",\"findings\":[[", request.findings);
    out.text_if(",\"key\":", request.key);
    out.text_if(",\"machine\":", request.machine);
    out.text(",\"operation\":", word(request.operation));
    out.raw(",\"references\":");
    write_counts<dialect::ReferenceKind>(out, request.references);
    out.text_if(",\"session\":", request.session);
    for (const NamedSource& source : request.sources) {
        &source == request.sources.data() ? out.text(",\"sources\":[[", source.repository)
                                          : out.text(",[", source.repository);
        out.text(",", source.file);
        out.text(",", source.lines);
        out.number(",", source.characters);
        out.text(",", word(source.fate));
        out.raw("]");
    }
    if (!request.sources.empty()) out.raw("]");
    if (request.sources_left_out != 0) out.number(",\"sources_left_out\":", request.sources_left_out);
    out.truth(",\"stream\":", request.stream);
    out.raw(",\"units\":");
    write_counts<dialect::UnitKind>(out, request.units);
    out.raw("}");
}

void write_upstream(Canonical& out, const UpstreamSummary& upstream) {
    out.text("{\"account\":", upstream.account);
    out.text_if(",\"hosting\":", upstream.hosting);
    out.text(",\"name\":", upstream.name);
    out.text_if(",\"region\":", upstream.region);
    out.text_if(",\"vendor\":", upstream.vendor);
    out.raw("}");
}

void write_usage(Canonical& out, const dialect::Usage& usage) {
    bool first = true;
    const auto member = [&](const auto& literal, std::int64_t value) {
        if (value < 0) return;
        first ? out.raw(",\"usage\":{") : out.raw(",");
        out.number(literal, value);
        first = false;
    };
    member("\"cache_read_tokens\":", usage.cache_read_tokens);
    member("\"cache_write_tokens\":", usage.cache_write_tokens);
    member("\"input_tokens\":", usage.input_tokens);
    member("\"output_tokens\":", usage.output_tokens);
    if (!first) out.raw("}");
}

constexpr char version_end[] = ",\"v\":1}";
static_assert(entry_version == 1);
} // namespace

void encode(const Intent& intent, std::string& text) {
    Canonical out(text);
    out.number("{\"at\":", intent.at_ms);
    out.number(",\"attempt\":", intent.attempt);
    out.text(",\"exchange\":", intent.exchange);
    out.raw(",\"facts\":");
    write_facts(out, intent.judgement.facts);
    out.raw(",\"kind\":\"intent\",\"plan\":");
    write_plan(out, intent.judgement);
    if (intent.amended) write_body(out, ",\"received\":", intent.received);
    out.raw(",\"request\":");
    write_request(out, intent.request);
    write_body(out, ",\"sent\":", intent.sent);
    out.raw(",\"upstream\":");
    write_upstream(out, intent.upstream);
    out.raw(version_end);
}

void encode(const Outcome& outcome, std::string& text) {
    Canonical out(text);
    write_body(out, "{\"answer\":", outcome.answer);
    out.number(",\"at\":", outcome.at_ms);
    out.number(",\"attempt\":", outcome.attempt);
    out.text(",\"ended\":", word(outcome.ended));
    out.text_if(",\"error\":", outcome.error);
    out.text(",\"exchange\":", outcome.exchange);
    write_findings(out, ",\"findings\":[[", outcome.findings);
    if (outcome.first_byte_ms >= 0) out.number(",\"first_byte_ms\":", outcome.first_byte_ms);
    out.raw(",\"kind\":\"outcome\"");
    out.text_if(",\"model\":", outcome.model);
    out.text_if(",\"response_id\":", outcome.response_id);
    if (outcome.restored != 0) out.number(",\"restored\":", outcome.restored);
    out.number(",\"status\":", outcome.status);
    out.text_if(",\"stop_reason\":", outcome.stop_reason);
    if (!outcome.tool_calls.empty()) out.texts(",\"tool_calls\":", outcome.tool_calls);
    if (outcome.total_ms >= 0) out.number(",\"total_ms\":", outcome.total_ms);
    write_usage(out, outcome.usage);
    out.raw(version_end);
}

void encode(const Refusal& refusal, std::string& text) {
    Canonical out(text);
    out.number("{\"at\":", refusal.at_ms);
    if (!refusal.judged) out.text_if(",\"dialect\":", refusal.dialect);
    out.text(",\"exchange\":", refusal.exchange);
    if (refusal.judged) {
        out.raw(",\"facts\":");
        write_facts(out, refusal.judgement.facts);
    }
    out.raw(",\"kind\":\"refusal\"");
    if (refusal.judged) {
        out.raw(",\"plan\":");
        write_plan(out, refusal.judgement);
    } else {
        out.text_if(",\"person\":", refusal.person);
    }
    write_body(out, ",\"received\":", refusal.received);
    out.raw(",\"request\":");
    write_request(out, refusal.request);
    out.text(",\"sentence\":", refusal.sentence);
    out.number(",\"status\":", refusal.status);
    if (!refusal.judged) out.text_if(",\"team\":", refusal.team);
    out.raw(",\"v\":1");
    out.text(",\"why\":", word(refusal.why));
    out.raw("}");
}

void encode(const Repeat& repeat, std::string& text) {
    Canonical out(text);
    out.number("{\"at\":", repeat.at_ms);
    out.number(",\"count\":", repeat.count);
    out.text(",\"exchange\":", repeat.exchange);
    out.number(",\"first\":", repeat.first_ms);
    out.raw(",\"kind\":\"repeat\"");
    out.number(",\"last\":", repeat.last_ms);
    out.raw(version_end);
}

void encode(const Start& start, std::string& text) {
    Canonical out(text);
    out.number("{\"at\":", start.at_ms);
    out.raw(",\"kind\":\"start\"");
    out.text(",\"policy\":", start.policy);
    out.text(",\"program\":", start.version);
    if (start.torn_bytes != 0) out.number(",\"torn_bytes\":", start.torn_bytes);
    out.raw(",\"v\":1");
    out.text(",\"world\":", start.world);
    out.raw("}");
}

void encode(const Stop& stop, std::string& text) {
    Canonical out(text);
    out.number("{\"at\":", stop.at_ms);
    out.raw(",\"kind\":\"stop\"");
    out.text(",\"reason\":", stop.reason);
    out.raw(version_end);
}

void encode(const Act& act, std::string& text) {
    Canonical out(text);
    out.text("{\"about\":", act.about);
    out.number(",\"at\":", act.at_ms);
    out.text(",\"by\":", act.by);
    out.text(",\"id\":", act.id);
    out.raw(",\"kind\":\"act\",\"v\":1");
    out.text(",\"what\":", act.what);
    out.text(",\"why\":", act.why);
    out.raw("}");
}

void encode(const Run& run, std::string& text) {
    Canonical out(text);
    out.number("{\"at\":", run.at_ms);
    write_binding(out, ",\"binding\":", run.binding);
    out.number(",\"exchanges\":", run.exchanges);
    for (const NamedGrant& one : run.grants) {
        &one == run.grants.data() ? out.text(",\"grants\":[[", one.id) : out.text(",[", one.id);
        out.number(",", one.uses);
        out.raw("]");
    }
    if (!run.grants.empty()) out.raw("]");
    out.raw(",\"hosts\":[");
    for (const NamedHost& one : run.hosts) {
        &one == run.hosts.data() ? out.text("[", one.host) : out.text(",[", one.host);
        for (const std::uint64_t figure : {one.contacts, one.refused, one.names, one.sent_bytes, one.received_bytes})
            out.number(",", figure);
        out.raw("]");
    }
    out.raw("]");
    if (run.hosts_left_out != 0) out.number(",\"hosts_left_out\":", run.hosts_left_out);
    out.raw(",\"kind\":\"run\"");
    out.text(",\"person\":", run.person);
    out.text_if(",\"repository\":", run.repository);
    out.raw(version_end);
}

} // namespace sallyport::ledger
