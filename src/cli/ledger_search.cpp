// sallyport ledger search: words in bodies that were kept, newest exchange first; that it was done is recorded before the first one is
// opened.
#include "cli/ledger_commands.h"
#include "cli/ledger_print.h"
#include "cli/ledger_source.h"
#include "cli/terminal.h"
#include "ledger/row_json.h"

#include <fmt/format.h>

namespace sallyport::cli {

namespace {

struct SearchOptions : LedgerOptions {
    std::vector<std::string> words;
};

void print(const gateway::SearchMatch& match, const std::string& origin, bool json) {
    if (!json) {
        print_row(match.row);
        fmt::print("{}{}/{} in the {}\n", std::string(26, ' '), origin, match.row.first_entry,
                   match.in_request && match.in_response ? "request and the response"
                   : match.in_request                    ? "request"
                                                         : "response");
        return;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("in_request", match.in_request);
    writer.member("in_response", match.in_response);
    ledger::write_members(writer, origin, match.row);
    writer.end_object();
    fmt::print("{}\n", out);
}

void summary(std::uint64_t exchanges, const gateway::BodySearch::Figures& figures, bool is_cut) {
    fmt::print(stderr,
               "{} exchanges, {} bodies of {} MB searched ({} MB of them different); {} were not kept or are erased\n",
               exchanges, figures.bodies, figures.bytes >> 20, figures.bytes_read >> 20, figures.missing);
    if (figures.unread != 0)
        fmt::print(stderr, "{} could not be read, so nothing is known of them; the first: {}\n", figures.unread,
                   printable(figures.problem));
    if (is_cut) fmt::print(stderr, "--limit was reached; there may be older ones\n");
}

int search(SearchOptions& options) {
    if (!gateway::are_search_words(options.words)) {
        [[maybe_unused]] const int told =
            complain(fmt::format("1 to {} words, none of them empty", gateway::search_words_max));
        return wrong_use;
    }
    int exit_code = done;
    const auto source = open_source(options, exit_code);
    if (!source) return exit_code;
    Progress progress("exchanges");
    gateway::BodySearch::Figures figures;
    std::uint64_t exchanges = 0;
    std::size_t found = 0;
    bool is_cut = false; // there are more
    std::string cursor;
    do {
        auto page = source->search(options.filter, cursor, options.words, options.why, options.by);
        if (!page) return complain(page.error());
        for (const gateway::SearchMatch& match : page->matches) {
            if (found == options.limit) {
                is_cut = true;
                break;
            }
            print(match, source->origin(), options.json);
            ++found;
        }
        figures.bodies += page->bodies.bodies, figures.bytes += page->bodies.bytes;
        figures.bytes_read += page->bodies.bytes_read, figures.missing += page->bodies.missing;
        figures.unread += page->bodies.unread;
        if (figures.problem.empty()) figures.problem = page->bodies.problem;
        progress.tell(exchanges += page->exchanges);
        cursor = page->cursor;
    } while (!cursor.empty() && found < options.limit);
    summary(exchanges, figures, is_cut || !cursor.empty());
    return done;
}

} // namespace

void add_ledger_search(Command& group, int& exit_code) {
    static SearchOptions options;
    options.limit = 100;
    Command command = group.command("search", "Exchanges in whose kept bodies all these words are");
    command.option("words", options.words, "What to look for; a word may have blanks in it").required();
    add_source_options(command, options, false);
    add_reason_option(command, options.why, "Why bodies are read; it is recorded").required();
    command.option("--by", options.by, "Who reads them; else who is at the keyboard, or of a gateway whose key it is");
    add_entry_filters(command, options);
    command.footer(
        "Bodies are opened and read, there is no index of words: filters make it quick. A request matches by "
        "what is in one text of it, a response by what the model said.\n\nExample:\n  sallyport ledger search "
        "'price list' --repository git.acme.example/sales --since 30d --reason 'case 17'\n");
    command.run([&exit_code] { exit_code = search(options); });
}

} // namespace sallyport::cli
