#include "gateway/record.h"

#include "base/clock.h"
#include "gateway/bound.h"
#include "policy/program.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

// Alike ones as one with a count; never the text. Those that are `wanted`.
template <class Wanted, class Id>
void name_findings(const content::Inspection& inspection, Wanted wanted, Id id_of,
                   std::vector<ledger::NamedFinding>& rows) {
    rows.clear();
    for (const content::Finding& one : inspection.findings) {
        if (!wanted(one)) continue;
        const std::string_view id = id_of(one);
        const ledger::NamedFinding row{content::name(one.found.kind),
                                       content::name(one.found.confidence),
                                       inspection.rule_name(one),
                                       dialect::name(one.unit),
                                       1,
                                       id};
        const auto alike = std::ranges::find_if(rows, [&](const auto& other) { return row.alike(other); });
        if (alike != rows.end())
            ++alike->count;
        else
            rows.push_back(row);
    }
}

// Of which files what stands in the request, those with the most of it first.
void add_sources(Turn& turn, std::uint16_t withheld, ledger::RequestSummary& made) {
    Scratch& scratch = *turn.scratch;
    if (scratch.inspection.sources.empty()) return;
    turn.name_sources(withheld);
    auto& rows = scratch.source_rows;
    rows.clear();
    scratch.source_names.clear();
    scratch.source_lines.clear();
    const std::size_t count = std::min(scratch.sources.size(), limits::sources_per_entry_max);
    for (std::size_t i = 0; i < count; ++i) {
        scratch.source_names.push_back(
            turn.lane.shared.pseudonyms.remember(identity::NameKind::path, scratch.sources[i].place->path));
        scratch.source_lines.push_back(scratch.sources[i].line_ranges());
    }
    for (std::size_t i = 0; i < count; ++i) {
        const SourceRow& row = scratch.sources[i];
        rows.push_back({row.place->repository, scratch.source_names[i].view(), scratch.source_lines[i], row.characters,
                        row.is_withheld ? ledger::Fate::withheld : ledger::Fate::left});
    }
    made.sources = rows;
    made.sources_left_out = scratch.sources.size() - count;
}

// `withheld`: from whoever gets it, by policy::finding_bit().
ledger::RequestSummary summary(Turn& turn, std::uint16_t withheld) {
    const dialect::Request& request = turn.scratch->request;
    identity::Pseudonyms& pseudonyms = turn.lane.shared.pseudonyms;
    ledger::RequestSummary made;
    made.operation = turn.endpoint.operation;
    made.stream = request.stream;
    made.key = turn.caller.key.caller.key_id;
    if (turn.scratch->binding) made.binding = named(*turn.scratch->binding);
    for (const dialect::Unit& unit : request.units) ++made.units[static_cast<std::size_t>(unit.kind)];
    for (const dialect::Reference& reference : request.references)
        ++made.references[static_cast<std::size_t>(reference.kind)];
    auto& names = turn.scratch->file_names;
    auto& files = turn.scratch->files;
    names.clear();
    files.clear();
    for (const dialect::NamedFile& file : request.files)
        names.push_back(pseudonyms.remember(identity::NameKind::path, file.path));
    for (std::size_t i = 0; i < request.files.size(); ++i) files.push_back({request.files[i].tool, names[i].view()});
    made.files = files;
    made.files_left_out = request.files_left_out;
    using content::Finding;
    auto& ids = turn.scratch->finding_ids;
    ids.clear();
    const auto id_of = [&](const Finding& one) {
        if (ids.size() == limits::findings_named_max) return std::string_view();
        return std::string_view(ids.emplace_back(turn.lane.shared.amender.id_of(turn.scratch->document, one)));
    };
    const content::Inspection& seen = turn.scratch->inspection;
    name_findings(seen, [](const Finding& one) { return one.acts(); }, id_of, turn.scratch->findings);
    name_findings(seen, [](const Finding& one) { return one.is_disclosed; }, id_of, turn.scratch->disclosed);
    name_findings(seen, [](const Finding& one) { return one.is_disputed; }, id_of, turn.scratch->disputed);
    made.findings = turn.scratch->findings;
    made.disclosed = turn.scratch->disclosed;
    made.disputed = turn.scratch->disputed;
    add_sources(turn, withheld, made);
    return made;
}

// "10.1.2.3:5123" -> "10.1.2.3": the port is no machine.
std::string_view machine_of(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

std::string_view session_of(const Turn& turn) {
    const std::string_view told = turn.caller.session();
    return told.empty() ? std::string_view(turn.scratch->request.session) : told;
}

// The number of its chunk, or not_kept.
Result<std::int64_t> keep_request(Turn& turn) {
    turn.kept.reset();
    const policy::Class cls = turn.plan.effective_class;
    if (turn.world->policy->program().document.bodies_kept_ms[static_cast<std::size_t>(cls)] == 0)
        return ledger::not_kept;
    turn.kept.emplace(turn.lane.shared.kept_bodies,
                      bodies::place_at(turn.facts.repository, turn.facts.person, policy::name(cls), wall_ms()));
    auto& cuts = turn.scratch->cuts;
    cuts.clear();
    if (turn.amended)
        cut_between_objects(turn.body(), cuts);
    else
        cut_at_units(turn.scratch->document, turn.scratch->request.units, cuts);
    return turn.kept->request(turn.body(), cuts);
}

struct DurableWait {
    net::Completion completion;
    bool durable = false;
    explicit DurableWait(net::Loop& loop) : completion(loop) {}
    static void done(void* context, bool is_durable) {
        auto& wait = *static_cast<DurableWait*>(context);
        wait.durable = is_durable;
        wait.completion.complete();
    }
};

} // namespace

void count_decision(const Turn& turn) {
    Metrics& metrics = turn.lane.metrics;
    const content::Inspection& inspection = turn.scratch->inspection;
    metrics.units_inspected.add(inspection.units);
    metrics.units_new.add(inspection.units_new);
    metrics.text_bytes_inspected.add(inspection.bytes_new);
    std::array<bool, content::finding_kinds> found{};
    for (const content::Finding& one : inspection.findings) found[static_cast<std::size_t>(one.found.kind)] = true;
    for (std::size_t kind = 0; kind < found.size(); ++kind)
        if (found[kind]) metrics.findings[kind].add();
    if (turn.facts.withheld != 0) metrics.sources_withheld.add();
    const policy::Plan& plan = turn.plan;
    metrics.decisions[static_cast<std::size_t>(turn.endpoint.dialect)][static_cast<std::size_t>(plan.decision)].add();
    if (plan.exception != policy::no_exception) {
        const std::string_view excepted = turn.facts.exceptions[plan.exception].id;
        const bool broken_glass = excepted.starts_with(identity::break_glass_prefix);
        (broken_glass ? metrics.under_break_glass : metrics.under_exception).add();
        if (broken_glass)
            turn.lane.shared.log.warning("break_glass.used", {{"exchange", turn.id}, {"exception", excepted}});
    } else if (plan.mode != policy::Mode::enforce) {
        metrics.let_through[static_cast<std::size_t>(plan.mode)].add();
    }
}

net::Task<Result<void>> record_intent(Turn& turn, const Upstream& upstream) {
    const policy::Class cls = turn.plan.effective_class;
    Sealing& sealing = turn.lane.shared.sealing;
    if (std::string unsealed = sealing.problem(turn.world->policy->program().document.sealing, cls); !unsealed.empty())
        co_return fail(ErrorKind::unavailable, std::move(unsealed));
    identity::Pseudonyms& pseudonyms = turn.lane.shared.pseudonyms;
    ledger::Judged judged(*turn.world->policy, turn.facts, turn.candidates(), turn.plan, turn.world->digest);
    judged.signed_by(turn.world->signature.version, turn.world->signature.signers);
    const identity::Pseudonym machine = pseudonyms.remember(identity::NameKind::machine, machine_of(turn.arrival.peer));
    const identity::Pseudonym session = pseudonyms.of(identity::NameKind::session, session_of(turn));
    const policy::UpstreamFacts& known = turn.world->policy->upstreams()[upstream.policy_index];
    ledger::Intent intent;
    intent.at_ms = wall_ms();
    intent.exchange = turn.id;
    intent.attempt = turn.attempts;
    intent.judgement = judged.judgement();
    intent.request = summary(turn, turn.amendments_for(upstream.policy_index).withhold);
    intent.request.machine = machine;
    intent.request.session = session;
    intent.upstream = {known.name,
                       turn.facts.account == policy::AccountKind::personal ? std::string_view("personal")
                                                                           : upstream.config->account,
                       known.vendor, known.hosting, known.region};
    intent.sent.bytes = turn.body().size();
    intent.sent.digest = turn.sent_digest;
    intent.amended = turn.amended;
    if (turn.amended) intent.received = {.bytes = turn.scratch->body.size(), .digest = turn.body_digest};
    const auto kept = keep_request(turn);
    if (!kept) co_return std::unexpected(kept.error());
    intent.sent.kept = *kept;
    if (*kept == ledger::kept_lost) {
        intent.sent.lost = ledger::Lost::limit;
        turn.lane.metrics.bodies_over_limit.add();
    }
    std::string& entry = turn.entry;
    entry.clear();
    ledger::encode(intent, entry);
    if (entry.size() > limits::entry_bytes_max) { // very many plugins: say so instead of cutting facts
        co_return fail(ErrorKind::too_large, "the record of this exchange would be larger than " +
                                                 std::to_string(limits::entry_bytes_max) +
                                                 " bytes: it offers too many tools or plugins");
    }
    if (!turn.plan.durable_first) {
        const auto appended = turn.lane.shared.ledger.append(entry);
        if (!appended) co_return std::unexpected(appended.error());
        sealing.recorded(cls, *appended);
        co_return {};
    }
    DurableWait wait(turn.lane.loop);
    const auto appended = turn.lane.shared.ledger.append_durable(entry, {&DurableWait::done, &wait});
    if (!appended) co_return std::unexpected(appended.error());
    sealing.recorded(cls, *appended);
    co_await wait.completion;
    if (!wait.durable) co_return fail(ErrorKind::unavailable, "the ledger could not be written to the disk");
    co_return {};
}

void record_outcome(Turn& turn, const Attempted& attempted) {
    const dialect::Answer& answer = turn.answer;
    const std::vector<std::string_view> tools(answer.tool_calls.begin(), answer.tool_calls.end());
    ledger::Outcome outcome;
    outcome.at_ms = wall_ms();
    outcome.exchange = turn.id;
    outcome.attempt = turn.attempts;
    outcome.ended = attempted.ended;
    outcome.status = attempted.status;
    outcome.answer.bytes = attempted.answer_bytes;
    outcome.answer.digest = attempted.answer_digest;
    if (turn.kept) outcome.answer.kept = turn.kept->answer_ends();
    if (outcome.answer.kept == ledger::kept_lost) {
        outcome.answer.lost = turn.kept->why_lost();
        const bool by_limit = outcome.answer.lost == ledger::Lost::limit;
        (by_limit ? turn.lane.metrics.bodies_over_limit : turn.lane.metrics.bodies_lost).add();
        if (!by_limit) // the limit is told once, not with each exchange
            turn.lane.shared.log.error("bodies.answer_lost",
                                       {{"exchange", turn.id}, {"why", turn.lane.shared.kept_bodies.problem()}});
    }
    outcome.restored = attempted.restored;
    std::vector<ledger::NamedFinding> findings;
    if (attempted.findings.rules)
        name_findings(
            attempted.findings, [](const content::Finding& one) { return one.acts(); },
            [](const content::Finding&) { return std::string_view(); }, findings);
    outcome.findings = findings;
    turn.lane.metrics.placeholders_restored.add(attempted.restored);
    outcome.model = answer.model;
    outcome.response_id = answer.id;
    outcome.stop_reason = answer.stop_reason;
    outcome.error = attempted.error.empty() ? std::string_view(answer.error_type) : attempted.error;
    outcome.usage = answer.usage;
    outcome.tool_calls = tools;
    outcome.first_byte_ms = attempted.first_byte_ms;
    outcome.total_ms = (monotonic_us() - turn.begun_us) / 1000;
    std::string& entry = turn.entry;
    entry.clear();
    ledger::encode(outcome, entry);
    const auto appended = turn.lane.shared.ledger.append(entry, ledger::Admission::closing);
    if (appended)
        turn.lane.shared.sealing.recorded(turn.plan.effective_class, *appended);
    else
        turn.lane.shared.log.error("ledger.outcome_lost", {{"exchange", turn.id}, {"why", appended.error().message}});
    const auto count = [](Counter& counter, std::int64_t tokens) {
        if (tokens > 0) counter.add(static_cast<std::uint64_t>(tokens));
    };
    count(turn.lane.metrics.input_tokens, answer.usage.input_tokens);
    count(turn.lane.metrics.output_tokens, answer.usage.output_tokens);
    count(turn.lane.metrics.cache_read_tokens, answer.usage.cache_read_tokens);
    count(turn.lane.metrics.cache_write_tokens, answer.usage.cache_write_tokens);
}

std::string record_refusal(Turn& turn, dialect::RefusalKind kind, int status, std::string_view sentence) {
    // What failed for want of an upstream is tried anew each time: no repeat, but another try.
    const bool may_repeat = kind != dialect::RefusalKind::unavailable;
    if (const auto first = !may_repeat ? std::nullopt
                                       : turn.lane.shared.verdicts.repeat_of(
                                             turn.content_hash() ^ std::hash<std::string_view>{}(sentence), turn.id,
                                             turn.lane.loop.now_ms())) {
        turn.lane.metrics.repeats.add();
        return *first;
    }
    identity::Pseudonyms& pseudonyms = turn.lane.shared.pseudonyms;
    const identity::Pseudonym machine = pseudonyms.remember(identity::NameKind::machine, machine_of(turn.arrival.peer));
    const identity::Pseudonym session = pseudonyms.of(identity::NameKind::session, session_of(turn));
    ledger::Refusal refusal;
    refusal.at_ms = wall_ms();
    refusal.exchange = turn.id;
    refusal.why = kind;
    refusal.status = status;
    refusal.sentence = sentence;
    refusal.person = turn.caller.key.caller.person;
    refusal.team = turn.caller.key.caller.team;
    refusal.dialect = dialect::name(turn.endpoint.dialect);
    refusal.received.bytes = turn.scratch ? turn.scratch->body.size() : 0;
    refusal.received.digest = turn.body_digest;
    if (turn.parsed) refusal.request = summary(turn, 0xFFFF); // nothing left
    refusal.request.operation = turn.endpoint.operation;
    refusal.request.key = turn.caller.key.caller.key_id;
    refusal.request.machine = machine;
    refusal.request.session = session;
    std::string& entry = turn.entry;
    entry.clear();
    if (turn.judged) {
        ledger::Judged judged(*turn.world->policy, turn.facts, turn.candidates(), turn.plan, turn.world->digest);
        judged.signed_by(turn.world->signature.version, turn.world->signature.signers);
        refusal.judged = true;
        refusal.judgement = judged.judgement();
        ledger::encode(refusal, entry);
    } else {
        ledger::encode(refusal, entry);
    }
    // A refusal that cannot be recorded is still a refusal: nothing leaves either way.
    const auto appended = turn.lane.shared.ledger.append(entry, ledger::Admission::closing);
    if (!appended)
        turn.lane.shared.log.error("ledger.refusal_lost", {{"exchange", turn.id}, {"why", appended.error().message}});
    else if (turn.judged)
        turn.lane.shared.sealing.recorded(turn.plan.effective_class, *appended);
    return turn.id;
}

} // namespace sallyport::gateway
