#include "base/limits.h"
#include "base/text.h"
#include "policy/names.h"
#include "policy/read.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {

namespace {

// "*" or ["*"]: all there are.
bool is_star(Node node) {
    return node.is_scalar() ? node.text() == "*" : node.is_list() && node.size() == 1 && node.at(0).text() == "*";
}

// Reads the conditions and effects of rules. `document` holds the sections that they name.
class RuleReader {
public:
    RuleReader(Reader& reader, Document& document) : reader_(reader), document_(document) {
        for (const auto& upstream : document.upstreams) upstreams_.push_back(upstream.name);
        if (document.clients)
            for (const auto& client : *document.clients) clients_.push_back(client.name);
        if (document.plugins)
            for (const auto& plugin : *document.plugins) plugins_.push_back(plugin.name);
    }

    Conditions conditions(Node node, std::string_view what);
    void rule(Node node, const Include* as);

private:
    Names names(Node node, std::string_view what, std::size_t bytes_max = 64);
    Names listed(Node node, std::string_view what, const std::vector<std::string_view>& known,
                 std::string_view section);
    Names clients(Node node) {
        return document_.clients ? listed(node, "client", clients_, "clients") : names(node, "client");
    }
    bool any_plugin() const { return !document_.plugins || std::ranges::find(plugins_, "*") != plugins_.end(); }
    Names plugins(Node node) {
        return any_plugin() ? names(node, "plugin") : listed(node, "plugin", plugins_, "plugins");
    }
    Mask mask(Node node, std::span<const std::string_view> words, std::string_view what);
    void not_empty(Node node, std::string_view what);
    Names hosting(Node node);
    Names upstream_fact(Node node, std::size_t which);
    void client_version(Node node, Conditions& conditions);
    std::optional<TimeWindow> time_window(Fields& fields);
    Mask findings(Fields& fields);
    Names legal_entities(Node node);
    void keep_to_scope(Node node, const Include& include, Rule& rule);
    Allowance allowance(Node node);
    Mask references_allowed_by(Node node);
    void amendment(Node amend, Node headers, Rule& rule);
    void headers_to_strip(Node amend, Node headers, Rule& rule);
    void effect(Node allow, Node refuse, Node amend, Rule& rule);

    Reader& reader_;
    Document& document_;
    std::vector<std::string_view> upstreams_, clients_, plugins_;
};

void RuleReader::not_empty(Node node, std::string_view what) {
    if (node.is_list() && node.size() == 0)
        reader_.mistake(node, fmt::format("an empty list never holds; name at least one {}", what));
}

Names RuleReader::names(Node node, std::string_view what, std::size_t bytes_max) {
    if (!node) return {};
    return read_texts(reader_, node, what, bytes_max);
}

Names RuleReader::listed(Node node, std::string_view what, const std::vector<std::string_view>& known,
                         std::string_view section) {
    auto values = names(node, what);
    for (const auto item : Reader::items(node)) // has(): those of which nothing was told yet
        if (!reader_.full() && has(values, item.text()) && std::ranges::find(known, item.text()) == known.end())
            reader_.mistake(item, fmt::format("{} '{}' is not listed under {}{}", what, shown(item.text()), section,
                                              meant(item.text(), known)));
    return values;
}

Mask RuleReader::mask(Node node, std::span<const std::string_view> words, std::string_view what) {
    not_empty(node, what);
    return read_mask(reader_, node, words, what);
}

Names RuleReader::hosting(Node node) {
    const auto stated = mask(node, hosting_names, "hosting");
    if (!stated) return {};
    std::vector<std::string> values;
    for (std::size_t i = 0; i < hosting_names.size(); ++i)
        if ((*stated >> i & 1) != 0) values.emplace_back(hosting_names[i]);
    return values;
}

Names RuleReader::upstream_fact(Node node, std::size_t which) {
    const auto what = upstream_fact_names[which];
    if (static_cast<UpstreamFact>(which) == UpstreamFact::hosting) return hosting(node);
    not_empty(node, what);
    auto values = names(node, what);
    if (!values) return values;
    std::vector<std::string_view> known;
    known.reserve(document_.upstreams.size());
    for (const auto& upstream : document_.upstreams) known.push_back(fact(upstream, static_cast<UpstreamFact>(which)));
    for (const auto& value : *values)
        if (std::ranges::find(known, value) == known.end())
            reader_.warning(node.place(), fmt::format("no upstream says {} '{}'{}", what, value, meant(value, known)));
    return values;
}

void RuleReader::client_version(Node node, Conditions& conditions) {
    if (node.is_scalar() && (!conditions.clients || conditions.clients->size() != 1))
        reader_.mistake(node,
                        "client_version needs 'client' beside it, naming the one client whose versions are meant");
    conditions.client_version = read_range(reader_, node, "client_version");
}

std::optional<TimeWindow> RuleReader::time_window(Fields& fields) {
    static constexpr std::string_view day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const auto days = fields.take("days"), hours = fields.take("hours"), from = fields.take("from"),
               until = fields.take("until");
    if (!days && !hours && !from && !until) return {};
    TimeWindow window;
    if (days || hours) {
        const auto mask_of_days = mask(days, day_names, "day");
        const auto text = reader_.text(hours, "hours");
        window.week = week_minutes(text.value_or("00:00-24:00"), mask_of_days.value_or(0x7F));
        if (!window.week)
            reader_.mistake(hours, fmt::format("hours '{}' are no part of a day; write \"08:00-18:00\"", shown(*text)));
    }
    window.from_ms = read_date(reader_, from, document_.utc_offset_minutes).value_or(window.from_ms);
    window.until_ms = read_date(reader_, until, document_.utc_offset_minutes).value_or(window.until_ms);
    if (window.from_ms >= window.until_ms)
        reader_.mistake(until ? until : from, "this time ends before it begins, so it never holds");
    return window;
}

Names RuleReader::legal_entities(Node node) {
    const std::vector<std::string_view> known(document_.legal_entities.begin() + 1, document_.legal_entities.end());
    auto values = names(node, "legal_entity");
    for (const auto& value : values.value_or(std::vector<std::string>()))
        if (std::ranges::find(known, value) == known.end())
            reader_.mistake(
                node, fmt::format("no repository or upstream names legal entity '{}'{}", value, meant(value, known)));
    return values;
}

// `confidence` not stated: any.
Mask RuleReader::findings(Fields& fields) {
    const auto kinds_node = fields.take("finding"), confidence_node = fields.take("confidence");
    const Mask kinds = mask(kinds_node, finding_names, "finding"),
               confidences = mask(confidence_node, confidence_names, "confidence");
    if (confidence_node && !kinds_node)
        reader_.mistake(confidence_node, "confidence says how sure a finding is; write 'finding' beside it");
    if (!kinds) return {};
    std::uint32_t bits = 0;
    for (std::size_t kind = 0; kind < finding_kinds; ++kind)
        for (std::size_t confidence = 0; confidence < finding_confidences; ++confidence)
            if ((*kinds >> kind & 1) != 0 && (!confidences || (*confidences >> confidence & 1) != 0))
                bits |= 1u << finding_bit(kind, confidence);
    return bits;
}

Conditions RuleReader::conditions(Node node, std::string_view what) {
    Conditions conditions;
    Fields fields(reader_, node, what);
    conditions.classes = mask(fields.take("class"), class_names, "class");
    conditions.evidence = mask(fields.take("evidence"), evidence_names, "evidence");
    conditions.accounts = mask(fields.take("account"), account_names, "account");
    conditions.references = mask(fields.take("references"), reference_names, "reference");
    conditions.findings = findings(fields);
    const auto stated = [&](std::string_view word) {
        const auto value = fields.take(word);
        not_empty(value, word);
        return value;
    };
    conditions.clients = clients(stated("client"));
    client_version(fields.take("client_version"), conditions);
    conditions.teams = read_full_names(reader_, stated("team"), "team");
    conditions.roles = read_full_names(reader_, stated("role"), "role");
    conditions.legal_entities = legal_entities(stated("legal_entity"));
    conditions.time = time_window(fields);
    conditions.models = names(stated("model"), "model", pattern_bytes_max);
    conditions.plugins = plugins(stated("plugin"));
    if (any_plugin() && has(conditions.plugins, "*"))
        reader_.mistake(node, "a condition names its plugins; '*' stands for the rest only in the plugins section");
    conditions.upstreams = listed(stated("upstream"), "upstream", upstreams_, "upstreams");
    for (std::size_t i = 0; i < upstream_fact_count; ++i)
        conditions.upstream_facts[i] = upstream_fact(fields.take(upstream_fact_names[i]), i);
    fields.not_yet({"of_class_above", "of_class", "person", "sandbox", "repository"});
    fields.finish();
    return conditions;
}

Mask RuleReader::references_allowed_by(Node node) {
    if (is_star(node)) return (1u << reference_kinds) - 1;
    return read_mask(reader_, node, reference_names, "reference");
}

Allowance RuleReader::allowance(Node node) {
    Allowance allow;
    Fields fields(reader_, node, "allow");
    const auto stated = [&](std::string_view word, std::string_view what) {
        const auto value = fields.take(word);
        not_empty(value, what);
        return value;
    };
    const auto upstreams = fields.require("upstreams", "; write upstreams: [\"*\"] where every upstream is meant");
    not_empty(upstreams, "upstream");
    if (!is_star(upstreams)) allow.upstreams = listed(upstreams, "upstream", upstreams_, "upstreams");
    allow.models = names(stated("models", "model"), "model", pattern_bytes_max);
    const auto client_names = stated("clients", "client");
    if (is_star(client_names))
        reader_.mistake(client_names, "'*' is no client; leave clients out where every client is meant");
    else
        allow.clients = clients(client_names);
    allow.accounts = mask(fields.take("accounts"), account_names, "account");
    const auto plugin_names = fields.take("plugins");
    if (!is_star(plugin_names)) allow.plugins = plugins(plugin_names);
    allow.references = references_allowed_by(fields.take("references"));
    fields.finish();
    return allow;
}

// What is amended is what the rule's condition finds.
// Without them the vendor could not read the request, or the gateway could not hold it together.
constexpr std::string_view headers_kept[] = {"host",   "content-type",    "content-length", "content-encoding",
                                             "accept", "accept-encoding", "authorization",  "anthropic-version"};

void RuleReader::headers_to_strip(Node amend, Node headers, Rule& rule) {
    if (!headers)
        return reader_.mistake(
            amend, fmt::format("rule '{}' strips headers; name them: headers: [\"x-stainless-*\"]", rule.id));
    rule.headers = read_texts(reader_, headers, "a header", 64);
    not_empty(headers, "header");
    for (std::string& one : rule.headers) {
        one = to_lower(one);
        const auto kept = std::ranges::find_if(headers_kept, [&](auto name) { return glob_matches(one, name); });
        if (kept != std::end(headers_kept))
            reader_.mistake(headers, fmt::format("'{}' would strip {}, which a request needs", one, *kept));
    }
    const auto strips = [](const Rule& other) { return other.amendment == Amendment::strip_headers; };
    if (static_cast<std::size_t>(std::ranges::count_if(document_.rules, strips)) >= strip_rules_max)
        reader_.mistake(amend, fmt::format("more than {} rules strip headers; join them", strip_rules_max));
}

void RuleReader::amendment(Node amend, Node headers, Rule& rule) {
    if (const auto word = reader_.word(amend, amendment_names, "amendment"))
        rule.amendment = static_cast<Amendment>(*word);
    rule.effect = Effect::amend;
    if (rule.amendment == Amendment::strip_headers) return headers_to_strip(amend, headers, rule);
    if (!rule.when.findings)
        reader_.mistake(amend, fmt::format("rule '{}' amends what was found; its 'when' needs a 'finding'", rule.id));
    constexpr std::uint32_t secrets = 7u << finding_bit(0, 0), markers = 7u << finding_bit(1, 0);
    const std::uint32_t found = rule.when.findings.value_or(0);
    if (rule.amendment == Amendment::redact && (found & ~secrets) != 0)
        reader_.mistake(amend, "only a secret can be redacted; withhold or refuse what else is found");
    if (rule.amendment == Amendment::normalise && (found & ~markers) != 0)
        reader_.mistake(amend, "only a marker can be normalised; withhold or refuse what else is found");
}

void RuleReader::effect(Node allow, Node refuse, Node amend, Rule& rule) {
    if (allow && refuse)
        reader_.mistake(refuse, fmt::format("rule '{}' both allows and refuses; make it two rules", rule.id));
    if (amend && (allow || refuse))
        reader_.mistake(amend, fmt::format("rule '{}' amends and does something else; make it two rules", rule.id));
    if (allow) {
        rule.effect = Effect::allow;
        rule.allow = allowance(allow);
    } else if (refuse) {
        rule.effect = Effect::refuse;
        const auto words = reader_.text(refuse, "refuse");
        if (!words || *words == "true") return;
        const bool plain = std::ranges::all_of(*words, [](char c) { return c >= 0x20 && c < 0x7F; });
        if (*words == "false")
            reader_.mistake(refuse, "refuse is true or a sentence; to allow something write allow");
        else if (!plain || words->size() > 200)
            reader_.mistake(refuse, "the sentence of a refuse rule is plain ASCII on one line, at most 200 characters");
        else
            rule.sentence = *words;
    }
}

// A file that speaks for some teams speaks for nobody else; one that speaks for repositories alone holds no rules.
void RuleReader::keep_to_scope(Node node, const Include& include, Rule& rule) {
    if (!include.teams) {
        if (!include.repositories.empty())
            reader_.mistake(node, fmt::format("this file speaks for repositories only (its include says so), so rule "
                                              "'{}' would hold for everybody; name teams in the include",
                                              rule.id));
        return;
    }
    for (const auto& team : rule.when.teams.value_or(std::vector<std::string>()))
        if (!has(include.teams, team))
            reader_.mistake(node, fmt::format("this file speaks for team {} (its include says so), but rule '{}' names "
                                              "team {}",
                                              fmt::join(*include.teams, ", "), rule.id, shown(team)));
    if (!rule.when.teams) rule.when.teams = include.teams;
}

void RuleReader::rule(Node node, const Include* as) {
    static constexpr std::string_view record_words[] = {"durable-first"};
    if (!node.is_map()) return reader_.mistake(node, "a rule is a mapping: {id, when, allow or refuse}");
    Fields fields(reader_, node, "a rule");
    Rule rule;
    rule.place = node.place();
    rule.file = reader_.file();
    const auto id = fields.require("id");
    rule.id = reader_.identifier(id, "a rule's id").value_or("");
    if (rule.id.starts_with(invariant_rule_prefix))
        reader_.mistake(
            id, fmt::format("ids that begin with '{}' are kept for what invariants refuse", invariant_rule_prefix));
    if (rule.id == default_refusal || rule.id == "none")
        reader_.mistake(id, fmt::format("'{}' is no id of a rule: it stands for what no rule allows", rule.id));
    if (const auto when = fields.take("when")) rule.when = conditions(when, "when");
    const auto allow = fields.take("allow"), refuse = fields.take("refuse"), amend = fields.take("amend"),
               record = fields.take("record");
    effect(allow, refuse, amend, rule);
    const auto headers = fields.take("headers");
    if (amend) amendment(amend, headers, rule);
    if (headers && rule.amendment != Amendment::strip_headers)
        reader_.mistake(headers, "headers belong to a rule with amend: strip-headers");
    rule.durable_first = reader_.word(record, record_words, "word for record").has_value();
    const auto mode = fields.take("mode");
    if (const auto word = reader_.word(mode, mode_names, "mode")) rule.mode = static_cast<Mode>(*word);
    rule.owner = reader_.identifier(fields.take("owner"), "owner").value_or(document_.files.back().owner);
    fields.not_yet({"expires", "teams"});
    const bool complete = fields.finish();
    if (allow && rule.when.findings)
        reader_.mistake(allow, "a rule that allows cannot ask for a finding: the more was found, the more would pass");
    if (complete && mode && rule.effect != Effect::refuse && rule.effect != Effect::amend)
        reader_.mistake(mode,
                        "mode belongs to a rule that refuses; how far the default refusal acts says the policy's own "
                        "mode, or the team's");
    if (complete && id && !allow && !refuse && !amend && !record)
        reader_.mistake(node, fmt::format("rule '{}' does nothing; give it allow, refuse, amend or record", rule.id));
    if (refuse && record) reader_.mistake(record, "what is refused never leaves; record belongs to what is allowed");
    if (as != nullptr) keep_to_scope(node, *as, rule);
    if (as != nullptr && allow)
        reader_.mistake(
            allow,
            fmt::format("an included file can only tighten, but rule '{}' allows; move it to the policy", rule.id));
    document_.rules.push_back(std::move(rule));
}

} // namespace

void read_rules(Reader& reader, Document& document, Node rules, const Include* as) {
    if (rules && !rules.is_list()) return reader.mistake(rules, "rules is a list of {id, when, allow or refuse}");
    if (document.rules.size() + rules.size() > limits::policy_rules_max)
        return reader.mistake(rules, fmt::format("{} rules; {} is the limit", document.rules.size() + rules.size(),
                                                 limits::policy_rules_max));
    RuleReader rule_reader(reader, document);
    for (std::size_t i = 0; i < rules.size() && !reader.full(); ++i) rule_reader.rule(rules.at(i), as);
}

void read_invariants(Reader& reader, Document& document, Node invariants) {
    if (invariants && !invariants.is_list())
        return reader.mistake(invariants, "invariants is a list of {never: {...}}");
    if (invariants.size() > invariants_max)
        return reader.mistake(invariants,
                              fmt::format("{} invariants; {} is the limit", invariants.size(), invariants_max));
    RuleReader rule_reader(reader, document);
    for (std::size_t i = 0; i < invariants.size(); ++i) {
        Fields fields(reader, invariants.at(i), "an invariant");
        const auto never = fields.require("never");
        if (never.is_map() && never.size() == 0) reader.mistake(never, "an empty never would forbid everything");
        if (never) document.invariants.push_back({rule_reader.conditions(never, "never"), never.place()});
        fields.finish();
    }
}

} // namespace sallyport::policy
