// The runs over a client as JSON: a member "runs" of an inspection's object, or an object of its own (docs/inspect.md).
#pragma once

#include "lab/experiment.h"

#include <string>

namespace sallyport::lab {

std::string to_json(const Experiment& of);

} // namespace sallyport::lab
