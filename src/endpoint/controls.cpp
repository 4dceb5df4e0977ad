#include "endpoint/controls.h"

#include "endpoint/native_limits.h"
#include "policy/names.h"
#include "policy/patterns.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::endpoint {

namespace {

using policy::Document;
using policy::Effect;
using policy::Rule;

bool is_exact(std::string_view text) { return text.find_first_of("*?") == std::string_view::npos; }
bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
    return std::ranges::any_of(patterns, [&](const std::string& one) { return policy::globs_meet(one, text); });
}

class Reduction {
public:
    Reduction(const Document& document, const Client& client, const ControlsOptions& options)
        : document_(document), client_(client), options_(options),
          classes_(options.cls ? policy::class_mask(*options.cls) : (1u << policy::class_count) - 1) {}

    Result<NativeLimits> reduce() {
        NativeLimits out;
        out.gateway = options_.gateway;
        const policy::Client* approved = document_.clients ? policy::client_named(document_, client_.name) : nullptr;
        if (document_.clients && approved == nullptr)
            return fail(ErrorKind::refused,
                        fmt::format("{} does not approve {}: there is nothing to tell it; add it under clients",
                                    document_.files.front().name, client_.name));
        if (approved != nullptr) limit_versions(approved->versions, out);
        for (const Rule& rule : document_.rules)
            if (lets_pass(rule)) passing_.push_back(&rule);
        limit_models(out);
        if (auto named = check_named_models(out); !named) return std::unexpected(named.error());
        limit_servers(out);
        out.vendor_tools = some_rule_allows([](const Rule& rule, policy::Class cls) {
            return (policy::references_allowed(rule, cls) & vendor_tool_bit()) != 0;
        });
        out.personal_accounts = std::ranges::any_of(passing_, [](const Rule* rule) {
            return rule->allow.accounts &&
                   (*rule->allow.accounts & 1u << static_cast<unsigned>(policy::AccountKind::personal)) != 0;
        });
        return out;
    }

    // A refusal that holds for this client whatever the repository is, and for one kind of thing only.
    bool is_for_all(const Rule& rule) const {
        const policy::Conditions& when = rule.when;
        const bool covers = !when.classes || (*when.classes & classes_) == classes_;
        const bool concerns = !when.clients || policy::has(when.clients, client_.name);
        const bool upstreams =
            std::ranges::any_of(when.upstream_facts, [](const policy::Names& one) { return one.has_value(); });
        return rule.effect == Effect::refuse && mode_of(rule, document_.mode) == policy::Mode::enforce && covers &&
               concerns && !when.evidence && !when.accounts && !when.findings && !when.client_version && !when.teams &&
               !when.roles && !when.legal_entities && !when.time && !when.plugins && !when.upstreams && !upstreams;
    }

private:
    static std::uint32_t vendor_tool_bit() {
        const auto at = std::ranges::find(policy::reference_names, "vendor-tool");
        return 1u << (at - policy::reference_names.begin());
    }

    bool lets_pass(const Rule& rule) const {
        return rule.effect == Effect::allow && (!rule.when.classes || (*rule.when.classes & classes_) != 0) &&
               (!rule.when.clients || policy::has(rule.when.clients, client_.name)) &&
               (!rule.allow.clients || policy::has(rule.allow.clients, client_.name));
    }

    bool some_rule_allows(auto&& allows) const {
        for (const Rule* rule : passing_)
            for (unsigned i = 0; i < policy::class_count; ++i)
                if ((classes_ & rule->when.classes.value_or(classes_) & 1u << i) != 0 &&
                    allows(*rule, static_cast<policy::Class>(i)))
                    return true;
        return false;
    }

    static void limit_versions(const policy::VersionRange& range, NativeLimits& out) {
        if (range.accepts_all()) return;
        out.versions_exact = range.any_of.size() == 1;
        if (!out.versions_exact) return;
        using Op = policy::Comparator::Op;
        for (const policy::Comparator& one : range.any_of.front()) {
            std::string* bound = one.op == Op::at_least && out.least.empty() ? &out.least
                                 : one.op == Op::at_most && out.most.empty() ? &out.most
                                                                             : nullptr;
            if (bound != nullptr)
                *bound = one.version;
            else if (one.op == Op::equal && range.any_of.front().size() == 1)
                out.least = out.most = one.version;
            else
                out.versions_exact = false; // what a client takes as a bound is always included
        }
    }

    bool may_use(std::string_view model) const {
        return std::ranges::any_of(passing_, [&](const Rule* rule) {
            return (!rule->allow.models || matches_any(*rule->allow.models, model)) &&
                   (!rule->when.models || matches_any(*rule->when.models, model));
        });
    }
    bool is_denied(std::string_view model) const {
        return std::ranges::any_of(document_.rules, [&](const Rule& rule) {
            return is_for_all(rule) && !rule.when.references && rule.when.models &&
                   matches_any(*rule.when.models, model);
        });
    }

    void limit_models(NativeLimits& out) const {
        std::vector<std::string> names = options_.models;
        bool listed = true;
        for (const Rule* rule : passing_) {
            const policy::Names& of_rule = rule->allow.models ? rule->allow.models : rule->when.models;
            if (!of_rule || !std::ranges::all_of(*of_rule, is_exact)) listed = false;
            for (const std::string& name : of_rule.value_or(std::vector<std::string>{}))
                if (is_exact(name) && may_use(name)) names.push_back(name);
        }
        std::erase_if(names, [&](const std::string& name) { return is_denied(name); });
        std::ranges::sort(names);
        names.erase(std::ranges::unique(names).begin(), names.end());
        if (listed || !options_.models.empty()) out.models = names;
        for (const Rule& rule : document_.rules)
            if (is_for_all(rule) && !rule.when.references && rule.when.models)
                std::ranges::copy_if(*rule.when.models, std::back_inserter(out.denied), is_exact);
    }

    Result<void> check_named_models(const NativeLimits&) const {
        for (const std::string& model : options_.models)
            if (!may_use(model) || is_denied(model))
                return fail(ErrorKind::refused, fmt::format("--model {}: {} lets nobody use it with {}", model,
                                                            document_.files.front().name, client_.name));
        return {};
    }

    void limit_servers(NativeLimits& out) const {
        if (!document_.plugins) return;
        std::vector<Server> servers;
        bool any = false;
        for (const policy::Plugin& plugin : *document_.plugins) {
            const bool usable = some_rule_allows([&](const Rule& rule, policy::Class cls) {
                return (plugin.classes & policy::class_mask(cls)) != 0 &&
                       (!rule.allow.plugins || policy::has_plugin(rule.allow.plugins, plugin.name));
            });
            if (plugin.name == "*")
                any = any || usable;
            else if (usable)
                servers.push_back({plugin.name, urls_of(plugin)});
            else
                out.denied_servers.push_back(plugin.name);
        }
        if (!any) out.servers = std::move(servers);
    }
    static std::vector<std::string> urls_of(const policy::Plugin& plugin) {
        std::vector<std::string> out;
        for (const std::string& one : plugin.identities)
            if (!one.starts_with("sha256:")) out.push_back(one);
        return out;
    }

    const Document& document_;
    const Client& client_;
    const ControlsOptions& options_;
    const std::uint32_t classes_; // in question
    std::vector<const Rule*> passing_;
};

// What the policy says, one after the other, and who holds it.
class Report {
public:
    Report(const Document& document, const NativeLimits& limits, const Said& said, const Reduction& reduction,
           Controls& out)
        : document_(document), limits_(limits), said_(said), reduction_(reduction), out_(out) {}

    void write() {
        say("the way to the gateway", said_.address,
            "the client's environment says it: sallyport run sets it, or a script of the company's");
        say("updates and telemetry off", said_.quiet, "at the boundary and the forward proxy");
        at_gateway("classes of repositories",
                   "clients know no classes: their settings hold for the whole machine, so they say the loosest");
        if (document_.clients)
            say("versions of the client",
                limits_.least.empty() && limits_.most.empty() && limits_.versions_exact ? "any is approved"
                                                                                        : said_.versions,
                "the client cannot be told this range; sallyport run and the gateway refuse others");
        say("which models may be used at all", limits_.models || said_.models.empty() ? said_.models : "",
            limits_.models ? "the client has no such list"
                           : "patterns, which clients take as names; name models with --model");
        if (document_.plugins) plugins();
        for (const Rule& rule : document_.rules) tell(rule);
        for (std::size_t i = 0; i < document_.egress.size(); ++i)
            at_gateway("egress " + document_.egress[i].id, "the forward proxy, inside the boundary of sallyport run");
    }

private:
    void say(std::string what, const std::string& by_client, const char* else_by) {
        out_.statements.push_back({std::move(what), by_client.empty() ? Held::at_gateway : Held::by_client,
                                   by_client.empty() ? else_by : by_client});
    }
    void at_gateway(std::string what, std::string why) {
        out_.statements.push_back({std::move(what), Held::at_gateway, std::move(why)});
    }

    void plugins() {
        if (!limits_.servers && limits_.denied_servers.empty()) {
            at_gateway("plugins", "any may be used somewhere (\"*\"), so that none can be refused on the machine");
        } else if (!said_.servers.empty() && limits_.servers) {
            out_.statements.push_back({"plugins", Held::by_client, said_.servers});
        } else if (!said_.servers_partly.empty()) {
            out_.statements.push_back({"plugins", Held::partly, said_.servers_partly});
        } else {
            at_gateway("plugins", "the client lists servers by how they are reached, which the policy does not say "
                                  "(url: of a plugin says it)");
        }
    }

    void tell(const Rule& rule) {
        const std::string what = fmt::format("{} {} ({}:{}:{})", rule.is_invariant ? "invariant" : "rule", rule.id,
                                             rule.file, rule.place.line, rule.place.column);
        if (rule.effect == Effect::allow)
            return out_.statements.push_back(
                {what, said_.models.empty() && said_.servers.empty() ? Held::at_gateway : Held::partly,
                 "for which classes, upstreams and teams only the gateway knows"});
        if (rule.effect != Effect::refuse) return at_gateway(what, "what leaves is changed and recorded there");
        if (!reduction_.is_for_all(rule)) return at_gateway(what, why_not_here(rule));
        if (rule.when.models && !rule.when.references) return refused_models(rule, what);
        if (rule.when.references && !rule.when.models && !limits_.vendor_tools && !said_.vendor_tools.empty())
            return out_.statements.push_back({what, Held::partly, said_.vendor_tools});
        at_gateway(what, "the client has no setting for it");
    }
    std::string why_not_here(const Rule& rule) const {
        if (mode_of(rule, document_.mode) != policy::Mode::enforce) return "it refuses nothing yet (mode)";
        const policy::Conditions& when = rule.when;
        std::string out;
        const auto add = [&](bool stated, const char* words) {
            if (stated) out += fmt::format("{}{}", out.empty() ? "only the gateway knows " : ", ", words);
        };
        add(when.classes.has_value(), "the repository's class");
        add(when.evidence.has_value(), "how the repository is known");
        add(when.accounts.has_value(), "the account");
        add(when.findings.has_value(), "what is in the request");
        add(when.teams || when.roles, "who asks");
        add(when.legal_entities.has_value(), "whose content it is");
        add(when.time.has_value(), "the time");
        add(when.upstreams ||
                std::ranges::any_of(when.upstream_facts, [](const policy::Names& one) { return one.has_value(); }),
            "where it goes");
        return out.empty() ? "it concerns other clients, or some plugins or versions only" : out;
    }
    void refused_models(const Rule& rule, const std::string& what) {
        const auto exact = std::ranges::count_if(*rule.when.models, is_exact);
        if (exact == 0 && said_.models.empty()) return at_gateway(what, "patterns, which clients take as names");
        if (said_.denied.empty() && said_.models.empty()) return at_gateway(what, "the client has no such list");
        const bool all = !said_.models.empty() || static_cast<std::size_t>(exact) == rule.when.models->size();
        out_.statements.push_back(
            {what, all ? Held::by_client : Held::partly, said_.models.empty() ? said_.denied : said_.models});
    }

    const Document& document_;
    const NativeLimits& limits_;
    const Said& said_;
    const Reduction& reduction_;
    Controls& out_;
};

} // namespace

std::string_view name(Held held) {
    switch (held) {
    case Held::by_client: return "client";
    case Held::partly: return "partly";
    case Held::at_gateway: return "gateway";
    }
    return "gateway";
}

Result<Controls> controls(const Document& document, const Client& client, const ControlsOptions& options) {
    Reduction reduction(document, client, options);
    const auto limits = reduction.reduce();
    if (!limits) return std::unexpected(limits.error());
    Controls out;
    const Said said = write_controls(client, *limits, out);
    Report(document, *limits, said, reduction, out).write();
    return out;
}

} // namespace sallyport::endpoint
