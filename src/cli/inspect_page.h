// An inspection as one HTML page that needs nothing else: the verdict first, then each finding with its place and how to repeat it, the
// inventory, and what was not looked at. No script, no request to anywhere; read without colours and by keyboard.
#pragma once

#include "lab/experiment.h"
#include "lab/inspection.h"

#include <string>

namespace sallyport::cli {

// `runs`: what runs over it found; null: it was not run.
std::string inspect_page(const lab::Inspection& inspection, const lab::Experiment* runs = nullptr);
// Its part of the page.
void runs_part(const lab::Experiment& runs, std::string& out);

} // namespace sallyport::cli
