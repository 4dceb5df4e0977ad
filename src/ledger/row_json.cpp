#include "ledger/row_json.h"

#include "base/clock.h"

#include <algorithm>
#include <charconv>
#include <ranges>

namespace sallyport::ledger {

namespace {

using json::no_node;
using json::NodeIndex;

void member_if(json::Writer& writer, std::string_view key, const std::string& value) {
    if (!value.empty()) writer.member(key, value);
}

// The members of an ExchangeRow that are -1 where nobody knows them.
template <class Row> auto numbers_of(Row& row) {
    return std::array{std::pair{"sent_bytes", &row.sent_bytes},
                      std::pair{"answer_bytes", &row.answer_bytes},
                      std::pair{"input_tokens", &row.input_tokens},
                      std::pair{"output_tokens", &row.output_tokens},
                      std::pair{"cache_read_tokens", &row.cache_read_tokens},
                      std::pair{"cache_write_tokens", &row.cache_write_tokens},
                      std::pair{"total_ms", &row.total_ms}};
}

std::unexpected<Error> odd(std::string_view what) {
    return fail(ErrorKind::invalid,
                "the answer is not as a gateway of this version writes it: " + std::string(what) +
                    "; is the URL that of a gateway's admin listener?",
                ErrorSource::upstream);
}

// An object's members. The first one of the wrong kind is told by problem().
class Members {
public:
    Members(const json::Document& document, NodeIndex object) : document_(document), object_(object) {
        if (object == no_node || document[object].kind != json::Kind::object) problem_ = "an object is missing";
    }
    void text(std::string_view key, std::string& into) {
        const NodeIndex n = find(key, json::Kind::string);
        if (n != no_node) into = document_.text(n, scratch_);
    }
    template <class Number> void number(std::string_view key, Number& into) {
        const NodeIndex n = find(key, json::Kind::number);
        if (n == no_node) return;
        const std::string_view raw = document_.raw_value(n);
        const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), into);
        if (error != std::errc() || end != raw.data() + raw.size()) complain(key);
    }
    void flag(std::string_view key, bool& into) {
        const NodeIndex n = find(key, json::Kind::boolean);
        if (n != no_node) into = document_.raw_value(n) == "true";
    }
    void time(std::string_view key, std::int64_t& into) {
        std::string at;
        text(key, at);
        if (at.empty()) return;
        into = parse_time(at, 0);
        if (into < 0 || !at.contains('T')) complain(key);
    }
    // "origin/index"
    void id(std::string_view key, std::string& origin, std::uint64_t& index) {
        std::string both;
        text(key, both);
        if (both.empty()) return;
        auto id = parse_entry_id(both);
        if (!id) return complain(key);
        origin = std::move(id->origin);
        index = id->index;
    }
    NodeIndex find(std::string_view key, json::Kind kind) {
        if (!problem_.empty()) return no_node;
        const NodeIndex n = document_.find(object_, key);
        if (n == no_node || document_[n].kind == json::Kind::null) return no_node;
        if (document_[n].kind == kind) return n;
        complain(key);
        return no_node;
    }
    void complain(std::string_view key) {
        if (problem_.empty()) problem_ = "'" + std::string(key) + "' is of another kind";
    }
    const std::string& problem() const { return problem_; }

private:
    const json::Document& document_;
    NodeIndex object_;
    std::string scratch_, problem_;
};

Result<void> read_row(Members& members, std::string& origin, ExchangeRow& row, const json::Document& document) {
    members.id("id", origin, row.first_entry);
    members.text("exchange", row.exchange);
    members.time("at", row.at_ms);
    if (const NodeIndex n = members.find("client", json::Kind::object); n != no_node) {
        Members client(document, n);
        client.text("name", row.client);
        client.text("version", row.client_version);
    }
    if (const NodeIndex n = members.find("repository", json::Kind::object); n != no_node) {
        Members repository(document, n);
        repository.text("id", row.repository);
        repository.text("class", row.effective_class);
        repository.text("evidence", row.evidence);
        std::string scratch;
        if (const NodeIndex list = repository.find("also_claimed", json::Kind::array); list != no_node)
            for (NodeIndex one = document.first_child(list); one != no_node; one = document.next_sibling(one))
                row.also_claimed.append(row.also_claimed.empty() ? "" : "\n").append(document.text(one, scratch));
    }
    for (const auto& [key, text] :
         {std::pair{"person", &row.person}, std::pair{"team", &row.team}, std::pair{"machine", &row.machine},
          std::pair{"session", &row.session}, std::pair{"key", &row.key}, std::pair{"dialect", &row.dialect},
          std::pair{"operation", &row.operation}, std::pair{"model", &row.model}, std::pair{"decision", &row.decision},
          std::pair{"rule", &row.rule}, std::pair{"refused_by", &row.refused_by}, std::pair{"reason", &row.sentence},
          std::pair{"upstream", &row.upstream}, std::pair{"vendor", &row.vendor}, std::pair{"account", &row.account},
          std::pair{"ended", &row.ended}, std::pair{"stop_reason", &row.stop_reason}, std::pair{"error", &row.error}})
        members.text(key, *text);
    members.flag("stream", row.stream);
    members.number("attempts", row.attempts);
    members.number("status", row.status);
    members.number("repeats", row.repeats);
    for (const auto& [key, number] : numbers_of(row)) members.number(key, *number);
    if (!members.problem().empty()) return odd(members.problem());
    return {};
}

Result<void> read_row(Members& members, std::string& origin, FileRow& row, const json::Document&) {
    std::string how;
    members.text("how_known", how);
    row.how = how == "verified" ? "verified" : "named";
    for (const auto& [key, text] :
         {std::pair{"repository", &row.repository}, std::pair{"file", &row.file}, std::pair{"lines", &row.lines},
          std::pair{"tool", &row.tool}, std::pair{"upstream", &row.upstream}, std::pair{"vendor", &row.vendor},
          std::pair{"account", &row.account}, std::pair{"client", &row.client}, std::pair{"model", &row.model},
          std::pair{"rule", &row.rule}, std::pair{"class", &row.effective_class}})
        members.text(key, *text);
    for (const auto& [key, number] :
         {std::pair{"persons", &row.persons}, std::pair{"count", &row.count}, std::pair{"characters", &row.characters}})
        members.number(key, *number);
    members.time("first", row.first_ms);
    members.time("last", row.last_ms);
    members.id("example", origin, row.last_entry);
    if (!members.problem().empty()) return odd(members.problem());
    return {};
}

template <class Answer> Result<Answer> read_rows(std::string_view text, std::string_view list, std::string& origin) {
    json::Document document;
    if (auto parsed = document.parse(text); !parsed) return odd(parsed.error().message);
    Members members(document, document.root());
    Answer answer;
    members.text("next", answer.cursor);
    const NodeIndex rows = members.find(list, json::Kind::array);
    if (rows == no_node) return odd("'" + std::string(list) + "' is missing");
    for (NodeIndex n = document.first_child(rows); n != no_node; n = document.next_sibling(n)) {
        Members row(document, n);
        if (auto read = read_row(row, origin, answer.rows.emplace_back(), document); !read)
            return std::unexpected(read.error());
    }
    return answer;
}

} // namespace

void write_members(json::Writer& writer, const std::string& origin, const ExchangeRow& row) {
    writer.member("id", origin + "/" + std::to_string(row.first_entry));
    writer.member("exchange", row.exchange);
    writer.member("at", rfc3339(row.at_ms));
    writer.begin_object("client");
    writer.member("name", row.client);
    writer.member("version", row.client_version);
    writer.end_object();
    writer.begin_object("repository");
    writer.member("id", row.repository);
    writer.member("class", row.effective_class);
    writer.member("evidence", row.evidence);
    if (!row.also_claimed.empty()) {
        writer.begin_array("also_claimed");
        for (const auto part : std::views::split(row.also_claimed, '\n')) writer.element(std::string_view(part));
        writer.end_array();
    }
    writer.end_object();
    member_if(writer, "person", row.person);
    member_if(writer, "team", row.team);
    member_if(writer, "machine", row.machine);
    member_if(writer, "session", row.session);
    member_if(writer, "key", row.key);
    writer.member("dialect", row.dialect);
    writer.member("operation", row.operation);
    writer.member("model", row.model);
    writer.member("stream", row.stream);
    writer.member("decision", row.decision);
    member_if(writer, "rule", row.rule);
    member_if(writer, "refused_by", row.refused_by);
    member_if(writer, "reason", row.sentence);
    member_if(writer, "upstream", row.upstream);
    member_if(writer, "vendor", row.vendor);
    member_if(writer, "account", row.account);
    writer.member("attempts", row.attempts);
    if (row.status >= 0) writer.member("status", row.status);
    member_if(writer, "ended", row.ended);
    member_if(writer, "stop_reason", row.stop_reason);
    member_if(writer, "error", row.error);
    for (const auto& [key, number] : numbers_of(row))
        if (*number >= 0) writer.member(key, *number);
    writer.member("repeats", row.repeats);
}

void write_members(json::Writer& writer, const std::string& origin, const FileRow& row) {
    writer.member("repository", row.repository);
    writer.member("file", row.file);
    if (!row.lines.empty()) writer.member("lines", row.lines);
    if (!row.tool.empty()) writer.member("tool", row.tool);
    writer.member("upstream", row.upstream);
    writer.member("vendor", row.vendor);
    writer.member("account", row.account);
    writer.member("client", row.client);
    writer.member("model", row.model);
    writer.member("rule", row.rule);
    writer.member("class", row.effective_class);
    writer.member("persons", row.persons);
    writer.member("count", row.count);
    if (row.characters > 0) writer.member("characters", row.characters);
    writer.member("first", rfc3339(row.first_ms));
    writer.member("last", rfc3339(row.last_ms));
    writer.member("example", origin + "/" + std::to_string(row.last_entry));
    writer.member("how_known", how_known(row));
}

std::string shown_json(const std::string& origin, const Shown& shown, const IsSealed& is_sealed) {
    const auto seal = [&](json::Writer& writer, std::uint64_t index) {
        if (const auto is = is_sealed ? is_sealed(index) : std::nullopt) writer.member("sealed", *is);
    };
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    if (!shown.exchange.exchange.empty()) {
        writer.begin_object("exchange");
        write_members(writer, origin, shown.exchange);
        seal(writer, shown.exchange.last_entry);
        writer.end_object();
    }
    writer.begin_array("entries");
    for (const EntryText& entry : shown.entries) {
        writer.begin_object();
        writer.member("id", origin + "/" + std::to_string(entry.index));
        seal(writer, entry.index);
        if (!entry.json.empty()) writer.member_raw("entry", entry.json);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return out;
}

Result<Shown> read_shown(std::string_view text, std::string& origin) {
    json::Document document;
    if (auto parsed = document.parse(text); !parsed) return odd(parsed.error().message);
    Members members(document, document.root());
    Shown shown;
    if (const NodeIndex n = members.find("exchange", json::Kind::object); n != no_node) {
        Members row(document, n);
        if (auto read = read_row(row, origin, shown.exchange, document); !read) return std::unexpected(read.error());
    }
    const NodeIndex list = members.find("entries", json::Kind::array);
    if (list == no_node) return odd("'entries' is missing");
    for (NodeIndex n = document.first_child(list); n != no_node; n = document.next_sibling(n)) {
        Members entry(document, n);
        EntryText& one = shown.entries.emplace_back();
        entry.id("id", origin, one.index);
        if (const NodeIndex said = entry.find("entry", json::Kind::object); said != no_node)
            one.json = document.raw_value(said);
        if (!entry.problem().empty()) return odd(entry.problem());
    }
    return shown;
}

Result<Page> read_page(std::string_view text, std::string& origin) { return read_rows<Page>(text, "entries", origin); }
Result<LeftPage> read_left(std::string_view text, std::string& origin) {
    return read_rows<LeftPage>(text, "files", origin);
}

} // namespace sallyport::ledger
