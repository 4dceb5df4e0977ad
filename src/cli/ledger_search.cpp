// sallyport ledger search: words in bodies that were kept. Reads them on all processors, newest exchange first; that it was done is recorded
// before the first one is opened.
#include "base/clock.h"
#include "cli/kept.h"
#include "cli/ledger_commands.h"
#include "cli/ledger_print.h"
#include "cli/terminal.h"
#include "gateway/body_search.h"
#include "ledger/row_json.h"
#include "store/holds.h"

#include <fmt/format.h>

#include <functional>
#include <thread>

namespace sallyport::cli {

namespace {

struct SearchOptions : LedgerOptions {
    std::vector<std::string> words;
};

// What one thread has: nothing of it is shared.
struct Lane {
    bodies::Reader reader;
    gateway::BodySearch search;
    Lane(const Visit& visit, store::BodyKeys& keys, const crypto::SealingKey& wrapping,
         std::span<const std::string> words)
        : reader(visit.installation.bodies_directory(), keys, wrapping), search(reader, words) {}
};

struct Found {
    bool in_request = false, in_response = false;
};

class Search {
public:
    Search(const SearchOptions& options, OpenedLedger& opened, store::BodyKeys& keys)
        : options_(options), opened_(opened), wrapping_(opened.visit.installation.keys().body_keys) {
        const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
        for (unsigned i = 0; i < threads; ++i)
            lanes_.push_back(std::make_unique<Lane>(opened.visit, keys, wrapping_, options.words));
    }

    Result<void> run() {
        Progress progress("exchanges");
        std::string cursor;
        do {
            auto page = opened_.query.list(options_.filter, cursor, page_rows);
            if (!page) return std::unexpected(page.error());
            if (auto done = look_into(page->rows); !done) return done;
            exchanges_ += page->rows.size();
            progress.tell(exchanges_);
            cursor = page->cursor;
        } while (!cursor.empty() && found_ < options_.limit);
        is_cut_ = !cursor.empty();
        return {};
    }

    void summary() const {
        gateway::BodySearch::Figures sum;
        for (const auto& lane : lanes_) {
            const auto& one = lane->search.figures();
            sum.bodies += one.bodies, sum.bytes += one.bytes, sum.bytes_read += one.bytes_read;
            sum.missing += one.missing, sum.unread += one.unread;
            if (sum.problem.empty()) sum.problem = one.problem;
        }
        fmt::print(stderr,
                   "{} exchanges, {} bodies of {} MB searched ({} MB of them different); {} were not kept or are "
                   "erased\n",
                   exchanges_, sum.bodies, sum.bytes >> 20, sum.bytes_read >> 20, sum.missing);
        if (sum.unread != 0)
            fmt::print(stderr, "{} could not be read, so nothing is known of them; the first: {}\n", sum.unread,
                       printable(sum.problem));
        if (is_cut_) fmt::print(stderr, "--limit was reached; older ones were not searched\n");
    }

private:
    static constexpr std::size_t page_rows = 1'000;

    // The exchanges of one conversation go to one thread, which knows what they repeat.
    Result<void> look_into(const std::vector<ledger::ExchangeRow>& rows) {
        std::vector<Result<ledger::Shown>> shown;
        for (const ledger::ExchangeRow& row : rows) {
            shown.push_back(opened_.query.show(row.exchange));
            if (!shown.back()) return std::unexpected(shown.back().error());
        }
        std::vector<Found> found(rows.size());
        std::vector<std::thread> threads;
        for (std::size_t lane = 0; lane < lanes_.size(); ++lane)
            threads.emplace_back([&, lane] {
                lanes_[lane]->reader.forget_keys(); // what was erased meanwhile is not read
                for (std::size_t i = 0; i < rows.size(); ++i)
                    if (lane_of(rows[i]) == lane) found[i] = look_at(lanes_[lane]->search, *shown[i], rows[i]);
            });
        for (std::thread& thread : threads) thread.join();
        for (std::size_t i = 0; i < rows.size() && found_ < options_.limit; ++i)
            if (found[i].in_request || found[i].in_response) print(rows[i], found[i]), ++found_;
        return {};
    }

    std::size_t lane_of(const ledger::ExchangeRow& row) const {
        return std::hash<std::string>{}(row.session.empty() ? row.exchange : row.session) % lanes_.size();
    }

    static Found look_at(gateway::BodySearch& search, const ledger::Shown& shown, const ledger::ExchangeRow& row) {
        Found found;
        if (const auto body = bodies::body_of(shown, "request")) found.in_request = search.in_request(body->body);
        if (const auto body = bodies::body_of(shown, "response"))
            found.in_response = search.in_response(body->body, dialect::dialect_named(row.dialect));
        return found;
    }

    void print(const ledger::ExchangeRow& row, Found found) const {
        const std::string& origin = opened_.visit.installation.origin();
        if (!options_.json) {
            print_row(row);
            fmt::print("{}{}/{} in the {}\n", std::string(26, ' '), origin, row.first_entry,
                       found.in_request && found.in_response ? "request and the response"
                       : found.in_request                    ? "request"
                                                             : "response");
            return;
        }
        std::string out;
        json::Writer writer(out);
        writer.begin_object();
        writer.member("in_request", found.in_request);
        writer.member("in_response", found.in_response);
        ledger::write_members(writer, origin, row);
        writer.end_object();
        fmt::print("{}\n", out);
    }

    const SearchOptions& options_;
    OpenedLedger& opened_;
    crypto::SealingKey wrapping_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::uint64_t exchanges_ = 0;
    std::size_t found_ = 0;
    bool is_cut_ = false;
};

// What is recorded: which bodies, and of how many words. Not the words: who looks for a secret would put it where nothing is erased.
std::string about(const SearchOptions& options) {
    std::string out = fmt::format("search for {} word{}", options.words.size(), options.words.size() == 1 ? "" : "s");
    const ledger::ExchangeFilter& filter = options.filter;
    for (const auto& [name, text] : {std::pair{"repository", &filter.repository}, std::pair{"person", &filter.person},
                                     std::pair{"team", &filter.team}, std::pair{"class", &filter.effective_class},
                                     std::pair{"client", &filter.client}, std::pair{"model", &filter.model},
                                     std::pair{"vendor", &filter.vendor}, std::pair{"session", &filter.session},
                                     std::pair{"since", &options.since}, std::pair{"until", &options.until}})
        if (!text->empty()) out += fmt::format(", {} {}", name, *text);
    return out;
}

int search(SearchOptions& options) {
    const bool odd = options.words.size() > gateway::search_words_max ||
                     std::ranges::any_of(options.words, [](const std::string& word) { return word.empty(); });
    if (odd) {
        [[maybe_unused]] const int told =
            complain(fmt::format("1 to {} words, none of them empty", gateway::search_words_max));
        return wrong_use;
    }
    int exit_code = done;
    auto opened = open_ledger(options, exit_code);
    if (!opened) return exit_code;
    const auto kept = KeptReader::open(opened->visit);
    if (!kept) return complain(kept.error());
    if (auto told = (*kept)->record("search-bodies", options.by, options.why, about(options)); !told)
        return complain(told.error());
    auto keys = store::open_body_keys(opened->visit.installation.body_keys_file(),
                                      opened->visit.installation.bodies_directory(), *opened->visit.state);
    if (!keys) return complain(keys.error());
    Search one(options, *opened, **keys);
    if (auto searched = one.run(); !searched) return complain(searched.error());
    one.summary();
    return done;
}

} // namespace

void add_ledger_search(Command& group, int& exit_code) {
    static SearchOptions options;
    options.limit = 100;
    Command command = group.command("search", "Exchanges in whose kept bodies all these words are");
    command.option("words", options.words, "What to look for; a word may have blanks in it").required();
    add_config_option(command, options.config);
    add_reason_option(command, options.why, "Why bodies are read; it is recorded").required();
    command.option("--by", options.by, "Who reads them; else who is at the keyboard");
    command.option("--limit", options.limit, "At most so many exchanges").show_default();
    command.flag("--json", options.json, "One object a line");
    add_entry_filters(command, options);
    command.footer(
        "Bodies are opened and read, there is no index of words: filters make it quick. A request matches by "
        "what is in one text of it, a response by what the model said.\n\nExample:\n  sallyport ledger search "
        "'price list' --repository git.acme.example/sales --since 30d --reason 'case 17'\n");
    command.run([&exit_code] { exit_code = search(options); });
}

} // namespace sallyport::cli
