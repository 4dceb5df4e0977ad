#include "repo/licence.h"

#include "base/text.h"
#include "repo/left_out.h"

#include <algorithm>
#include <array>

namespace sallyport::repo {

namespace {

// Phrases of a licence's text in lower case with single blanks. Licences name others, so the first one in the text counts; but one that
// takes back what another gives counts wherever it stands.
struct LicenceWords {
    std::string_view phrase;
    Licence licence;
};
constexpr auto licence_words = std::to_array<LicenceWords>({
    {"commons clause", {"Commons-Clause", false}},
    {"business source license", {"BUSL-1.1", false}},
    {"elastic license", {"Elastic-2.0", false}},
    {"server side public license", {"SSPL-1.0", false}},
    {"attribution-noncommercial", {"CC-BY-NC", false}},
    {"polyform noncommercial", {"PolyForm-Noncommercial", false}},
    {"gnu affero general public license", {"AGPL", true}},
    {"gnu lesser general public license", {"LGPL", true}},
    {"gnu library general public license", {"LGPL", true}},
    {"gnu general public license", {"GPL", true}},
    {"apache license version 2.0", {"Apache-2.0", true}},
    {"apache license, version 2.0", {"Apache-2.0", true}},
    {"mozilla public license", {"MPL", true}},
    {"eclipse public license", {"EPL", true}},
    {"european union public licence", {"EUPL", true}},
    {"common development and distribution license", {"CDDL", true}},
    {"boost software license", {"BSL-1.0", true}},
    {"artistic license", {"Artistic", true}},
    {"sil open font license", {"OFL-1.1", true}},
    {"creative commons legal code cc0 1.0 universal", {"CC0-1.0", true}},
    {"this is free and unencumbered software released into the public domain", {"Unlicense", true}},
    {"permission is hereby granted, free of charge, to any person obtaining a copy", {"MIT", true}},
    {"redistribution and use in source and binary forms", {"BSD", true}},
    {"permission to use, copy, modify, and/or distribute this software for any purpose", {"ISC", true}},
    {"permission to use, copy, modify, and distribute this software for any purpose", {"ISC", true}},
    {"this software is provided 'as-is', without any express or implied warranty", {"Zlib", true}},
});

// Families, so that "GPL-2.0-only" needs no entry of its own; and single licences. In lower case. (spdx.org/licenses, "OSI Approved")
constexpr auto open_families =
    std::to_array<std::string_view>({"agpl-3.0",  "gpl-2.0", "gpl-3.0", "lgpl-2.0", "lgpl-2.1", "lgpl-3.0",   "apache-",
                                     "artistic-", "bsd-1-",  "bsd-2-",  "bsd-3-",   "cddl-",    "cecill-2.1", "epl-",
                                     "eupl-",     "mpl-",    "osl-",    "afl-",     "zpl-",     "ofl-1.1"});
constexpr auto open_identifiers = std::to_array<std::string_view>(
    {"0bsd",      "blueoak-1.0.0", "bsl-1.0", "cc0-1.0",    "cpl-1.0", "ecl-2.0",      "isc",
     "lppl-1.3c", "mit",           "mit-0",   "ms-pl",      "ms-rl",   "mulanpsl-2.0", "ncsa",
     "php-3.01",  "postgresql",    "psf-2.0", "python-2.0", "qpl-1.0", "unicode-3.0",  "unicode-dfs-2016",
     "unlicense", "upl-1.0",       "w3c",     "zlib"});

constexpr auto licence_names = std::to_array<std::string_view>({"license", "licence", "copying", "unlicense"});
constexpr auto source_endings = std::to_array<std::string_view>(
    {"ada", "asm", "bash", "c",  "cc",  "clj",    "cpp",    "cs",  "cu",  "cxx", "dart", "el",    "erl",
     "ex",  "exs", "f90",  "fs", "go",  "gradle", "groovy", "h",   "hh",  "hpp", "hs",   "hxx",   "java",
     "jl",  "js",  "jsx",  "kt", "lua", "m",      "ml",     "mm",  "nim", "php", "pl",   "pm",    "proto",
     "ps1", "py",  "r",    "rb", "rs",  "s",      "scala",  "sh",  "sol", "sql", "sv",   "swift", "tcl",
     "tf",  "ts",  "tsx",  "v",  "vb",  "vhd",    "vue",    "zig", "mjs", "cjs", "pas",  "svelte"});

struct Phrase {
    std::string_view words; // in lower case
    bool is_trade_secret;
    bool is_ordinary; // stands in ordinary texts too
};
constexpr auto phrases = std::to_array<Phrase>({
    {"trade secret", true, true},
    {"strictly confidential", true, false},
    {"strictly private and confidential", true, false},
    {"all rights reserved", false, false},
    {"internal use only", false, false},
    {"for internal use", false, false},
    {"confidential and proprietary", false, false},
    {"proprietary and confidential", false, false},
    {"do not distribute", false, true},
    {"confidential", false, true},
    {"proprietary", false, true},
});
// Beside one of these "all rights reserved" takes nothing back, as in the files of BSD and Go.
constexpr auto open_phrases = std::to_array<std::string_view>(
    {"license that can be found", "bsd-style license", "redistribution and use", "permission is hereby granted",
     "apache license", "gnu general public", "gnu lesser general", "gnu affero general", "mit license",
     "mozilla public license", "bsd license", "licensed under the mit", "licensed under the bsd", "eclipse public"});
constexpr auto marks_of_a_notice = std::to_array<std::string_view>(
    {"copyright", "(c)", "\xC2\xA9", "property of", "disclosure", "contains ", "constitutes ", "comprises "});

constexpr std::size_t head_bytes_max = 4'096, head_lines_max = 40;

// The first lines, where licences and notices stand.
std::string_view head_of(std::string_view text) {
    std::string_view head = text.substr(0, head_bytes_max);
    std::size_t at = 0;
    for (std::size_t line = 0; line < head_lines_max; ++line) {
        at = head.find('\n', at);
        if (at == std::string_view::npos) return head;
        ++at;
    }
    return head.substr(0, at);
}

// In lower case, with one blank for any run of blanks, line ends and what begins the lines of a comment.
std::string flattened(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool is_gap = c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '*' || c == '#' || c == '/';
        if (!is_gap)
            out += ascii_lower(c);
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    return out;
}

constexpr bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Where the phrase stands as whole words; a plural's 's' may follow.
std::size_t find_phrase(std::string_view text, std::string_view phrase) {
    for (std::size_t at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase, at + 1)) {
        std::size_t end = at + phrase.size();
        if (end < text.size() && text[end] == 's') ++end;
        if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return at;
    }
    return std::string_view::npos;
}

bool holds_any(std::string_view text, auto& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.contains(word); });
}

std::uint32_t line_of(std::string_view text, std::size_t at) {
    return static_cast<std::uint32_t>(1 + std::ranges::count(text.substr(0, at), '\n'));
}

bool is_open_identifier(std::string_view word) {
    std::string name = to_lower(word);
    if (name.ends_with('+')) name.pop_back();
    return std::ranges::find(open_identifiers, name) != open_identifiers.end() ||
           std::ranges::any_of(open_families, [&](std::string_view family) { return name.starts_with(family); });
}

bool is_open_expression(std::string_view expression) {
    bool any = false, all = true, has_and = false;
    while (true) {
        expression.remove_prefix(std::min(expression.find_first_not_of("() \t"), expression.size()));
        if (expression.empty()) return has_and ? any && all : any;
        const std::string_view word = expression.substr(0, expression.find_first_of("() \t"));
        expression.remove_prefix(word.size());
        const std::string lower = to_lower(word);
        if (lower == "or") continue;
        if (lower == "and") {
            has_and = true;
        } else if (lower == "with") { // an exception permits more
            expression.remove_prefix(std::min(expression.find_first_not_of(" \t"), expression.size()));
            expression.remove_prefix(std::min(expression.find_first_of("() \t"), expression.size()));
        } else {
            const bool open = is_open_identifier(word);
            any = any || open;
            all = all && open;
        }
    }
}

} // namespace

std::optional<Licence> licence_of(std::string_view text) {
    constexpr std::size_t looked_at = 64 * 1024;
    const std::string flat = flattened(text.substr(0, looked_at));
    std::optional<Licence> found;
    std::size_t first = flat.size();
    for (const LicenceWords& one : licence_words) {
        const std::size_t at = flat.find(one.phrase);
        if (at == std::string::npos) continue;
        if (!one.licence.is_open) return one.licence;
        if (at < first) found = one.licence;
        first = std::min(first, at);
    }
    if (found) return found;
    if (const auto identifier = identifier_of(text))
        return Licence{identifier->is_open ? "SPDX" : "other", identifier->is_open};
    return std::nullopt;
}

bool is_licence_file(std::string_view path) {
    if (path.starts_with("LICENSES/")) return true;
    if (path.contains('/') || left_out_by_path(path) != "licence") return false;
    const std::string name = to_lower(path);
    return std::ranges::any_of(licence_names, [&](std::string_view one) { return name.starts_with(one); });
}

bool is_source_file(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return false;
    return std::ranges::find(source_endings, to_lower(name.substr(dot + 1))) != source_endings.end();
}

std::optional<Identifier> identifier_of(std::string_view text) {
    constexpr std::string_view tag = "SPDX-License-Identifier:";
    const std::string_view head = head_of(text);
    const std::size_t at = head.find(tag);
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view rest = head.substr(at + tag.size());
    rest = rest.substr(0, rest.find_first_of("\r\n"));
    rest = rest.substr(
        0, rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-+() \t:"));
    while (rest.ends_with("--")) rest.remove_suffix(1); // of "-->"
    if (rest.ends_with(" -")) rest.remove_suffix(2);
    rest = trim(rest);
    if (rest.empty()) return std::nullopt;
    return Identifier{line_of(head, at), rest, is_open_expression(rest)};
}

std::optional<Notice> notice_of(std::string_view text) {
    const std::string_view head = head_of(text);
    const std::string lower = to_lower(head);
    const bool is_open = holds_any(lower, open_phrases) || (identifier_of(text) && identifier_of(text)->is_open);
    const bool has_mark = holds_any(lower, marks_of_a_notice);
    for (const Phrase& phrase : phrases) {
        const std::size_t at = find_phrase(lower, phrase.words);
        if (at == std::string::npos || (is_open && !phrase.is_trade_secret)) continue;
        const std::string_view written = head.substr(at, phrase.words.size());
        const bool in_capitals = std::ranges::none_of(written, [](char c) { return c >= 'a' && c <= 'z'; });
        if (phrase.is_ordinary && !has_mark && !in_capitals) continue;
        return Notice{line_of(head, at), phrase.words, phrase.is_trade_secret};
    }
    return std::nullopt;
}

} // namespace sallyport::repo
