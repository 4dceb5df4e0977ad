#include "lab/meaning.h"

#include "base/text.h"
#include "content/code_points.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <set>
#include <string>

namespace sallyport::lab {

namespace {

using content::is_ascii_digit;
using content::is_ascii_letter;
using content::is_ascii_word;

// Sorted. Not all of them: those under which services are found, since two random letters are a country's all too often.
constexpr auto domains = std::to_array<std::string_view>(
    {"ai",    "app",  "art",    "at",    "au",      "be",   "biz",  "br",    "ca",   "cc",    "ch",   "chat", "click",
     "cloud", "club", "cn",     "co",    "com",     "cz",   "de",   "dev",   "dk",   "edu",   "es",   "eu",   "fi",
     "fr",    "fun",  "gov",    "hk",    "host",    "id",   "ie",   "il",    "im",   "in",    "info", "io",   "ir",
     "is",    "it",   "jp",     "kr",    "link",    "live", "ltd",  "me",    "mobi", "ms",    "mx",   "net",  "nl",
     "no",    "nz",   "online", "org",   "pl",      "plus", "pro",  "pw",    "ru",   "run",   "se",   "sg",   "sh",
     "site",  "so",   "space",  "store", "systems", "team", "tech", "tel",   "to",   "tools", "top",  "tr",   "tv",
     "tw",    "ua",   "uk",     "us",    "vip",     "vn",   "work", "works", "ws",   "wtf",   "xyz",  "zone"});

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_ascii_word(static_cast<unsigned char>(c)) || c == '-'; });
}

bool is_name(std::string_view entry) {
    if (entry.size() < 2 || entry.size() > 64) return false;
    std::size_t letters = 0;
    for (const char c : entry) {
        const auto u = static_cast<unsigned char>(c);
        if (!is_ascii_word(u) && c != '.' && c != '-' && c != '_') return false;
        letters += is_ascii_letter(u) ? 1 : 0;
    }
    return letters * 2 >= entry.size();
}

bool is_path(std::string_view text) {
    const bool rooted =
        text.starts_with('/') || text.starts_with("~/") || (text.size() > 3 && text.substr(1, 2) == ":\\");
    std::size_t parts = 0, run = 0;
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (c == '/' || c == '\\') {
            parts += run >= 2 ? 1 : 0;
            run = 0;
        } else if (is_ascii_word(u) || c == '.' || c == '-' || c == '_' || c == '~' || c == ':')
            ++run;
        else
            return false;
    }
    return rooted && parts + (run >= 2 ? 1 : 0) >= 2;
}

bool is_url(std::string_view text) {
    const auto scheme = text.find("://");
    if (scheme == std::string_view::npos || scheme < 2 || scheme > 8) return false;
    if (!std::ranges::all_of(text.substr(0, scheme),
                             [](char c) { return is_ascii_letter(static_cast<unsigned char>(c)); }))
        return false;
    const std::string_view rest = text.substr(scheme + 3);
    const std::string_view host = rest.substr(0, rest.find_first_of("/:?#"));
    return is_host_name(host) && !text.contains(' ');
}

struct List {
    char separator = 0;
    std::size_t entries = 0, hosts = 0, names = 0, length = 0;
};

List read_list(std::string_view text, char separator) {
    List list{.separator = separator};
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        const std::string_view entry = trim(text.substr(at, end - at));
        at = end + 1;
        if (entry.empty()) continue;
        ++list.entries;
        list.length += entry.size();
        const bool host = is_host_name(entry);
        list.hosts += host ? 1 : 0;
        list.names += host || is_name(entry) ? 1 : 0;
    }
    return list;
}

// What repeats itself is a pattern, not a list.
bool differ(std::string_view text, char separator) {
    std::set<std::string_view> entries;
    std::size_t count = 0;
    for (std::size_t at = 0; at <= text.size(); ++count) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        entries.insert(text.substr(at, end - at));
        at = end + 1;
    }
    return entries.size() * 3 >= count * 2;
}

double alphabet_bits(std::string_view text) {
    std::bitset<5> kinds;
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        kinds.set(is_ascii_digit(u)                         ? 0
                  : c >= 'a' && c <= 'z'                    ? 1
                  : c >= 'A' && c <= 'Z'                    ? 2
                  : std::string_view(".-_/:, ").contains(c) ? 3
                                                            : 4);
    }
    constexpr std::array<double, 5> sizes{10, 26, 26, 7, 26};
    double size = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i)
        if (kinds.test(i)) size += sizes[i];
    return std::log2(256.0 / std::max(1.0, size)) * static_cast<double>(text.size());
}

} // namespace

bool reads_like_words(std::string_view text) {
    std::array<std::size_t, 128> counts{};
    std::size_t letters = 0, vowels = 0, most = 0, different = 0;
    for (const char c : text) {
        const char low = ascii_lower(c);
        if (!is_ascii_letter(static_cast<unsigned char>(low))) continue;
        ++letters;
        vowels += std::string_view("aeiouy").contains(low) ? 1 : 0;
        auto& count = counts[static_cast<unsigned char>(low)];
        different += count == 0 ? 1 : 0;
        most = std::max(most, ++count);
    }
    return letters * 2 > text.size() && vowels * 7 > letters && vowels * 4 < letters * 3 && most * 5 <= letters * 2 &&
           different >= std::min<std::size_t>(6, letters / 2 + 1);
}

// Pairs of letters that are common in English, and in names of any language that is written with Latin letters: half of all pairs there,
// one in eleven of random ones.
bool has_common_pairs(std::string_view text) {
    constexpr std::string_view common =
        " th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri "
        "ro ic ne ea ra ce li ch ll be ma si om ur ai ee ia ap od et el la lo ot ui ei un pu sh po mo ";
    std::size_t pairs = 0, found = 0;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const char pair[] = {' ', ascii_lower(text[i]), ascii_lower(text[i + 1]), ' '};
        if (!is_ascii_letter(static_cast<unsigned char>(pair[1])) ||
            !is_ascii_letter(static_cast<unsigned char>(pair[2])))
            continue;
        ++pairs;
        found += common.contains(std::string_view(pair, 4)) ? 1 : 0;
    }
    return found * 4 >= pairs;
}

bool is_common_domain(std::string_view label) { return std::ranges::binary_search(domains, label); }

bool is_host_name(std::string_view text) {
    if (text.size() < 4 || text.size() > 253) return false;
    std::size_t labels = 0, at = 0;
    std::string_view last;
    while (at <= text.size()) {
        const std::size_t end = std::min(text.find('.', at), text.size());
        last = text.substr(at, end - at);
        if (!is_label(last)) return false;
        ++labels;
        at = end + 1;
    }
    return labels >= 2 && is_common_domain(to_lower(last));
}

Meaning meaning_of(std::string_view text) {
    while (!text.empty() && (text.back() == '\0' || text.back() == '\n')) text.remove_suffix(1);
    Meaning meaning;
    for (const char c : text)
        if ((c < 0x20 || c > 0x7E) && c != '\n' && c != '\t' && c != '\r' && c != '\0') return meaning;
    if (text.size() < 4) return meaning;
    meaning.surprise_bits = alphabet_bits(text);
    List best;
    for (const char separator : {',', ';', '|', '\n', '\0', ' '}) {
        if (!text.contains(separator)) continue;
        const List list = read_list(text, separator);
        if (separator == ' ' && list.hosts * 3 < list.entries) continue; // prose
        if (list.entries >= 3 && list.names == list.entries && list.entries > best.entries &&
            list.length >= 3 * list.entries)
            best = list;
    }
    meaning.entries = 1;
    if (best.entries >= 3 && reads_like_words(text) && differ(text, best.separator) &&
        (best.hosts * 3 >= best.entries || has_common_pairs(text))) {
        meaning.what = best.hosts * 3 >= best.entries ? What::hosts : What::names;
        meaning.entries = best.entries;
        meaning.hosts = best.hosts;
    } else if (is_host_name(text) && reads_like_words(text)) {
        meaning.what = What::host;
        meaning.hosts = 1;
    } else if (is_url(text)) {
        meaning.what = What::url;
        meaning.hosts = 1;
    } else if (is_path(text) && reads_like_words(text))
        meaning.what = What::path;
    else if (text.size() >= 12 && is_name(text) && reads_like_words(text))
        meaning.what = What::names;
    return meaning;
}

std::string_view name_of(What what) {
    switch (what) {
    case What::nothing: return "nothing";
    case What::host: return "a host";
    case What::hosts: return "a list of hosts";
    case What::url: return "a URL";
    case What::path: return "a path";
    case What::names: return "names";
    }
    return "";
}

} // namespace sallyport::lab
