#include "lab/inventory.h"

#include "base/limits.h"
#include "base/text.h"
#include "content/code_points.h"
#include "lab/context.h"
#include "lab/known_words.h"
#include "lab/meaning.h"

#include <algorithm>

namespace sallyport::lab {

namespace {

constexpr std::size_t flags_of_one_prefix_min = 60; // fewer are names that happen to begin alike
constexpr std::size_t literal_bytes_max = 300;
constexpr std::size_t example_bytes_max = 200;

bool is_upper_or_digit(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::size_t upper_name_end(std::string_view text, std::size_t at) {
    while (at < text.size() && is_upper_or_digit(text[at])) ++at;
    return at;
}

// "HOME", "NO_COLOR": of `least_bytes`, beginning with a letter.
bool is_variable(std::string_view name, bool with_underscore) {
    return name.size() >= 3 && name.size() <= 80 && name[0] >= 'A' && name[0] <= 'Z' &&
           upper_name_end(name, 0) == name.size() &&
           // A bundler's own short names have underscores too.
           (!with_underscore || (name.size() >= 6 && name.contains('_') && name.back() != '_'));
}

bool is_flag(std::string_view value) {
    return value.size() >= 6 && value.size() <= 80 && value.contains('_') && value[0] >= 'a' && value[0] <= 'z' &&
           value.back() != '_' && std::ranges::all_of(value, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

template <class Words> bool has_one_of(std::string_view low, const Words& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return low.contains(word); });
}

bool is_one_word(std::string_view value) {
    return value.size() <= 60 && !value.empty() && std::ranges::all_of(value, [](char c) {
               return content::is_ascii_word(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' ||
                      c == '/' || c == ':';
           });
}

// What people read or type, not a piece of code between two literals.
bool is_sentence(std::string_view value) {
    return value.size() <= 80 && value.find_first_of("{}()[];=&?<>$\"\n,") == std::string_view::npos &&
           value.front() != '.';
}

// Public keys of kits are no secrets, but nobody has to be able to use them from a report either.
std::string shortened(std::string_view key) { return std::string(key.substr(0, 8)) + "…"; }

bool is_key(const Kit& kit, std::string_view value) {
    return !kit.key_prefix.empty() && value.starts_with(kit.key_prefix) &&
           value.size() >= kit.key_prefix.size() + kit.key_bytes &&
           value.size() <= kit.key_prefix.size() + kit.key_bytes + 8 &&
           std::ranges::all_of(value.substr(kit.key_prefix.size()),
                               [](char c) { return content::is_ascii_word(static_cast<unsigned char>(c)); }) &&
           std::ranges::any_of(value, [](char c) { return content::is_ascii_digit(static_cast<unsigned char>(c)); });
}

// Domains that are words of programs as well ("x.run", "a.store"): a bare literal under one is no host.
bool is_surely_host(std::string_view value) {
    if (!is_host_name(value) || value.starts_with("www.") == false) {
        const auto dot = value.rfind('.');
        if (dot == std::string_view::npos || !is_host_name(value)) return false;
        static constexpr auto sure =
            std::to_array<std::string_view>({"ai", "app", "cn", "com", "dev", "edu", "gov", "io", "net", "org"});
        return std::ranges::find(sure, value.substr(dot + 1)) != sure.end() && value == to_lower(value) &&
               value.find('.') >= 2;
    }
    return true;
}

} // namespace

void Inventory::add(Subject subject, std::string_view name, std::size_t offset, std::string_view example) {
    std::string key(1, static_cast<char>('a' + static_cast<int>(subject)));
    key += name;
    if (const auto known = names_.find(key); known != names_.end()) {
        ++known->second.times;
        return;
    }
    if (names_.size() >= limits::client_names_max) {
        ++left_out_;
        return;
    }
    Name added{subject, std::string(name), std::string(example), place_, 1};
    added.place.offset += offset;
    names_.emplace(std::move(key), std::move(added));
}

void Inventory::see_host(std::string_view host, std::size_t offset, std::string_view example) {
    const std::string low = to_lower(host);
    add(Subject::host, low, offset, example);
    for (const Kit& kit : telemetry_kits)
        if (low == kit.host || (low.ends_with(kit.host) && low[low.size() - kit.host.size() - 1] == '.'))
            add(Subject::telemetry, kit.name, offset, example);
}

void Inventory::see_literal(std::string_view text, const Literal& literal, std::string_view value) {
    if (value.size() < 3 || value.size() > literal_bytes_max) return;
    const std::size_t at = literal.begin;
    if (is_variable(value, true)) {
        add(Subject::named_like_one, value, at);
        return;
    }
    if (is_flag(value)) flags_[std::string(value.substr(0, value.find('_') + 1))].emplace(value);
    if (value.contains('.') && is_surely_host(value)) see_host(value, at, value);
    for (const Kit& kit : telemetry_kits)
        if (is_key(kit, value)) add(Subject::telemetry, kit.name, at, shortened(value));
    if (value.size() <= 120 &&
        std::ranges::any_of(path_beginnings, [&](std::string_view one) { return value.starts_with(one); }) &&
        value.find_first_of("\n{}$<>*|") == std::string_view::npos && value.size() > 4)
        add(Subject::path, value, at);
    const std::string low = to_lower(value);
    if (is_one_word(value) && value.front() != '.' &&
        (value.starts_with("--") || value.contains('-') || value.contains('_') || value != low) &&
        has_one_of(low, permission_words))
        add(Subject::permission, value, at);
    if (is_sentence(value) && has_one_of(low, update_words)) add(Subject::update, value, at);
    const std::string_view before = code_before(text, literal, 24);
    if (before.ends_with('(') && value.find('\n') == std::string_view::npos &&
        std::ranges::any_of(starting_calls, [&](std::string_view call) { return before.ends_with(call); }))
        add(Subject::command, value, at);
}

void Inventory::see_url(std::string_view text, std::size_t colon) {
    std::size_t begin = colon;
    while (begin > 0 && colon - begin < 8 && text[begin - 1] >= 'a' && text[begin - 1] <= 'z') --begin;
    const std::string_view scheme = text.substr(begin, colon - begin);
    if (scheme != "https" && scheme != "http" && scheme != "wss" && scheme != "ws") return;
    std::size_t end = colon + 3;
    const auto is_host_character = [&](char c) {
        return content::is_ascii_word(static_cast<unsigned char>(c)) || c == '.' || c == '-';
    };
    while (end < text.size() && end - colon < 260 && is_host_character(text[end])) ++end;
    std::string_view host = text.substr(colon + 3, end - colon - 3);
    while (host.ends_with('.')) host.remove_suffix(1);
    if (!is_host_name(host)) return;
    std::size_t rest = end;
    while (rest < text.size() && rest - begin < example_bytes_max && static_cast<unsigned char>(text[rest]) > 0x20 &&
           static_cast<unsigned char>(text[rest]) < 0x7F && !std::string_view("\"'`<>\\(){}|,;").contains(text[rest]))
        ++rest;
    see_host(host, begin, text.substr(begin, rest - begin));
}

// ".env.NAME", "?.NAME": what is read from the environment, or from what a bundler calls it.
void Inventory::see_dot(std::string_view text, std::size_t dot) {
    const std::size_t end = upper_name_end(text, dot + 1);
    const std::string_view name = text.substr(dot + 1, end - dot - 1);
    if (end < text.size() && (content::is_ascii_word(static_cast<unsigned char>(text[end])) || text[end] == '$'))
        return;
    const std::string_view before = text.substr(dot > 12 ? dot - 12 : 0, std::min<std::size_t>(dot, 12));
    const bool from_environment = before.ends_with("process.env") || before.ends_with("Bun.env") ||
                                  before.ends_with(".env") || before.ends_with("env?");
    if (from_environment && is_variable(name, false))
        add(Subject::environment, name, dot + 1);
    else if (is_variable(name, true))
        add(Subject::named_like_one, name, dot + 1);
}

void Inventory::see_text(std::string_view text) {
    for (std::size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3))
        see_url(text, at);
    for (std::size_t at = text.find('.'); at != std::string_view::npos && at + 3 < text.size();
         at = text.find('.', at + 1))
        if (text[at + 1] >= 'A' && text[at + 1] <= 'Z') see_dot(text, at);
    for (std::size_t at = text.find(".env["); at != std::string_view::npos; at = text.find(".env[", at + 5)) {
        const std::size_t end = upper_name_end(text, std::min(at + 6, text.size()));
        if (const auto name = text.substr(std::min(at + 6, text.size()), end - std::min(at + 6, text.size()));
            is_variable(name, false))
            add(Subject::environment, name, at + 6);
    }
}

std::vector<Name> Inventory::take() {
    for (const auto& [prefix, names] : flags_)
        if (names.size() >= flags_of_one_prefix_min)
            for (const std::string& name : names) add(Subject::flag, name, 0);
    std::vector<Name> all;
    all.reserve(names_.size());
    for (auto& [key, name] : names_) {
        // Read as `process.env.X` somewhere: then it is one everywhere.
        if (name.subject == Subject::named_like_one &&
            names_.contains(std::string(1, static_cast<char>('a' + static_cast<int>(Subject::environment))) +
                            name.name))
            continue;
        all.push_back(std::move(name));
    }
    names_.clear();
    std::ranges::sort(
        all, [](const Name& a, const Name& b) { return std::tie(a.subject, a.name) < std::tie(b.subject, b.name); });
    return all;
}

} // namespace sallyport::lab
