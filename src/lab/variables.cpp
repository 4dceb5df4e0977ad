// The table of what is varied. A line more here is all that a further state needs.
#include "base/text.h"
#include "lab/conditions.h"

#include <algorithm>
#include <filesystem>

namespace sallyport::lab {

namespace {

struct Row {
    const char* variable;
    Aspect aspect;
    std::vector<const char*> states;
};

constexpr const char* zones = "time zone (TZ)";
constexpr const char* hosts = "host of the base URL";

// The most telling states come first of each variable: --variables and --runs cut at the end.
const std::vector<Row>& table() {
    static const std::vector<Row> rows = {
        {zones,
         Aspect::zone,
         {"Asia/Shanghai", "Asia/Urumqi", "America/New_York", "Europe/Moscow", "Asia/Tehran", "Asia/Hong_Kong"}},
        {hosts,
         Aspect::base,
         {"https://gateway.acme.cn", "https://gateway.deepseek.com", "https://gateway.deepseek.cn",
          "https://gateway.acme.ru", "https://api.moonshot.ai", "https://proxy.aliyuncs.com",
          "https://api.anthropic.com", "https://api.openai.com", "http://127.0.0.1:8080", "http://10.11.12.13:8080",
          "http://localhost:8080", "https://llm.intranet", "https://openrouter.ai", "https://gateway.acme.ir"}},
        {"time zone (/etc/localtime)", Aspect::zone_file, {"Asia/Shanghai", "America/New_York"}},
        {"language (LANG)",
         Aspect::language,
         {"zh_CN.UTF-8", "ru_RU.UTF-8", "de_DE.UTF-8", "fa_IR.UTF-8", "en_US.UTF-8"}},
        {"language (LC_ALL)", Aspect::environment, {"LC_ALL=zh_CN.UTF-8"}},
        {"proxy",
         Aspect::environment,
         {"HTTPS_PROXY=http://proxy.acme.example:3128", "HTTP_PROXY=http://proxy.acme.example:3128"}},
        {"continuous integration", Aspect::environment, {"CI=true", "GITHUB_ACTIONS=true", "GITLAB_CI=true"}},
        {"user name", Aspect::user, {"zhangwei", "root", "jenkins"}},
        {"host name", Aspect::host_name, {"zhangwei-laptop", "ip-10-0-0-17", "kali"}},
        {"git remote",
         Aspect::remote,
         {"https://gitee.com/zhangwei/deepseek.git", "git@github.com:anthropics/claude.git"}},
        {"git author", Aspect::author, {"张伟"}},
        {"git mail", Aspect::mail, {"zhangwei@deepseek.com"}},
        {"machine id", Aspect::machine_id, {"00000000000000000000000000000001"}},
        {"keyboard", Aspect::keyboard, {"cn", "ru"}},
        // Some clients take a key of their vendor's form for one of the vendor's, whatever the base URL is.
        {"form of the key", Aspect::key, {"sk-ant-fake-5a11909747-of-an-inspection"}},
        {"terminal (TERM)", Aspect::environment, {"TERM=dumb"}},
        {"terminal program", Aspect::environment, {"TERM_PROGRAM=vscode", "TERM_PROGRAM=iTerm.app"}},
        {"editor", Aspect::environment, {"EDITOR=emacs"}},
        {"remote session", Aspect::environment, {"SSH_CONNECTION=203.0.113.7 50123 192.0.2.9 22"}},
        {"container", Aspect::environment, {"container=docker"}},
        {"vendor's answer to other requests",
         Aspect::answer,
         {"{}", R"({"enabled":true,"flags":{"all":true},"features":{},"experiment":"treatment"})"}},
    };
    return rows;
}

// The middle of a hidden list and its ends are enough to see whether it is used.
constexpr std::size_t of_a_list = 3;

bool is_zone(std::string_view text) {
    std::error_code error;
    return text.find('/') != std::string_view::npos && text.find("..") == std::string_view::npos &&
           text.front() != '/' && text.size() < 64 &&
           std::filesystem::is_regular_file("/usr/share/zoneinfo/" + std::string(text), error);
}

bool is_host_name(std::string_view text) {
    return text.size() >= 4 && text.size() < 100 && text.find('.') != std::string_view::npos && text.front() != '.' &&
           std::ranges::all_of(
               text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; });
}

bool is_word(std::string_view text) {
    return text.size() >= 2 && text.size() < 40 &&
           std::ranges::all_of(
               text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// A list that was hidden: its first entry, one in the middle, its last.
std::vector<std::string> sampled(std::string_view list) {
    std::vector<std::string> all;
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t end = std::min(list.find_first_of(",;|\n ", at), list.size());
        if (end > at) all.emplace_back(list.substr(at, end - at));
        at = end + 1;
    }
    if (all.size() <= of_a_list) return all;
    return {all.front(), all[all.size() / 2], all.back()};
}

Variation base_of(const std::string& host, const char* variable) {
    return {variable, "https://" + host, {{Aspect::base, "https://" + host}}};
}

std::vector<Variation> from_decoded(const std::vector<std::string>& decoded) {
    constexpr const char* hidden = "host of the base URL, from a text that the client hides";
    std::vector<Variation> out;
    for (const std::string& text : decoded)
        for (const std::string& one : sampled(text)) {
            Variation made;
            if (is_zone(one))
                made = {zones, one, {{Aspect::zone, one}}};
            else if (is_host_name(to_lower(one)))
                made = base_of("gateway." + to_lower(one), hidden);
            else if (one.size() == 2 && is_word(to_lower(one))) // as the end of names: a country
                made = base_of("gateway.acme." + to_lower(one), hidden);
            else if (is_word(to_lower(one)))
                made = base_of("gateway." + to_lower(one) + ".example", hidden);
            if (!made.changes.empty() &&
                std::ranges::none_of(out, [&](const Variation& other) { return other.state == made.state; }))
                out.push_back(std::move(made));
        }
    return out;
}

} // namespace

std::vector<Variation> variations(const std::vector<std::string>& decoded) {
    std::vector<Variation> out = from_decoded(decoded);
    std::erase_if(out, [](const Variation& one) { // what is in the table anyhow stays in its place
        return std::ranges::any_of(table(), [&](const Row& row) {
            return std::ranges::find(row.states, one.state,
                                     [](const char* state) { return std::string_view(state); }) != row.states.end();
        });
    });
    for (const Row& row : table())
        for (const char* state : row.states)
            if (std::ranges::none_of(out, [&](const Variation& other) { return other.state == state; }))
                out.push_back({row.variable, state, {{row.aspect, state}}});
    return out;
}

std::vector<Variation> pairs(const std::vector<std::string>& decoded) {
    const std::vector<Variation> all = variations(decoded);
    const auto some = [&](std::string_view variable, std::size_t count) {
        std::vector<const Variation*> out;
        for (const Variation& one : all)
            if (one.variable == variable && out.size() < count) out.push_back(&one);
        return out;
    };
    std::vector<Variation> out;
    const auto cross = [&](const std::vector<const Variation*>& first, const std::vector<const Variation*>& second) {
        for (const Variation* a : first)
            for (const Variation* b : second)
                out.push_back(
                    {a->variable + " × " + b->variable, a->state + " × " + b->state, {a->changes[0], b->changes[0]}});
    };
    cross(some(zones, 1), some(hosts, 3));
    cross(some(zones, 1), some("language (LANG)", 1));
    cross(some("language (LANG)", 1), some(hosts, 1));
    cross(some(zones, 1), some("proxy", 1));
    cross(some("user name", 1), some(zones, 1));
    cross(some("continuous integration", 1), some(hosts, 1));
    return out;
}

} // namespace sallyport::lab
