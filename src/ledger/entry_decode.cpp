// Entries read back. The first thing that is wrong is kept and told; what follows it is filled with nothing.
#include "base/encoding.h"
#include "base/limits.h"
#include "ledger/entry.h"
#include "ledger/entry_memory.h"
#include "ledger/words.h"

#include <charconv>
#include <cstring>
#include <limits>
#include <optional>

namespace sallyport::ledger {

namespace {
using json::no_node;
using json::NodeIndex;

class Reader {
public:
    explicit Reader(Entry::Memory& memory) : memory_(memory), document_(memory.document) {}

    const std::string& problem() const { return problem_; }
    void complain(std::string_view key, std::string_view what) {
        if (problem_.empty()) problem_ = "member '" + std::string(key) + "' " + std::string(what);
    }

    // Members stand in the order of their names (RFC 8785) and are asked for mostly so: looked for from the last one on, and not
    // behind where it would stand.
    NodeIndex find(NodeIndex object, std::string_view key) {
        if (object == no_node || document_[object].kind != json::Kind::object) return no_node;
        const NodeIndex first = document_.first_child(object);
        const NodeIndex start = object == asked_ && next_ != no_node ? next_ : first;
        const auto among = [&](NodeIndex from, NodeIndex to) {
            for (NodeIndex n = from; n != to && n != no_node; n = document_.next_sibling(n)) {
                const int order = document_.raw_key(n).compare(key);
                if (order == 0) return n;
                if (order > 0) break;
            }
            return no_node;
        };
        NodeIndex found = among(start, no_node);
        if (found == no_node && start != first) found = among(first, start);
        if (found == no_node) return no_node;
        asked_ = object;
        next_ = found;
        return found;
    }
    // An object or array that must be there.
    NodeIndex part(NodeIndex object, std::string_view key, json::Kind kind) {
        const NodeIndex node = find(object, key);
        if (node != no_node && document_[node].kind == kind) return node;
        complain(key, node == no_node ? "is missing" : "has the wrong type");
        return no_node;
    }

    std::string_view text(NodeIndex object, std::string_view key) {
        const NodeIndex node = part(object, key, json::Kind::string);
        return node == no_node ? std::string_view() : text_of(node);
    }
    std::string_view text_if(NodeIndex object, std::string_view key) {
        return find(object, key) == no_node ? std::string_view() : text(object, key);
    }
    template <class Number> Number number(NodeIndex object, std::string_view key) {
        const NodeIndex node = part(object, key, json::Kind::number);
        return node == no_node ? Number{} : number_of<Number>(node, key);
    }
    template <class Number> Number number_if(NodeIndex object, std::string_view key, Number otherwise) {
        return find(object, key) == no_node ? otherwise : number<Number>(object, key);
    }
    bool truth(NodeIndex object, std::string_view key) {
        const NodeIndex node = part(object, key, json::Kind::boolean);
        return node != no_node && document_.raw_value(node) == "true";
    }
    template <class Enum> Enum word(NodeIndex object, std::string_view key) {
        const auto value = from_word<Enum>(text(object, key));
        if (!value) complain(key, "holds a word that this version does not know");
        return value.value_or(Enum{});
    }
    std::span<const std::string_view> texts(NodeIndex object, std::string_view key) {
        const NodeIndex array = part(object, key, json::Kind::array);
        if (array == no_node) return {};
        auto& list = memory_.lists.emplace_back();
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            if (document_[n].kind != json::Kind::string) complain(key, "holds something that is not a text");
            list.push_back(text_of(n));
        }
        return list;
    }
    template <class Kind, std::size_t size>
    void counts(NodeIndex object, std::string_view key, std::array<std::uint32_t, size>& out) {
        const NodeIndex node = part(object, key, json::Kind::object);
        for (std::size_t i = 0; i < size; ++i)
            out[i] = number_if<std::uint32_t>(node, ledger::word(static_cast<Kind>(i)), 0);
    }
    std::span<const NamedFile> files(NodeIndex object) {
        const NodeIndex array = part(object, "files", json::Kind::array);
        if (array == no_node) return {};
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            const NodeIndex tool = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            const NodeIndex file = tool == no_node ? no_node : document_.next_sibling(tool);
            if (file == no_node || document_[tool].kind != json::Kind::string ||
                document_[file].kind != json::Kind::string) {
                complain("files", "holds something that is not a pair of tool and file");
                return {};
            }
            memory_.files.push_back({text_of(tool), text_of(file)});
        }
        return memory_.files;
    }
    std::span<const policy::Exception> exceptions(NodeIndex object) {
        const NodeIndex array = find(object, "exceptions");
        if (array == no_node) return {};
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            const NodeIndex id = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            const NodeIndex rule = id == no_node ? no_node : document_.next_sibling(id);
            if (rule == no_node || document_[id].kind != json::Kind::string ||
                document_[rule].kind != json::Kind::string ||
                memory_.exceptions.size() == policy::exceptions_per_request_max) {
                complain("exceptions", "is not a list of at most 8 pairs of exception and rule");
                return {};
            }
            memory_.exceptions.push_back({text_of(id), text_of(rule)});
        }
        return memory_.exceptions;
    }
    std::span<const NamedFinding> findings(NodeIndex object) {
        const NodeIndex array = find(object, "findings");
        if (array == no_node) return {};
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            std::array<NodeIndex, 5> part{};
            NodeIndex at = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            bool whole = true;
            for (std::size_t i = 0; i < part.size(); ++i) {
                part[i] = at;
                const auto kind = i == 4 ? json::Kind::number : json::Kind::string;
                whole = whole && at != no_node && document_[at].kind == kind;
                if (at != no_node) at = document_.next_sibling(at);
            }
            if (!whole) {
                complain("findings", "holds something that is not kind, confidence, rule, unit and count");
                return {};
            }
            memory_.findings.push_back({text_of(part[0]), text_of(part[1]), text_of(part[2]), text_of(part[3]),
                                        number_of<std::uint32_t>(part[4], "findings")});
        }
        return memory_.findings;
    }
    void amendments(NodeIndex object, std::array<policy::Amendments, policy::plan_upstreams_max>& into) {
        const NodeIndex array = find(object, "amendments");
        if (array == no_node) return;
        std::size_t count = 0;
        for (NodeIndex n = document_.first_child(array); n != no_node; n = document_.next_sibling(n)) {
            const NodeIndex redact = document_[n].kind == json::Kind::array ? document_.first_child(n) : no_node;
            const NodeIndex withhold = redact == no_node ? no_node : document_.next_sibling(redact);
            if (withhold == no_node || document_[redact].kind != json::Kind::number ||
                document_[withhold].kind != json::Kind::number || count == into.size())
                return complain("amendments", "is not a list of pairs of numbers, one for each upstream");
            into[count++] = {number_of<std::uint16_t>(redact, "amendments"),
                             number_of<std::uint16_t>(withhold, "amendments")};
        }
    }
    Body body(NodeIndex object, std::string_view key) {
        Body out;
        const NodeIndex node = part(object, key, json::Kind::object);
        out.bytes = number<std::uint64_t>(node, "bytes");
        if (find(node, "digest") == no_node) return out;
        std::string_view digest = text(node, "digest");
        out.keyed = digest.starts_with("hmac-");
        if (out.keyed) digest.remove_prefix(5);
        const auto bytes = digest.starts_with("sha256:") ? from_hex(digest.substr(7)) : std::nullopt;
        if (bytes && bytes->size() == out.digest.size())
            std::copy(bytes->begin(), bytes->end(), out.digest.begin());
        else
            complain("digest", "is not sha256:… or hmac-sha256:… with 64 hexadecimal digits");
        return out;
    }

private:
    std::string_view text_of(NodeIndex node) {
        if (!document_[node].escaped) return document_.raw_value(node);
        std::string& kept = memory_.unescaped.emplace_back();
        return document_.text(node, kept);
    }
    template <class Number> Number number_of(NodeIndex node, std::string_view key) {
        const std::string_view digits = document_.raw_value(node);
        Number value{};
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size())
            complain(key, "is not a whole number in its range");
        return value;
    }

    Entry::Memory& memory_;
    const json::Document& document_;
    std::string problem_;
    NodeIndex asked_ = no_node, next_ = no_node;
};

policy::Facts read_facts(Reader& in, NodeIndex node) {
    policy::Facts facts;
    facts.account = in.word<policy::AccountKind>(node, "account");
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
    const int version = in.number<int>(node, "version");
    if (version < 1 || version > policy::facts_version)
        in.complain("version", "of the facts is not one that this program knows");
    return facts;
}

Judgement read_judgement(Reader& in, NodeIndex root) {
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

RequestSummary read_request(Reader& in, NodeIndex root) {
    RequestSummary out;
    const NodeIndex node = in.part(root, "request", json::Kind::object);
    out.operation = in.word<dialect::Operation>(node, "operation");
    out.stream = in.truth(node, "stream");
    out.key = in.text_if(node, "key");
    out.machine = in.text_if(node, "machine");
    out.session = in.text_if(node, "session");
    in.counts<dialect::UnitKind>(node, "units", out.units);
    in.counts<dialect::ReferenceKind>(node, "references", out.references);
    out.files = in.files(node);
    out.files_left_out = in.number_if<std::uint64_t>(node, "files_left_out", 0);
    out.findings = in.findings(node);
    return out;
}

Intent read_intent(Reader& in, NodeIndex root) {
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

Outcome read_outcome(Reader& in, NodeIndex root) {
    Outcome out;
    out.exchange = in.text(root, "exchange");
    out.attempt = in.number<std::uint32_t>(root, "attempt");
    out.ended = in.word<Ended>(root, "ended");
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

Refusal read_refusal(Reader& in, NodeIndex root) {
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

Repeat read_repeat(Reader& in, NodeIndex root) {
    Repeat out;
    out.exchange = in.text(root, "exchange");
    out.count = in.number<std::uint32_t>(root, "count");
    out.first_ms = in.number<std::int64_t>(root, "first");
    out.last_ms = in.number<std::int64_t>(root, "last");
    return out;
}

Start read_start(Reader& in, NodeIndex root) {
    Start out;
    out.version = in.text(root, "program");
    out.policy = in.text(root, "policy");
    out.world = in.text(root, "world");
    out.torn_bytes = in.number_if<std::uint64_t>(root, "torn_bytes", 0);
    return out;
}

Stop read_stop(Reader& in, NodeIndex root) {
    Stop out;
    out.reason = in.text(root, "reason");
    return out;
}

Entry::Content read_content(Reader& in, Kind kind, NodeIndex root) {
    switch (kind) {
    case Kind::intent: return read_intent(in, root);
    case Kind::outcome: return read_outcome(in, root);
    case Kind::refusal: return read_refusal(in, root);
    case Kind::repeat: return read_repeat(in, root);
    case Kind::start: return read_start(in, root);
    case Kind::stop: return read_stop(in, root);
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
    memory_->exceptions.clear();
    const auto part = told.starts_with("intent\"") ? before_request(text) : std::nullopt;
    if (auto parsed = parse(part.value_or(text), *memory_, part ? "}" : ""); !parsed)
        return std::unexpected(parsed.error());
    Reader in(*memory_);
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
    Reader in(*memory);
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
