#include "gateway/ledger_desk.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/text.h"
#include "bodies/recorded.h"
#include "gateway/ledger_search.h"
#include "gateway/log_tiles.h"
#include "identity/unmask.h"
#include "ledger/row_json.h"

namespace sallyport::gateway {

namespace {

using What = LedgerQuestion::What;
using Reply = LedgerDesk::Reply;

constexpr std::string_view text_type = "text/plain; charset=utf-8", bytes_type = "application/octet-stream";

Reply refuse(int status, const std::string& sentence) {
    Reply out{status, "application/json", {}};
    json::Writer writer(out.body);
    writer.begin_object();
    writer.member("error", sentence);
    writer.end_object();
    out.body += '\n';
    return out;
}

Reply refuse(const Error& error) {
    const bool client = error.source == ErrorSource::client;
    switch (error.kind) {
    case ErrorKind::refused: return refuse(403, error.message);
    case ErrorKind::invalid: return refuse(client ? 400 : 500, error.message);
    case ErrorKind::too_large: return refuse(413, error.message);
    case ErrorKind::unavailable: return refuse(client ? 404 : 503, error.message);
    default: return refuse(500, error.message);
    }
}

// The key behind "Bearer "; empty where there is none.
std::string_view bearer(const http::Fields& fields) {
    constexpr std::string_view scheme = "Bearer ";
    const std::string_view value = fields.value("authorization");
    if (fields.count("authorization") != 1 || !equals_ignoring_case(value.substr(0, scheme.size()), scheme)) return {};
    return trim(value.substr(scheme.size()));
}

template <class Row>
Reply page(std::string_view list, const std::vector<Row>& rows, const std::string& cursor, const std::string& origin) {
    Reply out;
    json::Writer writer(out.body);
    writer.begin_object();
    writer.begin_array(list);
    for (const Row& row : rows) {
        writer.begin_object();
        ledger::write_members(writer, origin, row);
        writer.end_object();
    }
    writer.end_array();
    if (!cursor.empty()) writer.member("next", cursor);
    writer.end_object();
    out.body += '\n';
    return out;
}

// One question, on a worker's thread.
class Desk {
public:
    Desk(const LedgerDesk::Parts& parts, const crypto::SealingKey& wrapping, const LedgerQuestion& question,
         const Asker& asker)
        : parts_(parts), wrapping_(wrapping), question_(question), asker_(asker) {}

    Result<Reply> answer() {
        switch (question_.what) {
        case What::checkpoint: return text(text_type, newest_checkpoint(ledger_directory()));
        case What::tile: return text(bytes_type, hash_tile(ledger_directory(), question_.tile));
        case What::unmask: return unmask();
        default: break;
        }
        auto query = ledger::Query::open(ledger_directory(), parts_.installation.index_file());
        if (!query) return std::unexpected(query.error());
        const auto updated = query->update(limits::ledger_update_ms_max);
        if (!updated) return std::unexpected(updated.error());
        if (!updated->is_complete)
            return fail(ErrorKind::unavailable, "the index of the ledger is being brought up to date, up to entry " +
                                                    std::to_string(updated->next_index) +
                                                    " so far; ask again in some seconds");
        switch (question_.what) {
        case What::entries: return entries(*query);
        case What::left: return left(*query);
        case What::entry: return entry(*query);
        case What::body: return body(*query);
        case What::search: return search(*query);
        default: return text(bytes_type, entry_tile(ledger_directory(), *query, question_.tile));
        }
    }

private:
    std::filesystem::path ledger_directory() const { return parts_.installation.ledger_directory(); }
    const std::string& origin() const { return parts_.installation.origin(); }

    static Result<Reply> text(std::string_view type, Result<std::string> body) {
        if (!body) return std::unexpected(body.error());
        return Reply{200, type, std::move(*body)};
    }
    ledger::ExchangeFilter filter() const {
        ledger::ExchangeFilter out = question_.filter;
        if (!out.file.empty() && !out.file.starts_with("f_"))
            out.file = parts_.pseudonyms.of(identity::NameKind::path, out.file).view();
        return out;
    }

    Result<Reply> entries(ledger::Query& query) {
        auto rows = query.list(filter(), question_.cursor, question_.limit);
        if (!rows) return std::unexpected(rows.error());
        for (ledger::ExchangeRow& row : rows->rows) leave_out_what_is_not_theirs(row, asker_);
        return page("entries", rows->rows, rows->cursor, origin());
    }

    Result<Reply> left(ledger::Query& query) {
        auto rows = query.left(filter(), question_.cursor, question_.limit, question_.apart);
        if (!rows) return std::unexpected(rows.error());
        for (ledger::FileRow& row : rows->rows)
            if (auto name = parts_.pseudonyms.name_of(parts_.state, row.file); name && *name)
                row.file = std::move(**name);
        return page("files", rows->rows, rows->cursor, origin());
    }

    // What is not the asker's and what is not there are told alike, so that nobody can find out what there is.
    Result<ledger::Shown> shown(ledger::Query& query) {
        auto found = query.show(question_.id);
        if (identity::sees_all(asker_.access)) return found;
        if (!found || !may_see(found->exchange, asker_))
            return fail(ErrorKind::refused, not_yours(asker_), ErrorSource::client);
        leave_out_what_is_not_theirs(found->exchange, asker_);
        for (ledger::EntryText& one : found->entries) one.json.clear(); // they name what was found of others' code
        return found;
    }

    Result<Reply> entry(ledger::Query& query) {
        const auto found = shown(query);
        if (!found) return std::unexpected(found.error());
        return Reply{200, "application/json", ledger::shown_json(origin(), *found) + "\n"};
    }

    // It is done before the first body is opened: once for each page, since each may be the first one that is asked for.
    Result<void> record(std::string_view what, const std::string& about) {
        return parts_.state.add_act({"a_" + to_hex(crypto::random_bytes(10)), std::string(what), asker_.person,
                                     question_.reason, about + ", with key " + asker_.key, wall_ms()});
    }

    Result<Reply> search(ledger::Query& query) {
        if (auto told = record("search-bodies", search_about(question_.filter, question_.words.size())); !told)
            return std::unexpected(told.error());
        LedgerSearch one(query, parts_.installation, parts_.body_keys, question_.words, 1);
        const auto page = one.look(filter(), question_.cursor, question_.limit);
        if (!page) return std::unexpected(page.error());
        return Reply{200, "application/json", search_json(origin(), *page) + "\n"};
    }

    Result<Reply> body(ledger::Query& query) {
        const auto found = shown(query);
        if (!found) return std::unexpected(found.error());
        const auto recorded = bodies::body_of(*found, question_.body);
        if (!recorded) return std::unexpected(recorded.error());
        if (recorded->body.bytes > limits::body_answer_bytes_max)
            return fail(ErrorKind::too_large, "the body has " + std::to_string(recorded->body.bytes) +
                                                  " bytes, more than is sent here; where the gateway runs, sallyport "
                                                  "ledger show --body reads it");
        if (auto told = record("read-body", question_.body + " of entry " + std::to_string(recorded->entry)); !told)
            return std::unexpected(told.error());
        bodies::Reader reader(parts_.installation.bodies_directory(), parts_.body_keys, wrapping_);
        return text(bytes_type, bodies::recorded_body(reader, recorded->body));
    }

    Result<Reply> unmask() {
        const identity::Caller caller{asker_.key, asker_.person, {}, {}, {}, asker_.access};
        auto opened = identity::unmask(parts_.state, parts_.pseudonyms, caller, question_.pseudonym,
                                       question_.case_number, wall_ms());
        if (!opened) return std::unexpected(opened.error());
        Reply out{opened->name ? 200 : 202, "application/json", {}};
        out.body = identity::unmasking_json(*opened);
        return out;
    }

    const LedgerDesk::Parts& parts_;
    const crypto::SealingKey& wrapping_;
    const LedgerQuestion& question_;
    const Asker& asker_;
};

} // namespace

LedgerDesk::LedgerDesk(Parts parts)
    : parts_(std::move(parts)), wrapping_(parts_.installation.keys().body_keys),
      workers_(limits::ledger_question_threads) {}

LedgerDesk::Reply LedgerDesk::reply(const LedgerQuestion& question, const Asker& asker) {
    auto answered = Desk(parts_, wrapping_, question, asker).answer();
    return answered ? std::move(*answered) : refuse(answered.error());
}

net::Task<void> LedgerDesk::answer(http::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    Reply reply;
    std::string more = "Cache-Control: no-store\r\n";
    const auto keys = parts_.keys();
    const identity::KeyCheck check =
        keys ? keys->check(bearer(head.fields), wall_ms()) : identity::KeyCheck{identity::KeyProblem::missing, {}};
    auto question = read_question(head.path, head.query, head.fields.value("sallyport-reason"), wall_ms());
    const bool posts = question && question->what == What::unmask;
    if (!keys) {
        reply = refuse(503, "the keys cannot be read, so nothing is shown");
    } else if (check.problem != identity::KeyProblem::none) {
        reply = refuse(401, std::string(sentence(check.problem)) + " (here: Authorization: Bearer sp_…)");
        more += "WWW-Authenticate: Bearer\r\n";
    } else if (!question) {
        reply = refuse(question.error());
    } else if (posts != (head.method == "POST") || (!posts && head.method != "GET" && head.method != "HEAD")) {
        reply = refuse(405, posts ? "This is asked with POST." : "This is asked with GET.");
        more += posts ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n";
    } else {
        const Asker asker{std::string(check.caller.key_id), std::string(check.caller.person), check.caller.access};
        if (auto entitled = entitle(*question, asker); !entitled) {
            reply = refuse(entitled.error());
        } else if (under_way_ >= limits::ledger_questions_max) {
            reply = refuse(503, "many questions to the ledger are under way; ask again in a second");
        } else {
            ++under_way_;
            co_await workers_.run(exchange.loop(), [&] { reply = this->reply(*question, asker); });
            --under_way_;
        }
    }
    if (reply.status == 503) more += "Retry-After: 1\r\n";
    [[maybe_unused]] const Result<void> told = co_await exchange.respond(reply.status, reply.type, more, reply.body);
}

} // namespace sallyport::gateway
