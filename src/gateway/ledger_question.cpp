#include "gateway/ledger_question.h"

#include "base/clock.h"
#include "base/limits.h"
#include "gateway/ledger_search.h"
#include "policy/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <span>
#include <vector>

namespace sallyport::gateway {

namespace {

using What = LedgerQuestion::What;
using Filter = ledger::ExchangeFilter;

std::unexpected<Error> bad(std::string sentence) {
    return fail(ErrorKind::invalid, std::move(sentence), ErrorSource::client);
}

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// application/x-www-form-urlencoded (WHATWG URL, section 5.1). Nothing where an escape is broken.
std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex(text[i + 1]) : -1, low = i + 2 < text.size() ? hex(text[i + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high << 4 | low);
        i += 2;
    }
    return out;
}

struct Parameter {
    std::string name, value;
};
// A parameter that comes twice is refused: which of the two holds would be a guess.
Result<std::vector<Parameter>> read_parameters(std::string_view query) {
    std::vector<Parameter> out;
    while (!query.empty()) {
        const std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        if (one.empty()) continue;
        const std::size_t equals = std::min(one.find('='), one.size());
        auto name = decoded(one.substr(0, equals));
        auto value = decoded(one.substr(std::min(one.size(), equals + 1)));
        if (!name || !value) return bad("a parameter has a broken percent escape");
        if (std::ranges::find(out, *name, &Parameter::name) != out.end())
            return bad("the parameter '" + name->substr(0, 40) + "' comes twice; ask once for each value");
        out.push_back({std::move(*name), std::move(*value)});
    }
    return out;
}

struct FilterName {
    std::string_view name;
    std::string Filter::* member;
};
constexpr std::array filter_names = {
    FilterName{"person", &Filter::person},
    FilterName{"team", &Filter::team},
    FilterName{"repository", &Filter::repository},
    FilterName{"class", &Filter::effective_class},
    FilterName{"client", &Filter::client},
    FilterName{"model", &Filter::model},
    FilterName{"rule", &Filter::rule},
    FilterName{"upstream", &Filter::upstream},
    FilterName{"vendor", &Filter::vendor},
    FilterName{"account", &Filter::account},
    FilterName{"file", &Filter::file},
    // Of entries alone, from here on.
    FilterName{"machine", &Filter::machine},
    FilterName{"session", &Filter::session},
    FilterName{"key", &Filter::key},
    FilterName{"version", &Filter::client_version},
    FilterName{"dialect", &Filter::dialect},
    FilterName{"decision", &Filter::decision},
    FilterName{"finding", &Filter::finding},
};
constexpr std::size_t left_filters = 11;

Result<void> take_number(const std::string& text, std::size_t most, std::size_t& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (error == std::errc() && end == text.data() + text.size() && into >= 1 && into <= most) return {};
    return bad("limit is a number from 1 to " + std::to_string(most));
}

// One a line.
Result<void> take_words(std::string_view text, std::vector<std::string>& into) {
    for (const auto line : std::views::split(text, '\n')) into.emplace_back(std::string_view(line));
    if (are_search_words(into)) return {};
    return bad("words are 1 to " + std::to_string(search_words_max) + ", one a line (%0A), none of them empty");
}

Result<void> take_list_parameter(LedgerQuestion& question, Parameter& one, std::int64_t now_ms) {
    const bool left = question.what == What::left;
    const std::span names = std::span(filter_names).first(left ? left_filters : filter_names.size());
    const auto filter = std::ranges::find(names, one.name, &FilterName::name);
    if (filter != names.end()) {
        // An empty value would be no filter at all, which nobody who writes it means.
        if (one.value.empty()) return bad("the parameter '" + one.name + "' is empty; leave it out for any");
        if (one.name == "class" && std::ranges::find(policy::class_names, one.value) == policy::class_names.end())
            return bad("there is no class '" + one.value.substr(0, 40) + "'");
        if (one.name == "decision" &&
            std::ranges::find(ledger::decision_words, one.value) == ledger::decision_words.end())
            return bad("there is no decision '" + one.value.substr(0, 40) + "'");
        question.filter.*filter->member = std::move(one.value);
        return {};
    }
    if (one.name == "since" || one.name == "until") {
        std::int64_t& into = one.name == "since" ? question.filter.from_ms : question.filter.to_ms;
        into = parse_time(one.value, now_ms);
        if (into >= 0) return {};
        return bad(one.name + " is a time: 24h, 7d, 2026-11-22 or 2026-11-22T10:00:00Z");
    }
    if (one.name == "cursor") {
        question.cursor = std::move(one.value);
        return {};
    }
    if (one.name == "limit")
        return take_number(one.value, left ? limits::left_rows_max : limits::entry_rows_max, question.limit);
    if (left && one.name == "apart") {
        question.apart = one.value == "1";
        return {};
    }
    return bad("the parameter '" + one.name.substr(0, 40) + "' is not known here");
}

Result<void> take_parameters(LedgerQuestion& question, std::string_view query, std::int64_t now_ms) {
    auto parameters = read_parameters(query);
    if (!parameters) return std::unexpected(parameters.error());
    for (Parameter& one : *parameters) {
        Result<void> taken;
        if (question.what == What::search && one.name == "words")
            taken = take_words(one.value, question.words);
        else if ((question.what == What::search || question.what == What::body) && one.name == "reason")
            question.reason = std::move(one.value);
        else if (question.what == What::entries || question.what == What::left || question.what == What::search)
            taken = take_list_parameter(question, one, now_ms);
        else if (question.what == What::unmask && one.name == "pseudonym")
            question.pseudonym = std::move(one.value);
        else if (question.what == What::unmask && one.name == "case")
            question.case_number = std::move(one.value);
        else
            taken = bad("the parameter '" + one.name.substr(0, 40) + "' is not known here");
        if (!taken) return taken;
    }
    return {};
}

std::unexpected<Error> nothing_here() {
    return fail(ErrorKind::unavailable,
                "Served here: /ledger/entries, /ledger/entries/ID, /ledger/entries/ID/body/request|response, "
                "/ledger/search, /ledger/left, /ledger/checkpoint, POST /ledger/unmask, /checkpoint, /tile/…",
                ErrorSource::client);
}

// Behind "/ledger/entries/": an id may have a slash in it ("origin/index").
bool read_entry_path(std::string_view rest, LedgerQuestion& question) {
    question.what = What::entry;
    for (const std::string_view body : {"request", "response"}) {
        const std::string end = "/body/" + std::string(body);
        if (!rest.ends_with(end)) continue;
        rest.remove_suffix(end.size());
        question.what = What::body;
        question.body = body;
        break;
    }
    auto id = decoded(rest);
    if (!id || id->empty() || id->size() > 100) return false;
    question.id = std::move(*id);
    return true;
}

bool read_path(std::string_view path, LedgerQuestion& question) {
    if (path == "/ledger/entries") {
        question.what = What::entries;
        question.limit = limits::entry_rows;
    } else if (path == "/ledger/search") {
        question.what = What::search;
        question.limit = limits::entry_rows_max;
    } else if (path == "/ledger/left") {
        question.what = What::left;
        question.limit = limits::left_rows;
    } else if (path == "/ledger/checkpoint" || path == "/checkpoint") {
        question.what = What::checkpoint;
    } else if (path == "/ledger/unmask") {
        question.what = What::unmask;
    } else if (path.starts_with("/ledger/entries/")) {
        return read_entry_path(path.substr(16), question);
    } else if (path.starts_with("/tile/")) {
        const auto tile = tlog::parse_tile_path(path.substr(1));
        if (!tile) return false;
        question.tile = tile->place;
        question.what = tile->is_of_entries ? What::entry_tile : What::tile;
    } else {
        return false;
    }
    return true;
}

std::unexpected<Error> needs(std::string_view roles, std::string_view what, const Asker& asker) {
    return fail(ErrorKind::refused,
                std::string(what) + " takes a key with access " + std::string(roles) + "; this key has access " +
                    std::string(name(asker.access)) + " (sallyport key issue --access)",
                ErrorSource::client);
}
constexpr std::string_view everybody_s = "auditor, security or data-protection";

} // namespace

bool is_ledger_path(std::string_view path) {
    return path.starts_with("/ledger/") || path == "/checkpoint" || path.starts_with("/tile/");
}

Result<LedgerQuestion> read_question(std::string_view path, std::string_view query, std::string_view reason,
                                     std::int64_t now_ms) {
    LedgerQuestion question;
    if (!read_path(path, question)) return nothing_here();
    const bool reads = question.what == What::body || question.what == What::search;
    if (reads) question.reason = reason;
    if (auto taken = take_parameters(question, query, now_ms); !taken) return std::unexpected(taken.error());
    if (question.what == What::search && question.words.empty()) return bad("words says what is looked for");
    const bool is_blank = std::ranges::all_of(question.reason, [](unsigned char c) { return c <= ' '; });
    if (reads && (is_blank || question.reason.size() > limits::reason_bytes_max))
        return bad("why a body is read is recorded: give a reason of 1 to " + std::to_string(limits::reason_bytes_max) +
                   " bytes, in the header Sallyport-Reason or the parameter reason");
    const std::string& person = question.filter.person;
    if (!person.empty() && !person.starts_with("p_"))
        return bad("person is a pseudonym (p_…): a name would tell whose it is (sallyport ledger unmask)");
    return question;
}

namespace {
bool asks_for_content(const ledger::ExchangeFilter& filter) {
    return !filter.repository.empty() || !filter.effective_class.empty() || !filter.file.empty() ||
           !filter.finding.empty() || !filter.rule.empty();
}
} // namespace

Result<void> entitle(LedgerQuestion& question, const Asker& asker) {
    const bool all = identity::sees_all(asker.access);
    switch (question.what) {
    case What::body:
    case What::search:
        if (!identity::reads_bodies(asker.access)) return needs("auditor or security", "reading bodies", asker);
        return {};
    case What::entry_tile:
        if (!all) return needs(everybody_s, "reading entries of everybody", asker);
        return {};
    case What::entries:
    case What::left:
        if (all) return {};
        // A key of nobody has no exchanges of its own; an empty filter would be everybody's.
        if (asker.person.empty() || (!question.filter.person.empty() && question.filter.person != asker.person))
            return needs(everybody_s, "asking for another person's exchanges", asker);
        question.filter.person = asker.person;
        // A filter must not tell what the answer leaves out (leave_out_what_is_not_theirs).
        question.filter.told_by_client = asks_for_content(question.filter);
        if (question.what == What::entries) return {};
        // What was found of repositories that they may not read is told to nobody who does not name them.
        if (question.filter.repository.empty())
            return needs(everybody_s, "asking for the files of all repositories", asker);
        question.filter.how = "named";
        return {};
    case What::entry:      // may_see()
    case What::unmask:     // identity::unmask()
    case What::checkpoint: // digests and a signature
    case What::tile: return {};
    }
    return {};
}

bool may_see(const ledger::ExchangeRow& row, const Asker& asker) {
    return identity::sees_all(asker.access) ||
           (!row.exchange.empty() && !asker.person.empty() && row.person == asker.person);
}

std::string not_yours(const Asker& asker) {
    return needs(everybody_s, "an entry that is not of an exchange of your own", asker).error().message;
}

void leave_out_what_is_not_theirs(ledger::ExchangeRow& row, const Asker& asker) {
    if (identity::sees_all(asker.access) || row.evidence != "observed") return;
    row.repository.clear();
    row.also_claimed.clear();
}

} // namespace sallyport::gateway
