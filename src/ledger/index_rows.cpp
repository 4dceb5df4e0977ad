#include "ledger/index_rows.h"

#include "ledger/words.h"

#include <algorithm>
#include <set>

namespace sallyport::ledger {

namespace {

void add_judgement(ExchangeRow& row, const Judgement& judgement) {
    const policy::Facts& facts = judgement.facts;
    row.person = facts.person;
    row.team = facts.team;
    row.repository = facts.repository;
    row.also_claimed.clear();
    for (const std::string_view one : facts.also_claimed)
        row.also_claimed.append(row.also_claimed.empty() ? "" : "\n").append(one);
    row.evidence = word(facts.evidence);
    row.effective_class = word(judgement.effective_class);
    row.client = facts.client;
    row.client_version = facts.client_version;
    row.dialect = facts.dialect;
    row.model = facts.model;
    row.decision = word(judgement.decision);
    row.rule = judgement.rule;
    row.refused_by = word(judgement.refused_by);
    if (judgement.would_refuse == policy::RefusedBy::nothing) return;
    row.decision = !judgement.exception.empty()           ? "exception"
                   : judgement.mode == policy::Mode::warn ? "warn"
                                                          : "would-refuse";
    row.rule = judgement.would_rule;
    row.refused_by = word(judgement.would_refuse);
}

void add_request(ExchangeRow& row, const RequestSummary& request) {
    row.machine = request.machine;
    row.session = request.session;
    row.key = request.key;
    row.operation = name(request.operation);
    row.stream = request.stream;
}

void add(ExchangeRow& row, const Intent& intent) {
    add_judgement(row, intent.judgement);
    add_request(row, intent.request);
    row.attempts = std::max<std::int64_t>(row.attempts, intent.attempt);
    row.upstream = intent.upstream.name;
    row.vendor = intent.upstream.vendor;
    row.account = intent.upstream.account;
    row.sent_bytes = static_cast<std::int64_t>(intent.sent.bytes);
    // What an earlier attempt came to no longer holds.
    row.status = -1;
    row.ended.clear();
    row.error.clear();
}

void add(ExchangeRow& row, const Outcome& outcome) {
    row.attempts = std::max<std::int64_t>(row.attempts, outcome.attempt);
    row.status = outcome.status;
    row.ended = name(outcome.ended);
    row.stop_reason = outcome.stop_reason;
    row.error = outcome.error;
    row.answer_bytes = static_cast<std::int64_t>(outcome.answer.bytes);
    row.input_tokens = outcome.usage.input_tokens;
    row.output_tokens = outcome.usage.output_tokens;
    row.cache_read_tokens = outcome.usage.cache_read_tokens;
    row.cache_write_tokens = outcome.usage.cache_write_tokens;
    row.total_ms = outcome.total_ms;
}

void add(ExchangeRow& row, const Refusal& refusal) {
    add_request(row, refusal.request);
    if (refusal.judged) {
        add_judgement(row, refusal.judgement);
    } else {
        row.person = refusal.person;
        row.team = refusal.team;
        row.dialect = refusal.dialect;
    }
    row.decision = word(policy::Decision::refuse);
    if (row.refused_by.empty() || row.refused_by == "nothing") row.refused_by = refusal_word(refusal.why);
    row.sentence = refusal.sentence;
    row.status = refusal.status;
}

void add(ExchangeRow& row, const Repeat& repeat) { row.repeats += repeat.count; }

void name_files_of(store::LedgerIndex& index, std::uint64_t entry_index, const Intent& intent) {
    const policy::Facts& facts = intent.judgement.facts;
    store::FileRow row;
    row.upstream = intent.upstream.name;
    row.vendor = intent.upstream.vendor;
    row.account = intent.upstream.account;
    row.client = facts.client;
    row.model = facts.model;
    row.rule = intent.judgement.rule;
    row.effective_class = word(intent.judgement.effective_class);
    row.person = facts.person;
    row.team = facts.team;
    row.count = 1;
    row.first_ms = row.last_ms = intent.at_ms;
    row.last_entry = entry_index;
    std::vector<std::string_view> repositories(facts.also_claimed.begin(), facts.also_claimed.end());
    repositories.insert(repositories.begin(), facts.repository);
    // Which of several claimed repositories a file is of is not told: of each it may have left.
    row.how = "named";
    for (std::size_t i = 0; i < intent.request.files.size() * repositories.size(); ++i) {
        const NamedFile& file = intent.request.files[i / repositories.size()];
        row.repository = repositories[i % repositories.size()];
        row.file = file.file;
        row.tool = file.tool;
        index.may_leave(intent.exchange, row);
    }
    row.how = "verified";
    row.tool.clear();
    for (const NamedSource& source : intent.request.sources) {
        if (source.fate != Fate::left) continue;
        row.repository = source.repository;
        row.file = source.file;
        row.lines = source.lines;
        row.characters = source.characters;
        index.may_leave(intent.exchange, row);
    }
}

// What lists can be asked for beside the columns of a row. Tells the first error, does nothing after it.
class Mentions {
public:
    Mentions(store::LedgerIndex& index, std::uint64_t first_entry) : index_(index), first_entry_(first_entry) {}
    void add(store::Mention what, std::string_view text) {
        if (done_) done_ = index_.mention(first_entry_, what, text);
    }
    void add(const Judgement& judgement) {
        add(store::Mention::repository, judgement.facts.repository);
        for (const std::string_view one : judgement.facts.also_claimed) add(store::Mention::repository, one);
    }
    void add(std::span<const NamedFinding> findings) {
        for (const NamedFinding& one : findings) add(store::Mention::finding, one.rule);
    }
    void add(const RequestSummary& request) {
        std::set<std::string_view> files;
        for (const NamedFile& one : request.files) files.insert(one.file);
        for (const NamedSource& one : request.sources) files.insert(one.file);
        if (done_) done_ = index_.name_files(first_entry_, files);
        add(request.findings), add(request.disclosed), add(request.disputed);
    }
    const Result<void>& done() const { return done_; }

private:
    store::LedgerIndex& index_;
    std::uint64_t first_entry_;
    Result<void> done_;
};

Result<void> mention(store::LedgerIndex& index, std::uint64_t first_entry, const Entry& entry) {
    Mentions mentions(index, first_entry);
    if (const auto* intent = entry.as<Intent>()) {
        mentions.add(intent->judgement);
        mentions.add(intent->request);
    } else if (const auto* refusal = entry.as<Refusal>()) {
        if (refusal->judged) mentions.add(refusal->judgement);
        mentions.add(refusal->request);
    } else if (const auto* outcome = entry.as<Outcome>()) {
        mentions.add(outcome->findings);
    }
    return mentions.done();
}
} // namespace

void add_to(ExchangeRow& row, std::uint64_t entry_index, const Entry& entry) {
    if (row.exchange.empty()) {
        row.exchange = entry.exchange();
        row.first_entry = entry_index;
        row.at_ms = entry.at_ms();
    }
    row.last_entry = entry_index;
    std::visit(
        [&](const auto& content) {
            if constexpr (requires { add(row, content); }) add(row, content);
        },
        entry.content());
}

Result<ExchangeRow> row_of(std::span<const EntryText> entries) {
    ExchangeRow row;
    for (const EntryText& one : entries) {
        const auto entry = decode(one.json);
        if (!entry) return std::unexpected(entry.error());
        if (&one != entries.data() && entry->exchange() != row.exchange)
            return fail(ErrorKind::invalid, "entry " + std::to_string(one.index) + " is not of the exchange " +
                                                row.exchange + ", as the index says; run: sallyport ledger reindex");
        add_to(row, one.index, *entry);
    }
    return row;
}

Result<void> index_entry(store::LedgerIndex& index, std::uint64_t entry_index, const Entry& entry) {
    const std::string_view exchange = entry.exchange();
    if (exchange.empty()) { // start and stop
        if (entry.kind() == Kind::start) index.attempts_are_over();
        return {};
    }
    auto found = index.find(exchange);
    if (!found) return std::unexpected(found.error());
    ExchangeRow row = std::move(*found).value_or(ExchangeRow{});
    add_to(row, entry_index, entry);
    if (auto put = index.put(row); !put) return put;
    if (const auto* outcome = entry.as<Outcome>()) index.attempt_ended(exchange, !reached_nobody(*outcome));
    if (const auto* intent = entry.as<Intent>()) {
        index.attempt_ended(exchange, true); // of an attempt before, whose outcome is missing
        name_files_of(index, entry_index, *intent);
    }
    return mention(index, row.first_entry, entry);
}

} // namespace sallyport::ledger
