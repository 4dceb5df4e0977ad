// sallyport catalog list | show
#include "catalog/claims.h"
#include "catalog/clients.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {

namespace {

struct CatalogOptions {
    std::string about, topic;
    bool json = false;
};

std::vector<std::string_view> everybody() {
    std::vector<std::string_view> out;
    for (const catalog::Client& one : catalog::clients()) out.push_back(one.name);
    out.insert(out.end(), catalog::vendors().begin(), catalog::vendors().end());
    return out;
}

std::size_t count_of(std::string_view about) {
    return static_cast<std::size_t>(std::ranges::count(catalog::claims(), about, &catalog::Claim::about));
}

int list(const CatalogOptions& options) {
    for (const std::string_view name : everybody()) {
        const auto* const client = catalog::client_named(name);
        if (options.json) {
            std::string out;
            json::Writer writer(out);
            writer.begin_object();
            writer.member("name", name);
            writer.member("kind", client == nullptr ? "vendor" : "client");
            if (client != nullptr) writer.member("package", client->package);
            writer.member("claims", static_cast<std::uint64_t>(count_of(name)));
            writer.end_object();
            fmt::print("{}\n", out);
        } else {
            fmt::print("{}{}{} claims\n", column(name, 14), column(client == nullptr ? "vendor" : client->package, 28),
                       count_of(name));
        }
    }
    return done;
}

void print(const catalog::Claim& one, bool json) {
    if (!json) {
        fmt::print("{} {}\n  {}\n  {}\n", ink(Ink::bold, one.topic),
                   ink(one.tier == catalog::Tier::measured ? Ink::green : Ink::yellow, name(one.tier)),
                   printable(one.says), ink(Ink::dim, printable(one.source + ", " + one.date)));
        if (!one.address.empty()) fmt::print("  {}\n", printable(one.address));
        return;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("about", one.about);
    writer.member("topic", one.topic);
    writer.member("says", one.says);
    if (!one.address.empty()) writer.member("address", one.address);
    writer.member("tier", name(one.tier));
    writer.member("source", one.source);
    writer.member("date", one.date);
    writer.end_object();
    fmt::print("{}\n", out);
}

int show(const CatalogOptions& options) {
    const auto names = everybody();
    const auto* const package = catalog::client_of_package(options.about);
    const std::string about = package != nullptr ? std::string(package->name) : options.about;
    if (std::ranges::find(names, about) == names.end()) {
        complain("nothing is known of '" + printable(about) + "'; sallyport catalog list shows of whom something is");
        return wrong_use;
    }
    for (const catalog::Claim& one : catalog::claims())
        if (one.about == about && (options.topic.empty() || one.topic == options.topic)) print(one, options.json);
    if (options.json || !options.topic.empty() || catalog::client_named(about) != nullptr) return done;
    std::string not_known;
    for (const std::string_view question : catalog::vendor_questions())
        if (std::ranges::none_of(catalog::claims(),
                                 [&](const auto& one) { return one.about == about && one.topic == question; }))
            not_known += (not_known.empty() ? "" : ", ") + std::string(question);
    if (!not_known.empty()) fmt::print("{}\n  {}\n", ink(Ink::bold, "not known here"), not_known);
    return done;
}

} // namespace

void add_catalog(Command& app, int& exit_code) {
    static CatalogOptions options;
    Command group = app.command("catalog", "What is known of clients and vendors, and how it is known");
    group.needs_command();
    Command list_command = group.command("list", "Of whom something is known");
    list_command.flag("--json", options.json, "One object a line");
    list_command.footer("Example:\n  sallyport catalog list\n");
    list_command.run([&exit_code] { exit_code = list(options); });
    Command show_command = group.command("show", "What is claimed of one of them, each with its tier, source and date");
    show_command.option("name", options.about, "A client, its npm package, or a vendor").required();
    show_command.option("--topic", options.topic, "Only claims of this topic (telemetry, off-switch, …)");
    show_command.flag("--json", options.json, "One object a line");
    show_command.footer("Tiers, weakest first: community, reported, vendor-statement, public-record, measured (we "
                        "reproduced it).\n\nExample:\n  sallyport catalog show claude-code --topic telemetry\n");
    show_command.run([&exit_code] { exit_code = show(options); });
}

} // namespace sallyport::cli
