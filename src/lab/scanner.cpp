#include "lab/scanner.h"

#include "content/code_points.h"
#include "http/coding.h"
#include "lab/shapes.h"

#include <algorithm>
#include <array>

namespace sallyport::lab {

namespace {

constexpr std::size_t encoded_run_bytes_min = 24;
constexpr std::size_t unpacked_bytes_max = 16u << 20; // of one embedded file
constexpr std::size_t numbers_min = 3;

bool is_documentation(std::string_view path) {
    for (const std::string_view ending :
         {".md", ".txt", ".d.ts", ".d.mts", ".d.cts", ".html", ".css", ".svg", "LICENSE", "COPYING", "NOTICE"})
        if (path.ends_with(ending)) return true;
    return false;
}

constexpr auto run_bytes = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 0x20; c < 0x7F; ++c) table[c] = true;
    table['\t'] = table['\n'] = table['\r'] = true;
    return table;
}();

bool is_encoded_character(char c) {
    return content::is_ascii_word(static_cast<unsigned char>(c)) || c == '+' || c == '/' || c == '-' || c == '_' ||
           c == '=';
}

} // namespace

void Scanner::scan(const std::string& path, std::string_view bytes) {
    ++coverage_.files;
    coverage_.bytes += bytes.size();
    const Form form = form_of(bytes);
    if (path.ends_with(".map"))
        ++coverage_.not_covered["source maps: they do not run, and hold the source again"];
    else if (form == Form::text)
        scan_text(path, "", 0, bytes);
    else
        scan_program(path, bytes);
}

void Scanner::scan_text(const std::string& path, const std::string& part, std::uint64_t base, std::string_view text) {
    findings_.at(path, part, base);
    inventory_.at(path, part, base);
    ++coverage_.source_files;
    coverage_.source_bytes += text.size();
    if (!is_documentation(part.empty() ? path : part)) inventory_.see_text(text);
    scan_source(text);
}

void Scanner::scan_source(std::string_view text) {
    Shapes shapes(text, findings_);
    Concealed concealed(text, findings_);
    std::string value;
    for_each_literal(text, [&](const Literal& literal) {
        if (literal.escaped)
            value = unescape(literal.raw);
        else
            value.assign(literal.raw);
        shapes.see(literal, value);
        concealed.see(literal, value);
        inventory_.see_literal(text, literal, value);
    });
    for (std::size_t at = text.find_first_of("[("); at != std::string_view::npos;
         at = text.find_first_of("[(", at + 1)) {
        if (at + 1 >= text.size() || !content::is_ascii_digit(static_cast<unsigned char>(text[at + 1]))) continue;
        const auto numbers = numbers_at(text, at, numbers_min);
        if (!numbers) continue;
        concealed.see_numbers(at, *numbers);
        shapes.see_numbers(at, numbers->end, numbers->values);
    }
    for (const std::string_view call : {"fromCharCode(", "fromCodePoint("})
        for (std::size_t at = text.find(call); at != std::string_view::npos; at = text.find(call, at + 1))
            shapes.see_code_points(at + call.size() - 1);
    shapes.finish();
    for (const auto& [digits, count] : concealed.digests()) coverage_.digests[digits] += count;
}

void Scanner::scan_program(const std::string& path, std::string_view bytes) {
    coverage_.native_bytes += bytes.size();
    const auto files = embedded_files(bytes);
    for (const Embedded& file : files) scan_embedded(path, bytes, file);
    // All of it once more as runs of text: what a compiler made of the source, and the runtime.
    findings_.at(path, "", 0);
    inventory_.at(path, "", 0);
    scan_runs(bytes);
}

void Scanner::scan_embedded(const std::string& path, std::string_view program, const Embedded& file) {
    const std::string_view bytes = program.substr(file.offset, file.size);
    if (bytes.starts_with("\x28\xB5\x2F\xFD")) {
        const auto decoder = http::make_decoder("zstd", ErrorSource::client);
        Buffer out;
        if (!decoder || !decoder->decode(bytes, out, unpacked_bytes_max))
            ++coverage_.not_covered["embedded files in zstd that cannot be unpacked"];
        else if (form_of(out.view()) == Form::text)
            scan_text(path, file.name, 0, out.view()); // offsets count in the unpacked file
        return;
    }
    if (form_of(bytes) == Form::text)
        scan_text(path, file.name, file.offset, bytes);
    else if (!bytes.empty() && form_of(bytes) == Form::other)
        ++coverage_.not_covered["embedded data of which only runs of text were looked at"];
}

void Scanner::scan_runs(std::string_view bytes) {
    Concealed concealed(bytes, findings_);
    for (std::size_t at = 0; at < bytes.size();) {
        if (!run_bytes[static_cast<unsigned char>(bytes[at])]) {
            ++at;
            continue;
        }
        std::size_t end = at, encoded_from = at;
        for (; end < bytes.size() && run_bytes[static_cast<unsigned char>(bytes[end])]; ++end) {
            if (is_encoded_character(bytes[end])) continue;
            if (end - encoded_from >= encoded_run_bytes_min)
                concealed.see_run(encoded_from, bytes.substr(encoded_from, end - encoded_from));
            encoded_from = end + 1;
        }
        if (end - encoded_from >= encoded_run_bytes_min)
            concealed.see_run(encoded_from, bytes.substr(encoded_from, end - encoded_from));
        at = end;
    }
}

} // namespace sallyport::lab
