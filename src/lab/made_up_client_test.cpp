#include "lab/made_up_client.h"

#include "base/encoding.h"
#include "lab/experiment.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace sallyport::lab {

namespace {

constexpr const char* names[] = {
    "none",         "apostrophe",     "hyphen",       "date form",       "zero width",  "tags",
    "selector",     "trailing space", "double space", "wide space",      "key order",   "extra key",
    "header order", "header case",    "header value", "number form",     "tool order",  "list order",
    "synonym",      "sentence order", "user agent",   "query value",     "query order", "request count",
    "chunking",     "framing",        "cipher order", "extension order", "DNS label",   "JSON white space",
    "escape form",  "id alphabet",    "id length",    "id character",    "event field", "JSON in base64"};

std::string two(std::size_t number) { return {static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)}; }
std::string counted(const std::string& text) { return two(text.size()) + text; }

std::string tools(bool swapped) {
    const std::string read = R"({"name":"read","description":"Reads a file.","schema":{"type":"object","limit":1000}})";
    const std::string write = R"({"name":"write","description":"Writes a file.","schema":{"type":"object"}})";
    const std::string run = R"({"name":"run","description":"Runs a command.","schema":{"type":"object"}})";
    return "[" + (swapped ? write + "," + read : read + "," + write) + "," + run + "]";
}

} // namespace

std::string_view name_of(Leak leak) { return names[static_cast<std::size_t>(leak)]; }

MadeUpClient::MadeUpClient(std::uint64_t seed, Leak leak, bool noisy)
    : chance_(seed), leak_(leak), noisy_(noisy),
      when_(static_cast<When>(below(static_cast<std::size_t>(When::count)))) {
    second_turn_ = below(4) == 0;
}

std::string MadeUpClient::id(std::size_t digits, const char* alphabet) {
    const std::string all = alphabet;
    std::string out;
    for (std::size_t i = 0; i < digits; ++i) out += all[below(all.size())];
    return out;
}

bool MadeUpClient::triggered(const Conditions& conditions) const {
    const std::string zone = conditions.zone.empty() ? conditions.zone_file : conditions.zone;
    const bool there = zone == "Asia/Shanghai" || zone == "Asia/Urumqi",
               host = host_of(conditions.base).ends_with(".cn");
    switch (when_) {
    case When::zone: return there;
    case When::host: return host;
    case When::language: return conditions.language.starts_with("zh");
    case When::user: return conditions.user == "zhangwei";
    case When::remote: return conditions.remote.contains("gitee.com");
    case When::answer: return conditions.answer.contains("true");
    case When::zone_and_host: return there && host;
    default: return there || host;
    }
}

std::string MadeUpClient::message(bool m) {
    const auto is = [&](Leak one) { return m && leak_ == one; };
    const std::string date = is(Leak::date_form) ? "2026/11/28" : "2026-11-28";
    std::string text =
        is(Leak::sentence_order) ? "Work carefully. You are an assistant." : "You are an assistant. Work carefully.";
    if (noisy_) text += " Run " + id(8) + " of this machine.";
    text += is(Leak::double_space) ? "  Today" : is(Leak::wide_space) ? "\u2009Today" : " Today";
    text += is(Leak::apostrophe) ? "\u2019" : "'";
    text += "s date is " + date + "." +
            (is(Leak::zero_width) ? "\u200b"
             : is(Leak::tags)     ? "\U000E0041"
             : is(Leak::selector) ? "\uFE01"
                                  : "");
    text += is(Leak::synonym) ? " Give brief answers" : " Give short answers";
    text += is(Leak::hyphen) ? " to follow\u2010up questions." : " to follow-up questions.";
    if (noisy_) text += " Folder " + std::to_string(1000 + below(9000)) + ".";
    return text + (is(Leak::trailing_space) ? " " : "");
}

std::string MadeUpClient::body(const Conditions& conditions, bool m, bool second) {
    const auto is = [&](Leak one) { return m && leak_ == one; };
    std::string session = session_;
    if (is(Leak::id_alphabet)) session.back() = 'F';
    if (is(Leak::id_length)) session += "0";
    if (is(Leak::id_character)) session[0] = 'a';
    const std::string text = message(m);
    const std::string& zone = conditions.zone.empty() ? conditions.zone_file : conditions.zone;
    const std::string slash = is(Leak::escape_form) ? "\\/" : "/";
    std::string messages = fmt::format(R"([{{"role":"user","content":"{}\nFolder: {}work{}project\nTimezone: {}"}})",
                                       text, slash, slash, zone);
    if (second)
        messages += fmt::format(
            R"(,{{"role":"assistant","content":"calling"}},{{"role":"tool","id":"call_{}","content":"done"}})", id(12));
    messages += "]";
    const std::string model = R"("model":"large-1")",
                      limit = is(Leak::number_form) ? R"("temperature":1.0)" : R"("temperature":1)";
    std::string out = "{";
    out += is(Leak::key_order) ? limit + "," + model : model + "," + limit;
    if (is(Leak::extra_key)) out += R"(,"beta":false)";
    out += std::string(is(Leak::json_space) ? R"(,"messages": )" : R"(,"messages":)") + messages;
    out += R"(,"tools":)" + tools(is(Leak::tool_order));
    out += is(Leak::list_order) ? R"(,"betas":["b","a","c"])" : R"(,"betas":["a","b","c"])";
    return out + fmt::format(R"(,"metadata":{{"user":"{}","session":"{}","at":{}}}}})", id(32), session,
                             1'795'000'000 + clock_s_);
}

std::string MadeUpClient::head(const std::string& path, const std::string& host, bool m, bool second) {
    const auto is = [&](Leak one) { return m && leak_ == one; };
    std::string query = "beta=true&trace=" + id(6);
    if (is(Leak::query_value)) query = "beta=1&trace=" + id(6);
    if (is(Leak::query_order)) query = "trace=" + id(6) + "&beta=true";
    std::string out = fmt::format("POST {}?{} HTTP/1.1\r\nHost: {}\r\n", path, query, host);
    const std::string version = "X-Version: 3\r\n",
                      mode = is(Leak::header_case) ? "x-mode: cli\r\n" : "X-Mode: cli\r\n";
    out += is(Leak::header_order) ? mode + version : version + mode;
    out += is(Leak::user_agent) ? "User-Agent: made-up/1.2.3 (linux; x64; 2)\r\n"
                                : "User-Agent: made-up/1.2.3 (linux; x64)\r\n";
    out += "X-Request-Id: " + id(8) + "-" + id(4) + "\r\n";
    if (is(Leak::header_value))
        out += "Accept: */*; q=1\r\n";
    else
        out += "Accept: */*\r\n";
    return out + (second ? "X-Turn: 2\r\n" : "X-Turn: 1\r\n") + "Content-Type: application/json\r\n";
}

std::string MadeUpClient::events(const Conditions& conditions, bool m) {
    const auto is = [&](Leak one) { return m && leak_ == one; };
    std::vector<std::string> all;
    const bool is_ci = std::ranges::any_of(conditions.environment, [](const auto& one) { return one.first == "CI"; });
    const std::string field = is(Leak::event_field) ? "2" : "1";
    for (std::size_t i = 0, count = 3 + below(6); i < count; ++i) {
        const std::string inside =
            fmt::format(R"({{"ms":{},"form":"{}"}})", below(5000), is(Leak::hidden_json) ? "b" : "a");
        all.push_back(fmt::format(R"({{"event":"e{}","id":"{}","schema":{},"terminal":"xterm","ci":{},"more":"{}"}})",
                                  below(9), id(16), field, is_ci ? "true" : "false", to_base64(inside)));
    }
    std::ranges::shuffle(all, chance_);
    std::string out = "{\"events\":[";
    for (std::size_t i = 0; i < all.size(); ++i) out += (i == 0 ? "" : ",") + all[i];
    return out + "]}";
}

std::string MadeUpClient::hello(const std::string& host, bool m, Leak leak) {
    const bool ciphers = m && leak == Leak::cipher_order, order = m && leak == Leak::extension_order;
    const auto extension = [](std::size_t type, const std::string& data) { return two(type) + counted(data); };
    const std::string name = extension(0, counted(std::string(1, '\0') + counted(host)));
    const std::string groups = extension(10, counted(two(0x1d) + two(0x17))),
                      protocols = extension(16, counted("\x08http/1.1"));
    std::string hello = two(0x303) + std::string(32, 'r') + std::string(1, '\0');
    hello += counted(ciphers ? two(0x1302) + two(0x1301) + two(0x1303) : two(0x1301) + two(0x1302) + two(0x1303));
    hello += std::string("\x01\0", 2) + counted(name + (order ? protocols + groups : groups + protocols));
    const std::string handshake = std::string("\x01\0", 2) + counted(hello);
    return std::string("\x16\x03\x01", 3) + counted(handshake);
}

void MadeUpClient::connect(Recording& into, const std::string& host, std::string sent, bool m) {
    RecordedConnection one;
    one.host = host;
    one.address = "198.18.0.1";
    one.port = 443;
    one.tls = true;
    one.hello = hello(host, m, leak_);
    one.arrived = {{0, ++number_}};
    one.sent = std::move(sent);
    into.connections.push_back(std::move(one));
    for (const int type : {1, 28}) into.names.push_back({host, static_cast<std::uint16_t>(type), ""});
}

Recording MadeUpClient::run(const Conditions& conditions) {
    Recording out;
    out.began_ms = 1'795'860'000'000; // 2026-11-28
    clock_s_ += 1 + below(4);
    session_ = id(24);
    const bool marks = triggered(conditions);
    const std::string host = host_of(conditions.base);
    const auto is = [&](Leak one) { return marks && leak_ == one; };
    std::string sent = fmt::format("HEAD / HTTP/1.1\r\nHost: {}\r\n\r\n", host);
    if (is(Leak::request_count)) sent += sent;
    for (const bool second : {false, true}) {
        const bool m = marks && (second || !second_turn_);
        const std::string text = body(conditions, m, second);
        sent += head("/v1/messages", host, m, second);
        if (m && leak_ == Leak::framing) {
            sent += fmt::format("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n", text.size(), text);
        } else if (leak_ == Leak::chunking) {
            const std::size_t cut = m ? 300 : 200;
            sent += fmt::format("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", cut,
                                text.substr(0, cut), text.size() - cut, text.substr(cut));
        } else {
            sent += fmt::format("Content-Length: {}\r\n\r\n{}", text.size(), text);
        }
    }
    connect(out, host, std::move(sent), marks);
    const std::string batch = events(conditions, marks);
    if (below(5) != 0)
        connect(
            out, "telemetry.made-up.example",
            fmt::format("POST /batch/{} HTTP/1.1\r\nHost: telemetry.made-up.example\r\nContent-Length: {}\r\n\r\n{}",
                        id(16), batch.size(), batch),
            false);
    if (below(3) == 0)
        connect(out, "update.made-up.example", "GET /latest HTTP/1.1\r\nHost: update.made-up.example\r\n\r\n", false);
    if (leak_ == Leak::dns_label || below(2) == 0)
        out.names.push_back({(is(Leak::dns_label) ? "b" : "a") + std::string(".probe.made-up.example"), 1, ""});
    out.output = "done\n";
    return out;
}

namespace {

std::uint64_t fresh_seed() {
    const char* const said = std::getenv("SALLYPORT_SEED");
    return said != nullptr ? std::strtoull(said, nullptr, 10) : std::random_device()();
}

Experiment inspected(MadeUpClient& client, std::size_t repeats = 1) {
    ExperimentOptions options;
    options.repeats = repeats;
    options.runs_max = 2'000;
    const Runner runner = [&](std::span<const Trial> trials) -> Result<std::vector<Recording>> {
        std::vector<Recording> out;
        for (const Trial& one : trials) out.push_back(client.run(one.conditions));
        return out;
    };
    return *experiment(runner, "", options);
}

std::string told(const Experiment& of) {
    std::string out = of.verdict();
    for (const FoundChannel& one : of.channels) out += "\n  " + one.sentence;
    return out;
}

} // namespace

// What it tells where, and nowhere else.
bool is_found(const Experiment& of, const MadeUpClient& client) {
    return std::ranges::any_of(of.channels, [&](const FoundChannel& channel) {
        return std::ranges::all_of(channel.states, [&](const ChannelState& state) {
            return client.triggered(conditions_of(of.variations[state.variation]));
        });
    });
}

// How many of a larger draw: docs/detection.md. SALLYPORT_DRAWS=20 is what was measured there.
TEST(MadeUpClients, ChannelsAreFoundAndNothingElse) {
    const std::uint64_t seed = fresh_seed();
    const char* const said = std::getenv("SALLYPORT_DRAWS");
    const std::size_t draws = said != nullptr ? std::strtoull(said, nullptr, 10) : 1;
    std::size_t found = 0, all = 0, others = 0;
    std::map<std::string, std::string> missed;
    for (std::size_t draw = 0; draw < draws; ++draw)
        for (std::size_t i = 1; i < static_cast<std::size_t>(Leak::count); ++i) {
            const auto leak = static_cast<Leak>(i);
            if (leak == Leak::id_character) continue;
            for (const bool noisy : {false, true}) {
                MadeUpClient client(seed + draw * 1'000 + i * 2 + (noisy ? 1 : 0), leak, noisy);
                const Experiment seen = inspected(client);
                ++all;
                found += is_found(seen, client) ? 1 : 0;
                if (!is_found(seen, client)) missed[fmt::format("{} {}", name_of(leak), noisy)] = told(seen);
                others += seen.channels.size() > 3 ? 1 : 0;
            }
        }
    fmt::print("{} of {} channels found; seed {}\n", found, all, seed);
    std::string list;
    for (const auto& [name, text] : missed) list += "\n" + name + ": " + text;
    EXPECT_GE(found * 100, all * 95) << "seed " << seed << list;
    EXPECT_EQ(others, 0u) << "seed " << seed;
}

TEST(MadeUpClients, WithoutAChannelNothingIsSaid) {
    const std::uint64_t seed = fresh_seed();
    const char* const said = std::getenv("SALLYPORT_DRAWS");
    const std::size_t clients = 50 * (said != nullptr ? std::strtoull(said, nullptr, 10) : 1);
    std::size_t compared = 0, false_alarms = 0;
    for (std::size_t i = 0; i < clients; ++i) {
        MadeUpClient client(seed + 700'000 + i, Leak::none, i % 2 == 0);
        const Experiment seen = inspected(client);
        compared += seen.variations.size();
        if (!seen.channels.empty()) ++false_alarms;
        EXPECT_TRUE(seen.channels.empty()) << "seed " << seed << ", client " << i << ": " << told(seen);
        EXPECT_FALSE(seen.comparison.echoes.empty()); // it says its time zone
    }
    fmt::print("{} clients without a channel, {} comparisons, {} false alarms; seed {}\n", clients, compared,
               false_alarms, seed);
}

TEST(MadeUpClients, OneFixedCharacterInsideAnIdIsFoundByManyRunsOfEachState) {
    const std::uint64_t seed = fresh_seed();
    std::size_t found = 0, all = 0;
    for (std::uint64_t i = 0; i < 4; ++i) {
        MadeUpClient client(seed + 800'000 + i, Leak::id_character, i % 2 == 0);
        const Experiment seen = inspected(client, 7);
        ++all;
        found +=
            std::ranges::any_of(seen.channels, [](const FoundChannel& one) { return one.nature == Nature::inside; })
                ? 1
                : 0;
        EXPECT_LE(seen.channels.size(), 2u) << "seed " << seed << told(seen);
    }
    EXPECT_EQ(found, all) << "seed " << seed;
}

} // namespace sallyport::lab
