// What left, as one HTML page that needs nothing else: a tree of files whose lines are coloured by how often they left.
#pragma once

#include "ledger/query.h"

#include <span>
#include <string>

namespace sallyport::cli {

// `title`: what was asked, for people. Rows as Query::left() gives them, with names. No script, no request to anywhere.
std::string left_page(std::span<const ledger::FileRow> rows, const std::string& title);

} // namespace sallyport::cli
