#include "cli/ledger_source.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/limits.h"
#include "cli/call.h"
#include "cli/kept.h"
#include "cli/terminal.h"
#include "json/document.h"
#include "ledger/row_json.h"
#include "store/holds.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <thread>

namespace sallyport::cli {

void add_parameter(std::string& target, std::string_view name, std::string_view value) {
    target += target.contains('?') ? '&' : '?';
    target.append(name) += '=';
    for (const char c : value)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-._~/:*").contains(c))
            target += c;
        else
            target += fmt::format("%{:02X}", static_cast<unsigned char>(c));
}

namespace {

// The installation of this machine.
class FileSource : public LedgerSource {
public:
    explicit FileSource(OpenedLedger opened) : opened_(std::move(opened)) {}

    Result<ledger::Page> list(const ledger::ExchangeFilter& filter, const std::string& cursor,
                              std::size_t limit) override {
        return opened_.query.list(pseudonymous(filter), cursor, limit);
    }
    Result<ledger::Shown> show(const std::string& id) override { return opened_.query.show(id); }
    Result<ledger::LeftPage> left(const ledger::ExchangeFilter& filter, const std::string& cursor, std::size_t limit,
                                  bool apart) override {
        auto page = opened_.query.left(pseudonymous(filter), cursor, limit, apart);
        if (!page) return page;
        for (ledger::FileRow& row : page->rows)
            if (auto name = opened_.visit.pseudonyms->name_of(*opened_.visit.state, row.file); name && *name)
                row.file = std::move(**name);
        return page;
    }
    Result<std::string> body(const std::string& id, const std::string& which, const std::string& why,
                             const std::string& by) override {
        const auto shown = opened_.query.show(id);
        if (!shown) return std::unexpected(shown.error());
        const auto recorded = bodies::body_of(*shown, which);
        if (!recorded) return std::unexpected(recorded.error());
        const auto kept = KeptReader::open(opened_.visit);
        if (!kept) return std::unexpected(kept.error());
        if (auto told = (*kept)->record("read-body", by, why, fmt::format("{} of entry {}", which, recorded->entry));
            !told)
            return std::unexpected(told.error());
        for (const ledger::EntryText& entry : shown->entries)
            if (const auto read = ledger::decode(entry.json); read && read->as<ledger::Intent>() != nullptr)
                (*kept)->belongs_to(*read->as<ledger::Intent>());
        return (*kept)->body(recorded->body);
    }
    Result<gateway::SearchPage> search(const ledger::ExchangeFilter& filter, const std::string& cursor,
                                       std::span<const std::string> words, const std::string& why,
                                       const std::string& by) override {
        if (!search_) {
            if (auto told =
                    record_act(opened_.visit, "search-bodies", by, why, gateway::search_about(filter, words.size()));
                !told)
                return std::unexpected(told.error());
            auto& installation = opened_.visit.installation;
            auto keys = store::open_body_keys(installation.body_keys_file(), installation.bodies_directory(),
                                              *opened_.visit.state);
            if (!keys) return std::unexpected(keys.error());
            body_keys_ = std::move(*keys);
            search_.emplace(opened_.query, installation, *body_keys_, words,
                            std::max(1u, std::thread::hardware_concurrency()));
        }
        return search_->look(pseudonymous(filter), cursor, search_exchanges);
    }
    const std::string& origin() const override { return opened_.visit.installation.origin(); }
    Sealed sealed() const override { return Sealed::open(*opened_.config, opened_.visit.installation); }

private:
    ledger::ExchangeFilter pseudonymous(ledger::ExchangeFilter filter) const {
        if (!filter.file.empty() && !filter.file.starts_with("f_"))
            filter.file = opened_.visit.pseudonyms->of(identity::NameKind::path, filter.file).view();
        return filter;
    }
    static constexpr std::size_t search_exchanges = 1'000;
    OpenedLedger opened_;
    std::unique_ptr<store::BodyKeys> body_keys_;
    std::optional<gateway::LedgerSearch> search_;
};

constexpr std::size_t answer_bytes_max = 256u << 20;
constexpr std::int64_t answer_ms = 60'000;

// A gateway, and the key that is shown to it.
class Line {
public:
    // `url` as --gateway says it.
    static Result<Line> open(const std::string& url) {
        Line line;
        auto origin = origin_of(url, line.base_path_);
        if (!origin) return std::unexpected(origin.error());
        const std::string& host = origin->where.host;
        if (!origin->tls && host != "localhost" && host != "::1" && !host.starts_with("127."))
            return fail(ErrorKind::refused, "the key would cross the network in the clear; ask " + host +
                                                " with https, or through a tunnel to this machine");
        line.origin_ = std::move(*origin);
        const char* key = std::getenv("SALLYPORT_KEY");
        if (key == nullptr || *key == '\0')
            return fail(ErrorKind::invalid, "put the key that you show to the gateway into SALLYPORT_KEY; it comes "
                                            "from: sallyport key issue --access");
        for (const char* c = key; *c != '\0'; ++c)
            if (*c <= ' ' || *c > '~')
                return fail(ErrorKind::invalid, "SALLYPORT_KEY is no key: it has a blank or an odd character");
        line.key_ = Secret(key);
        return line;
    }
    Result<std::string> ask(std::string_view method, const std::string& target, const std::string& fields = {}) const {
        std::string all = "Authorization: Bearer ";
        all += key_.reveal();
        all += "\r\n" + fields;
        auto answer = call(origin_, method, base_path_ + target, all, {}, answer_bytes_max, answer_ms);
        if (!answer) return std::unexpected(answer.error());
        if (answer->status / 100 == 2) return std::move(answer->body);
        return fail(ErrorKind::refused, said(*answer));
    }

private:
    // The gateway's own sentence, or its first line.
    static std::string said(const CalledAnswer& answer) {
        const Buffer padded(answer.body);
        json::Document document;
        std::string scratch;
        if (!answer.body.empty() && document.parse(padded.view()))
            if (const auto n = document.find(document.root(), "error"); n != json::no_node)
                return "the gateway says: " + std::string(document.text(n, scratch));
        return fmt::format("the gateway answered {}: {}", answer.status,
                           answer.body.substr(0, std::min<std::size_t>(answer.body.find('\n'), 300)));
    }
    http::Origin origin_;
    std::string base_path_;
    Secret key_;
};

std::string filtered(std::string target, const ledger::ExchangeFilter& filter) {
    for (const auto& [name, text] :
         {std::pair{"person", &filter.person}, std::pair{"team", &filter.team}, std::pair{"machine", &filter.machine},
          std::pair{"session", &filter.session}, std::pair{"key", &filter.key},
          std::pair{"repository", &filter.repository}, std::pair{"class", &filter.effective_class},
          std::pair{"client", &filter.client}, std::pair{"version", &filter.client_version},
          std::pair{"dialect", &filter.dialect}, std::pair{"model", &filter.model},
          std::pair{"decision", &filter.decision}, std::pair{"rule", &filter.rule},
          std::pair{"upstream", &filter.upstream}, std::pair{"vendor", &filter.vendor},
          std::pair{"account", &filter.account}, std::pair{"file", &filter.file},
          std::pair{"finding", &filter.finding}})
        if (!text->empty()) add_parameter(target, name, *text);
    if (filter.from_ms != 0) add_parameter(target, "since", rfc3339(filter.from_ms));
    if (filter.to_ms != 0) add_parameter(target, "until", rfc3339(filter.to_ms));
    return target;
}

class GatewaySource : public LedgerSource {
public:
    explicit GatewaySource(Line line) : line_(std::move(line)) {}

    Result<ledger::Page> list(const ledger::ExchangeFilter& filter, const std::string& cursor,
                              std::size_t limit) override {
        return pages<ledger::Page>(filtered("/ledger/entries", filter), cursor, limit, limits::entry_rows_max,
                                   ledger::read_page);
    }
    Result<ledger::LeftPage> left(const ledger::ExchangeFilter& filter, const std::string& cursor, std::size_t limit,
                                  bool apart) override {
        std::string target = filtered("/ledger/left", filter);
        if (apart) add_parameter(target, "apart", "1");
        return pages<ledger::LeftPage>(target, cursor, limit, limits::left_rows_max, ledger::read_left);
    }
    Result<ledger::Shown> show(const std::string& id) override {
        auto text = line_.ask("GET", entry(id));
        if (!text) return std::unexpected(text.error());
        return ledger::read_shown(Buffer(*text).view(), origin_);
    }
    Result<std::string> body(const std::string& id, const std::string& which, const std::string& why,
                             const std::string&) override {
        std::string target = entry(id) + "/body/" + which;
        if (!why.empty()) add_parameter(target, "reason", why);
        return line_.ask("GET", target);
    }
    Result<gateway::SearchPage> search(const ledger::ExchangeFilter& filter, const std::string& cursor,
                                       std::span<const std::string> words, const std::string& why,
                                       const std::string&) override {
        std::string target = filtered("/ledger/search", filter), lines;
        for (const std::string& word : words) {
            if (word.contains('\n'))
                return fail(ErrorKind::invalid, "a gateway is asked for words without line breaks");
            lines += (lines.empty() ? "" : "\n") + word;
        }
        add_parameter(target, "words", lines);
        add_parameter(target, "reason", why);
        if (!cursor.empty()) add_parameter(target, "cursor", cursor);
        auto text = line_.ask("GET", target);
        if (!text) return std::unexpected(text.error());
        return gateway::read_search(Buffer(*text).view(), origin_);
    }
    const std::string& origin() const override { return origin_; }

private:
    static std::string entry(const std::string& id) {
        std::string escaped;
        add_parameter(escaped, "", id);
        return "/ledger/entries/" + escaped.substr(2);
    }
    // As many as are wanted, a page at a time.
    template <class Answer, class Read>
    Result<Answer> pages(const std::string& target, std::string cursor, std::size_t limit, std::size_t page_max,
                         Read read) {
        Answer all;
        do {
            std::string one = target;
            add_parameter(one, "limit", std::to_string(std::min(limit - all.rows.size(), page_max)));
            if (!cursor.empty()) add_parameter(one, "cursor", cursor);
            auto text = line_.ask("GET", one);
            if (!text) return std::unexpected(text.error());
            auto page = read(Buffer(*text).view(), origin_);
            if (!page) return std::unexpected(page.error());
            std::ranges::move(page->rows, std::back_inserter(all.rows));
            cursor = all.cursor = page->cursor;
        } while (!cursor.empty() && all.rows.size() < limit);
        return all;
    }
    Line line_;
    std::string origin_;
};

} // namespace

Result<std::string> post_to_gateway(const std::string& url, const std::string& target) {
    const auto line = Line::open(url);
    if (!line) return std::unexpected(line.error());
    return line->ask("POST", target);
}

std::unique_ptr<LedgerSource> open_source(LedgerOptions& options, int& exit_code) {
    if (!options.filter.person.empty() && !options.filter.person.starts_with("p_")) {
        [[maybe_unused]] const int told = complain("--person is a pseudonym (p_…), as lists show it; who is behind one "
                                                   "tells: sallyport ledger unmask");
        exit_code = wrong_use;
        return nullptr;
    }
    if (options.gateway.empty()) {
        auto opened = open_ledger(options, exit_code);
        return opened ? std::make_unique<FileSource>(std::move(*opened)) : nullptr;
    }
    if (!take_times(options, exit_code)) return nullptr;
    auto line = Line::open(options.gateway);
    if (!line) {
        exit_code = complain(line.error());
        return nullptr;
    }
    return std::make_unique<GatewaySource>(std::move(*line));
}

} // namespace sallyport::cli
