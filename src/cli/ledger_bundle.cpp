// sallyport ledger bundle: entries with their proofs in one file for an auditor.
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/kept.h"
#include "cli/ledger_commands.h"
#include "cli/page.h"
#include "cli/sealed.h"
#include "cli/terminal.h"
#include "json/writer.h"
#include "ledger/bundle.h"
#include "ledger/index_rows.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct BundleOptions : LedgerOptions {
    std::vector<std::string> ids, earlier, keys;
    std::string out;
    bool bodies = false;
    bool uncosigned = false;
};

// A body that is kept and is not in the bundle all the same.
struct LeftOut {
    std::string part, why;
    bool is_erased = false; // as somebody wanted it
};

// The exchanges asked for, with their entries, oldest first. The index only says which they are.
Result<std::vector<ledger::Shown>> asked_for(ledger::Query& query, const BundleOptions& options) {
    std::vector<ledger::Shown> out;
    for (const std::string& id : options.ids) {
        auto shown = query.show(id);
        if (!shown) return std::unexpected(shown.error());
        out.push_back(std::move(*shown));
    }
    if (!options.ids.empty()) return out;
    auto page = query.list(options.filter, "", options.limit + 1);
    if (!page) return std::unexpected(page.error());
    if (page->rows.size() > options.limit)
        return fail(ErrorKind::too_large, fmt::format("more than {} exchanges are asked for; ask for a shorter time or "
                                                      "one repository, or pass a higher --limit",
                                                      options.limit));
    for (const ledger::ExchangeRow& row : page->rows) {
        auto shown = query.show(row.exchange);
        if (!shown) return std::unexpected(shown.error());
        out.push_back(std::move(*shown));
    }
    std::ranges::reverse(out);
    return out;
}

// What is told of them is in the entries, which are proven.
Result<std::vector<ledger::Shown>> chosen(ledger::Query& query, const BundleOptions& options) {
    auto exchanges = asked_for(query, options);
    if (!exchanges) return exchanges;
    for (ledger::Shown& one : *exchanges) {
        auto row = ledger::row_of(one.entries);
        if (!row) return std::unexpected(row.error());
        one.exchange = std::move(*row);
    }
    return exchanges;
}

std::string page(std::span<const ledger::Shown> exchanges, const tlog::Checkpoint& checkpoint, const Sealed& sealed,
                 std::span<const LeftOut> left_out) {
    std::string out = begin_page("Entries of a ledger");
    out +=
        fmt::format("<p>Of the ledger {}, as its checkpoint of {} entries tells. Names of people, machines and files "
                    "are pseudonyms.</p><ul class=\"totals\"><li><b>{}</b>exchanges</ul>",
                    markup(checkpoint.origin), checkpoint.size, exchanges.size());
    out +=
        "<p>This page proves nothing by itself. <span class=\"name\">python3 verify.py --key KEY BUNDLE.tar</span> "
        "checks that each entry is what was recorded at its place; KEY is the ledger's verifier key, which you should "
        "have from somebody you trust.</p>";
    if (!left_out.empty()) {
        out += "<h2>Bodies that are kept and not in here</h2><table>";
        for (const LeftOut& one : left_out)
            out += fmt::format("<tr><th>{}<td>{}</tr>", markup(one.part), markup(one.why));
        out += "</table>";
    }
    for (const ledger::Shown& one : exchanges) {
        const ledger::ExchangeRow& row = one.exchange;
        const bool is_refused = row.decision == "refuse" || row.decision.empty();
        out += fmt::format("<h2>{} <span class=\"tag\">{}</span></h2><table>", markup(rfc3339(row.at_ms)),
                           is_refused ? "refused" : markup(row.decision));
        const auto line = [&](std::string_view name, const std::string& value) {
            if (!value.empty()) out += fmt::format("<tr><th>{}<td>{}</tr>", name, markup(value));
        };
        line("client", row.client + (row.client_version.empty() ? "" : " " + row.client_version));
        line("repository",
             row.repository + (row.repository.empty() ? "" : " (" + row.effective_class + ", " + row.evidence + ")"));
        line("person", row.person + (row.team.empty() ? "" : ", team " + row.team));
        line("model", row.model);
        line("sent to", row.upstream + (row.vendor.empty() ? "" : ", " + row.vendor) +
                            (row.account.empty() ? "" : ", account " + row.account));
        line("rule", row.rule);
        line("reason", row.sentence);
        if (row.sent_bytes >= 0) line("bytes sent", std::to_string(row.sent_bytes));
        if (row.answer_bytes >= 0) line("bytes answered", std::to_string(row.answer_bytes));
        line("ended", row.ended);
        if (const auto is = sealed.is_sealed(row.effective_class, row.last_entry))
            line("sealed", fmt::format("{} (the policy asks for {} of witnesses)", *is ? "yes" : "not yet",
                                       sealed.cosignatures(row.effective_class)));
        std::string entries;
        for (const ledger::EntryText& entry : one.entries)
            entries += fmt::format("{}entries/{}.json", entries.empty() ? "" : ", ", entry.index);
        line("entries", entries);
        out += "</table>";
    }
    return out + "</html>\n";
}

// Those that are kept and can be read; of the others the entry has the digest alone, and what kept them out is told.
Result<std::vector<LeftOut>> add_bodies(Visit& visit, const BundleOptions& options,
                                        std::span<const ledger::Shown> exchanges,
                                        std::map<std::string, std::string>& into) {
    const auto kept = KeptReader::open(visit);
    if (!kept) return std::unexpected(kept.error());
    const auto told = (*kept)->record("read-body", options.by, options.why,
                                      fmt::format("bodies of {} exchanges, for a bundle", exchanges.size()));
    if (!told) return std::unexpected(told.error());
    std::vector<LeftOut> left_out;
    std::size_t bytes = 0;
    for (const ledger::Shown& one : exchanges)
        for (const ledger::EntryText& text : one.entries) {
            const auto entry = ledger::decode(text.json);
            if (!entry) return std::unexpected(entry.error());
            const auto* intent = entry->as<ledger::Intent>();
            const auto* outcome = entry->as<ledger::Outcome>();
            if (intent == nullptr && outcome == nullptr) continue;
            const ledger::Body& body = intent != nullptr ? intent->sent : outcome->answer;
            if (intent != nullptr) (*kept)->belongs_to(*intent);
            if (body.kept <= 0) continue;
            const std::string name = std::to_string(text.index) + (intent != nullptr ? ".request" : ".response");
            auto got = (*kept)->body(body);
            if (!got) {
                left_out.push_back({"bodies/" + name, got.error().message, got.error().kind == ErrorKind::refused});
                continue;
            }
            bytes += got->size();
            if (bytes > limits::bundle_bytes_max)
                return fail(ErrorKind::too_large, "the bodies are more than a bundle takes; ask for a shorter time");
            into.emplace(name, std::move(*got));
        }
    return left_out;
}

void tell(std::span<const LeftOut> left_out) {
    constexpr std::size_t told_max = 20;
    for (const LeftOut& one : left_out.first(std::min(left_out.size(), told_max)))
        fmt::print(stderr, "sallyport: {} is left out: {}\n", one.part, printable(one.why));
    if (left_out.size() > told_max)
        fmt::print(stderr, "sallyport: and {} more, which page.html in the bundle names\n", left_out.size() - told_max);
}

int bundle(BundleOptions& options) {
    int exit_code = done;
    auto opened = open_ledger(options, exit_code);
    if (!opened) return exit_code;
    const auto exchanges = chosen(opened->query, options);
    if (!exchanges) return complain(exchanges.error());
    if (exchanges->empty()) return complain("nothing that was asked for is recorded, so there is no bundle");
    ledger::BundleRequest request{.directory = opened->visit.installation.ledger_directory(),
                                  .keys = opened->visit.installation.ledger_keys(),
                                  .entries = {},
                                  .earlier = {},
                                  .entry = {},
                                  .page = {}};
    const gateway::LedgerConfig& ledger = opened->config->ledger;
    for (const gateway::WitnessConfig& witness : ledger.witnesses) request.keys.push_back(witness.key);
    if (!ledger.witnesses.empty() && !options.uncosigned)
        request.cosignatures = std::max<std::size_t>(ledger.cosignatures, 1);
    const Sealed sealed = Sealed::open(*opened->config, opened->visit.installation);
    if (!options.uncosigned)
        for (const ledger::Shown& one : *exchanges)
            request.cosignatures = std::max(request.cosignatures, sealed.cosignatures(one.exchange.effective_class));
    for (const std::string& key : options.keys)
        if (auto added = add_keys(key, request.keys); !added) return complain(added.error());
    std::map<std::uint64_t, std::string_view> texts;
    for (const ledger::Shown& one : *exchanges)
        for (const ledger::EntryText& entry : one.entries) texts.emplace(entry.index, entry.json);
    for (const auto& [index, text] : texts) request.entries.push_back(index);
    request.entry = [&](std::uint64_t index) -> Result<std::string> { return std::string(texts.at(index)); };
    for (const std::string& file : options.earlier) {
        auto one = checkpoint_in(file);
        if (!one) return complain(one.error());
        request.earlier.push_back(std::move(*one));
    }
    std::vector<LeftOut> left_out;
    if (options.bodies) {
        auto added = add_bodies(opened->visit, options, *exchanges, request.bodies);
        if (!added) return complain(added.error());
        left_out = std::move(*added);
    }
    request.page = [&](const tlog::Checkpoint& checkpoint) { return page(*exchanges, checkpoint, sealed, left_out); };
    const auto made = ledger::make_bundle(request);
    if (!made) return complain(made.error());
    if (auto written = replace_file(options.out, *made, 0600); !written) return complain(written.error());
    if (options.json) {
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("bundle", options.out);
        writer.member("entries", static_cast<std::uint64_t>(texts.size()));
        writer.member("bytes", static_cast<std::uint64_t>(made->size()));
        writer.member("cosignatures", static_cast<std::uint64_t>(request.cosignatures));
        writer.begin_array("left_out");
        for (const LeftOut& one : left_out) {
            writer.begin_object();
            writer.member("part", one.part);
            writer.member("why", one.why);
            writer.end_object();
        }
        writer.end_array();
        writer.end_object();
        fmt::print("{}\n", out);
    } else {
        fmt::print("{}: {} entries, {} KiB; check it with python3 verify.py (in it) or sallyport ledger verify {}\n",
                   printable(options.out), texts.size(), made->size() / 1024, printable(options.out));
    }
    tell(left_out);
    return std::ranges::all_of(left_out, &LeftOut::is_erased) ? done : found_something;
}

} // namespace

void add_ledger_bundle(Command& group, int& exit_code) {
    static BundleOptions options;
    options.limit = 10'000;
    Command command = group.command("bundle", "Entries with their proofs in one file, to be checked offline");
    add_config_option(command, options.config);
    command.option("--entry", options.ids, "Of this exchange: origin/index of an entry, or a refusal's reference")
        .one_each();
    add_ledger_filters(command, options);
    command.option("--decision", options.filter.decision, "Decided so: allow, warn, would-refuse, exception, refuse");
    command.option("--limit", options.limit, "At most so many").show_default();
    command.flag("--json", options.json, "Print an object");
    command
        .option("--earlier", options.earlier,
                "A file with a checkpoint that was kept: the bundle proves that the ledger goes on from it")
        .one_each();
    command.flag("--uncosigned", options.uncosigned,
                 "Under the newest checkpoint, also where the witnesses of sallyport.yaml have not cosigned it");
    command.option("--key", options.keys, "Also the key of this witness").one_each();
    const Option reason = add_reason_option(command, options.why, "Why the bodies are read; it is recorded");
    const Option bodies = command.flag("--bodies", options.bodies, "Also the bodies that are kept").needs(reason);
    command.option("--by", options.by, "Who reads them; else who is at the keyboard").needs(bodies);
    command.option("-o,--out", options.out, "Write it here (a tar file)").required();
    command.footer("Examples:\n  sallyport ledger bundle --entry k3f9x2ab/1207 -o case-17.tar\n"
                   "  sallyport ledger bundle --since 30d --repository git.acme.example/core/engine -o engine.tar\n"
                   "Exit code 1: the bundle is written, but for bodies that are damaged or missing; it names them.\n");
    command.run([&exit_code] { exit_code = bundle(options); });
}

} // namespace sallyport::cli
