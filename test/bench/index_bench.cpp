// How fast the ledger's index answers: it is filled with entries of made-up exchanges (two entries each; 5,000 people, 300 repositories
// of 2,000 files, four weeks) without their segments, then asked.
//
//   index_bench [DIRECTORY [MILLIONS]]      one JSON object, times in milliseconds; MILLIONS of entries (default 1)
#include "base/clock.h"
#include "ledger/query.h"

#include <fmt/format.h>

#include <cstdlib>
#include <random>
#include <unistd.h>

namespace {
using namespace sallyport;

constexpr std::uint64_t people = 5'000, repositories = 300, files_each = 2'000, files_in_work = 30;
constexpr std::int64_t day_ms = 86'400'000, begin_ms = 1'793'000'000'000, days = 28;

std::string pseudonym(char kind, std::uint64_t number) {
    return fmt::format("{}_{:020x}", kind, number * 0x9E3779B97F4A7C15);
}
std::string repository(std::uint64_t number) {
    return fmt::format("git.acme.example/group-{}/project-{}", number % 20, number);
}

class Maker {
public:
    explicit Maker(store::LedgerIndex& index) : index_(index) {}
    // One exchange: its intent and its outcome.
    void exchange(std::uint64_t number, std::uint64_t total) {
        const std::uint64_t person = random_() % people, group = person % repositories;
        const std::int64_t at = begin_ms + static_cast<std::int64_t>(number * (days * day_ms) / total);
        store::ExchangeRow row;
        row.exchange = fmt::format("bench-{:x}", number);
        row.first_entry = number * 2;
        row.last_entry = number * 2 + 1;
        row.at_ms = at;
        row.person = pseudonym('p', person);
        row.team = fmt::format("team-{}", group);
        row.machine = pseudonym('m', person);
        row.session = pseudonym('s', number / 20);
        row.key = fmt::format("k_{:010x}", person);
        row.repository = repository(group);
        row.evidence = "bound";
        row.effective_class = group % 3 == 0 ? "customer" : "internal";
        row.client = person % 4 == 0 ? "codex" : "claude-code";
        row.client_version = "2.1.330";
        row.dialect = "anthropic-messages";
        row.model = "claude-sonnet-4-5";
        row.operation = "generate";
        row.stream = true;
        row.decision = number % 50 == 0 ? "refuse" : "allow";
        row.rule = "open-code-any-approved-vendor";
        row.upstream = "anthropic-eu", row.vendor = "anthropic", row.account = "acme-gmbh";
        row.attempts = 1, row.status = 200, row.ended = "complete", row.stop_reason = "end_turn";
        row.sent_bytes = 200'000, row.answer_bytes = 4'000, row.total_ms = 9'000;
        put(row);
        files(row, person, at);
    }

private:
    static void must(const Result<void>& done) {
        if (done) return;
        fmt::print(stderr, "{}\n", done.error().message);
        std::abort();
    }
    void put(const store::ExchangeRow& row) {
        must(index_.put(row));
        must(index_.place({row.first_entry, 0, row.first_entry * 900}, row.exchange));
        must(index_.place({row.last_entry, 0, row.last_entry * 900}, row.exchange));
        must(index_.mention(row.first_entry, store::Mention::repository, row.repository));
    }
    // Four files of those that the person works on that day.
    void files(const store::ExchangeRow& row, std::uint64_t person, std::int64_t at) {
        store::FileRow file;
        file.repository = row.repository;
        file.how = "named", file.tool = "Read";
        file.upstream = row.upstream, file.vendor = row.vendor, file.account = row.account, file.client = row.client;
        file.model = row.model, file.rule = row.rule, file.effective_class = row.effective_class;
        file.person = row.person, file.team = row.team;
        file.count = 1, file.first_ms = file.last_ms = at, file.last_entry = row.first_entry;
        std::vector<std::string> names;
        for (int i = 0; i < 4; ++i) {
            const std::uint64_t day = static_cast<std::uint64_t>(at / day_ms);
            const std::uint64_t of_work = (person * 131 + day * 17 + random_() % files_in_work) % files_each;
            file.file = pseudonym('f', (person % repositories) * files_each + of_work);
            names.push_back(file.file);
            index_.count_file(file);
        }
        must(index_.name_files(row.first_entry, {names.begin(), names.end()}));
    }
    store::LedgerIndex& index_;
    std::mt19937_64 random_{20'261'128};
};

void fill(const std::filesystem::path& file, std::uint64_t exchanges) {
    auto index = store::LedgerIndex::open(file);
    if (!index) std::abort();
    Maker maker(*index);
    constexpr std::uint64_t part = 100'000; // ten times what Query::update() commits: to be filled soon
    for (std::uint64_t at = 0; at < exchanges;) {
        auto progress = index->begin();
        if (!progress) std::abort();
        for (const std::uint64_t end = std::min(at + part, exchanges); at < end; ++at) maker.exchange(at, exchanges);
        progress->next_entry = at * 2;
        if (!index->commit(*progress)) std::abort();
    }
}

struct Asked {
    double ms = 0;
    std::size_t rows = 0;
};
// In a process that has just opened the index, as a command does; the second time of two, so that the disk is left out.
template <class Ask> Asked timed(const std::filesystem::path& file, Ask ask) {
    Asked out;
    for (int i = 0; i < 2; ++i) {
        const auto at = monotonic_us();
        auto query = ledger::Query::open(file.parent_path() / "none", file);
        if (!query) std::abort();
        const auto page = ask(*query);
        if (!page) std::abort();
        out = {static_cast<double>(monotonic_us() - at) / 1e3, page->rows.size()};
    }
    return out;
}

} // namespace

int main(int count, char** arguments) {
    const std::filesystem::path base = count > 1 ? arguments[1] : std::filesystem::temp_directory_path();
    const std::uint64_t entries = (count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1) * 1'000'000;
    const auto directory = base / ("index-bench-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    const auto file = directory / "ledger-index.db";
    const auto begun = monotonic_us();
    fill(file, entries / 2);
    fmt::print("{{\"entries\":{},\"filled_s\":{:.1f},\"index_mb\":{}", entries,
               static_cast<double>(monotonic_us() - begun) / 1e6, std::filesystem::file_size(file) >> 20);
    const std::int64_t week_ms = begin_ms + (days - 7) * day_ms;
    const std::string one = repository(7), who = pseudonym('p', 7), path = pseudonym('f', 7 * files_each + 40);
    const std::pair<const char*, store::ExchangeFilter> filters[] = {
        {"everything", {}},
        {"repository", {.repository = one}},
        {"repository_since_7d", {.from_ms = week_ms, .repository = one}},
        {"since_7d", {.from_ms = week_ms}},
        {"person", {.person = who}},
        {"file", {.file = path}},
    };
    for (const auto& [name, filter] : filters) {
        const Asked left = timed(file, [&](ledger::Query& query) { return query.left(filter, {}, 10'000); });
        const Asked list = timed(file, [&](ledger::Query& query) { return query.list(filter, {}, 100); });
        fmt::print(",\"left_{0}_ms\":{1:.1f},\"left_{0}_rows\":{2},\"list_{0}_ms\":{3:.1f},\"list_{0}_rows\":{4}", name,
                   left.ms, left.rows, list.ms, list.rows);
    }
    fmt::print("}}\n");
    std::filesystem::remove_all(directory);
    return 0;
}
