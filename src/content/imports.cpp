#include "content/imports.h"

#include <algorithm>
#include <array>

namespace sallyport::content {
namespace {

constexpr std::size_t block_lines_max = 60; // of one import in brackets

struct Form {
    std::string_view begins, holds, ends; // empty: anything
};
constexpr auto forms = std::to_array<Form>({
    {"import ", "", ""},
    {"from ", " import", ""},
    {"#include", "", ""},
    {"# include", "", ""},
    {"#import", "", ""},
    {"@import", "", ";"},
    {"using ", "", ";"},
    {"use ", "", ";"},
    {"use ", "{", ""},
    {"pub use ", "", ""},
    {"pub(crate) use ", "", ""},
    {"extern crate ", "", ";"},
    {"mod ", "", ";"},
    {"pub mod ", "", ";"},
    {"package ", "", ""},
    {"require '", "", ""},
    {"require \"", "", ""},
    {"require(", "", ""},
    {"require_relative ", "", ""},
    {"const ", "= require(", ""},
    {"var ", "= require(", ""},
    {"let ", "= require(", ""},
    {"export *", "from ", ""},
    {"export {", "from ", ""},
    {"include ", "", ";"},
    {"require_once", "", ";"},
    {"#pragma ", "", ""},
    {"#ifdef ", "", ""},
    {"#ifndef ", "", ""},
    {"#if defined", "", ""},
    {"#endif", "", ""},
    {"<dependency>", "", ""},
    {"</dependency>", "", ""},
    {"<groupId>", "</groupId>", ""},
    {"<artifactId>", "</artifactId>", ""},
    {"<version>", "</version>", ""},
    {"<scope>", "</scope>", ""},
});

// Without what stands before a line where a client, a diff or a person shows it: numbers, bars, arrows, a comment's star.
std::string_view bare(std::string_view line) {
    constexpr std::string_view before = " \t0123456789|:+->*/\xE2\x86\x92"; // the last three: U+2192
    const std::size_t begin = line.find_first_not_of(before);
    if (begin == std::string_view::npos) return {};
    line.remove_prefix(begin);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    return line;
}

// Go's: "net/http", or with a name before it.
bool is_quoted_path(std::string_view line) {
    const std::size_t quote = line.find('"');
    if (quote == std::string_view::npos || line.size() < quote + 3 || line.back() != '"') return false;
    const std::string_view path = line.substr(quote + 1, line.size() - quote - 2);
    const auto is_of_path = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
               c == '-' || c == '_' || c == '@';
    };
    const auto is_of_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    std::string_view name = line.substr(0, quote);
    while (name.ends_with(' ')) name.remove_suffix(1);
    return path.contains('/') && std::ranges::all_of(path, is_of_path) && std::ranges::all_of(name, is_of_name);
}

// go.mod's and go.sum's: "golang.org/x/net v0.42.0 // indirect".
bool is_module_version(std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || !line.substr(0, space).contains('/')) return false;
    const std::string_view version = line.substr(space + 1);
    return version.size() > 4 && version[0] == 'v' && version[1] >= '0' && version[1] <= '9' &&
           version.substr(0, 8).contains('.');
}

bool is_import(std::string_view line) {
    const auto fits = [&](const Form& form) {
        return line.starts_with(form.begins) && (form.holds.empty() || line.contains(form.holds)) &&
               (form.ends.empty() || line.ends_with(form.ends));
    };
    return std::ranges::any_of(forms, fits) || is_quoted_path(line) || is_module_version(line);
}

// The bracket that ends what the line begins; 0 where it ends itself.
char open_bracket(std::string_view line) {
    if (line.ends_with('(')) return ')';
    if (line.ends_with('{') || (line.contains('{') && line.ends_with(','))) return '}';
    return 0;
}

} // namespace

void find_imports(std::string_view text, const Normalised& normalised, std::vector<ImportLine>& out) {
    std::uint32_t opened_at = 0;
    std::size_t place = 0; // in the normalised text
    char closing = 0;
    std::size_t block_lines = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const auto begin = static_cast<std::uint32_t>(place);
        while (place < normalised.size() && normalised.offset(place) < end) ++place;
        const std::string_view line = bare(text.substr(at, end - at));
        at = end + 1;
        bool import = closing != 0;
        if (import) {
            if (line.contains(closing) || ++block_lines > block_lines_max) closing = 0;
        } else if (is_import(line)) {
            import = true;
            opened_at = begin;
            closing = open_bracket(line);
            block_lines = 0;
        }
        if (import && place != begin) out.push_back({{begin, static_cast<std::uint32_t>(place)}, opened_at});
    }
}

void subtract_imports(Interval piece, Interval run, const std::vector<ImportLine>& lines, std::vector<Interval>& out) {
    auto line = std::ranges::lower_bound(lines, piece.begin, {}, [](const ImportLine& one) { return one.place.end; });
    std::uint32_t at = piece.begin;
    for (; line != lines.end() && line->place.begin < piece.end; ++line) {
        if (line->needs < run.begin || line->place.end > run.end) continue;
        if (line->place.begin > at) out.push_back({at, line->place.begin});
        at = std::max(at, line->place.end);
    }
    if (at < piece.end) out.push_back({at, piece.end});
}

} // namespace sallyport::content
