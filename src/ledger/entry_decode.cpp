// Entries read back. The first thing that is wrong is kept and told; what follows it is filled with nothing.
#include "base/limits.h"
#include "ledger/entry.h"
#include "ledger/entry_reader.h"

#include <cstring>
#include <optional>

namespace sallyport::ledger {

namespace {

policy::Facts read_facts(EntryReader& in, NodeIndex node) {
    policy::Facts facts;
    facts.account = in.word<policy::AccountKind>(node, "account");
    if (in.find(node, "advisory") != no_node) {
        const auto texts = in.texts(node, "advisory");
        if (texts.size() == 3 && !texts[0].empty())
            facts.advisory = {texts[0], texts[1], texts[2]};
        else
            in.complain("advisory", "is not its id, its summary and the version that mends it");
    }
    if (in.find(node, "also_claimed") != no_node) facts.also_claimed = in.texts(node, "also_claimed");
    facts.at_ms = in.number<std::int64_t>(node, "at");
    facts.class_floor = in.word<policy::Class>(node, "class_floor");
    facts.client = in.text(node, "client");
    facts.client_version = in.text(node, "client_version");
    facts.dialect = in.text(node, "dialect");
    facts.evidence = in.word<policy::Evidence>(node, "evidence");
    facts.exceptions = in.exceptions(node);
    facts.findings = in.number_if<std::uint32_t>(node, "findings", 0);
    facts.generates = in.truth(node, "generates");
    facts.key_max_class = in.word<policy::Class>(node, "key_max_class");
    facts.model = in.text(node, "model");
    if (in.find(node, "paths") != no_node) facts.paths = in.texts(node, "paths");
    if (in.find(node, "pdp") != no_node) facts.pdp = in.word<policy::Pdp>(node, "pdp");
    facts.person = in.text(node, "person");
    facts.plugins = in.texts(node, "plugins");
    facts.references = in.number<std::uint32_t>(node, "references");
    facts.repository = in.text(node, "repository");
    facts.role = in.text_if(node, "role");
    facts.team = in.text(node, "team");
    if (in.find(node, "tier") != no_node) facts.tier = in.word<policy::Tier>(node, "tier");
    facts.withheld = in.number_if<std::uint16_t>(node, "withheld", 0);
    const int version = in.number<int>(node, "version");
    if (version < 1 || version > policy::facts_version)
        in.complain("version", "of the facts is not one that this program knows");
    return facts;
}

Judgement read_judgement(EntryReader& in, NodeIndex root) {
    Judgement out;
    out.facts = read_facts(in, in.part(root, "facts", json::Kind::object));
    const NodeIndex plan = in.part(root, "plan", json::Kind::object);
    in.amendments(plan, out.amendments);
    out.candidates = in.texts(plan, "candidates");
    out.effective_class = in.word<policy::Class>(plan, "class");
    out.decision = in.word<policy::Decision>(plan, "decision");
    out.durable_first = in.truth(plan, "durable_first");
    out.exception = in.text_if(plan, "exception");
    if (in.find(plan, "mode") != no_node) out.mode = in.word<policy::Mode>(plan, "mode");
    out.policy = in.text(plan, "policy");
    out.policy_version = in.number_if<std::uint64_t>(plan, "policy_version", 0);
    out.refused_by = in.word<policy::RefusedBy>(plan, "refused_by");
    out.rule = in.text(plan, "rule");
    if (out.policy_version != 0) out.signers = in.texts(plan, "signers");
    out.upstream_rules = in.texts(plan, "upstream_rules");
    out.upstreams = in.texts(plan, "upstreams");
    out.world = in.text(plan, "world");
    if (in.find(plan, "would_refuse") != no_node) {
        out.would_refuse = in.word<policy::RefusedBy>(plan, "would_refuse");
        out.would_rule = in.text_if(plan, "would_rule");
    }
    return out;
}

NamedBinding read_binding(EntryReader& in, NodeIndex node) {
    const NodeIndex bound = in.part(node, "binding", json::Kind::object);
    NamedBinding out;
    out.client = in.text(bound, "client");
    out.commit = in.text_if(bound, "commit");
    out.digest = in.text_if(bound, "digest");
    out.id = in.text(bound, "id");
    out.root = in.text_if(bound, "root");
    out.tier = in.text(bound, "tier");
    out.version = in.text(bound, "version");
    return out;
}

RequestSummary read_request(EntryReader& in, NodeIndex root) {
    RequestSummary out;
    const NodeIndex node = in.part(root, "request", json::Kind::object);
    if (in.find(node, "binding") != no_node) out.binding = read_binding(in, node);
    out.operation = in.word<dialect::Operation>(node, "operation");
    out.stream = in.truth(node, "stream");
    out.key = in.text_if(node, "key");
    out.machine = in.text_if(node, "machine");
    out.session = in.text_if(node, "session");
    in.counts<dialect::UnitKind>(node, "units", out.units);
    in.counts<dialect::ReferenceKind>(node, "references", out.references);
    out.files = in.files(node);
    out.files_left_out = in.number_if<std::uint64_t>(node, "files_left_out", 0);
    out.findings = in.findings(node, "findings");
    out.disclosed = in.findings(node, "disclosed");
    out.disputed = in.findings(node, "disputed");
    out.sources = in.sources(node);
    out.sources_left_out = in.number_if<std::uint64_t>(node, "sources_left_out", 0);
    return out;
}

Intent read_intent(EntryReader& in, NodeIndex root) {
    Intent out;
    out.exchange = in.text(root, "exchange");
    out.attempt = in.number<std::uint32_t>(root, "attempt");
    out.judgement = read_judgement(in, root);
    out.request = read_request(in, root);
    const NodeIndex upstream = in.part(root, "upstream", json::Kind::object);
    out.upstream = {in.text(upstream, "name"), in.text(upstream, "account"), in.text_if(upstream, "vendor"),
                    in.text_if(upstream, "hosting"), in.text_if(upstream, "region")};
    out.sent = in.body(root, "sent");
    out.amended = in.find(root, "received") != no_node;
    if (out.amended) out.received = in.body(root, "received");
    return out;
}

Outcome read_outcome(EntryReader& in, NodeIndex root) {
    Outcome out;
    out.exchange = in.text(root, "exchange");
    out.attempt = in.number<std::uint32_t>(root, "attempt");
    out.ended = in.word<Ended>(root, "ended");
    out.restored = in.number_if<std::uint64_t>(root, "restored", 0);
    out.findings = in.findings(root, "findings");
    out.status = in.number<int>(root, "status");
    out.answer = in.body(root, "answer");
    out.model = in.text_if(root, "model");
    out.response_id = in.text_if(root, "response_id");
    out.stop_reason = in.text_if(root, "stop_reason");
    out.error = in.text_if(root, "error");
    if (in.find(root, "tool_calls") != no_node) out.tool_calls = in.texts(root, "tool_calls");
    out.first_byte_ms = in.number_if<std::int64_t>(root, "first_byte_ms", -1);
    out.total_ms = in.number_if<std::int64_t>(root, "total_ms", -1);
    if (in.find(root, "usage") == no_node) return out;
    const NodeIndex usage = in.part(root, "usage", json::Kind::object);
    out.usage.input_tokens = in.number_if<std::int64_t>(usage, "input_tokens", -1);
    out.usage.output_tokens = in.number_if<std::int64_t>(usage, "output_tokens", -1);
    out.usage.cache_read_tokens = in.number_if<std::int64_t>(usage, "cache_read_tokens", -1);
    out.usage.cache_write_tokens = in.number_if<std::int64_t>(usage, "cache_write_tokens", -1);
    return out;
}

Refusal read_refusal(EntryReader& in, NodeIndex root) {
    Refusal out;
    out.exchange = in.text(root, "exchange");
    out.why = in.word<dialect::RefusalKind>(root, "why");
    out.status = in.number<int>(root, "status");
    out.sentence = in.text(root, "sentence");
    out.judged = in.find(root, "facts") != no_node;
    if (out.judged) out.judgement = read_judgement(in, root);
    out.request = read_request(in, root);
    out.person = in.text_if(root, "person");
    out.team = in.text_if(root, "team");
    out.dialect = in.text_if(root, "dialect");
    out.received = in.body(root, "received");
    return out;
}

Repeat read_repeat(EntryReader& in, NodeIndex root) {
    Repeat out;
    out.exchange = in.text(root, "exchange");
    out.count = in.number<std::uint32_t>(root, "count");
    out.first_ms = in.number<std::int64_t>(root, "first");
    out.last_ms = in.number<std::int64_t>(root, "last");
    return out;
}

Start read_start(EntryReader& in, NodeIndex root) {
    Start out;
    out.version = in.text(root, "program");
    out.policy = in.text(root, "policy");
    out.world = in.text(root, "world");
    out.torn_bytes = in.number_if<std::uint64_t>(root, "torn_bytes", 0);
    return out;
}

Stop read_stop(EntryReader& in, NodeIndex root) {
    Stop out;
    out.reason = in.text(root, "reason");
    return out;
}

Run read_run(EntryReader& in, NodeIndex root) {
    Run out;
    out.binding = read_binding(in, root);
    out.exchanges = in.number<std::uint64_t>(root, "exchanges");
    out.grants = in.grants(root);
    out.hosts = in.hosts(root);
    out.hosts_left_out = in.number_if<std::uint64_t>(root, "hosts_left_out", 0);
    out.person = in.text(root, "person");
    out.repository = in.text_if(root, "repository");
    return out;
}

Act read_act(EntryReader& in, NodeIndex root) {
    Act out;
    out.id = in.text(root, "id");
    out.what = in.text(root, "what");
    out.by = in.text(root, "by");
    out.why = in.text(root, "why");
    out.about = in.text(root, "about");
    return out;
}

Entry::Content read_content(EntryReader& in, Kind kind, NodeIndex root) {
    switch (kind) {
    case Kind::intent: return read_intent(in, root);
    case Kind::outcome: return read_outcome(in, root);
    case Kind::refusal: return read_refusal(in, root);
    case Kind::repeat: return read_repeat(in, root);
    case Kind::start: return read_start(in, root);
    case Kind::stop: return read_stop(in, root);
    case Kind::act: return read_act(in, root);
    case Kind::run: return read_run(in, root);
    }
    return Stop{};
}

Result<void> parse(std::string_view text, Entry::Memory& memory, std::string_view closing = {}) {
    if (text.size() > limits::entry_bytes_max)
        return fail(ErrorKind::too_large, "an entry has " + std::to_string(text.size()) + " bytes; the limit is " +
                                              std::to_string(limits::entry_bytes_max));
    memory.raw.append(text);
    memory.raw.append(closing);
    memory.raw.reserve(std::max<std::size_t>(text.size(), 1)); // also an empty text has its padding
    if (auto parsed = memory.document.parse(memory.raw.view()); !parsed)
        return fail(ErrorKind::invalid, "an entry is not JSON: " + parsed.error().message);
    return {};
}
// An intent's members before "request", which a decision does not look at: half of it. Entries are canonical: a quote inside of a
// text is escaped, so a member's name stands there as a member or not at all, and the version is the last one.
std::optional<std::string_view> before_request(std::string_view intent) {
    static const std::string version = ",\"v\":" + std::to_string(entry_version) + "}";
    static constexpr std::string_view request = ",\"request\":{";
    const std::size_t at = intent.ends_with(version) ? intent.find(request) : std::string_view::npos;
    return at == std::string_view::npos ? std::nullopt : std::optional(intent.substr(0, at));
}
} // namespace

JudgementReader::JudgementReader() : memory_(std::make_unique<Entry::Memory>()) {}
JudgementReader::~JudgementReader() = default;

Result<const Judgement*> JudgementReader::read(std::string_view text) {
    static constexpr std::string_view word = "\"kind\":\"";
    const auto* at = static_cast<const char*>(::memmem(text.data(), text.size(), word.data(), word.size()));
    const std::string_view told =
        at == nullptr ? std::string_view() : text.substr(static_cast<std::size_t>(at - text.data()) + word.size());
    if (told.starts_with("outcome\"") || told.starts_with("repeat\"")) return nullptr;
    memory_->raw.clear();
    memory_->unescaped.clear();
    memory_->lists.clear();
    memory_->files.clear();
    memory_->findings.clear();
    memory_->disclosed.clear();
    memory_->disputed.clear();
    memory_->sources.clear();
    memory_->exceptions.clear();
    const auto part = told.starts_with("intent\"") ? before_request(text) : std::nullopt;
    if (auto parsed = parse(part.value_or(text), *memory_, part ? "}" : ""); !parsed)
        return std::unexpected(parsed.error());
    EntryReader in(*memory_);
    const NodeIndex root = memory_->document.root();
    const Kind kind = in.word<Kind>(root, "kind");
    const int version = part ? entry_version : in.number<int>(root, "v");
    if (version < 1 || version > entry_version)
        in.complain("v", "is not a version that this program knows: use the program that wrote it");
    const bool first = kind == Kind::intent && in.number<std::uint32_t>(root, "attempt") == 1;
    // A refusal for want of an upstream repeats the decision of its attempts; one for want of the decision point has none.
    const NodeIndex facts = kind == Kind::refusal ? in.find(root, "facts") : no_node;
    const bool refused = facts != no_node && (in.text(root, "why") != ledger::word(dialect::RefusalKind::unavailable) ||
                                              in.text_if(facts, "pdp") == ledger::word(policy::Pdp::unanswered));
    if (first || refused) {
        judgement_ = read_judgement(in, root);
        at_ms_ = in.number<std::int64_t>(root, "at");
    }
    if (!in.problem().empty()) return fail(ErrorKind::invalid, "an entry cannot be read: " + in.problem());
    return first || refused ? &judgement_ : nullptr;
}

Result<Entry> decode(std::string_view text) {
    auto memory = std::make_unique<Entry::Memory>();
    if (auto parsed = parse(text, *memory); !parsed) return std::unexpected(parsed.error());
    EntryReader in(*memory);
    const NodeIndex root = memory->document.root();
    if (memory->document[root].kind != json::Kind::object)
        return fail(ErrorKind::invalid, "an entry is not a JSON object");
    const int version = in.number<int>(root, "v");
    if (version < 1 || version > entry_version)
        in.complain("v", "is not a version that this program knows: use the program that wrote it");
    const Kind kind = in.word<Kind>(root, "kind");
    Entry::Content content = Stop{};
    if (in.problem().empty()) content = read_content(in, kind, root);
    std::visit([&](auto& entry) { entry.at_ms = in.number<std::int64_t>(root, "at"); }, content);
    if (!in.problem().empty()) return fail(ErrorKind::invalid, "an entry cannot be read: " + in.problem());
    return Entry(content, std::move(memory));
}

} // namespace sallyport::ledger
