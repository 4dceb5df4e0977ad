// The text of documents that are no text files: Office Open XML (.docx, .xlsx, .pptx and their kin), OpenDocument (.odt, .ods, .odp), PDF.
// What a document is, its bytes say, never its name: one blob may have many paths, and its text in the index is one.
#pragma once

#include "repo/left_out.h"

#include <string>
#include <string_view>

namespace sallyport::repo {

// By the first bytes: a ZIP, a PDF, or the container in which Office keeps encrypted documents. Others are text, or nothing for the index.
bool may_be_document(std::string_view content);

// Its visible text in UTF-8, a paragraph or a row of a table a line. Left out as "encrypted", "damaged document", "too deep a document",
// "too large" (limits::document_*, and 16 MiB of text), "no text in it" (pictures of pages), "binary" (no document after all), and as
// pdf_text.h says.
OrLeftOut<std::string> text_of_document(std::string_view content);

// What is indexed of a file: its own bytes where it is text, else the document's text, which `converted` then holds. Left out besides as
// "empty", "too large", and as left_out_by_content() says of a text file.
OrLeftOut<std::string_view> text_to_index(std::string_view content, std::string& converted);

} // namespace sallyport::repo
