// An inspection as JSON (docs/inspect.md has its members).
#pragma once

#include "lab/inspection.h"

#include <string>
#include <string_view>

namespace sallyport::lab {

// `runs`: what runs over it found, as JSON (runs_json.h); empty: it was not run.
std::string to_json(const Inspection& inspection, std::string_view runs = {});

} // namespace sallyport::lab
