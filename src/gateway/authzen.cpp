#include "gateway/authzen.h"

#include "json/document.h"
#include "json/writer.h"
#include "policy/decide.h"
#include "policy/names.h"
#include "policy/time_window.h"

#include <algorithm>
#include <deque>
#include <vector>

namespace sallyport::gateway {

namespace {

using json::no_node;
using json::NodeIndex;

// One evaluation; views the document or `texts`.
struct Question {
    policy::Facts facts;
    std::vector<std::string_view> plugins, paths;
    std::vector<std::uint16_t> candidates;
};

class Questions {
public:
    Questions(const policy::Policy& policy, const catalog::Advisories& advisories, const json::Document& document)
        : policy_(policy), advisories_(advisories), document_(document) {}

    const std::string& problem() const { return problem_; }
    void complain(const std::string& what) {
        if (problem_.empty()) problem_ = what;
    }

    // The members of `own`, those of `usual` where it has none.
    Question read(NodeIndex own, NodeIndex usual, std::int64_t now_ms) {
        Question out;
        policy::Facts& facts = out.facts;
        facts.at_ms = now_ms;
        const auto entity = [&](std::string_view key) {
            const NodeIndex found = member(own, key);
            return found != no_node ? found : member(usual, key);
        };
        const NodeIndex subject = entity("subject"), action = entity("action"), resource = entity("resource");
        require(subject, "subject", {"type", "id"});
        require(action, "action", {"name"});
        require(resource, "resource", {"type", "id"});
        if (!problem_.empty()) return out;
        if (text(resource, "type") != "repository") complain("resource.type is 'repository', its id host and path");
        const NodeIndex who = properties(subject, {"team", "role", "account", "key_max_class"});
        facts.team = text(who, "team");
        facts.role = text(who, "role");
        word(who, "account", policy::account_names, facts.account);
        word(who, "key_max_class", policy::class_names, facts.key_max_class);
        const std::string_view name = text(action, "name");
        if (name != "generate" && name != "list-models") complain("action.name is 'generate' or 'list-models'");
        facts.generates = name == "generate";
        const NodeIndex what =
            properties(action, {"client", "client_version", "model", "references", "plugins", "upstreams"});
        facts.client = text(what, "client").empty() ? std::string_view("unknown") : text(what, "client");
        facts.client_version = text(what, "client_version");
        if (const auto* found = advisories_.covering(facts.client, facts.client_version); found != nullptr)
            facts.advisory = {found->id, found->summary, found->fixed};
        facts.model = text(what, "model");
        for (const std::string_view kind : texts(what, "references")) {
            const auto known = std::ranges::find(policy::reference_names, kind);
            if (known == policy::reference_names.end())
                complain("references holds the unknown word '" + std::string(kind) + "'");
            else
                facts.references |= 1u << (known - policy::reference_names.begin());
        }
        out.plugins = texts(what, "plugins");
        candidates(what, out.candidates);
        facts.repository = text(resource, "id");
        facts.evidence = facts.repository.empty() ? policy::Evidence::none : policy::Evidence::claimed;
        const NodeIndex where = properties(resource, {"evidence", "paths", "conversation_class"});
        word(where, "evidence", policy::evidence_names, facts.evidence);
        word(where, "conversation_class", policy::class_names, facts.class_floor);
        out.paths = texts(where, "paths");
        if (const std::string_view at = text(entity("context"), "at"); !at.empty()) {
            const auto ms = policy::date_ms(at, 0);
            if (!ms) complain("context.at is a time in UTC such as 2026-12-31T18:00");
            facts.at_ms = ms.value_or(now_ms);
        }
        return out;
    }

    NodeIndex member(NodeIndex object, std::string_view key) {
        if (object == no_node) return no_node;
        const auto found = document_.find_once(object, key);
        if (!found) complain(found.error().message);
        return found.value_or(no_node);
    }
    std::string_view text(NodeIndex object, std::string_view key) {
        const NodeIndex n = member(object, key);
        if (n == no_node) return {};
        if (document_[n].kind != json::Kind::string) {
            complain(std::string(key) + " is not a text");
            return {};
        }
        return kept(n);
    }

private:
    void require(NodeIndex object, std::string_view name, std::initializer_list<std::string_view> keys) {
        if (object == no_node || document_[object].kind != json::Kind::object)
            return complain(std::string(name) + " is missing");
        for (const std::string_view key : keys)
            if (member(object, key) == no_node) complain(std::string(name) + "." + std::string(key) + " is missing");
    }
    // A word that is not known would be left out of the decision, so it is a mistake.
    NodeIndex properties(NodeIndex entity, std::initializer_list<std::string_view> known) {
        const NodeIndex object = member(entity, "properties");
        if (object == no_node) return no_node;
        if (document_[object].kind != json::Kind::object) {
            complain("properties is not an object");
            return no_node;
        }
        std::string scratch;
        for (NodeIndex n = document_.first_child(object); n != no_node; n = document_.next_sibling(n))
            if (const auto key = document_.key(n, scratch); std::ranges::find(known, key) == known.end())
                complain("the property '" + std::string(key) + "' is not known");
        return object;
    }
    template <class Enum, std::size_t size>
    void word(NodeIndex object, std::string_view key, const std::array<std::string_view, size>& words, Enum& into) {
        const std::string_view given = text(object, key);
        if (given.empty()) return;
        const auto known = std::ranges::find(words, given);
        if (known == words.end())
            complain(std::string(key) + " holds the unknown word '" + std::string(given) + "'");
        else
            into = static_cast<Enum>(known - words.begin());
    }
    std::vector<std::string_view> texts(NodeIndex object, std::string_view key) {
        std::vector<std::string_view> out;
        const NodeIndex list = member(object, key);
        if (list == no_node) return out;
        if (document_[list].kind != json::Kind::array) complain(std::string(key) + " is not a list");
        for (NodeIndex n = document_.first_child(list); n != no_node; n = document_.next_sibling(n)) {
            if (document_[n].kind != json::Kind::string)
                complain(std::string(key) + " holds something that is no text");
            out.push_back(kept(n));
        }
        return out;
    }
    void candidates(NodeIndex what, std::vector<std::uint16_t>& into) {
        for (const std::string_view one : texts(what, "upstreams")) {
            into.push_back(policy_.upstream_named(one));
            if (into.back() == policy::no_rule) complain("the policy names no upstream '" + std::string(one) + "'");
        }
        if (member(what, "upstreams") != no_node) return;
        for (std::uint16_t i = 0; i < policy_.upstreams().size(); ++i) into.push_back(i);
    }
    std::string_view kept(NodeIndex n) {
        if (!document_[n].escaped) return document_.raw_value(n);
        return document_.text(n, texts_.emplace_back());
    }

    const policy::Policy& policy_;
    const catalog::Advisories& advisories_;
    const json::Document& document_;
    std::deque<std::string> texts_;
    std::string problem_;
};

bool answer(const policy::Policy& policy, Question question, std::string& out) {
    question.facts.plugins = question.plugins;
    question.facts.paths = question.paths;
    const policy::Plan plan = policy::decide(policy, question.facts, question.candidates);
    const bool allowed = plan.decision != policy::Decision::refuse;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("decision", allowed);
    writer.begin_object("context");
    writer.member("class", policy::name(plan.effective_class));
    if (plan.rule != policy::no_rule) writer.member("rule", policy.rule_id(plan.rule));
    if (!allowed) writer.member("refused_by", policy::name(plan.refused_by));
    if (allowed && plan.mode != policy::Mode::enforce) writer.member("mode", policy::name(plan.mode));
    const std::string said = allowed ? plan.mode == policy::Mode::enforce
                                           ? std::string()
                                           : policy::would_sentence(policy, question.facts, plan, question.candidates)
                                     : policy::sentence(policy, question.facts, plan, question.candidates);
    if (!said.empty()) {
        writer.begin_object("reason_user");
        writer.member("en", said);
        writer.end_object();
    }
    writer.begin_array("upstreams");
    for (std::size_t i = 0; i < plan.upstream_count; ++i) writer.element(policy.upstreams()[plan.upstreams[i]].name);
    writer.end_array();
    writer.end_object();
    writer.end_object();
    return allowed;
}

} // namespace

Result<std::string> evaluate(const policy::Policy& policy, std::string_view body, bool several, std::int64_t now_ms,
                             const catalog::Advisories& advisories) {
    json::Document document;
    if (auto parsed = document.parse(body); !parsed) return std::unexpected(parsed.error());
    const NodeIndex root = document.root();
    const auto bad = [](const std::string& why) { return fail(ErrorKind::invalid, why, ErrorSource::client); };
    if (document[root].kind != json::Kind::object) return bad("the body is not an object");
    Questions questions(policy, advisories, document);
    const NodeIndex list = several ? questions.member(root, "evaluations") : no_node;
    const std::string_view semantic = questions.text(questions.member(root, "options"), "evaluations_semantic");
    if (!semantic.empty() && semantic != "execute_all" && semantic != "deny_on_first_deny" &&
        semantic != "permit_on_first_permit")
        return bad("evaluations_semantic is execute_all, deny_on_first_deny or permit_on_first_permit");
    if (list != no_node && document[list].kind != json::Kind::array) return bad("evaluations is not a list");
    std::string out;
    if (list == no_node ||
        document.first_child(list) == no_node) { // as the specification says: then it is a single one
        Question one = questions.read(root, no_node, now_ms);
        if (!questions.problem().empty()) return bad(questions.problem());
        answer(policy, std::move(one), out);
        return out;
    }
    std::vector<Question> all; // read as a whole, so that a mistake in the last one is no half answer
    for (NodeIndex n = document.first_child(list); n != no_node; n = document.next_sibling(n)) {
        if (all.size() == evaluations_max) return bad("more than " + std::to_string(evaluations_max) + " evaluations");
        if (document[n].kind != json::Kind::object) return bad("an evaluation is not an object");
        all.push_back(questions.read(n, root, now_ms));
        if (!questions.problem().empty())
            return bad("evaluation " + std::to_string(all.size()) + ": " + questions.problem());
    }
    out = "{\"evaluations\":[";
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i > 0) out += ',';
        const bool allowed = answer(policy, std::move(all[i]), out);
        if (allowed ? semantic == "permit_on_first_permit" : semantic == "deny_on_first_deny") break;
    }
    return out + "]}";
}

std::string authzen_configuration(std::string_view base) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("policy_decision_point", base);
    writer.member("access_evaluation_endpoint", std::string(base) + "/access/v1/evaluation");
    writer.member("access_evaluations_endpoint", std::string(base) + "/access/v1/evaluations");
    writer.end_object();
    return out;
}

} // namespace sallyport::gateway
