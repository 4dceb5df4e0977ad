// An inspection as JSON (docs/inspect.md has its members).
#pragma once

#include "lab/inspection.h"

#include <string>

namespace sallyport::lab {

std::string to_json(const Inspection& inspection);

} // namespace sallyport::lab
