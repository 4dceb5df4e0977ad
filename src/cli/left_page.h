// What left, as one HTML page that needs nothing else: a tree of files whose lines are coloured by how often they left.
#pragma once

#include "ledger/query.h"

#include <span>
#include <string>

namespace sallyport::cli {

// `title`: what was asked, for people. `rows` as Query::left() gives them, `apart` with the lines that left together apart, both with names. No script, no request to anywhere.
std::string left_page(std::span<const ledger::FileRow> rows, std::span<const ledger::FileRow> apart,
                      const std::string& title);

} // namespace sallyport::cli
