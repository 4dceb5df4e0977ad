// The visible text of one XML part of an office document: Office Open XML (ECMA-376) and OpenDocument (OASIS, part 3). Not: what was
// deleted or moved away with changes tracked, formulas and field codes, alternative texts of pictures.
#pragma once

#include "repo/left_out.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::repo {

// All append whole lines to `out`, none of them empty, and leave out as parse_xml() does; "too large" where `out` would pass
// limits::index_document_bytes_max.

// Word and PowerPoint, drawings and comments of all: a line a paragraph. What stands in a paragraph (a text box) is before it.
OrLeftOut<void> add_paragraphs(std::string_view xml, std::string& out);
// content.xml of OpenDocument: a line a paragraph; in a spreadsheet a line a row, with tabs between its cells.
OrLeftOut<void> add_open_document(std::string_view xml, std::string& out);

// Texts that cells of Excel name by number.
struct SharedStrings {
    std::string text;
    std::vector<std::uint32_t> ends;
    std::string_view at(std::size_t number) const; // empty where there is none
};
OrLeftOut<void> add_shared_strings(std::string_view xml, SharedStrings& out);
// A sheet of Excel: a line a row, with tabs between its cells. Numbers and dates are as they are stored.
OrLeftOut<void> add_sheet(std::string_view xml, const SharedStrings& strings, std::string& out);

} // namespace sallyport::repo
