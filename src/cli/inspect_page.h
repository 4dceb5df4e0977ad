// An inspection as one HTML page that needs nothing else: the verdict first, then each finding with its place and how to repeat it, the
// inventory, and what was not looked at. No script, no request to anywhere; read without colours and by keyboard.
#pragma once

#include "lab/inspection.h"

#include <string>

namespace sallyport::cli {

std::string inspect_page(const lab::Inspection& inspection);

} // namespace sallyport::cli
