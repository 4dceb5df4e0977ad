#include "repo/document_text.h"

#include "base/limits.h"
#include "repo/markup_text.h"
#include "repo/pdf_text.h"
#include "repo/zip_parts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace sallyport::repo {

namespace {

constexpr std::string_view zip_mark("PK\x03\x04", 4), ole_mark("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8),
    pdf_mark("%PDF-");
// The name of a stream, in UTF-16 (MS-OFFCRYPTO 2.3.4.4).
constexpr std::string_view encrypted_mark("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0", 32);

enum class Holds : unsigned char { paragraphs, strings, sheet, open_document, manifest };

struct KindOfPart {
    std::string_view begins; // of its name; the rest is no folder
    Holds holds;
};
// In the order in which they are read.
constexpr auto kinds = std::to_array<KindOfPart>({{"meta-inf/manifest.xml", Holds::manifest},
                                                  {"content.xml", Holds::open_document},
                                                  {"word/document", Holds::paragraphs},
                                                  {"word/header", Holds::paragraphs},
                                                  {"word/footer", Holds::paragraphs},
                                                  {"word/footnotes", Holds::paragraphs},
                                                  {"word/endnotes", Holds::paragraphs},
                                                  {"word/comments", Holds::paragraphs},
                                                  {"word/diagrams/data", Holds::paragraphs},
                                                  {"xl/sharedstrings", Holds::strings},
                                                  {"xl/worksheets/", Holds::sheet},
                                                  {"xl/comments", Holds::paragraphs},
                                                  {"xl/comments/", Holds::paragraphs}, // as openpyxl writes them
                                                  {"xl/drawings/drawing", Holds::paragraphs},
                                                  {"xl/diagrams/data", Holds::paragraphs},
                                                  {"ppt/slides/", Holds::paragraphs},
                                                  {"ppt/notesslides/", Holds::paragraphs},
                                                  {"ppt/comments/", Holds::paragraphs},
                                                  {"ppt/diagrams/data", Holds::paragraphs}});

std::size_t kind_of(std::string_view name) {
    const auto found = std::ranges::find_if(kinds, [&](const KindOfPart& kind) {
        return name.starts_with(kind.begins) && name.ends_with(".xml") &&
               (kind.begins.ends_with(".xml") ? name == kind.begins : !name.substr(kind.begins.size()).contains('/'));
    });
    return static_cast<std::size_t>(found - kinds.begin());
}

bool is_wanted(std::string_view name) { return kind_of(name) < kinds.size(); }

// slide2 before slide10.
std::uint64_t number_in(std::string_view name) {
    std::uint64_t number = 0;
    const std::size_t at = name.find_first_of("0123456789");
    if (at != std::string_view::npos) std::from_chars(name.data() + at, name.data() + name.size(), number);
    return number;
}

OrLeftOut<void> add_part(const Part& part, SharedStrings& strings, std::string& out) {
    switch (kinds[kind_of(part.name)].holds) {
    case Holds::paragraphs: return add_paragraphs(part.bytes, out);
    case Holds::strings: return add_shared_strings(part.bytes, strings);
    case Holds::sheet: return add_sheet(part.bytes, strings, out);
    case Holds::open_document: return add_open_document(part.bytes, out);
    case Holds::manifest: break;
    }
    // OpenDocument encrypts what is in an entry, not the entry (part 2, 4.8.1).
    if (part.bytes.contains("encryption-data")) return std::unexpected("encrypted");
    return {};
}

OrLeftOut<std::string> text_of_zip(std::string_view content) {
    auto parts = unpack(content, is_wanted);
    if (!parts) return std::unexpected(parts.error());
    if (std::ranges::all_of(*parts,
                            [](const Part& part) { return kinds[kind_of(part.name)].holds == Holds::manifest; }))
        return std::unexpected("binary");
    std::vector<const Part*> order;
    for (const Part& part : *parts) order.push_back(&part);
    std::ranges::sort(order, {},
                      [](const Part* part) { return std::tuple(kind_of(part->name), number_in(part->name), part); });
    SharedStrings strings;
    std::string out;
    for (const Part* part : order)
        if (auto done = add_part(*part, strings, out); !done) return std::unexpected(done.error());
    return out;
}

} // namespace

bool may_be_document(std::string_view content) {
    return content.starts_with(zip_mark) || content.starts_with(pdf_mark) || content.starts_with(ole_mark);
}

OrLeftOut<std::string> text_of_document(std::string_view content) {
    if (content.starts_with(ole_mark))
        return std::unexpected(content.contains(encrypted_mark) ? "encrypted" : "binary");
    auto text = content.starts_with(pdf_mark) ? text_of_pdf(content) : text_of_zip(content);
    if (text && text->find_first_not_of(" \t\r\n\f") == std::string::npos) return std::unexpected("no text in it");
    return text;
}

OrLeftOut<std::string_view> text_to_index(std::string_view content, std::string& converted) {
    if (content.empty()) return std::unexpected("empty");
    if (may_be_document(content)) {
        // Marks of programs are not looked for: people write "generated automatically" into documents, and long paragraphs.
        auto text = text_of_document(content);
        if (!text) return std::unexpected(text.error());
        converted = std::move(*text);
        return converted;
    }
    if (content.size() > limits::index_document_bytes_max) return std::unexpected("too large");
    if (const std::string_view reason = left_out_by_content(content); !reason.empty()) return std::unexpected(reason);
    return content;
}

} // namespace sallyport::repo
