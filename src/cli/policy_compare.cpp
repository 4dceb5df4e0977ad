// sallyport policy prove | diff
#include "cli/policy_commands.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "policy/compare.h"
#include "policy/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace sallyport::cli {

namespace {

struct CompareOptions {
    std::string file = "policy.yaml", before, after, fail_on;
    bool json = false;
};

// Loading proves: what is left to say is over how much, or which case breaks what.
int prove(const CompareOptions& options) {
    const policy::Policy::Loaded loaded = policy::load(options.file);
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("holds", loaded.policy != nullptr);
        if (loaded.policy)
            writer.member("invariants",
                          static_cast<std::uint64_t>(loaded.policy->program().document.invariants.size()));
        writer.begin_array("mistakes");
        for (const policy::Mistake& mistake : loaded.mistakes) writer.element(mistake.text());
        writer.end_array();
        writer.end_object();
        fmt::print("{}\n", out);
        return loaded.policy ? done : found_something;
    }
    if (!loaded.policy) return complain(loaded.mistakes);
    const auto& document = loaded.policy->program().document;
    if (document.invariants.empty()) {
        fmt::print("{}: no invariants, so there is nothing to prove; write some under 'invariants:'\n", options.file);
        return done;
    }
    fmt::print("{}: {} for every client, version, team, account, model, plugin, reference, evidence and class, at each "
               "of {} upstreams\n",
               options.file, ink(Ink::green, fmt::format("{} invariants hold", document.invariants.size())),
               document.upstreams.size());
    return done;
}

std::string names(const std::vector<std::string>& list, bool all, std::string_view any) {
    if (all) return std::string(any);
    std::string out;
    for (const std::string& name : list)
        out += (out.empty() ? "" : ", ") + (name.empty() ? std::string("others") : name);
    return out;
}

std::string class_of(const policy::Change& change) {
    if (change.before == change.after) return std::string(policy::name(change.after));
    return fmt::format("{} -> {}", policy::name(change.before), policy::name(change.after));
}

void write_change(json::Writer& writer, const policy::Change& change) {
    std::string one;
    json::Writer item(one);
    item.begin_object();
    item.member("change", change.gained ? "gains" : "loses");
    item.member("class_before", policy::name(change.before));
    item.member("class_after", policy::name(change.after));
    item.member("upstream", change.upstream);
    for (const auto& [key, list] : {std::pair{"clients", &change.clients}, std::pair{"teams", &change.teams},
                                    std::pair{"rules", &change.rules}}) {
        item.begin_array(key);
        for (const std::string& name : *list) item.element(name);
        item.end_array();
    }
    item.member("all_clients", change.all_clients);
    item.member("all_teams", change.all_teams);
    item.member("example", change.sample.words(change.gained ? change.after : change.before));
    item.end_object();
    writer.element_raw(one);
}

// A rule of the way out in one line, for comparing. Which contacts it lets through in sum is not computed: that they differ is told.
std::string line_of(const policy::EgressRule& rule) {
    std::string line = fmt::format("{} {} at {}: {} port", rule.id, policy::name(rule.act), fmt::join(rule.hosts, ", "),
                                   rule.ports.empty() ? "every" : fmt::format("{}", fmt::join(rule.ports, ", ")));
    for (const Network& network : rule.addresses) line += fmt::format(", {}/{}", network.base.text(), network.bits);
    return line + fmt::format(", classes {:05b}", rule.classes);
}

std::string line_of(const policy::Grant& grant) {
    std::string ports;
    for (const policy::PortRange& range : grant.ports) ports += (ports.empty() ? "" : ", ") + policy::text_of(range);
    return fmt::format("{} grants that ports {} are reached{}, classes {:05b}", grant.id, ports,
                       grant.asks ? ", where the person says so" : "", grant.classes);
}

// Lines of `here` that are not in `there`, in their order; the order counts too, so where only it differs, all of them.
std::vector<std::string> egress_lines(const policy::Document& here, const policy::Document& there) {
    std::vector<std::string> ours, theirs, only;
    for (const auto& rule : here.egress) ours.push_back(line_of(rule));
    for (const auto& rule : there.egress) theirs.push_back(line_of(rule));
    for (const auto& grant : here.grants) ours.push_back(line_of(grant));
    for (const auto& grant : there.grants) theirs.push_back(line_of(grant));
    if (ours == theirs) return {};
    for (const std::string& line : ours)
        if (std::ranges::find(theirs, line) == theirs.end()) only.push_back(line);
    return only.empty() && ours.size() == theirs.size() ? ours : only;
}

// Clients of both that `here` refuses in versions that an advisory covers, and `there` does not.
std::vector<std::string> refused_by_advisories(const policy::Document& here, const policy::Document& there) {
    std::vector<std::string> out;
    for (const policy::Client& client : here.clients.value_or(std::vector<policy::Client>())) {
        const bool in_both = !there.clients || policy::client_named(there, client.name) != nullptr;
        const policy::Client* const other = policy::client_named(there, client.name);
        if (client.refuses_advisories && in_both && (other == nullptr || !other->refuses_advisories))
            out.push_back(client.name);
    }
    return out;
}

int compare(const CompareOptions& options) {
    std::shared_ptr<const policy::Policy> sides[2];
    const std::string* files[] = {&options.before, &options.after};
    for (std::size_t i = 0; i < 2; ++i) {
        auto loaded = policy::load(*files[i]);
        if (!loaded.policy) {
            [[maybe_unused]] const int told = complain(loaded.mistakes);
            return not_possible;
        }
        sides[i] = std::move(loaded.policy);
    }
    policy::Comparison comparison = policy::compare(sides[0]->program().document, sides[1]->program().document);
    const auto egress_new = egress_lines(sides[1]->program().document, sides[0]->program().document);
    const auto egress_gone = egress_lines(sides[0]->program().document, sides[1]->program().document);
    const bool egress_differs = !egress_new.empty() || !egress_gone.empty();
    const auto held = refused_by_advisories(sides[1]->program().document, sides[0]->program().document);
    const auto let_through = refused_by_advisories(sides[0]->program().document, sides[1]->program().document);
    const bool loosens = !let_through.empty() || std::ranges::any_of(comparison.changes, &policy::Change::gained);
    const bool same = comparison.changes.empty() && held.empty() && let_through.empty();
    const bool fails = !comparison.undecided.empty() || (!options.fail_on.empty() && egress_differs) ||
                       (options.fail_on == "loosen" && loosens) || (options.fail_on == "any" && !same);
    std::ranges::sort(comparison.changes, {}, [](const policy::Change& change) {
        return std::tuple(!change.gained, change.upstream, change.before, change.after);
    });
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("exact", comparison.undecided.empty());
        writer.member("loosens", loosens);
        writer.member("egress_differs", egress_differs);
        for (const auto& [key, list] :
             {std::pair{"advisories_refuse", &held}, std::pair{"advisories_no_longer_refuse", &let_through}}) {
            writer.begin_array(key);
            for (const std::string& client : *list) writer.element(client);
            writer.end_array();
        }
        writer.begin_array("changes");
        for (const policy::Change& change : comparison.changes) write_change(writer, change);
        writer.end_array();
        writer.end_object();
        fmt::print("{}\n", out);
        return fails ? found_something : done;
    }
    if (!comparison.undecided.empty())
        fmt::print(stderr, "sallyport: this list may not be whole: {}\n", comparison.undecided);
    if (same && comparison.undecided.empty()) fmt::print("No request is decided differently.\n");
    constexpr std::string_view covered = "in versions that an advisory covers";
    for (const std::string& client : let_through)
        fmt::print("{}  {} {}\n", ink(Ink::yellow, "+ gains"), client, covered);
    for (const std::string& client : held) fmt::print("{}  {} {}\n", ink(Ink::cyan, "- loses"), client, covered);
    for (const std::string& line : egress_new) fmt::print("{} {}\n", ink(Ink::yellow, "+ egress"), line);
    for (const std::string& line : egress_gone) fmt::print("{} {}\n", ink(Ink::cyan, "- egress"), line);
    for (const policy::Change& change : comparison.changes) {
        const std::string sign = change.gained ? ink(Ink::yellow, "+ gains") : ink(Ink::cyan, "- loses");
        fmt::print("{}  {}  to {}\n", sign, ink(Ink::bold, class_of(change)), change.upstream);
        fmt::print("    clients {}; teams {}; rule {}\n", names(change.clients, change.all_clients, "all"),
                   names(change.teams, change.all_teams, "all"), names(change.rules, false, ""));
        fmt::print("    {}\n",
                   ink(Ink::dim, "for example: " + change.sample.words(change.gained ? change.after : change.before)));
    }
    return fails ? found_something : done;
}

} // namespace

void add_policy_prove(Command& group, int& exit_code) {
    static CompareOptions options;
    Command command = group.command("prove", "Hold the invariants against everything that the rules let through");
    command.option("file", options.file, "The policy").show_default();
    command.flag("--json", options.json, "Print an object");
    command.footer(
        "Exact: every case that the policy can tell apart. Exit code 1, with a case, where an invariant is broken.\n\n"
        "Example:\n  sallyport policy prove policy.yaml\n");
    command.run([&exit_code] { exit_code = prove(options); });
}

void add_policy_diff(Command& group, int& exit_code) {
    static CompareOptions options;
    Command command = group.command("diff", "Who gains and who loses what between two policies");
    command.option("old", options.before, "The policy as it is").required();
    command.option("new", options.after, "The policy as it would be").required();
    command
        .option("--fail-on", options.fail_on,
                "Exit with 1 where something is gained (loosen), or where anything differs (any); egress rules that "
                "differ count as both")
        .one_of({"loosen", "any"});
    command.flag("--json", options.json, "Print an object");
    command.footer("Example, in a review of policy changes:\n  sallyport policy diff main/policy.yaml policy.yaml "
                   "--fail-on loosen\n");
    command.run([&exit_code] { exit_code = compare(options); });
}

} // namespace sallyport::cli
