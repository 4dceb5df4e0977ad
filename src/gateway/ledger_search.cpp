#include "gateway/ledger_search.h"

#include "base/clock.h"
#include "bodies/recorded.h"
#include "json/document.h"
#include "json/writer.h"
#include "ledger/row_json.h"
#include "tlog/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <thread>

namespace sallyport::gateway {

// What one thread has: nothing of it is shared.
struct LedgerSearch::Lane {
    bodies::Reader reader;
    BodySearch search;
    Lane(const std::filesystem::path& directory, store::BodyKeys& keys, const crypto::SealingKey& wrapping,
         std::span<const std::string> words)
        : reader(directory, keys, wrapping), search(reader, words) {}

    void look_at(const ledger::Shown& shown, SearchMatch& match) {
        if (const auto body = bodies::body_of(shown, "request")) match.in_request = search.in_request(body->body);
        if (const auto body = bodies::body_of(shown, "response"))
            match.in_response = search.in_response(body->body, dialect::dialect_named(match.row.dialect));
    }
};

LedgerSearch::LedgerSearch(ledger::Query& query, const identity::Installation& installation, store::BodyKeys& keys,
                           std::span<const std::string> words, unsigned threads)
    : query_(query), wrapping_(installation.keys().body_keys) {
    for (unsigned i = 0; i < threads; ++i)
        lanes_.push_back(std::make_unique<Lane>(installation.bodies_directory(), keys, wrapping_, words));
}
LedgerSearch::~LedgerSearch() = default;

std::size_t LedgerSearch::lane_of(const ledger::ExchangeRow& row) const {
    return std::hash<std::string>{}(row.session.empty() ? row.exchange : row.session) % lanes_.size();
}

namespace {
// Figures of all lanes since they began: add with 1, take away with -1.
void sum(BodySearch::Figures& into, const BodySearch::Figures& one, std::int64_t sign) {
    const auto add = [sign](std::uint64_t& a, std::uint64_t b) { a += static_cast<std::uint64_t>(sign) * b; };
    add(into.bodies, one.bodies), add(into.bytes, one.bytes), add(into.bytes_read, one.bytes_read);
    add(into.missing, one.missing), add(into.unread, one.unread);
    if (sign > 0 && into.problem.empty()) into.problem = one.problem;
}
} // namespace

Result<SearchPage> LedgerSearch::look(const ledger::ExchangeFilter& filter, const std::string& cursor,
                                      std::size_t exchanges) {
    auto listed = query_.list(filter, cursor, exchanges);
    if (!listed) return std::unexpected(listed.error());
    SearchPage page;
    for (const auto& lane : lanes_) sum(page.bodies, lane->search.figures(), -1);
    std::vector<ledger::Shown> shown;
    std::vector<SearchMatch> looked;
    for (ledger::ExchangeRow& row : listed->rows) {
        auto one = query_.show(row.exchange);
        if (!one) return std::unexpected(one.error());
        shown.push_back(std::move(*one));
        looked.push_back({std::move(row)});
    }
    const auto run = [&](std::size_t lane) {
        lanes_[lane]->reader.forget_keys(); // what was erased meanwhile is not read
        for (std::size_t i = 0; i < looked.size(); ++i)
            if (lane_of(looked[i].row) == lane) lanes_[lane]->look_at(shown[i], looked[i]);
    };
    std::vector<std::thread> threads;
    for (std::size_t lane = 1; lane < lanes_.size(); ++lane) threads.emplace_back(run, lane);
    run(0);
    for (std::thread& thread : threads) thread.join();
    for (const auto& lane : lanes_) sum(page.bodies, lane->search.figures(), 1);
    page.exchanges = looked.size();
    page.cursor = std::move(listed->cursor);
    for (SearchMatch& one : looked)
        if (one.in_request || one.in_response) page.matches.push_back(std::move(one));
    return page;
}

bool are_search_words(std::span<const std::string> words) {
    return !words.empty() && words.size() <= search_words_max &&
           std::ranges::none_of(words, [](const std::string& word) { return word.empty(); });
}

std::string search_about(const ledger::ExchangeFilter& filter, std::size_t words) {
    std::string out = fmt::format("search for {} word{}", words, words == 1 ? "" : "s");
    const auto since = filter.from_ms != 0 ? rfc3339(filter.from_ms) : std::string(),
               until = filter.to_ms != 0 ? rfc3339(filter.to_ms) : std::string();
    for (const auto& [name, text] :
         {std::pair{"repository", &filter.repository}, std::pair{"person", &filter.person},
          std::pair{"team", &filter.team}, std::pair{"class", &filter.effective_class},
          std::pair{"client", &filter.client}, std::pair{"model", &filter.model}, std::pair{"vendor", &filter.vendor},
          std::pair{"session", &filter.session}, std::pair{"since", &since}, std::pair{"until", &until}})
        if (!text->empty()) out += fmt::format(", {} {}", name, *text);
    return out;
}

std::string search_json(const std::string& origin, const SearchPage& page) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.begin_array("entries");
    for (const SearchMatch& one : page.matches) {
        writer.begin_object();
        writer.member("in_request", one.in_request);
        writer.member("in_response", one.in_response);
        ledger::write_members(writer, origin, one.row);
        writer.end_object();
    }
    writer.end_array();
    if (!page.cursor.empty()) writer.member("next", page.cursor);
    writer.begin_object("searched");
    writer.member("exchanges", static_cast<std::uint64_t>(page.exchanges));
    writer.member("bodies", page.bodies.bodies);
    writer.member("bytes", page.bodies.bytes);
    writer.member("bytes_read", page.bodies.bytes_read);
    writer.member("missing", page.bodies.missing);
    writer.member("unread", page.bodies.unread);
    if (!page.bodies.problem.empty()) writer.member("problem", page.bodies.problem);
    writer.end_object();
    writer.end_object();
    return out;
}

Result<SearchPage> read_search(std::string_view text, std::string& origin) {
    auto rows = ledger::read_page(text, origin);
    if (!rows) return std::unexpected(rows.error());
    json::Document document;
    if (auto parsed = document.parse(text); !parsed) return std::unexpected(parsed.error());
    SearchPage page;
    page.cursor = std::move(rows->cursor);
    const auto truth = [&](json::NodeIndex object, std::string_view name) {
        const auto node = document.find(object, name);
        return node != json::no_node && document.raw_value(node) == "true";
    };
    std::size_t at = 0;
    const auto list = document.find(document.root(), "entries");
    for (auto n = document.first_child(list); n != json::no_node; n = document.next_sibling(n), ++at)
        page.matches.push_back({std::move(rows->rows[at]), truth(n, "in_request"), truth(n, "in_response")});
    const auto searched = document.find(document.root(), "searched");
    if (searched == json::no_node || document[searched].kind != json::Kind::object) return page;
    std::uint64_t exchanges = 0;
    for (const auto& [name, into] :
         {std::pair{"exchanges", &exchanges}, std::pair{"bodies", &page.bodies.bodies},
          std::pair{"bytes", &page.bodies.bytes}, std::pair{"bytes_read", &page.bodies.bytes_read},
          std::pair{"missing", &page.bodies.missing}, std::pair{"unread", &page.bodies.unread}})
        if (const auto node = document.find(searched, name); node != json::no_node)
            *into = tlog::read_decimal(document.raw_value(node)).value_or(0);
    page.exchanges = exchanges;
    std::string scratch;
    if (const auto node = document.find(searched, "problem");
        node != json::no_node && document[node].kind == json::Kind::string)
        page.bodies.problem = document.text(node, scratch);
    return page;
}

} // namespace sallyport::gateway
