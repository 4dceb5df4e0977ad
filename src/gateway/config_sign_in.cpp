#include "gateway/config_reader.h"
#include "policy/names.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

using policy::Fields;
using policy::Node;
using policy::Reader;

constexpr std::int64_t lasts_ms_min = 900'000, lasts_ms_max = 30LL * 24 * 3'600'000;
constexpr std::size_t teams_max = 1'000, workloads_max = 100, further_max = 8, names_max = 100;
constexpr std::size_t directory_token_bytes_min = 24;

// The same issuer named twice is one: its keys are fetched once.
std::size_t load_issuer(ConfigReader& config, Fields& fields, Config& out) {
    IssuerConfig issuer;
    const Node node = fields.require("issuer");
    config.host(fields, config.url(node, "the issuer's URL", UrlKind::host), issuer);
    issuer.issuer = node ? node.text() : std::string();
    const bool is_loopback =
        issuer.where.host == "localhost" || issuer.where.host == "::1" || issuer.where.host.starts_with("127.");
    if (!issuer.tls && !issuer.where.host.empty() && !is_loopback)
        config.reader().mistake(node, "who says who somebody is is asked by https://; http:// is for loopback only");
    if (!issuer.credential.empty())
        config.reader().mistake(node, "an issuer is sent no 'credential'; the client's secret is 'client_secret'");
    for (const Node host : config.reader().list(fields.take("hosts"), "hosts")) {
        HostConfig further;
        config.host(fields, config.url(host, "a further host's URL", UrlKind::host), further);
        further.base_path.clear();
        issuer.further.push_back(std::move(further));
        if (issuer.further.size() > further_max)
            config.reader().mistake(host, "at most " + std::to_string(further_max) + " further hosts are supported");
    }
    for (std::size_t i = 0; i < out.issuers.size(); ++i)
        if (out.issuers[i].issuer == issuer.issuer && issuer.further.empty()) return i;
    out.issuers.push_back(std::move(issuer));
    return out.issuers.size() - 1;
}

void load_class(ConfigReader& config, Node node, std::string& into) {
    if (const auto word = config.reader().word(node, policy::class_names, "max_class"))
        into = policy::class_names[*word];
}

void load_text(ConfigReader& config, Node node, const char* what, std::string& into) {
    if (const auto text = config.reader().text(node, what)) into = *text;
}

} // namespace

void load_sign_in(ConfigReader& config, Node node, Config& out) {
    if (!node) return;
    Reader& reader = config.reader();
    Fields fields(reader, node, "sign_in");
    SignInConfig sign_in;
    sign_in.issuer = load_issuer(config, fields, out);
    load_text(config, fields.require("client_id"), "the client's id", sign_in.client_id);
    if (const Node secret = fields.take("client_secret"))
        sign_in.client_secret = config.secret(secret, "the client's secret");
    if (const Node address = fields.take("address"))
        if (const auto url = config.url(address, "the gateway's address", UrlKind::host)) {
            if (!url->path.empty())
                reader.mistake(address, "the gateway's address has no path: clients ask below its root");
            sign_in.address = (url->tls ? "https://" : "http://") + url->authority;
        }
    load_text(config, fields.take("person"), "the claim that names the person", sign_in.person_claim);
    load_text(config, fields.take("groups_claim"), "the claim that lists groups", sign_in.groups_claim);
    if (const Node scopes = fields.take("scopes")) {
        sign_in.scopes.clear();
        for (const Node one : reader.list(scopes, "scopes"))
            if (const auto text = reader.text(one, "a scope"))
                sign_in.scopes += (sign_in.scopes.empty() ? "" : " ") + *text;
        if ((" " + sign_in.scopes + " ").find(" openid ") == std::string::npos)
            reader.mistake(scopes, "scopes must hold openid: without it the provider says nothing of the person");
    }
    if (const Node teams = fields.take("teams"); teams && reader.map(teams, "teams")) {
        for (std::size_t i = 0; i < teams.size() && i < teams_max; ++i)
            if (const auto team = reader.identifier(teams.at(i), "a team"))
                sign_in.teams.emplace_back(teams.key(i), *team);
        if (teams.size() == 0 || teams.size() > teams_max)
            reader.mistake(teams, "teams names 1 to " + std::to_string(teams_max) +
                                      " groups; without it everybody may sign in whom the provider knows");
    }
    load_class(config, fields.take("max_class"), sign_in.max_class);
    config.milliseconds(fields, "lasts", lasts_ms_min, lasts_ms_max, sign_in.lasts_ms);
    const Node models = fields.take("models");
    for (const Node one : reader.list(models, "models"))
        if (const auto text = reader.text(one, "a model's name")) sign_in.models.push_back(*text);
    if (sign_in.models.size() > names_max)
        reader.mistake(models, "at most " + std::to_string(names_max) + " models are supported");
    fields.finish();
    out.sign_in = std::move(sign_in);
}

void load_workloads(ConfigReader& config, Node list, Config& out) {
    Reader& reader = config.reader();
    for (const Node node : reader.list(list, "workloads")) {
        Fields fields(reader, node, "a workload");
        WorkloadConfig workload;
        workload.issuer = load_issuer(config, fields, out);
        load_text(config, fields.require("audience"), "the audience", workload.audience);
        const Node subject = fields.require("subject");
        load_text(config, subject, "the subject", workload.subject);
        if (workload.subject.find_first_not_of("*?") == std::string::npos && subject)
            reader.mistake(subject, "the subject says which workloads are yours, such as \"repo:acme/*\"; whoever can "
                                    "have a token of this issuer would be let in by " +
                                        policy::shown(workload.subject));
        if (const auto team = reader.identifier(fields.take("team"), "the team")) workload.team = *team;
        load_class(config, fields.take("max_class"), workload.max_class);
        // As CI systems write patterns: a star stands for anything.
        for (std::size_t at = 0; (at = workload.subject.find('*', at)) != std::string::npos; at += 2)
            workload.subject.replace(at, workload.subject.substr(at).starts_with("**") ? 2 : 1, "**");
        fields.finish();
        out.workloads.push_back(std::move(workload));
    }
    if (out.workloads.size() > workloads_max)
        reader.mistake(list, "at most " + std::to_string(workloads_max) + " workloads are supported");
}

void load_directory(ConfigReader& config, Node node, Config& out) {
    if (!node) return;
    Fields fields(config.reader(), node, "scim");
    const Node token = fields.require("token");
    out.directory_token = config.secret(token, "the directory's token");
    if (!out.directory_token.empty() && out.directory_token.reveal().size() < directory_token_bytes_min)
        config.reader().mistake(token, "the directory's token has at least " +
                                           std::to_string(directory_token_bytes_min) + " characters");
    fields.finish();
}

} // namespace sallyport::gateway
