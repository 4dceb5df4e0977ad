// What a decision may look at, gathered for one exchange.
#include "base/clock.h"
#include "base/text.h"
#include "gateway/bound.h"
#include "gateway/turn.h"
#include "policy/program.h"
#include "repo/identity.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

static_assert(policy::finding_kinds == content::finding_kinds && policy::finding_confidences == content::confidences);
static_assert(policy::reference_kinds == dialect::reference_kinds, "facts hold a set of the dialects' kinds");

// An MCP server's address without what may be a secret in it: "https://mcp.example/v1"; empty where it is none.
std::string address_of(std::string_view url) {
    const std::size_t slashes = url.find("://");
    const std::string scheme = to_lower(url.substr(0, std::min(slashes, std::size_t{6})));
    if (slashes == std::string_view::npos || (scheme != "https" && scheme != "http")) return {};
    url.remove_prefix(slashes + 3);
    url = url.substr(0, url.find_first_of("?#"));
    const std::size_t path = std::min(url.find_first_of("/\\"), url.size());
    std::string_view host = url.substr(0, path);
    host = host.substr(host.rfind('@') + 1); // npos + 1 is 0
    return scheme + "://" + to_lower(host) + (path == url.size() ? "/" : std::string(url.substr(path)));
}

// OpenCode and Copilot CLI put an MCP server's name before its tools' ("github-mcp_search", "github-mcp-search") without a mark: only
// the servers that the policy names can be told from tools of their own.
std::string_view unmarked_plugin(const policy::Document& document, std::string_view tool) {
    for (const policy::Plugin& known : *document.plugins) {
        const std::size_t size = known.name.size();
        if (tool.size() > size && (tool[size] == '_' || tool[size] == '-') &&
            policy::same_plugin(tool.substr(0, size), known.name))
            return known.name;
    }
    return {};
}

// The plugins whose tools a request offers, each once, and the MCP servers that the vendor shall call, by their address. A '#'
// in a name would make an address of what is behind it.
void collect_plugins(const dialect::Request& request, std::string_view client, const policy::Document& document,
                     std::vector<std::string_view>& plugins, std::deque<std::string>& made) {
    plugins.clear();
    made.clear();
    const bool unmarked = document.plugins && (client == "opencode" || client == "copilot");
    for (const dialect::Tool& tool : request.tools) {
        const std::string_view plugin =
            tool.plugin.empty() && unmarked ? unmarked_plugin(document, tool.name) : std::string_view(tool.plugin);
        if (plugin.empty() || (!plugins.empty() && plugins.back() == plugin)) continue;
        if (plugin.find('#') == std::string::npos) {
            plugins.push_back(plugin);
        } else {
            made.emplace_back(plugin);
            std::ranges::replace(made.back(), '#', '?');
            plugins.push_back(made.back());
        }
    }
    for (const dialect::Reference& reference : request.references)
        if (reference.kind == dialect::ReferenceKind::remote_mcp)
            if (std::string address = address_of(reference.what); !address.empty()) {
                made.push_back("#" + address);
                plugins.push_back(made.back());
            }
    std::ranges::sort(plugins);
    plugins.erase(std::ranges::unique(plugins).begin(), plugins.end());
}

} // namespace

// After the body, which the proof is about.
Step Turn::check_binding() {
    const http::Fields& fields = exchange.head().fields;
    scratch->binding.reset();
    const std::size_t bindings = fields.count(identity::binding_header), proofs = fields.count(identity::proof_header);
    if (bindings == 0 && proofs == 0) return {};
    if (bindings > 1 || proofs > 1)
        return std::unexpected(
            Ending{dialect::RefusalKind::invalid, "Sallyport: the request came with more than one binding.", true});
    const std::int64_t head_came_ms = wall_ms() - (monotonic_us() - begun_us) / 1000;
    const identity::Proven proven{exchange.head().method, exchange.head().target, body_digest};
    auto checked = lane.shared.bindings.check(fields.value(identity::binding_header),
                                              fields.value(identity::proof_header), proven, head_came_ms);
    if (checked.problem == identity::BindingProblem::none && checked.binding.key != caller.key.caller.key_id)
        checked.problem = identity::BindingProblem::foreign_key;
    std::string why(checked.problem == identity::BindingProblem::none
                        ? foreign_to(checked.binding, exchange.head(), caller.client)
                        : identity::sentence(checked.problem));
    if (!why.empty())
        return std::unexpected(Ending{dialect::RefusalKind::identity, "Sallyport: " + std::move(why) + ".", true});
    scratch->binding = std::move(checked.binding);
    return {};
}

Step Turn::gather_facts() {
    const dialect::Request& request = scratch->request;
    facts.person = caller.key.caller.person;
    facts.team = caller.key.caller.team;
    facts.role = caller.key.caller.role;
    for (std::size_t c = 0; c < policy::class_count; ++c)
        if (policy::name(static_cast<policy::Class>(c)) == caller.key.caller.max_class)
            facts.key_max_class = static_cast<policy::Class>(c);
    facts.client = caller.client.name;
    facts.client_version = caller.client.version;
    facts.account = caller.account;
    facts.tier = policy::Tier::none;
    const policy::Document& document = world->policy->program().document;
    if (scratch->binding) take_bound(*scratch->binding, document.launchers, facts);
    world->find_advisory(facts);
    facts.dialect = dialect::name(endpoint.dialect);
    facts.model = request.model;
    facts.generates = request.operation == dialect::Operation::generate;
    facts.references = 0;
    for (const dialect::Reference& reference : request.references)
        facts.references |= 1u << static_cast<unsigned>(reference.kind);
    collect_plugins(request, facts.client, document, scratch->plugins, scratch->plugin_texts);
    if (scratch->plugins.size() > limits::plugins_per_request_max)
        return std::unexpected(
            Ending{dialect::RefusalKind::invalid, "Sallyport: the request offers tools of more than " +
                                                      std::to_string(limits::plugins_per_request_max) + " plugins."});
    facts.plugins = scratch->plugins;
    std::size_t known = 0;
    for (const std::string_view session : caller.sessions)
        if (!session.empty()) conversations[known++] = Verdicts::conversation(facts.person, session);
    if (!request.session.empty()) conversations[known] = Verdicts::conversation(facts.person, request.session);
    facts.class_floor = class_floor();
    return {};
}

// What of the head leaves and is no credential: those are exchanged, or go on where the policy lets a personal account through.
std::string_view Turn::texts_of_head() {
    const http::RequestHead& head = exchange.head();
    std::string& texts = scratch->texts_of_head;
    texts.assign(head.path);
    texts += '\n';
    texts += query_has_credential(head.query) ? query_without_credentials(head.query, false) : std::string(head.query);
    for (const http::Field& field : head.fields) {
        if (carries_credential(field.name) || never_forwarded(field.name)) continue;
        texts += '\n';
        texts += field.value;
    }
    return texts;
}

Step Turn::find_claims() {
    auto& claims = scratch->claims;
    unclear_ = {};
    if (scratch->binding && !scratch->binding->repository.empty()) claims.push_back(scratch->binding->repository);
    claimed_repositories(exchange.head(), claims, unclear_);
    claim_remotes(scratch->request.repository_remotes, !scratch->request.remotes_unreadable, claims, unclear_);
    if (unclear_.too_many)
        return std::unexpected(Ending{dialect::RefusalKind::invalid,
                                      "Sallyport: the request names more than " + std::to_string(claims_max) +
                                          " repositories. Remove the git remotes that this work is not about, or work "
                                          "in a checkout of its own."});
    // The working directory's own name, where nothing better is claimed: "dir:engine". Never its path, which names people.
    if (!claims.empty() || scratch->request.workspace.empty()) return {};
    std::string_view directory = scratch->request.workspace;
    while (directory.size() > 1 && directory.back() == '/') directory.remove_suffix(1);
    directory = directory.substr(directory.find_last_of("/\\") + 1);
    const bool plain = !directory.empty() && directory.size() <= 100 && std::ranges::none_of(directory, [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F;
    });
    if (plain) claims.push_back("dir:" + std::string(directory));
    return {};
}

// What a decision looks at is recorded in clear, so that it can be repeated: no secret may come to stand there as a name.
Step Turn::check_names() {
    std::string& names = scratch->texts_of_head;
    names.assign(facts.model);
    for (const std::string_view one : {facts.client, facts.client_version}) (names += '\n') += one;
    if (const auto& bound = scratch->binding)
        for (const std::string_view one : {bound->client, bound->version}) (names += '\n') += one;
    for (const std::string_view one : scratch->plugins) (names += '\n') += one;
    for (const std::string& one : scratch->claims) (names += '\n') += one;
    for (const dialect::NamedFile& one : scratch->request.files) (names += '\n') += one.tool;
    if (!inspector().holds_secret(names)) return {};
    scratch->request.files.clear();
    return std::unexpected(Ending{dialect::RefusalKind::invalid,
                                  "Sallyport: a secret stands where the request names its model, client, repository or "
                                  "tools. Take it out of there and replace it, since it was shown."});
}

// Whatever order they came in: the one that is judged most strictly is the repository, the others narrow what may be done.
void Turn::choose_repository() {
    auto& claimed = scratch->claimed;
    claimed.assign(scratch->claims.begin(), scratch->claims.end());
    if (claimed.empty() || unclear_.unreadable) claimed.emplace_back(); // what cannot be read may be any repository
    find_exceptions();
    const bool is_bound =
        scratch->binding && bound_comes_first(*scratch->binding, world->policy->program().document.launchers, claimed);
    if (!is_bound && claimed.size() > 1) {
        std::ranges::sort(claimed);
        std::swap(claimed.front(), claimed[policy::strictest_claim(*world->policy, facts, claimed, candidates())]);
    }
    facts.repository = claimed.front();
    facts.evidence = is_bound                   ? policy::Evidence::bound
                     : facts.repository.empty() ? policy::Evidence::none
                                                : policy::Evidence::claimed;
    facts.also_claimed = std::span(claimed).subspan(1);
}

// Those that concern each repository that the request names.
void Turn::find_exceptions() {
    auto& found = scratch->exceptions;
    found.clear();
    if (!world->exceptions->empty())
        world->exceptions->each(facts.person, facts.team, scratch->claimed, facts.at_ms,
                                [&](const store::ExceptionRecord& one) {
                                    if (found.size() < policy::exceptions_per_request_max)
                                        found.push_back({one.id, one.rule});
                                });
    facts.exceptions = found;
}

// Of all session ids that the request names: naming one more never helps.
policy::Class Turn::class_floor() const {
    auto floor = policy::Class::open_source;
    for (const std::uint64_t conversation : conversations)
        floor = std::max(floor, lane.shared.verdicts.class_floor(conversation, lane.loop.now_ms()));
    return floor;
}

} // namespace sallyport::gateway
