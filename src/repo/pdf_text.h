// The text of a PDF, by pdftotext of Poppler: a program of its own, because its licence (GPL) is not ours and its parsers have met hostile
// files for decades, not always well. It gets the bytes and nothing else: an empty environment, no file to write, bounded time and memory,
// no network where the kernel grants that.
#pragma once

#include "base/limits.h"
#include "repo/left_out.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::repo {

inline constexpr const char* pdf_program = "/usr/bin/pdftotext";

// In UTF-8, line by line in the order of the file, which keeps columns apart. Left out as "encrypted", "damaged document", "too large" (more than 16 MiB of text), "takes too
// long" (limits::pdf_*), "pdftotext is not installed", "pdftotext cannot be run". Of a damaged PDF there is what pdftotext can mend.
OrLeftOut<std::string> text_of_pdf(std::string_view content, const char* program = pdf_program,
                                   std::int64_t ms_max = limits::pdf_ms_max);

} // namespace sallyport::repo
