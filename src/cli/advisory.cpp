// sallyport advisory list | show | check
#include "base/version.h"
#include "catalog/clients.h"
#include "cli/advisory_commands.h"
#include "cli/commands.h"
#include "cli/open.h"
#include "cli/terminal.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

struct AdvisoryOptions {
    std::string config, id, client;
    bool json = false, all = false;
};

std::string words_of(const catalog::Range& range) {
    std::string out;
    using Kind = catalog::Event::Kind;
    for (const catalog::Event& event : range) {
        const std::string_view sign = event.kind == Kind::introduced      ? ">="
                                      : event.kind == Kind::last_affected ? "<="
                                                                          : "<";
        if (event.version == "*" || (event.version == "0" && range.size() > 1)) continue;
        const bool next = event.kind == Kind::introduced && !out.empty();
        out += (out.empty() ? "" : next ? " || " : " ") + std::string(sign) + event.version;
    }
    return out.empty() ? "every version" : out;
}

std::string tier_words(const catalog::Advisory& advisory) {
    return advisory.evidence ? std::string(name(advisory.evidence->tier)) : "not stated";
}

void write(json::Writer& writer, const catalog::Advisory& one) {
    writer.begin_object();
    writer.member("id", one.id);
    writer.member("summary", one.summary);
    writer.begin_array("affected");
    for (const std::string& words : affected_words(one)) writer.element(words);
    writer.end_array();
    writer.member("modified", rfc3339(one.modified_ms));
    if (one.withdrawn()) writer.member("withdrawn", rfc3339(one.withdrawn_ms));
    if (one.evidence) writer.member("tier", name(one.evidence->tier));
    writer.end_object();
}

void print(const catalog::Advisory& one, bool json) {
    if (json) {
        std::string out;
        json::Writer writer(out);
        write(writer, one);
        fmt::print("{}\n", out);
        return;
    }
    fmt::print("{}{}  known by: {}\n", column(one.id, 30), rfc3339(one.modified_ms).substr(0, 10),
               one.withdrawn() ? ink(Ink::dim, "withdrawn") : tier_words(one));
    for (const std::string& words : affected_words(one)) fmt::print("  {}\n", printable(words));
    if (!one.summary.empty()) fmt::print("  {}\n", ink(Ink::dim, printable(one.summary)));
}

int list(const AdvisoryOptions& options) {
    int exit_code = done;
    const auto advisories = open_advisories(options.config, exit_code);
    if (!advisories) return exit_code;
    const auto* const client = catalog::client_named(options.client);
    if (!options.client.empty() && client == nullptr) {
        complain("there is no client '" + printable(options.client) + "'; sallyport catalog list shows those known");
        return wrong_use;
    }
    std::size_t shown = 0;
    for (const catalog::Advisory& one : advisories->all()) {
        const bool about = client == nullptr || std::ranges::any_of(one.affected, [&](const auto& affected) {
                               return client->is_published_as(affected.package);
                           });
        if (!about || (one.withdrawn() && !options.all)) continue;
        print(one, options.json);
        ++shown;
    }
    if (shown == 0 && !options.json)
        fmt::print("no advisory{}; sallyport advisory import FILE takes one\n",
                   options.all ? "" : " in force (--all shows withdrawn ones)");
    return done;
}

int show(const AdvisoryOptions& options) {
    int exit_code = done;
    const auto advisories = open_advisories(options.config, exit_code);
    if (!advisories) return exit_code;
    const catalog::Advisory* const one = advisories->named(options.id);
    if (one == nullptr) return complain("there is no advisory '" + printable(options.id) + "' here");
    if (options.json) {
        fmt::print("{}\n", one->text);
        return done;
    }
    print(*one, false);
    if (!one->details.empty()) fmt::print("\n{}\n", printable(one->details));
    if (!one->evidence) return done;
    fmt::print("\nfound: {}\n", printable(one->evidence->finding));
    if (!one->evidence->report.empty()) fmt::print("report: {}\n", printable(one->evidence->report));
    return done;
}

int check(const AdvisoryOptions& options) {
    int exit_code = done;
    const std::size_t at = options.client.rfind('@');
    const std::string name = options.client.substr(0, at),
                      version = at == std::string::npos ? "" : options.client.substr(at + 1);
    const auto* client = catalog::client_named(name);
    if (client == nullptr) client = catalog::client_of_package(name);
    if (client == nullptr || !is_version(version)) {
        complain("say which client in which version, such as claude-code@2.1.196; sallyport catalog list shows the "
                 "clients that are known; got '" +
                 printable(options.client) + "'");
        return wrong_use;
    }
    const auto advisories = open_advisories(options.config, exit_code);
    if (!advisories) return exit_code;
    const auto found = advisories->all_covering(client->name, version);
    const auto* const covering = advisories->covering(client->name, version);
    const std::string fixed(covering == nullptr ? std::string_view() : covering->fixed);
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("client", client->name);
        writer.member("version", version);
        writer.begin_array("advisories");
        for (const catalog::Advisory* one : found) {
            std::string item;
            json::Writer of_item(item);
            write(of_item, *one);
            writer.element_raw(item);
        }
        writer.end_array();
        if (!fixed.empty()) writer.member("fixed", fixed);
        writer.end_object();
        fmt::print("{}\n", out);
        return found.empty() ? done : found_something;
    }
    for (const catalog::Advisory* one : found) print(*one, false);
    if (found.empty())
        fmt::print("{} {}: none of {} advisories covers it\n", client->name, version, advisories->all().size());
    else
        fmt::print("{} {}: {}\n", client->name, version,
                   fixed.empty() ? "no version is named that mends it" : "mended in " + fixed);
    return found.empty() ? done : found_something;
}

} // namespace

std::shared_ptr<const catalog::Advisories> open_advisories(const std::string& file, int& exit_code) {
    const auto config = open_config(file, false, exit_code);
    if (!config) return nullptr;
    auto loaded = catalog::load_advisories(config->advisories);
    if (loaded) return std::move(*loaded);
    exit_code = complain(loaded.error());
    return nullptr;
}

std::vector<std::string> affected_words(const catalog::Advisory& advisory) {
    std::vector<std::string> out;
    for (const catalog::Affected& one : advisory.affected) {
        const auto* const client = catalog::client_of_package(one.package);
        std::string versions;
        for (const catalog::Range& range : one.ranges) versions += (versions.empty() ? "" : " || ") + words_of(range);
        for (const std::string& version : one.versions)
            if (versions.size() < 200) versions += (versions.empty() ? "" : " || ") + version;
        out.push_back(
            fmt::format("{} {}", client == nullptr ? "npm:" + one.package : std::string(client->name), versions));
    }
    if (out.empty()) out.emplace_back("no package of npm");
    return out;
}

void add_advisory(Command& app, int& exit_code) {
    static AdvisoryOptions options;
    Command group = app.command("advisory", "What is published of clients' versions, and which of them it covers");
    group.needs_command();
    Command list_command = group.command("list", "The advisories of this installation");
    add_config_option(list_command, options.config);
    list_command.option("--client", options.client, "Only what is about this one");
    list_command.flag("--all", options.all, "Also withdrawn ones");
    list_command.flag("--json", options.json, "One object a line");
    list_command.footer("Example:\n  sallyport advisory list --client claude-code\n");
    list_command.run([&exit_code] { exit_code = list(options); });

    Command show_command = group.command("show", "One of them, with its evidence");
    add_config_option(show_command, options.config);
    show_command.option("id", options.id, "Its id, or another name of it (CVE-…)").required();
    show_command.flag("--json", options.json, "As it came, in the OSV format");
    show_command.footer("Example:\n  sallyport advisory show x_SALLYPORT-2026-0001\n");
    show_command.run([&exit_code] { exit_code = show(options); });

    Command check_command = group.command("check", "Does one cover this version of a client?");
    add_config_option(check_command, options.config);
    check_command.option("client", options.client, "CLIENT@VERSION").required();
    check_command.flag("--json", options.json, "Print an object");
    check_command.footer("Exit code 1 where one does.\n\nExample:\n  sallyport advisory check claude-code@2.1.196\n");
    check_command.run([&exit_code] { exit_code = check(options); });
    add_advisory_keep(group, exit_code);
    add_advisory_sign(group, exit_code);
}

} // namespace sallyport::cli
