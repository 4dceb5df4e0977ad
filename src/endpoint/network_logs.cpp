#include "endpoint/network_logs.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/network.h"
#include "base/text.h"
#include "json/document.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace sallyport::endpoint {

namespace {

constexpr std::size_t fields_max = 256;
constexpr std::size_t source_bytes_max = 128;

std::vector<std::string_view> split(std::string_view text, char separator, std::size_t most) {
    std::vector<std::string_view> out;
    while (out.size() < most) {
        const auto end = text.find(separator);
        out.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
    return out;
}

std::vector<std::string_view> words_of(std::string_view text, std::size_t most) {
    std::vector<std::string_view> out;
    while (out.size() < most) {
        const auto begin = text.find_first_not_of(" \t");
        if (begin == std::string_view::npos) break;
        const auto end = std::min(text.find_first_of(" \t", begin), text.size());
        out.push_back(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
    return out;
}

// "1795341600.123456", seconds.
std::int64_t epoch_ms(std::string_view text) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || !(seconds > 0 && seconds < 1e11)) return -1;
    return static_cast<std::int64_t>(seconds * 1000);
}

int month_of(std::string_view text) {
    constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (int i = 0; i < 12; ++i)
        if (equals_ignoring_case(text, months[i])) return i;
    return -1;
}

int number(std::string_view text) {
    int out = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size() && !text.empty() ? out : -1;
}

std::int64_t utc_ms(int year, int month, int day, std::string_view clock) {
    if (clock.size() < 8 || month < 0 || day < 1 || day > 31 || year < 1970 || year > 9999) return -1;
    const int hour = number(clock.substr(0, 2)), minute = number(clock.substr(3, 2)),
              second = number(clock.substr(6, 2));
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
    std::tm tm{};
    tm.tm_year = year - 1900;
    tm.tm_mon = month;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = second;
    return static_cast<std::int64_t>(::timegm(&tm)) * 1000;
}

// "Nov 28 10:00:01 …" without a year: the last such day before now. Or RFC 3339.
std::int64_t syslog_ms(std::string_view line, std::int64_t now_ms) {
    const auto words = words_of(line, 3);
    if (words.empty()) return -1;
    if (words[0].size() >= 20 && words[0].size() < 40 && words[0][4] == '-')
        return parse_time(std::string(words[0]), now_ms);
    if (words.size() < 3) return -1;
    const int month = month_of(words[0]), day = number(words[1]);
    const std::time_t now = static_cast<std::time_t>(now_ms / 1000);
    std::tm today{};
    ::gmtime_r(&now, &today);
    const std::int64_t this_year = utc_ms(today.tm_year + 1900, month, day, words[2]);
    return this_year > now_ms + 86'400'000 ? utc_ms(today.tm_year + 1899, month, day, words[2]) : this_year;
}

// The host of an address, checked to be one: a name with a dot, or an address.
std::string host_in(std::string_view text) {
    std::string host = host_of(text);
    return host.contains('.') || host.contains(':') ? host : std::string();
}

bool is_source(std::string_view text) {
    return !text.empty() && text.size() <= source_bytes_max && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == ':' || c == '-' || c == '_' || c == '%';
    });
}

} // namespace

std::optional<LogKind> log_kind(std::string_view name) {
    if (name == "zeek") return LogKind::zeek;
    if (name == "squid") return LogKind::squid;
    if (name == "dns") return LogKind::dns;
    return std::nullopt;
}

LineKind LogReader::read(std::string_view line, LogLine& out) {
    out = {};
    if (trim(line).empty()) return LineKind::nothing;
    if (line.contains('\0')) return LineKind::damaged;
    switch (kind_) {
    case LogKind::squid: return squid(line, out);
    case LogKind::dns: return dns(line, out);
    case LogKind::zeek: break;
    }
    if (line.starts_with('{')) return zeek_json(line, out);
    return line.starts_with('#') ? zeek_header(line) : zeek_row(line, out);
}

LineKind LogReader::zeek_header(std::string_view line) {
    if (line.starts_with("#separator ")) {
        const std::string_view text = line.substr(11);
        if (!text.starts_with("\\x") || text.size() != 4) return LineKind::damaged;
        int code = 0;
        const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 4, code, 16);
        if (error != std::errc() || end != text.data() + 4 || code == 0 || code == '\n') return LineKind::damaged;
        separator_ = static_cast<char>(code);
        return LineKind::nothing;
    }
    const auto words = split(line, separator_, fields_max);
    if (words[0] == "#fields") fields_.assign(words.begin() + 1, words.end());
    if (words[0] == "#path" && words.size() > 1) path_ = words[1];
    if (words[0] == "#unset_field" && words.size() > 1) unset_ = words[1];
    return LineKind::nothing;
}

LineKind LogReader::zeek_row(std::string_view line, LogLine& out) const {
    const auto words = split(line, separator_, fields_max);
    if (fields_.empty() || words.size() != fields_.size()) return LineKind::damaged;
    const auto value = [&](std::string_view name) -> std::string_view {
        for (std::size_t i = 0; i < fields_.size(); ++i)
            if (fields_[i] == name) return words[i] == unset_ || words[i] == "(empty)" ? std::string_view() : words[i];
        return {};
    };
    out.at_ms = epoch_ms(value("ts"));
    out.source = value("id.orig_h");
    if (out.at_ms < 0 || !is_source(out.source)) return LineKind::damaged;
    for (const std::string_view name : {"server_name", "host", "query"})
        if (const std::string_view text = value(name); !text.empty()) {
            out.host = host_in(text);
            out.asked = name == "query";
            return out.host.empty() ? LineKind::nothing : LineKind::host;
        }
    return !value("id.resp_h").empty() && (path_ == "conn" || !value("conn_state").empty()) ? LineKind::addresses_only
                                                                                            : LineKind::nothing;
}

LineKind LogReader::zeek_json(std::string_view line, LogLine& out) const {
    const Buffer raw(line);
    json::Document document;
    if (!document.parse(raw.view()) || document[0].kind != json::Kind::object) return LineKind::damaged;
    std::string scratch;
    const auto value = [&](std::string_view name) -> std::string {
        const auto node = document.find(0, name);
        if (node == json::no_node) return {};
        const auto kind = document[node].kind;
        return kind == json::Kind::string || kind == json::Kind::number ? std::string(document.text(node, scratch))
                                                                        : std::string();
    };
    const std::string at = value("ts");
    out.at_ms = at.contains('T') ? parse_time(at.ends_with('Z') ? at : at + "Z", now_ms_) : epoch_ms(at);
    out.source = value("id.orig_h");
    if (out.at_ms < 0 || !is_source(out.source)) return LineKind::damaged;
    for (const std::string_view name : {"server_name", "host", "query"})
        if (const std::string text = value(name); !text.empty()) {
            out.host = host_in(text);
            out.asked = name == "query";
            return out.host.empty() ? LineKind::nothing : LineKind::host;
        }
    return value("id.resp_h").empty() || value("conn_state").empty() ? LineKind::nothing : LineKind::addresses_only;
}

LineKind LogReader::squid(std::string_view line, LogLine& out) const {
    std::string_view target, status;
    if (const auto quote = line.find('"');
        quote != std::string_view::npos && line.contains(" [")) { // host ident user [date] "METHOD URL …" 200 …
        const auto open = line.find(" [");
        const auto close = line.find(']', open);
        const auto end = line.find('"', quote + 1);
        if (close == std::string_view::npos || close > quote || end == std::string_view::npos) return LineKind::damaged;
        const std::string_view date = line.substr(open + 2, close - open - 2); // 22/Nov/2026:10:00:00 +0000
        const auto request = words_of(line.substr(quote + 1, end - quote - 1), 3);
        if (date.size() < 20 || request.size() < 2) return LineKind::damaged;
        out.at_ms = utc_ms(number(date.substr(7, 4)), month_of(date.substr(3, 3)), number(date.substr(0, 2)),
                           date.substr(12, 8));
        if (date.size() >= 26 && (date[21] == '+' || date[21] == '-') && out.at_ms >= 0) {
            const int hours = number(date.substr(22, 2)), minutes = number(date.substr(24, 2));
            if (hours < 0 || minutes < 0) return LineKind::damaged;
            out.at_ms -= (date[21] == '+' ? 1 : -1) * (hours * 60 + minutes) * 60'000LL;
        }
        out.source = words_of(line, 1).front();
        target = request[1];
        const auto behind = words_of(line.substr(end + 1), 2);
        status = line.substr(end + 1);
        if (behind.empty()) return LineKind::damaged;
        out.blocked = status.contains("TCP_DENIED");
    } else { // time elapsed host code/status bytes method URL …
        const auto words = words_of(line, 8);
        if (words.size() < 7 || !words[3].contains('/')) return LineKind::damaged;
        out.at_ms = epoch_ms(words[0]);
        out.source = words[2];
        out.blocked = words[3].starts_with("TCP_DENIED");
        target = words[6];
    }
    if (out.at_ms < 0 || !is_source(out.source)) return LineKind::damaged;
    out.host = host_in(target);
    return out.host.empty() ? LineKind::nothing : LineKind::host;
}

LineKind LogReader::dns(std::string_view line, LogLine& out) const {
    out.asked = true;
    const auto finish = [&](std::string_view host, std::string_view source) {
        out.host = host_in(host);
        out.source = source;
        if (!is_source(source) || out.at_ms < 0) return LineKind::damaged;
        return out.host.empty() ? LineKind::nothing : LineKind::host;
    };
    if (const auto at = line.find("query["); at != std::string_view::npos && line.contains("dnsmasq")) {
        const auto words = words_of(line.substr(at), 4);
        if (words.size() < 4 || !words[0].ends_with(']') || words[2] != "from") return LineKind::damaged;
        out.at_ms = syslog_ms(line, now_ms_);
        return finish(words[1], words[3]);
    }
    if (const auto at = line.find(" query: "); at != std::string_view::npos && line.contains('#')) { // BIND
        const auto words = words_of(line.substr(at + 8), 3);
        if (words.size() < 3) return LineKind::damaged;
        std::string_view source;
        for (const std::string_view word : words_of(line.substr(0, at), 32))
            if (const auto mark = word.find('#');
                mark != std::string_view::npos && parse_ip_address(word.substr(0, mark)))
                source = word.substr(0, mark);
        const auto first = words_of(line, 2);
        const auto date = split(first[0], '-', 3); // 28-Nov-2026
        out.at_ms = date.size() == 3 && first.size() == 2 && month_of(date[1]) >= 0
                        ? utc_ms(number(date[2]), month_of(date[1]), number(date[0]), first[1])
                        : syslog_ms(line, now_ms_);
        return finish(words[0], source);
    }
    if (const auto at = line.find(" info: "); at != std::string_view::npos && line.contains("unbound")) {
        const auto words = words_of(line.substr(at + 7), 4);
        if (words.size() < 4 || !parse_ip_address(words[0])) return LineKind::nothing; // one of its other notes
        out.at_ms = line.starts_with('[') ? epoch_ms(line.substr(1, std::min(line.find(']'), line.size()) - 1))
                                          : syslog_ms(line, now_ms_);
        return finish(words[1], words[0]);
    }
    // Other notes of the three servers say nothing of a query; what is of none of them is no log of this kind.
    const bool is_theirs =
        line.contains("dnsmasq") || line.contains("unbound") || line.contains("named") || line.contains("queries: ");
    return is_theirs ? LineKind::nothing : LineKind::damaged;
}

} // namespace sallyport::endpoint
